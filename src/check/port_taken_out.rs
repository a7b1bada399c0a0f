use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, place_in_state, selected_with, surest};
use crate::api::nmstate::{Interface, InterfaceType};
use crate::model::Plan;
use crate::model::inventory::Node;
use crate::rule;

rule! {
    /// A bridge or bond is on a node already, and the policy takes one of its NICs out.
    ///
    /// A policy's list of ports replaces the one that is there (nmstate, `ifaces/linux_bridge.rs`). That is what happens when a network moves to
    /// another NIC or VLAN, and it is an accident when two have chosen one name: whatever came through that port is cut off.
    ///
    /// ## Way out
    /// If it is meant, export the states again once it is applied, and nothing is said any more. Else choose another `bridgeName`, or add the NIC
    /// to the bond in the Site.
    pub(super) PORT_TAKEN_OUT = "WK233", "port-taken-out", Warning, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        for interface in &policy.desired_state.interfaces {
            let name = interface.name.as_str();
            let ports = interface.ports();
            if ports.is_empty() || !asked.is_new((name, ports.clone()), &policy.nodes) {
                continue;
            }
            let lost = |number: usize| taken_out(plan.inventory.node(number), interface, &ports);
            let losers = selected_with(plan, policy, name).filter(|number| lost(*number).is_some()).collect();
            let losers = surest(plan, &policy.nodes, losers);
            let Some((first, port)) = losers.first().and_then(|first| Some((*first, lost(*first)?))) else { continue };
            let hit = Hit::new(policy.origin.at("bridgeName"), move || {
                let place = place_in_state(plan.inventory.node(first), port);
                Words::new(
                    format!("`{port}` is taken out of `{name}` on {}", name_nodes(plan, &losers)),
                    "if it is meant, export the states again once it is applied; else choose another name",
                )
                .with_related(place, format!("a port of `{name}`"))
                .about([port, name])
            });
            hits.push(hit.on_node(plan, &policy.nodes, first));
        }
    }
    hits
}

/// The NIC, bond or VLAN interface that is a port there, and not in the policy. The ports of pods and virtual machines are
/// none of its business.
fn taken_out<'a>(node: &'a Node, interface: &Interface, ports: &[&str]) -> Option<&'a str> {
    let there = node.interfaces.get(&interface.name)?;
    let is_same_type = interface.interface_type.is_some_and(|it| there.kind.is(it));
    let is_lead = |port: &&String| {
        let port_type = node.interfaces.get(port).and_then(|it| it.kind.known());
        let is_of_node = matches!(port_type, Some(InterfaceType::Ethernet | InterfaceType::Bond | InterfaceType::Vlan));
        is_of_node && !ports.iter().any(|wanted| node.interfaces.name_of(wanted) == port.as_str())
    };
    there.ports.iter().find(is_lead).filter(|_| is_same_type).map(String::as_str)
}
