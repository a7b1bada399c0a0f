//! The uplinks of a Site, each checked by itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::SiteFindings;
use crate::api::nmstate::{BondMode, InterfaceIp, LinkAggregation, Route, SrIov};
use crate::api::uplink::{Uplink, UplinkType};
use crate::base::address::{AddressOf, Reported, host_address, net_of, parse_net, plain_address};
use crate::base::diagnostic::{Diagnostic, Findings, Origin};
use crate::base::names::is_dns_subdomain;
use crate::read::schema::{INVALID_VALUE, MISSING_KEY};
use crate::rule;

rule! {
    /// An uplink that cannot be: a section of another type, a bond without the NICs it needs, a VLAN on itself, a NIC in two
    /// bonds, an MTU that its base does not carry, options that exclude each other.
    ///
    /// nmstate or the kernel would refuse it on the nodes (nmstate, `ifaces/bond.rs`; the kernel's `bonding.rst`).
    ///
    /// ## Example
    /// ```yaml
    /// uplinks:
    ///   - name: bond0
    ///     type: bond
    ///     link-aggregation:
    ///       mode: active-backup
    ///       options: {lacp_rate: fast}     # of 802.3ad only
    ///       port: [ens1f0, ens1f1]
    /// ```
    ///
    /// ## Way out
    /// Correct it as the message says.
    pub INVALID_UPLINK = "WK112", "invalid-uplink", Error;
}

rule! {
    /// A bond that nmstate takes and that is not what a bond is for: LACP over one NIC, or the MAC address of another bond.
    ///
    /// `802.3ad` with one port adds nothing that the NIC does not have, and needs a switch that speaks LACP to it: without, the link stays
    /// down. Two bonds with one `copy-mac-from` have one MAC address on one node: a switch that sees both sends the frames of one to the other,
    /// and a DHCP server gives both the same lease.
    ///
    /// ## Example
    /// ```yaml
    /// uplinks:
    ///   - name: bond0
    ///     type: bond
    ///     link-aggregation: {mode: 802.3ad, port: [ens1f0]}     # the second NIC was forgotten
    /// ```
    ///
    /// ## Way out
    /// Name the other NIC, or use `active-backup` until there is one. Copy the MAC address of a NIC that is a port of the bond itself.
    pub UNSOUND_BOND = "WK255", "unsound-bond", Warning;
}

rule! {
    /// The Site asks for virtual functions that the SR-IOV operator may own.
    ///
    /// The operator sets their number by its own policies, and takes back what somebody else has set; only a policy with
    /// `externallyManaged: true` leaves it alone (sriov-network-operator, `doc/design/externally-manage-pf.md`). KubeVirt wants them
    /// bound to `vfio-pci`, which nmstate does not do (KubeVirt user guide, "Interfaces and Networks").
    ///
    /// ## Way out
    /// Leave `ethernet.sr-iov` out where the operator makes the virtual functions. Where its policy says `externallyManaged: true`, say so
    /// in the Site: `sriov.externallyManaged: true`.
    pub SRIOV_OPERATOR = "WK115", "sriov-operator", Warning;
}

/// The least MTU with which IPv6 works, in bytes (RFC 8200, section 5).
const IPV6_MTU: u32 = 1280;

pub(super) type Written<'a> = BTreeMap<&'a str, (&'a Uplink, Origin)>;

/// The uplinks of a list, by name, each checked by itself.
pub(super) fn list<'a>(uplinks: Option<&'a [Uplink]>, origin: &Origin, findings: &mut Findings) -> Written<'a> {
    let mut seen = BTreeMap::new();
    let mut list = BTreeMap::new();
    for (index, uplink) in uplinks.unwrap_or_default().iter().enumerate() {
        let origin = origin.child(index);
        let is_named = findings.nic_name(&uplink.name, origin.at("name"));
        if findings.is_new(&mut seen, &uplink.name, &origin, "name") && is_named {
            check(uplink, &origin, findings);
            list.insert(uplink.name.as_str(), (uplink, origin));
        }
    }
    list
}

