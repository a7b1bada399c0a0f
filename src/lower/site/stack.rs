//! The uplinks of a node group, put together with what they stand on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::SiteFindings;
use super::uplinks::{INVALID_UPLINK, UNSOUND_BOND, Written};
use crate::api::nmstate::{Interface, InterfaceType, Vlan};
use crate::api::uplink::{Uplink, UplinkType};
use crate::base::diagnostic::{Diagnostic, Findings, Origin};
use crate::model::UplinkDefinition;

/// Every uplink of a group, with what it stands on.
pub(super) fn define(written: &Written<'_>, findings: &mut Findings) -> BTreeMap<String, Arc<UplinkDefinition>> {
    check_ports(written, findings);
    let mut defined = BTreeMap::new();
    for name in written.keys() {
        define_one(name, written, &mut Vec::new(), &mut defined, findings);
    }
    defined.into_iter().filter_map(|(name, definition)| Some((name, definition?))).collect()
}

/// A NIC has one controller, and a tag on a base one interface.
fn check_ports(written: &Written<'_>, findings: &mut Findings) {
    let mut owners: BTreeMap<&str, (&str, Origin)> = BTreeMap::new();
    for (name, (uplink, origin)) in written {
        let ports = origin.child("link-aggregation").child("port");
        for (index, port) in uplink.link_aggregation.iter().flat_map(|bond| &bond.port).enumerate() {
            let origin = ports.child(index);
            if let Some((port_uplink, port_origin)) = written.get(port.as_str()) {
                check_port(name, uplink, port_uplink, &origin, port_origin, findings);
            }
            let is_bond = written.get(port.as_str()).is_some_and(|(it, _)| it.link_aggregation.is_some());
            if is_bond && port != name {
                let message = format!("`{port}` is a bond, and cannot be a port of another");
                findings.say(&INVALID_UPLINK, origin.here(), message, "name the NICs themselves");
            }
            match owners.get(port.as_str()) {
                Some((owner, first)) if owner != name => findings.push_once(
                    Diagnostic::new(
                        &INVALID_UPLINK,
                        origin.here(),
                        format!("`{port}` cannot be a port of `{name}`: it is one of `{owner}` already"),
                        "give each bond NICs of its own",
                    )
                    .with_related(first.here(), format!("a port of `{owner}`")),
                ),
                _ => drop(owners.insert(port, (name, origin))),
            }
        }
    }
    for (uplink, origin) in written.values() {
        let Some(vlan) = &uplink.vlan else { continue };
        if let Some((owner, first)) = owners.get(vlan.base_iface.as_str()) {
            let message = format!("`{}` is a port of `{owner}`, which has its frames", vlan.base_iface);
            let help = format!("put the VLAN on `{owner}`");
            findings.push_once(
                Diagnostic::new(&INVALID_UPLINK, origin.at("vlan/base-iface"), message, help)
                    .with_related(first.here(), format!("a port of `{owner}`")),
            );
        }
    }
    let mut copies: BTreeMap<&str, (&str, &Origin)> = BTreeMap::new();
    for (name, (uplink, origin)) in written {
        let Some(nic) = &uplink.copy_mac_from else { continue };
        match copies.get(nic.as_str()) {
            Some((first, first_origin)) => findings.push_once(
                Diagnostic::new(
                    &UNSOUND_BOND,
                    origin.at("copy-mac-from"),
                    format!("the bonds `{first}` and `{name}` would both have the MAC address of `{nic}`"),
                    "name a NIC that is a port of this bond",
                )
                .with_related(first_origin.at("copy-mac-from"), format!("the MAC address of `{first}`")),
            ),
            None => drop(copies.insert(nic, (name, origin))),
        }
    }
    let mut tags: BTreeMap<(&str, u16), &str> = BTreeMap::new();
    for (name, (uplink, origin)) in written {
        let Some(vlan) = &uplink.vlan else { continue };
        if let Some(first) = tags.insert((&vlan.base_iface, vlan.id), name) {
            let message = format!("VLAN {} of `{}` is `{first}` already", vlan.id, vlan.base_iface);
            findings.say(&INVALID_UPLINK, origin.at("vlan/id"), message, "use one interface for a tag");
        }
    }
}

/// A port has no address, no MTU of its own, and does not stand on its controller.
fn check_port(
    name: &str,
    bond: &Uplink,
    port: &Uplink,
    origin: &Origin,
    port_origin: &Origin,
    findings: &mut Findings,
) {
    if port.vlan.as_ref().is_some_and(|vlan| vlan.base_iface == name) {
        let message = format!("`{}` stands on `{name}`, and cannot be its port", port.name);
        findings.say(&INVALID_UPLINK, origin.here(), message, "name the NICs themselves");
    }
    let mut differs = |key: &str, message: String, help: String| {
        findings.push_once(
            Diagnostic::new(&INVALID_UPLINK, port_origin.at(key), message, help)
                .with_related(origin.here(), format!("a port of `{name}`")),
        );
    };
    for (key, ip) in [("ipv4", &port.ipv4), ("ipv6", &port.ipv6)] {
        if ip.as_ref().is_some_and(|ip| ip.enabled) {
            let message = format!("`{}` is a port of `{name}`, and so has no address", port.name);
            differs(key, message, format!("give the address to `{name}`"));
        }
    }
    if let (Some(own), Some(mtu)) = (port.mtu, bond.mtu)
        && own != mtu
    {
        let message = format!("`{}` has an MTU of {own}, and its bond `{name}` of {mtu}", port.name);
        differs("mtu", message, "delete it: ports get the bond's".to_owned());
    }
}

