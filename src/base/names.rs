//! What may be a name: Kubernetes' DNS-1123 forms, label values, and Linux interface names.
//!
//! Sources: Kubernetes apimachinery `validation.go` for the DNS-1123 and label forms; the kernel's `dev_valid_name` and
//! `IFNAMSIZ` for interfaces; kubernetes-nmstate's admission policy (`deploy/handler/operator.yaml`) for policies.

/// The longest name of a network interface, in bytes: `IFNAMSIZ` less the closing NUL.
pub const MAX_INTERFACE_BYTES: usize = 15;
/// The longest name of a NodeNetworkConfigurationPolicy, in bytes: it becomes a label value.
pub const MAX_POLICY_BYTES: usize = 63;
/// The longest name of a NetworkAttachmentDefinition that is still a DNS-1123 label, in bytes.
pub const MAX_ATTACHMENT_BYTES: usize = 63;

/// Whether a text is a DNS-1123 label: at most 63 lower case letters, digits and `-`.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_dns_part(text)
}

/// Whether a text is a DNS-1123 subdomain: at most 253 bytes, of parts joined by `.`.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_part)
}

fn is_dns_part(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().next().is_some_and(is_word)
        && text.bytes().last().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'-')
}

/// Whether a text can be the value of a label.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || (text.len() <= 63 && is_qualified(text))
}

/// Whether a text can be the key of a label: a name, with an optional DNS prefix before a `/`.
pub fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && name.len() <= 63 && is_qualified(name),
        None => text.len() <= 63 && is_qualified(text),
    }
}