/// Warns of virtual functions that two may want to set.
pub(super) fn warn_of_sriov_operator(written: &Written<'_>, findings: &mut Findings) {
    for (name, (_, origin)) in written.iter().filter(|(_, (uplink, _))| uplink.ethernet.is_some()) {
        findings.say(
            &SRIOV_OPERATOR,
            origin.at("ethernet/sr-iov"),
            format!("the SR-IOV operator takes back the virtual functions of `{name}`, if it manages them"),
            "leave `ethernet` out, or say `sriov.externallyManaged: true` if the operator's policy does",
        );
    }
}

fn check(uplink: &Uplink, origin: &Origin, findings: &mut Findings) {
    let kind = uplink.uplink_type;
    let is_bond = matches!(kind, UplinkType::Bond | UplinkType::OvsBond);
    let is_ovs_bond = kind == UplinkType::OvsBond;
    let sections = [
        ("link-aggregation", uplink.link_aggregation.is_some(), is_bond, is_bond),
        ("vlan", uplink.vlan.is_some(), kind == UplinkType::Vlan, kind == UplinkType::Vlan),
        ("ethernet", uplink.ethernet.is_some(), kind == UplinkType::Ethernet, false),
        ("copy-mac-from", uplink.copy_mac_from.is_some(), kind == UplinkType::Bond, false),
        ("ipv4", uplink.ipv4.is_some(), !is_ovs_bond, false),
        ("ipv6", uplink.ipv6.is_some(), !is_ovs_bond, false),
        ("routes", uplink.routes.is_some(), !is_ovs_bond, false),
        ("dns-resolver", uplink.dns_resolver.is_some(), !is_ovs_bond, false),
    ];
    for (key, is_there, is_allowed, is_needed) in sections {
        if is_there && !is_allowed {
            let message = format!("an uplink of `type: {}` has no `{key}`", kind.as_str());
            findings.say(&INVALID_UPLINK, origin.key(key), message, "delete it, or correct the `type`");
        } else if is_needed && !is_there {
            let message = format!("an uplink of `type: {}` needs `{key}`", kind.as_str());
            findings.say(&MISSING_KEY, origin.at(key), message, format!("add `{key}`"));
        }
    }
    if let Some(bond) = uplink.link_aggregation.as_ref().filter(|_| is_bond) {
        check_bond(uplink, bond, &origin.child("link-aggregation"), findings);
    }
    if let Some(nic) = &uplink.copy_mac_from {
        findings.interface_name(nic, origin.at("copy-mac-from"));
    }
    if let Some(vlan) = &uplink.vlan {
        findings.nic_name(&vlan.base_iface, origin.at("vlan/base-iface"));
    }
    if let Some(ethernet) = &uplink.ethernet {
        check_vfs(&ethernet.sr_iov, &origin.child("ethernet").child("sr-iov"), findings);
    }
    if is_ovs_bond {
        return;
    }
    for (key, ip, is_ipv4) in [("ipv4", &uplink.ipv4, true), ("ipv6", &uplink.ipv6, false)] {
        if let Some(ip) = ip {
            check_ip(ip, is_ipv4, &origin.child(key), findings);
        }
    }
    if let Some(mtu) = uplink.mtu.filter(|mtu| *mtu < IPV6_MTU)
        && uplink.ipv6.as_ref().is_some_and(|ip| ip.enabled)
    {
        let message = format!("IPv6 does not work with an MTU of {mtu}: it needs {IPV6_MTU}");
        findings.say(&INVALID_UPLINK, origin.at("mtu"), message, "raise the MTU, or turn `ipv6` off");
    }
    check_routes(uplink, origin, findings);
}

