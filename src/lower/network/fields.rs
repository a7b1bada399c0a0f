//! The fields that several network types share: interface names, the uplink, what a type has no use for.

use super::{Context, Lowered};
use crate::api::{NetworkConfig, NetworkType};
use crate::base::address::Reported;
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::names::{
    INTERFACE_NAME_HELP, MAX_ATTACHMENT_BYTES, MAX_INTERFACE_BYTES, interface_name_problem, is_dns_label,
    is_dns_subdomain, system_of_interface, vlan_interface,
};
use crate::lower::names::fits;
use crate::model::{Bridge, Carrier, Identity, NadName, Tagging, Uplink};
use crate::read::load::Object;
use crate::read::schema::{INVALID_VALUE, MISSING_KEY};
use crate::rule;

rule! {
    /// A name that no network interface can have.
    ///
    /// The kernel takes 1 to 15 bytes, without `/`, `:` and blanks; nmstate does not check it, and the policy fails on the
    /// node (nmstate#189). The name of a VLAN interface is made of the NIC and the tag: `ens160.100`. A brace
    /// makes kubernetes-nmstate refuse the whole policy.
    ///
    /// ## Way out
    /// Set a shorter `bridgeName`; it defaults to `br-` and the network's name. For a NIC whose name is too long for
    /// `<nic>.<vlan>`, give the NIC a shorter alternative name on the nodes, or use `type: ovs`, where the tag needs no
    /// interface.
    pub INVALID_INTERFACE_NAME = "WK205", "invalid-interface-name", Error;
}

rule! {
    /// A bridge with the name of an interface that belongs to the system.
    ///
    /// `br-ex`, `br-int` and `ovn-k8s-mp0` belong to OVN-Kubernetes, `cni0`, `docker0` and `virbr0` to container and
    /// virtual machine runtimes, `flannel.1`, `vxlan.calico` and `cilium_host` to network plugins, `lo` to the kernel. A policy for
    /// one of them takes it away from its owner: on OVN-Kubernetes
    /// that cuts the node off (OpenShift documentation, "Configuration for a localnet switched topology"). One of them as a NIC is WK250.
    ///
    /// ## Way out
    /// Choose another `bridgeName`. To use a bridge that exists, name its NetworkAttachmentDefinition with `nadName`; to use `br-ex`,
    /// list it as a localnet in the Site (`ovn.bridge-mappings`).
    pub RESERVED_INTERFACE_NAME = "WK206", "reserved-interface-name", Error;
}

rule! {
    /// A bridge has the name of its own uplink.
    ///
    /// A bridge cannot be its own port.
    ///
    /// ## Way out
    /// Give the bridge another name.
    pub BRIDGE_IS_UPLINK = "WK207", "bridge-is-uplink", Error;
}

rule! {
    /// A `vlanId` on a type that cannot carry it.
    ///
    /// macvlan and ipvlan have no VLAN tag of their own: the frames would go out untagged, into another network than the
    /// author meant.
    ///
    /// ## Way out
    /// Use `type: bridge`, or name a VLAN interface that exists on the nodes as `physicalInterface`.
    pub VLAN_NOT_CARRIED = "WK208", "vlan-not-carried", Error;
}

rule! {
    /// A key that has no effect on this network.
    ///
    /// The pod network (`default`) has no bridge, VLAN or NIC of its own, and the cluster chooses its addresses: a static `ipConfig` does
    /// nothing there. SR-IOV has no bridge; only a bridge takes a `nodeIP`.
    ///
    /// ## Way out
    /// Delete the key, or choose the type that uses it.
    pub FIELD_IGNORED = "WK209", "field-ignored", Warning;
}

rule! {
    /// The name of a NetworkAttachmentDefinition has a dot, because the Wukong's name has one.
    ///
    /// Kubernetes allows it. Multus' short form of the network annotation does not (multus-cni, `pkg/k8sclient/k8sclient.go`): a pod that
    /// names this attachment as `namespace/name` is refused.
    ///
    /// ## Way out
    /// Use `-` instead of `.` in the Wukong's name, or ignore this if nothing but KubeVirt attaches to the network.
    pub DOTTED_NAD_NAME = "WK211", "dotted-nad-name", Warning;
}

