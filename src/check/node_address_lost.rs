use std::collections::HashMap;

use super::nodes::{Asked, on_nodes, place_in_state, place_of, selected_with};
use crate::api::nmstate::{Interface, InterfaceIp, InterfaceType, NetworkState, Route};
use crate::base::diagnostic::{Diagnostic, Report, others};
use crate::model::inventory::Node;
use crate::model::{Plan, Policy};
use crate::rule;

rule! {
    /// A policy takes a node's own address or route away, and gives it to nothing.
    ///
    /// The inventory shows an address on an interface that becomes a port, or whose addresses are set to others, or a route through it that
    /// the policy does not have. A bond that takes the NIC, a `nodeIP` that is not the node's (its prefix length included), or an uplink
    /// whose `ipv4` is off, or whose `routes` are missing, in the Site leaves the node without it: it is off the
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
        let lost = lost(plan.inventory.node(*number), name, heir, &policy.desired_state);
        (!lost.is_empty()).then_some(lost)
    };
    let losers: Vec<usize> = selected_with(plan, policy, name).filter(|number| lost(number).is_some()).collect();
    let Some((first, what)) = losers.first().and_then(|first| Some((*first, lost(first)?))) else { return };
    let node = plan.inventory.node(first);
    let others = others(losers.len() - 1, ", and one more node does", ", and # more nodes do");
    let message = format!("`{}` loses {} on `{name}`{others}", node.name, what.join(", "));
    let gives = "`ipv4`, `ipv6` and `routes` of the uplink in the Site";
    let help = if policy.uplink.as_ref().is_some_and(|uplink| uplink.says_ip()) {
        format!("correct {gives}, or leave them out, and the bridge gets what the node has")
    } else if heir.name == name || heir.bridge.is_none() && heir.interface_type != Some(InterfaceType::OvsInterface) {
        format!("give `{}` what the node has: {gives}", heir.name)
    } else {
        format!("correct `nodeIP`, give `{}` what the node has ({gives}), or use another NIC", heir.name)
    };
    let diagnostic = Diagnostic::new(&NODE_ADDRESS_LOST, place_of(policy, name), message, help)
        .with_related(place_in_state(node, name), "the node is reached here");
    on_nodes(diagnostic, &policy.nodes, report);
}

/// What a node has through an interface and not through its heir: addresses, and the routes that go with them.
fn lost(node: &Node, name: &str, heir: &Interface, state: &NetworkState) -> Vec<String> {
    let Some(interface) = node.interfaces.get(name) else { return Vec::new() };
    let of = |has: &Option<InterfaceIp>, gets: &Option<InterfaceIp>| -> Vec<String> {
        let Some(has) = has.as_ref().filter(|has| has.enabled) else { return Vec::new() };
        let gets = gets.clone().unwrap_or_default();
        if has.is_automatic() && gets.is_automatic() {
            return Vec::new();
        }
        let lost = has.address.iter().filter(|it| !gets.address.contains(it));
        lost.map(|it| format!("its own address {}/{}", it.ip, it.prefix_length)).collect()
    };
    let mut lost = of(&interface.ipv4, &heir.ipv4);
    lost.extend(of(&interface.ipv6, &heir.ipv6));
    let written: Vec<&Route> = state.routes.iter().flat_map(|routes| &routes.config).collect();
    let is_kept = |route: &Route| {
        let family = if route.destination.contains(':') { &heir.ipv6 } else { &heir.ipv4 };
        family.as_ref().is_some_and(InterfaceIp::is_automatic)
            || written
                .iter()
                .any(|it| it.destination == route.destination && it.next_hop_interface.as_deref() == Some(&heir.name))
    };
    let own = node.default_routes.iter().chain(&node.routes);
    let own = own.filter(|route| route.next_hop_interface.as_deref() == Some(name) && !is_kept(route));
    let mut routes: Vec<&str> = own.map(|route| route.destination.as_str()).collect();
    routes.sort_unstable();
    routes.dedup();
    lost.extend(routes.into_iter().map(|destination| match destination {
        "0.0.0.0/0" | "::/0" => "its default route".to_owned(),
        other => format!("its route to {other}"),
    }));
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