fn check_bond(uplink: &Uplink, bond: &LinkAggregation, origin: &Origin, findings: &mut Findings) {
    let is_ovs = uplink.uplink_type == UplinkType::OvsBond;
    if !bond.mode.is_of(is_ovs) {
        let message = format!("a bond of `type: {}` has no mode `{}`", uplink.uplink_type.as_str(), bond.mode);
        let help = match (is_ovs, bond.mode) {
            (false, BondMode::Lacp) => "did you mean `802.3ad`? That is LACP for a bond of the kernel".to_owned(),
            (true, BondMode::Ieee8023ad) => "did you mean `lacp`? That is what OVS calls it".to_owned(),
            _ => format!("use one of {}", words(BondMode::ALL.iter().filter(|mode| mode.is_of(is_ovs)), ", ")),
        };
        findings.say(&INVALID_UPLINK, origin.at("mode"), message, help);
        return;
    }
    let ports = origin.child("port");
    for (index, port) in bond.port.iter().enumerate() {
        let place = ports.child(index).here();
        if findings.nic_name(port, place.clone()) && *port == uplink.name {
            findings.say(&INVALID_UPLINK, place, format!("`{port}` cannot be its own port"), "name the NICs");
        } else if bond.port[..index].contains(port) {
            findings.say(
                &INVALID_UPLINK,
                place,
                format!("`{port}` is a port of `{}` twice", uplink.name),
                "delete one",
            );
        }
    }
    if is_ovs {
        if bond.port.len() < 2 {
            // ovs-vsctl(8), add-bond: "Requires at least two interfaces".
            let help = "name two NICs, or use the NIC itself";
            findings.say(&INVALID_UPLINK, origin.at("port"), "an OVS bond needs two NICs", help);
        }
        if !bond.options.is_empty() {
            let help = "delete them: they are those of the kernel's bonds";
            findings.say(&INVALID_UPLINK, origin.key("options"), "an OVS bond has no `options`", help);
        }
        return;
    }
    if let (BondMode::Ieee8023ad, [port]) = (bond.mode, bond.port.as_slice()) {
        let message = format!("the bond `{}` has the mode `802.3ad` and one NIC, `{port}`", uplink.name);
        findings.say(
            &UNSOUND_BOND,
            ports.here(),
            message,
            "name the other NIC, or use `active-backup` until there is one",
        );
    }
    for (option, message, help) in bond_problems(bond) {
        findings.say(&INVALID_UPLINK, origin.child("options").key(option), message, help);
    }
}

fn words<'a>(modes: impl IntoIterator<Item = &'a BondMode>, between: &str) -> String {
    modes.into_iter().map(|mode| mode.as_str()).collect::<Vec<_>>().join(between)
}

/// Options that exclude a mode, or each other. Source: nmstate `ifaces/bond.rs`, `validate_*`; the kernel's
/// `drivers/net/bonding/bond_options.c`, `unsuppmodes`.
fn bond_problems(bond: &LinkAggregation) -> Vec<(&'static str, String, String)> {
    use BondMode::{ActiveBackup, BalanceAlb, BalanceRr, BalanceTlb, BalanceXor, Broadcast, Ieee8023ad};
    const OF_MODES: [(&str, &[BondMode]); 9] = [
        ("lacp_rate", &[Ieee8023ad]),
        ("lacp_active", &[Ieee8023ad]),
        ("ad_select", &[Ieee8023ad]),
        ("ad_actor_sys_prio", &[Ieee8023ad]),
        ("ad_actor_system", &[Ieee8023ad]),
        ("ad_user_port_key", &[Ieee8023ad]),
        ("primary", &[ActiveBackup, BalanceTlb, BalanceAlb]),
        ("arp_interval", &[BalanceRr, ActiveBackup, BalanceXor, Broadcast]),
        ("balance_slb", &[BalanceXor]),
    ];
    let mode = bond.mode;
    let number = |option: &str| {
        bond.options.get(option).and_then(|it| it.as_u64().or_else(|| it.as_str().and_then(|text| text.parse().ok())))
    };
    let (mut problems, mut foreign) = (Vec::new(), Vec::new());
    for (option, modes) in OF_MODES {
        let is_off = option == "arp_interval" && number(option) == Some(0);
        if bond.options.contains_key(option) && !is_off && !modes.contains(&mode) {
            foreign.push(option);
            let message = format!("the mode `{mode}` has no option `{option}`");
            problems.push((option, message, format!("delete it, or use the mode {}", words(modes, " or "))));
        }
    }
    let has_both = number("miimon").is_some_and(|it| it > 0) && number("arp_interval").is_some_and(|it| it > 0);
    if has_both && !foreign.contains(&"arp_interval") {
        let message = "links are watched by `miimon` or by `arp_interval`, not by both".to_owned();
        problems.push(("arp_interval", message, "delete one of the two".to_owned()));
    }
    for target in ["arp_ip_target", "arp_validate"] {
        if bond.options.contains_key(target) && number("arp_interval").unwrap_or(0) == 0 {
            let message = format!("`{target}` has no effect without `arp_interval`");
            problems.push((target, message, "add `arp_interval`, in milliseconds, or delete it".to_owned()));
        }
    }
    if let Some(primary) = bond.options.get("primary").and_then(|it| it.as_str())
        && !bond.port.iter().any(|port| port == primary)
        && !foreign.contains(&"primary")
    {
        let message = format!("the primary `{primary}` is no port of the bond");
        problems.push(("primary", message, format!("use one of {}", bond.port.join(", "))));
    }
    let hash = bond.options.get("xmit_hash_policy").and_then(|it| it.as_str());
    if bond.options.get("balance_slb").and_then(serde_json::Value::as_bool) == Some(true) && hash != Some("vlan+srcmac")
    {
        let message = "`balance_slb` needs `xmit_hash_policy: vlan+srcmac`".to_owned();
        problems.push(("balance_slb", message, "set it, or delete `balance_slb`".to_owned()));
    }
    problems
}

