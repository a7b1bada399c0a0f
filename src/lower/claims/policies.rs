//! What policies claim that others wrote, so that conflicts with them are found like those among ours.

use std::sync::Arc;

use super::interface::{Is, Speaker, Stated, Written, claims};
use crate::api::nmstate::InterfaceType;
use crate::base::place::Place;
use crate::model::inventory::{InterfaceKind, NodeInterface};
use crate::model::{
    BridgeKind, Claim, Claimant, Claimed, Filtering, Holder, Manifest, Names, PolicyOfOthers, Settings, can_overlap,
    everywhere,
};

/// The claims of the policies that others wrote.
pub(in crate::lower) fn of_policies(policies: &[PolicyOfOthers], settings: &Settings) -> Vec<Claim> {
    let mut all = Vec::new();
    for policy in policies {
        of_policy(policy, &names(policy, settings), &mut all);
    }
    all
}

/// What interfaces are on a policy's nodes: first what it says itself.
fn names(policy: &PolicyOfOthers, settings: &Settings) -> Names {
    let mut names = Names::default();
    for (name, interface) in policy.interfaces.iter().filter(|(name, _)| !policy.absent.contains(name)) {
        let vlan = interface.vlan.as_ref().map(|vlan| (vlan.base_iface.as_str(), vlan.id));
        if vlan.is_some() || !interface.kind.is_hardware() {
            names.add(name, vlan);
        }
    }
    let meets = |selector| can_overlap(&policy.node_selector, selector);
    for group in settings.groups.iter().filter(|group| meets(&group.node_selector)) {
        names.extend(&group.names);
    }
    names
}

fn of_policy(policy: &PolicyOfOthers, names: &Names, all: &mut Vec<Claim>) {
    let speaker = Speaker { by: Claimant::Others, nodes: &policy.node_selector, names };
    let list = policy.list();
    let claim = |place: Place, what: Claimed, holder: Holder| Claim {
        place,
        what,
        holder,
        nodes: Arc::clone(&policy.node_selector),
        by: Claimant::Others,
    };
    for (name, interface) in &policy.interfaces {
        let origin = list.child(interface.index);
        if policy.absent.contains(name) {
            let holder = Holder::Policy(policy.name.clone());
            all.push(claim(origin.at("name"), Claimed::Absent(name.clone()), holder));
            continue;
        }
        let stated = Stated {
            name,
            is: is(policy, name, interface),
            mtu: interface.mtu,
            function_count: interface.total_vfs,
            ipv4: interface.ipv4.as_ref(),
            ipv6: interface.ipv6.as_ref(),
        };
        claims(&stated, &Written { origin: &origin, lists_ports: false }, &speaker, all);
    }
    let mappings = policy.origin.at("spec/desiredState/ovn/bridge-mappings");
    for (localnet, bridge) in &policy.bridge_mappings {
        let holder = Holder::Interface(bridge.clone());
        all.push(claim(mappings.clone(), Claimed::Localnet(localnet.clone()), holder));
    }
    for localnet in &policy.absent_mappings {
        let holder = Holder::Policy(policy.name.clone());
        all.push(claim(mappings.clone(), Claimed::AbsentLocalnet(localnet.clone()), holder));
    }
    if let Some(dns) = &policy.dns {
        let place = policy.origin.at("spec/desiredState/dns-resolver");
        all.push(claim(place, Claimed::DnsResolver, Holder::Servers(dns.server.clone())));
    }
    let name = Claimed::PolicyName(policy.name.clone());
    let place = policy.origin.at("metadata/name");
    all.push(Claim { nodes: everywhere(), ..claim(place, name, Holder::Manifest(Manifest::OfOthers)) });
}

/// What a policy makes of an interface; nothing if it only changes something of it, such as its MTU.
fn is<'a>(policy: &'a PolicyOfOthers, name: &str, interface: &'a NodeInterface) -> Is<'a> {
    let bridge = |kind| match policy.bridges.get(name) {
        Some(ports) => Is::Bridge(kind, ports.iter().map(|(port, it)| (port.as_str(), it.clone())).collect()),
        None => Is::There,
    };
    let of_ovs = |is| match is {
        // Of OVS it is the attachment that tags; all ports are alike.
        Is::Bridge(kind, ports) => {
            Is::Bridge(kind, ports.into_iter().map(|(port, _)| (port, Filtering::Off)).collect())
        }
        other => other,
    };
    match &interface.kind {
        InterfaceKind::Known(InterfaceType::LinuxBridge) => bridge(BridgeKind::Linux),
        InterfaceKind::Known(InterfaceType::OvsBridge) => of_ovs(bridge(BridgeKind::Ovs)),
        InterfaceKind::Known(InterfaceType::Bond) if interface.ports.is_empty() => Is::There,
        InterfaceKind::Known(InterfaceType::Bond) => Is::Bond(&interface.ports),
        InterfaceKind::Known(InterfaceType::Vlan) => match &interface.vlan {
            Some(vlan) => Is::Vlan(&vlan.base_iface, vlan.id),
            None => Is::There,
        },
        InterfaceKind::Unstated | InterfaceKind::Known(InterfaceType::Ethernet | InterfaceType::OvsInterface) => {
            Is::There
        }
        InterfaceKind::Other(word) if word == "loopback" => Is::There,
        InterfaceKind::Other(word) => Is::Other(word, &interface.ports),
    }
}