impl Context<'_> {
    /// The bridge of the network as it is named, with the node's address.
    pub(super) fn bridge(
        &self,
        uplink: &Uplink,
        tagging: Tagging,
        findings: &mut Findings,
    ) -> Result<Bridge, Reported> {
        let written = self.config.value.bridge_name.as_deref();
        let (name, key) = match written {
            Some(name) => (name.to_owned(), "bridgeName"),
            None => (format!("br-{}", self.config.value.name), "name"),
        };
        let name_check = self.check_bridge_name(&name, key, written.is_some(), findings);
        let node_ip = self.network.node_ip?;
        name_check?;
        if uplink.name == name {
            findings.push(Diagnostic::new(
                &BRIDGE_IS_UPLINK,
                self.config.origin.at(key),
                format!("the bridge `{name}` has the name of its own uplink"),
                "give the bridge another `bridgeName`, such as `br-` and the network's name",
            ));
            return Err(Reported);
        }
        Ok(Bridge { name, vlan: self.config.value.vlan_id, tagging, node_ip })
    }

    fn check_bridge_name(
        &self,
        name: &str,
        key: &str,
        is_written: bool,
        findings: &mut Findings,
    ) -> Result<(), Reported> {
        if let Some(system) = system_of_interface(name) {
            let help = if self.config.value.network_type == Some(NetworkType::Ovs) {
                "choose another `bridgeName`; a bridge of OVN-Kubernetes is used as a localnet (`ovn.bridge-mappings` in the Site)"
            } else {
                "choose another `bridgeName`; a bridge that exists is used through `nadName`"
            };
            let message = format!("the bridge `{name}` belongs to {system}");
            findings.push(Diagnostic::new(&RESERVED_INTERFACE_NAME, self.config.origin.at(key), message, help));
            return Err(Reported);
        }
        if !is_written && name.len() > MAX_INTERFACE_BYTES {
            findings.push(Diagnostic::new(
                &INVALID_INTERFACE_NAME,
                self.config.origin.at(key),
                format!(
                    "the bridge's name `{name}`, made of `br-` and the network's, has {} bytes, and the kernel takes {MAX_INTERFACE_BYTES}",
                    name.len()
                ),
                "set a shorter `bridgeName`, or shorten the network's name to 12 characters",
            ));
            return Err(Reported);
        }
        self.check_interface(name, key, findings)
    }

    /// Whether a VLAN interface on a NIC can have its name: `<nic>.<vlan>`.
    pub(super) fn check_vlan_interface(&self, nic: &str, vlan: u16, findings: &mut Findings) -> Result<(), Reported> {
        let name = vlan_interface(nic, vlan);
        if name.len() > MAX_INTERFACE_BYTES {
            findings.push(Diagnostic::new(
                &INVALID_INTERFACE_NAME,
                self.config.origin.at("vlanId"),
                format!(
                    "the VLAN interface's name `{name}` has {} bytes, and the kernel takes {MAX_INTERFACE_BYTES}",
                    name.len()
                ),
                "give the NIC a shorter name on the nodes, or use `type: ovs`, where the tag needs no interface",
            ));
            return Err(Reported);
        }
        Ok(())
    }

    /// A localnet's NAD names itself with its namespace.
    pub(super) fn check_namespace(&self, findings: &mut Findings) -> Result<(), Reported> {
        if self.identity.namespace.is_some() || self.config.value.nad_name.is_some() {
            return Ok(());
        }
        findings.push(Diagnostic::new(
            &MISSING_KEY,
            self.identity.origin.at("metadata/namespace"),
            format!(
                "the localnet network `{}` needs the namespace of its NetworkAttachmentDefinition",
                self.config.value.name
            ),
            "add `namespace` to the Wukong's metadata: OVN-Kubernetes finds the definition by it",
        ));
        Err(Reported)
    }

    pub(super) fn check_interface(&self, name: &str, key: &str, findings: &mut Findings) -> Result<(), Reported> {
        let Some(problem) = interface_name_problem(name) else { return Ok(()) };
        findings.push(Diagnostic::new(
            &INVALID_INTERFACE_NAME,
            self.config.origin.at(key),
            format!("the interface name {name:?} {problem}"),
            INTERFACE_NAME_HELP,
        ));
        Err(Reported)
    }

    pub(super) fn refuse_vlan(&self, findings: &mut Findings) -> Result<(), Reported> {
        let Some(vlan) = self.config.value.vlan_id else { return Ok(()) };
        let network_type = self.config.value.network_type.map_or("pod", |it| it.as_str());
        findings.push(Diagnostic::new(
            &VLAN_NOT_CARRIED,
            self.config.origin.key("vlanId"),
            format!("a {network_type} network cannot carry VLAN {vlan}: its frames would go out untagged"),
            "use `type: bridge`, or name an existing VLAN interface as `physicalInterface`",
        ));
        Err(Reported)
    }

    /// Reports a key that has no effect, if it is there.
    pub(super) fn ignore(&self, key: &str, is_there: bool, why: &str, findings: &mut Findings) {
        ignore(self.config, key, is_there, why, findings);
    }
}