fn is_qualified(text: &str) -> bool {
    let ends_well = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    ends_well(text.bytes().next())
        && ends_well(text.bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// What to do about a name that no interface can have.
pub const INTERFACE_NAME_HELP: &str = "use at most 15 letters, digits, `-`, `_` and `.`";

/// Why a text cannot be the name of a network interface.
pub fn interface_name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    if name == "." || name == ".." {
        return Some("is a folder, not a name".to_owned());
    }
    if let Some(bad) = name.chars().find(|it| matches!(it, '/' | ':') || it.is_whitespace() || it.is_control()) {
        return Some(format!("has {bad:?}, which the kernel does not take in a name"));
    }
    if name.contains(['{', '}']) {
        // kubernetes-nmstate runs every policy through nmpolicy, which takes a brace for an expression.
        return Some("has a brace, at which kubernetes-nmstate refuses the whole policy".to_owned());
    }
    if name.contains('$') {
        return Some("has a `$`, which Flux may take for a variable".to_owned());
    }
    if name.len() > MAX_INTERFACE_BYTES {
        return Some(format!("has {} bytes, and the kernel takes {MAX_INTERFACE_BYTES}", name.len()));
    }
    None
}

/// The name of the VLAN interface for a tag on a NIC: the kernel's own convention.
pub fn vlan_interface(nic: &str, vlan: u16) -> String {
    format!("{nic}.{vlan}")
}

/// The NIC and the tag, if a name is that of a VLAN interface by the kernel's own convention.
pub fn vlan_of_name(name: &str) -> Option<(&str, u16)> {
    let (nic, tag) = name.rsplit_once('.')?;
    let id = tag.parse().ok().filter(|id| (1..=4094).contains(id))?;
    (!nic.is_empty() && !tag.starts_with('0')).then_some((nic, id))
}

/// A policy's name made of parts that are no names by themselves (an interface, a node): joined by `-`, what a name cannot
/// have replaced, and cut to length. What is changed gets a hash of the whole, so that different parts stay different.
pub fn policy_name(parts: &[&str]) -> String {
    let whole = parts.join("-");
    if whole.len() <= MAX_POLICY_BYTES && is_dns_subdomain(&whole) {
        return whole;
    }
    let legal = |it: char| if it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' { it } else { '-' };
    let mut name: String = whole.to_lowercase().chars().map(legal).collect();
    let hash = format!("-{:08x}", crc32fast::hash(whole.as_bytes()));
    name.truncate(MAX_POLICY_BYTES - hash.len());
    let name = name.trim_matches('-');
    if name.is_empty() { format!("policy{hash}") } else { format!("{name}{hash}") }
}

/// How the names of a system's interfaces are made.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// This name.
    Is(&'static str),
    /// This and a number: one for each tunnel or port.
    Numbered(&'static str),
    /// This and eight or more hexadecimal digits: one for each pod.
    Hashed(&'static str),
    /// This and anything else.
    Starts(&'static str),
}

impl Form {
    fn fits(self, name: &str) -> bool {
        let rest_is = |prefix: &str, is_part: fn(u8) -> bool, least: usize| {
            name.strip_prefix(prefix).is_some_and(|rest| rest.len() >= least && rest.bytes().all(is_part))
        };
        match self {
            Self::Is(known) => name == known,
            Self::Numbered(prefix) => rest_is(prefix, |byte| byte.is_ascii_digit(), 1),
            Self::Hashed(prefix) => rest_is(prefix, |byte| byte.is_ascii_hexdigit(), 8),
            Self::Starts(prefix) => rest_is(prefix, |_| true, 1),
        }
    }
}

/// Interfaces that a system makes on the nodes for itself, each with the system's name for the end of a sentence.
///
/// Sources: OVN-Kubernetes `go-controller/pkg/types/const.go`; Flannel `pkg/backend`; Calico `felix/config` and `felix/dataplane/linux`;
/// Cilium `pkg/defaults`; kube-proxy `pkg/proxy/ipvs`; node-local-dns `cmd/node-cache`; the kernel's `net/core/dev.c` and `Documentation`.
const SYSTEM: &[(Form, &str)] = &[
    (Form::Is("br-ex"), OVN),
    (Form::Is("br-int"), OVN),
    (Form::Is("br-local"), OVN),
    (Form::Numbered("ovn-k8s-mp"), OVN),
    (Form::Numbered("genev_sys_"), OPEN_VSWITCH),
    (Form::Numbered("vxlan_sys_"), OPEN_VSWITCH),
    (Form::Is("ovs-system"), OPEN_VSWITCH),
    (Form::Is("cni0"), "the container runtime"),
    (Form::Is("cbr0"), "the container runtime"),
    (Form::Is("docker0"), "Docker"),
    (Form::Is("podman0"), "Podman"),
    (Form::Is("virbr0"), "libvirt"),
    (Form::Is("lxcbr0"), "LXC"),
    (Form::Numbered("flannel."), "Flannel"),
    (Form::Numbered("flannel-v6."), "Flannel"),
    (Form::Hashed("cali"), CALICO),
    (Form::Is("tunl0"), CALICO),
    (Form::Is("vxlan.calico"), CALICO),
    (Form::Is("vxlan-v6.calico"), CALICO),
    (Form::Is("wireguard.cali"), CALICO),
    (Form::Is("wg-v6.cali"), CALICO),
    (Form::Starts("cilium_"), "Cilium"),
    (Form::Hashed("lxc"), "Cilium"),
    (Form::Is("kube-bridge"), "kube-router"),
    (Form::Is("kube-ipvs0"), "kube-proxy"),
    (Form::Is("nodelocaldns"), "NodeLocal DNSCache"),
    (Form::Is("all"), KERNEL),
    (Form::Is("bonding_masters"), KERNEL),
    (Form::Is("default"), KERNEL),
    (Form::Is("lo"), KERNEL),
];

const OVN: &str = "OVN-Kubernetes";
const OPEN_VSWITCH: &str = "Open vSwitch";
const CALICO: &str = "Calico";
const KERNEL: &str = "the kernel";

/// The system to which an interface of this name belongs on many nodes.
pub fn system_of_interface(name: &str) -> Option<&'static str> {
    SYSTEM.iter().find(|(form, _)| form.fits(name)).map(|(_, system)| *system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names() {
        for good in ["a", "a-b", "0", "a.b", "web-01.prod"] {
            assert!(is_dns_subdomain(good), "{good}");
        }
        for bad in ["", "A", "-a", "a-", "a..b", ".a", "a.", "../x", "a/b", "a_b", &"x".repeat(254)] {
            assert!(!is_dns_subdomain(bad), "{bad}");
        }
        assert!(is_dns_label("prod") && !is_dns_label("a.b") && !is_dns_label(&"x".repeat(64)));
    }

    #[test]
    fn policy_names() {
        assert_eq!(policy_name(&["br-ext", "rack-a"]), "br-ext-rack-a");
        assert_eq!(policy_name(&["br-ext", "node-1.example.org"]), "br-ext-node-1.example.org");
        let long = "n".repeat(63);
        for parts in [&["BR0"][..], &["br-管理"], &["br0", &long], &["_"], &["", "-"]] {
            let name = policy_name(parts);
            assert!(name.len() <= MAX_POLICY_BYTES && is_dns_subdomain(&name), "{name}");
            assert_eq!(name, policy_name(parts));
        }
        assert_ne!(policy_name(&["BR0"]), policy_name(&["br0"]));
        assert_ne!(policy_name(&["br0", &long, "a"]), policy_name(&["br0", &long, "b"]));
    }

    #[test]
    fn interfaces_of_systems() {
        for (name, system) in [
            ("br-ex", "OVN-Kubernetes"),
            ("ovn-k8s-mp0", "OVN-Kubernetes"),
            ("genev_sys_6081", "Open vSwitch"),
            ("flannel.1", "Flannel"),
            ("cali0f3a91c2b7d", "Calico"),
            ("lxc4b1d2e3f5a6b", "Cilium"),
            ("cilium_host", "Cilium"),
            ("lo", "the kernel"),
        ] {
            assert_eq!(system_of_interface(name), Some(system), "{name}");
        }
        for own in [
            "br-ext",
            "br-exp",
            "br0",
            "flannel.",
            "flannel.lab",
            "calibration",
            "cali-lab",
            "lxc-lab",
            "lo1",
            "cilium",
        ] {
            assert_eq!(system_of_interface(own), None, "{own}");
        }
    }

    #[test]
    fn interface_names() {
        for good in ["br-ext", "ens160.100", "enp130s0f0np0", "br-管理"] {
            assert_eq!(interface_name_problem(good), None, "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a:b", "a b", "a{b", "${x}", "sixteen-bytes-xx"] {
            assert!(interface_name_problem(bad).is_some(), "{bad}");
        }
    }
}