fn check_vfs(sr_iov: &SrIov, origin: &Origin, findings: &mut Findings) {
    let vfs = origin.child("vfs");
    for (index, vf) in sr_iov.vfs.iter().enumerate() {
        let place = vfs.child(index).at("id");
        if vf.id >= sr_iov.total_vfs {
            let message = format!("there is no virtual function {}: `total-vfs` is {}", vf.id, sr_iov.total_vfs);
            findings.say(&INVALID_UPLINK, place, message, "raise `total-vfs`, or count from 0");
        } else if sr_iov.vfs[..index].iter().any(|earlier| earlier.id == vf.id) {
            let message = format!("the virtual function {} stands there twice", vf.id);
            findings.say(&INVALID_UPLINK, place, message, "delete one of the two");
        }
    }
}

fn check_ip(ip: &InterfaceIp, is_ipv4: bool, origin: &Origin, findings: &mut Findings) {
    for (key, is_there, of_ipv4) in [
        ("autoconf", ip.autoconf.is_some(), false),
        ("dhcp-duid", ip.dhcp_duid.is_some(), false),
        ("addr-gen-mode", ip.addr_gen_mode.is_some(), false),
        ("token", ip.token.is_some(), false),
        ("dhcp-client-id", ip.dhcp_client_id.is_some(), true),
    ] {
        if is_there && is_ipv4 != of_ipv4 {
            let version = if is_ipv4 { "IPv4" } else { "IPv6" };
            findings.say(&INVALID_UPLINK, origin.key(key), format!("{version} has no `{key}`"), "delete it");
        }
    }
    if !is_ipv4 && ip.autoconf == Some(true) && ip.dhcp != Some(true) {
        // nmstate, nm/settings/ip.rs: "Autoconf without DHCP is not supported yet".
        let message = "nmstate has no `autoconf` without `dhcp`";
        let help = "add `dhcp: true`: DHCPv6 is only asked if the router's advertisement says so";
        findings.say(&INVALID_UPLINK, origin.at("autoconf"), message, help);
    }
    let is_automatic = ip.dhcp == Some(true) || ip.autoconf == Some(true);
    if !ip.enabled && (is_automatic || !ip.address.is_empty()) {
        let message = "addresses have no effect with `enabled: false`";
        findings.say(&INVALID_UPLINK, origin.at("enabled"), message, "write `enabled: true`, or delete them");
    } else if is_automatic && !ip.address.is_empty() {
        // nmstate, ip.rs: static addresses are dropped where DHCP or autoconf is on.
        let message = "static addresses have no effect beside `dhcp` or `autoconf`";
        findings.say(&INVALID_UPLINK, origin.key("address"), message, "keep one of the two");
    } else if is_ipv4 && ip.enabled && !is_automatic && ip.address.is_empty() {
        let message = "IPv4 is on, and there is no address";
        let help = "add `dhcp: true` or `address`, or write `enabled: false`";
        findings.say(&INVALID_UPLINK, origin.at("enabled"), message, help);
    }
    let mut report = Findings::default();
    for (index, address) in ip.address.iter().enumerate() {
        let origin = origin.child("address").child(index);
        let text = format!("{}/{}", address.ip, address.prefix_length);
        let Ok(parsed) = host_address(&text, origin.at("ip"), AddressOf::Uplink, &mut report) else { continue };
        if parsed.addr().is_ipv4() != is_ipv4 {
            let other = if is_ipv4 { "ipv6" } else { "ipv4" };
            findings.say(
                &INVALID_UPLINK,
                origin.at("ip"),
                format!("`{}` is not of the IP version of its section", address.ip),
                format!("put it under `{other}`"),
            );
        }
    }
    report.into_iter().for_each(|finding| findings.push_once(finding));
}