fn ignore(config: &Object<NetworkConfig>, key: &str, is_there: bool, why: &str, findings: &mut Findings) {
    if is_there {
        findings.push(Diagnostic::new(
            &FIELD_IGNORED,
            config.origin.key(key),
            format!("`{key}` has no effect on the network `{}`: {why}", config.value.name),
            "delete it, or choose the type that uses it",
        ));
    }
}

/// The pod network: nothing to make, and nothing of a bridge has an effect.
pub(super) fn lower_pod_network(config: &Object<NetworkConfig>, findings: &mut Findings) -> Lowered {
    let value = &config.value;
    let why = "it is the pod network";
    for (key, is_there) in [
        ("vlanId", value.vlan_id.is_some()),
        ("bridgeName", value.bridge_name.is_some()),
        ("physicalInterface", value.physical_interface.is_some()),
        ("nodeIP", value.node_ip.is_some()),
        ("nadName", value.nad_name.is_some()),
        ("ipConfig", config.is_ip_ignored()),
    ] {
        ignore(config, key, is_there, why, findings);
    }
    Lowered { carrier: Carrier::Pod, uplink: None, vlan: None, need: None, plugin: None, resource_name: None }
}

/// The existing NetworkAttachmentDefinition of a network.
pub(super) fn nad_name(config: &Object<NetworkConfig>, findings: &mut Findings) -> Result<Option<NadName>, Reported> {
    let Some(text) = config.value.nad_name.as_deref() else { return Ok(None) };
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    if !is_dns_subdomain(name) || namespace.is_some_and(|namespace| !is_dns_label(namespace)) {
        findings.push(Diagnostic::new(
            &INVALID_VALUE,
            config.origin.at("nadName"),
            format!("`nadName` cannot be {text:?}"),
            "write the NetworkAttachmentDefinition as `name` or `namespace/name`",
        ));
        return Err(Reported);
    }
    Ok(Some(NadName { namespace: namespace.map(str::to_owned), name: name.to_owned() }))
}

/// The name of a network's NAD.
pub(super) fn attachment_name(
    identity: &Identity,
    config: &Object<NetworkConfig>,
    findings: &mut Findings,
) -> Option<String> {
    let name = format!("{}-{}-nad", identity.name, config.value.name);
    if !fits(&name, MAX_ATTACHMENT_BYTES, "NetworkAttachmentDefinition", &config.origin, findings) {
        return None;
    }
    if name.contains('.') {
        findings.push(Diagnostic::new(
            &DOTTED_NAD_NAME,
            config.origin.at("name"),
            format!("the NetworkAttachmentDefinition `{name}` has a dot in its name"),
            "use `-` instead of `.` in the Wukong's name",
        ));
    }
    Some(name)
}
