use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, place_in_state, selected_with, surest};
use crate::api::nmstate::{Interface, InterfaceType};
use crate::base::place::Place;
use crate::model::inventory::InterfaceKind;
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
    pub(super) INTERFACE_TAKEN = "WK231", "interface-taken", Error, yields_to: &BLAMING;
}

/// What is asked of the nodes.
#[derive(PartialEq, Eq, Hash)]
enum Question<'a> {
    /// Whether an interface can be made, of a type in nmstate's words.
    Made(InterfaceType, &'a str),
    /// Whether OVN can have a bridge.
    Mapped(&'a str),
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        let state = &policy.desired_state;
        // A bridge that OVN gets a name for, and that is not made here, must be one of OVS.
        let mappings = state.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings);
        for name in mappings.filter_map(|it| it.bridge.as_deref()).filter(|name| state.interface(name).is_none()) {
            if asked.is_new(Question::Mapped(name), &policy.nodes) {
                hits.extend(check_name(plan, policy, name, InterfaceType::OvsBridge));
            }
        }
        for interface in &state.interfaces {
            let Some(wanted) = interface.interface_type.filter(|it| *it != InterfaceType::Ethernet) else { continue };
            if asked.is_new(Question::Made(wanted, &interface.name), &policy.nodes) {
                hits.extend(check_name(plan, policy, &interface.name, wanted));
                hits.extend(check_tag(plan, policy, interface));
            }
        }
    }
    hits
}

fn check_name<'a>(plan: &'a Plan, policy: &'a Policy, name: &'a str, wanted: InterfaceType) -> Option<Hit<'a>> {
    let other = |number: &usize| {
        let found = &plan.inventory.node(*number).interfaces.get(name)?.kind;
        let is_ovs_pair = wanted == InterfaceType::OvsInterface && found.is(InterfaceType::OvsBridge);
        (!found.is(wanted) && *found != InterfaceKind::Unstated && !is_ovs_pair).then_some(found)
    };
    let taken = selected_with(plan, policy, name).filter(|number| other(number).is_some()).collect();
    let taken = surest(plan, &policy.nodes, taken);
    let first = *taken.first()?;
    let found = other(&first)?.as_str();
    let hit = Hit::new(place_of_name(policy, name), move || {
        let nodes = name_nodes(plan, &taken);
        let message = format!("`{name}` cannot be of type {}: it is of type {found} on {nodes}", wanted.as_str());
        let place = place_in_state(plan.inventory.node(first), name);
        Words::new(message, "choose another name").with_related(place, format!("the {found}")).about([name])
    });
    Some(hit.on_node(plan, &policy.nodes, first))
}

fn check_tag<'a>(plan: &'a Plan, policy: &'a Policy, interface: &'a Interface) -> Option<Hit<'a>> {
    let vlan = interface.vlan.as_ref()?;
    let others = plan.inventory.with_vlan(&vlan.base_iface, vlan.id);
    let is_other =
        |(number, name): &&(usize, String)| *name != interface.name && policy.nodes.nodes.binary_search(number).is_ok();
    let taken = others.iter().filter(is_other).map(|(number, _)| *number).collect();
    let taken = surest(plan, &policy.nodes, taken);
    let (first, name) = others.iter().filter(is_other).find(|(number, _)| taken.first() == Some(number))?;
    let hit = Hit::new(policy.origin.at("vlanId"), move || {
        let message = format!(
            "VLAN {} of `{}` cannot be `{}`: it is `{name}` on {}",
            vlan.id,
            vlan.base_iface,
            interface.name,
            name_nodes(plan, &taken)
        );
        let help = format!("list `{name}` among the Site's `uplinks` and use it, or take it away");
        let place = place_in_state(plan.inventory.node(*first), name);
        Words::new(message, help).with_related(place, "the VLAN interface that is there").about([
            name,
            &vlan.base_iface,
            &interface.name,
        ])
    });
    Some(hit.on_node(plan, &policy.nodes, *first))
}

fn place_of_name(policy: &Policy, name: &str) -> Place {
    let site = policy.uplink.as_ref().filter(|it| it.interfaces.last().is_some_and(|top| top.name == name));
    match site {
        Some(definition) => definition.origin.at("name"),
        None => policy.origin.at("bridgeName"),
    }
}