fn check_routes(uplink: &Uplink, origin: &Origin, findings: &mut Findings) {
    let mut report = Findings::default();
    let routes = origin.child("routes").child("config");
    for (index, route) in uplink.routes.iter().flat_map(|routes| &routes.config).enumerate() {
        if let Some(problem) = route_problem(uplink, route, &routes.child(index), &mut report) {
            findings.push_once(problem);
        }
    }
    let dns = origin.child("dns-resolver").child("config");
    let servers = dns.child("server");
    let config = uplink.dns_resolver.as_ref().map(|dns| &dns.config);
    for (index, server) in config.iter().flat_map(|config| &config.server).enumerate() {
        let _: Result<IpAddr, Reported> =
            plain_address(server, servers.child(index).here(), AddressOf::DnsServer, &mut report);
    }
    for (index, domain) in config.iter().flat_map(|config| &config.search).enumerate() {
        if !is_dns_subdomain(&domain.to_lowercase()) {
            let message = format!("{domain:?} is no domain");
            let place = dns.child("search").child(index).here();
            findings.say(&INVALID_VALUE, place, message, "write a domain such as `example.org`");
        }
    }
    report.into_iter().for_each(|finding| findings.push_once(finding));
}

/// What nmstate lets through and the node does not do (tried with 2.2.62): host bits in a destination, a next hop of the
/// other IP version or outside every subnet of the uplink.
fn route_problem(uplink: &Uplink, route: &Route, origin: &Origin, report: &mut Findings) -> Option<Diagnostic> {
    let problem = |key: &str, message: String, help: String| {
        Some(Diagnostic::new(&INVALID_UPLINK, origin.at(key), message, help))
    };
    let Some(destination) = parse_net(&route.destination) else {
        let message = format!("the destination `{}` is no network", route.destination);
        return problem("destination", message, "write one such as `10.0.0.0/8`, or `0.0.0.0/0`".to_owned());
    };
    if destination.trunc() != destination {
        let message = format!("the destination `{destination}` is a host's address, not that of its network");
        return problem("destination", message, format!("write `{}`", destination.trunc()));
    }
    let ip = if destination.addr().is_ipv4() { &uplink.ipv4 } else { &uplink.ipv6 };
    let Some(ip) = ip.as_ref().filter(|ip| ip.enabled) else {
        let section = if destination.addr().is_ipv4() { "ipv4" } else { "ipv6" };
        let message = format!("a route through `{}`, which has no address: `{section}` is not on", uplink.name);
        return problem("destination", message, format!("add `{section}` to the uplink, or delete the route"));
    };
    let Some(hop) = &route.next_hop_address else { return None };
    let hop = plain_address(hop, origin.at("next-hop-address"), AddressOf::NextHop, report).ok()?;
    if hop.is_ipv4() != destination.addr().is_ipv4() {
        let message = format!("next hop `{hop}` and destination `{destination}` are not of the same IP version");
        return problem("next-hop-address", message, "give each version a next hop of its own".to_owned());
    }
    let is_link_local = matches!(hop, IpAddr::V6(hop) if hop.is_unicast_link_local());
    let subnets: Vec<_> = ip.address.iter().filter_map(|it| net_of(&it.ip, it.prefix_length)).collect();
    if !(ip.is_automatic() || is_link_local || subnets.iter().any(|subnet| subnet.contains(&hop))) {
        let message = format!("next hop `{hop}` is outside every subnet of `{}`", uplink.name);
        return problem("next-hop-address", message, "correct the next hop, or a prefix length".to_owned());
    }
    None
}
