use super::nodes::{Asked, name_nodes, on_nodes, place_in_state, selected_with};
use crate::api::nmstate::{Interface, InterfaceType};
use crate::base::diagnostic::{Diagnostic, Place, Report};
use crate::model::{Plan, Policy};
use crate::rule;

rule! {
    /// A name, or a VLAN, that something else has on a node already.
    ///
    /// A bridge, bond or VLAN interface would be made, and the node has an interface of that name and another type, or the same tag on
    /// the same base under another name. The kernel has one interface for a name, and one for a tag on a base; the policy fails.
    ///
    /// ## Way out
    /// Choose another `bridgeName`, or take away what is there. For a VLAN, list it among the Site's `uplinks` by the name that it has.
    pub(super) INTERFACE_TAKEN = "WK231", "interface-taken", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut asked = Asked::default();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        check_mapping(plan, policy, &mut asked, report);
        for interface in &policy.desired_state.interfaces {
            let Some(wanted) = interface.interface_type.filter(|it| *it != InterfaceType::Ethernet) else { continue };
            if asked.is_new(format!("{} {}", wanted.as_str(), interface.name), &policy.nodes) {
                check_name(plan, policy, interface, wanted, report);
                check_tag(plan, policy, interface, report);
            }
        }
    }
}

fn check_name(plan: &Plan, policy: &Policy, interface: &Interface, wanted: InterfaceType, report: &mut Report) {
    let name = &interface.name;
    let other = |number: &usize| {
        let found = plan.inventory.node(*number).interfaces.get(name)?.interface_type.as_str();
        let is_ovs_pair = wanted == InterfaceType::OvsInterface && found == "ovs-bridge";
        (found != wanted.as_str() && !found.is_empty() && !is_ovs_pair).then_some(found)
    };
    let taken: Vec<usize> = selected_with(plan, policy, name).filter(|number| other(number).is_some()).collect();
    let Some((first, found)) = taken.first().and_then(|first| Some((*first, other(first)?))) else { return };
    let message = format!(
        "`{name}` cannot be of type {}: it is of type {found} on {}",
        wanted.as_str(),
        name_nodes(plan, &taken)
    );
    let place = place_in_state(plan.inventory.node(first), name);
    let diagnostic = Diagnostic::new(&INTERFACE_TAKEN, place_of_name(policy, name), message, "choose another name")
        .with_related(place, format!("the {found}"));
    on_nodes(diagnostic, &policy.nodes, report);
}

/// A bridge that OVN gets a name for, and that is not made here, must be one of OVS.
fn check_mapping(plan: &Plan, policy: &Policy, asked: &mut Asked, report: &mut Report) {
    let state = &policy.desired_state;
    for name in state.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings).filter_map(|it| it.bridge.as_ref()) {
        if state.interface(name).is_none() && asked.is_new(format!("OVN's {name}"), &policy.nodes) {
            let bridge = Interface::up(name, Some(InterfaceType::OvsBridge));
            check_name(plan, policy, &bridge, InterfaceType::OvsBridge, report);
        }
    }
}

fn check_tag(plan: &Plan, policy: &Policy, interface: &Interface, report: &mut Report) {
    let Some(vlan) = &interface.vlan else { return };
    let others = plan.inventory.with_vlan(&vlan.base_iface, vlan.id);
    let is_other =
        |(number, name): &&(usize, String)| *name != interface.name && policy.nodes.nodes.binary_search(number).is_ok();
    let Some((first, name)) = others.iter().find(is_other) else { return };
    let taken: Vec<usize> = others.iter().filter(is_other).map(|(number, _)| *number).collect();
    let message = format!(
        "VLAN {} of `{}` cannot be `{}`: it is `{name}` on {}",
        vlan.id,
        vlan.base_iface,
        interface.name,
        name_nodes(plan, &taken)
    );
    let help = format!("list `{name}` among the Site's `uplinks` and use it, or take it away");
    let place = place_in_state(plan.inventory.node(*first), name);
    let diagnostic = Diagnostic::new(&INTERFACE_TAKEN, policy.origin.at("vlanId"), message, help)
        .with_related(place, "the VLAN interface that is there");
    on_nodes(diagnostic, &policy.nodes, report);
}

fn place_of_name(policy: &Policy, name: &str) -> Place {
    let site = policy.uplink.as_ref().filter(|it| it.interfaces.last().is_some_and(|top| top.name == name));
    match site {
        Some(definition) => definition.origin.at("name"),
        None => policy.origin.at("bridgeName"),
    }
}
