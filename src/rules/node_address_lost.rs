use std::collections::HashMap;

use super::nodes::{Asked, on_nodes, place_in_state, place_of};
use crate::api::nmstate::{Interface, InterfaceIp, InterfaceType, NetworkState};
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::inventory::NodeInterface;
use crate::plan::{Plan, Policy};
use crate::rule;

rule! {
    /// A policy takes a node's own address away, and gives it to nothing.
    ///
    /// The inventory shows an address on an interface that becomes a port, or whose addresses are set to others. A bond that takes the NIC,
    /// a `nodeIP` that is not the node's, or an uplink whose `ipv4` is off in the Site leaves the node without it: it is off the
    /// network until kubernetes-nmstate rolls back (kubernetes-nmstate#1063).
    ///
    /// ## Way out
    /// Correct `nodeIP`. Give the address to the uplink in the Site (`ipv4: {enabled: true, dhcp: true}`, with `copy-mac-from` for a bond),
    /// or leave `ipv4` and `ipv6` out there, and the bridge gets what the inventory shows. Or use another NIC.
    pub(super) NODE_ADDRESS_LOST = "WK227", "node-address-lost", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut asked = Asked::default();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        let state = &policy.desired_state;
        let controllers = controllers(state);
        let ports = controllers.keys().copied();
        let own = state.interfaces.iter().filter(|it| it.ipv4.is_some() || it.ipv6.is_some());
        for name in ports.chain(own.map(|it| it.name.as_str())) {
            let Some(heir) = heir(state, &controllers, name) else { continue };
            if asked.is_new(format!("{name} to {} {:?}{:?}", heir.name, heir.ipv4, heir.ipv6), &policy.nodes) {
                check_interface(plan, policy, name, heir, report);
            }
        }
    }
}

fn check_interface(plan: &Plan, policy: &Policy, name: &str, heir: &Interface, report: &mut Report) {
    let lost = |number: &usize| {
        let interface = plan.inventory.node(*number).interfaces.get(name)?;
        let lost = lost(interface, heir);
        (!lost.is_empty()).then_some(lost)
    };
    let losers: Vec<usize> = policy.nodes.nodes.iter().copied().filter(|number| lost(number).is_some()).collect();
    let Some((first, addresses)) = losers.first().and_then(|first| Some((*first, lost(first)?))) else { return };
    let node = plan.inventory.node(first);
    let others = match losers.len() - 1 {
        0 => String::new(),
        1 => ", and one more node does".to_owned(),
        count => format!(", and {count} more nodes do"),
    };
    let message = format!("`{}` loses its own address {} on `{name}`{others}", node.name, addresses.join(", "));
    let help = if heir.name == name {
        format!("give `{name}` the address: `nodeIP`, or `ipv4` of the uplink in the Site")
    } else {
        format!("give `{}` the address: `nodeIP`, or `ipv4` of the uplink in the Site; or use another NIC", heir.name)
    };
    let diagnostic = Diagnostic::new(&NODE_ADDRESS_LOST, place_of(policy, name), message, help)
        .with_related(place_in_state(node, name), "the node is reached here");
    on_nodes(diagnostic, &policy.nodes, report);
}

/// The addresses of an interface that are not among those that its heir gets.
fn lost(interface: &NodeInterface, heir: &Interface) -> Vec<String> {
    let of = |has: &Option<InterfaceIp>, gets: &Option<InterfaceIp>| -> Vec<String> {
        let Some(has) = has.as_ref().filter(|has| has.enabled) else { return Vec::new() };
        let gets = gets.clone().unwrap_or_default();
        if gets.is_automatic() {
            return Vec::new();
        }
        let is_kept = |ip: &str| gets.address.iter().any(|it| it.ip == ip);
        has.address.iter().filter(|it| !is_kept(&it.ip)).map(|it| format!("{}/{}", it.ip, it.prefix_length)).collect()
    };
    let mut lost = of(&interface.ipv4, &heir.ipv4);
    lost.extend(of(&interface.ipv6, &heir.ipv6));
    lost
}

/// What each port belongs to.
fn controllers(state: &NetworkState) -> HashMap<&str, &str> {
    let ports = state.interfaces.iter().flat_map(|it| it.ports().into_iter().map(|port| (port, it.name.as_str())));
    ports.filter(|(port, controller)| port != controller).collect()
}

/// The interface that has the addresses of a port: what controls it, and what controls that. Of an OVS bridge it is the
/// internal port of its name.
fn heir<'a>(state: &'a NetworkState, controllers: &HashMap<&str, &'a str>, name: &'a str) -> Option<&'a Interface> {
    let mut name = name;
    while let Some(controller) = controllers.get(name) {
        name = controller;
    }
    state.interface(name).filter(|it| it.interface_type != Some(InterfaceType::Ethernet) || it.ipv4.is_some())
}