type Defined = BTreeMap<String, Option<Arc<UplinkDefinition>>>;

fn define_one<'a>(
    name: &'a str,
    written: &Written<'a>,
    above: &mut Vec<&'a str>,
    defined: &mut Defined,
    findings: &mut Findings,
) -> Option<Arc<UplinkDefinition>> {
    if let Some(known) = defined.get(name) {
        return known.clone();
    }
    let (uplink, origin) = written.get(name)?;
    if above.contains(&name) {
        let message = format!("the VLAN interface `{name}` stands on itself");
        findings.say(&INVALID_UPLINK, origin.at("vlan/base-iface"), message, "name the NIC or bond that it stands on");
        return None;
    }
    above.push(name);
    let base = uplink.vlan.as_ref().and_then(|vlan| {
        let base = define_one(vlan.base_iface.as_str(), written, above, defined, findings);
        check_base(uplink, vlan, origin, base.as_deref(), findings);
        base
    });
    above.pop();
    let definition = Arc::new(put_together(uplink, origin, base.as_deref()));
    defined.insert(name.to_owned(), Some(Arc::clone(&definition)));
    Some(definition)
}

fn check_base(uplink: &Uplink, vlan: &Vlan, origin: &Origin, base: Option<&UplinkDefinition>, findings: &mut Findings) {
    let Some(base) = base else { return };
    if base.kind == UplinkType::OvsBond {
        let message = format!("the OVS bond `{}` carries no VLAN interface: it is a port of a bridge", vlan.base_iface);
        findings.say(&INVALID_UPLINK, origin.at("vlan/base-iface"), message, "use the tag on a `type: ovs` network");
    }
    // What says nothing of its MTU has that of its own base.
    let base_mtu = base.interfaces.iter().rev().find_map(|it| it.mtu);
    if let (Some(mtu), Some(base_mtu)) = (uplink.mtu, base_mtu)
        && mtu > base_mtu
    {
        // The kernel's net/8021q/vlan_dev.c, vlan_dev_change_mtu.
        let message = format!("an MTU of {mtu} does not fit `{}`, which has {base_mtu}", vlan.base_iface);
        findings.push_once(
            Diagnostic::new(&INVALID_UPLINK, origin.at("mtu"), message, "lower it, or raise that of the base")
                .with_related(base.origin.at("mtu"), "what it stands on"),
        );
    }
}

fn put_together(uplink: &Uplink, origin: &Origin, base: Option<&UplinkDefinition>) -> UplinkDefinition {
    let mut interfaces = Vec::new();
    let mut base_routes = Vec::new();
    if let (Some(base), Some(vlan)) = (base, &uplink.vlan) {
        interfaces.extend(base.interfaces.iter().cloned());
        if let Some(interface) = interfaces.last_mut() {
            interface.ipv4.clone_from(&base.ipv4);
            interface.ipv6.clone_from(&base.ipv6);
        }
        base_routes.clone_from(&base.base_routes);
        base_routes.extend(base.routes.iter().cloned().map(|route| route.through(&vlan.base_iface)));
    }
    let bond = uplink.link_aggregation.as_ref();
    // Ports are not interfaces of the policy unless there is something to say of them: their MTU must be the bond's.
    let ports = bond.into_iter().flat_map(|bond| &bond.port).filter(|_| uplink.mtu.is_some());
    interfaces
        .extend(ports.map(|port| Interface { mtu: uplink.mtu, ..Interface::up(port, Some(InterfaceType::Ethernet)) }));
    let interface_type = match uplink.uplink_type {
        UplinkType::Ethernet => Some(InterfaceType::Ethernet),
        UplinkType::Bond => Some(InterfaceType::Bond),
        UplinkType::Vlan => Some(InterfaceType::Vlan),
        UplinkType::OvsBond => None,
    };
    if interface_type.is_some() {
        let mut interface = Interface::up(&uplink.name, interface_type);
        interface.copy_mac_from.clone_from(&uplink.copy_mac_from);
        interface.mtu = uplink.mtu;
        interface.link_aggregation = bond.cloned();
        interface.vlan.clone_from(&uplink.vlan);
        interface.ethernet.clone_from(&uplink.ethernet);
        interfaces.push(interface);
    }
    UplinkDefinition {
        origin: origin.clone(),
        kind: uplink.uplink_type,
        mtu: uplink.mtu,
        interfaces,
        ipv4: uplink.ipv4.clone(),
        ipv6: uplink.ipv6.clone(),
        routes: uplink.routes.iter().flat_map(|routes| routes.config.clone()).collect(),
        base_routes,
        dns_resolver: uplink.dns_resolver.clone().or_else(|| base.and_then(|base| base.dns_resolver.clone())),
        mac_source: match uplink.uplink_type {
            UplinkType::Ethernet => Some(uplink.name.clone()),
            // A bond that is not there yet has no MAC address to copy (nmstate, ifaces/inter_ifaces.rs, apply_copy_mac_from).
            UplinkType::Bond => uplink.copy_mac_from.clone(),
            UplinkType::Vlan | UplinkType::OvsBond => None,
        },
        ovs_bond: bond.filter(|_| uplink.uplink_type == UplinkType::OvsBond).cloned(),
    }
}
