//! What the rules about the inventory have in common.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use super::hit::Hit;
pub(super) use super::hit::SelectionId;
use crate::api::nmstate::InterfaceType;
use crate::base::place::Place;
use crate::base::rule::Severity;
use crate::model::inventory::Node;
use crate::model::{Host, Key, Plan, Policy, Selection};

/// Whether it is known what addresses the nodes have on a network's uplink: by the inventory, or because the Site says so. An
/// OVS bond is no interface, and has none.
pub(super) fn is_known(plan: &Plan, host: &Host) -> bool {
    let definition = host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref());
    definition.is_some_and(|definition| definition.says_ip() || definition.ovs_bond.is_some())
        || !host.selected.nodes.is_empty()
        || host.selected.is_surely_empty()
        || plan.inventory.is_partial
}

/// Nodes in words: all of a few, the first of many.
pub(super) fn name_nodes(plan: &Plan, numbers: &[usize]) -> String {
    name_few(numbers.iter().map(|number| &plan.inventory.node(*number).name))
}

/// Names in words: all of a few, the first of many.
pub(super) fn name_few<N: fmt::Display>(names: impl IntoIterator<Item = N, IntoIter: ExactSizeIterator>) -> String {
    const SHOWN: usize = 3;
    let names = names.into_iter();
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    match more {
        0 => join(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn join(words: &[String]) -> String {
    match words {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => words.join(""),
    }
}

/// Things already looked at on the nodes of a selection: thousands of networks ask the same.
pub(super) struct Asked<'a, K> {
    seen: HashSet<(K, SelectionId<'a>)>,
}

impl<'a, K: Eq + Hash> Asked<'a, K> {
    pub(super) fn new() -> Self {
        Self { seen: HashSet::new() }
    }

    /// Whether this is new for these nodes.
    pub(super) fn is_new(&mut self, what: K, selection: &'a Selection) -> bool {
        self.seen.insert((what, SelectionId::of(selection)))
    }
}

impl<'a> Hit<'a> {
    /// The same about a node of the inventory: a warning if it is not known for certain that it is selected.
    pub(super) fn on_node(self, plan: &Plan, selection: &'a Selection, number: usize) -> Self {
        let is_certain = plan.inventory.is_surely_in(selection, number);
        let hit = self.of_nodes(selection);
        if is_certain { hit } else { hit.with_severity(Severity::Warning) }
    }
}

/// Of these nodes of a selection, those that are surely in it; all of them, if none is. What is true of a node whose labels are known is
/// certain, whatever is not known of another.
pub(super) fn surest(plan: &Plan, selection: &Selection, numbers: Vec<usize>) -> Vec<usize> {
    let sure: Vec<usize> =
        numbers.iter().copied().filter(|number| plan.inventory.is_surely_in(selection, *number)).collect();
    if sure.is_empty() { numbers } else { sure }
}

/// The nodes of a policy that have an interface of this name, in order. Thousands of bridges are on no node yet, and must not ask
/// each of them: the shorter list is looked up in the longer.
pub(super) fn selected_with<'a>(
    plan: &'a Plan,
    policy: &'a Policy,
    interface: &str,
) -> impl Iterator<Item = usize> + 'a {
    let (a, b) = (plan.inventory.with_interface(interface), &*policy.nodes.nodes);
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.iter().copied().filter(|number| long.binary_search(number).is_ok())
}

/// Where a policy names an interface: at the Site's uplink if that has it, else at the network.
pub(super) fn place_of(policy: &Policy, interface: &str) -> Place {
    let Some(definition) = &policy.uplink else { return policy.origin.at("physicalInterface") };
    let Some(top) = definition.interfaces.last() else { return definition.origin.at("link-aggregation/port") };
    let is_port = top.link_aggregation.iter().any(|bond| bond.port.iter().any(|port| port == interface));
    if is_port || definition.ovs_bond.is_some() {
        definition.origin.at("link-aggregation/port")
    } else if top.vlan.as_ref().is_some_and(|vlan| vlan.base_iface == interface) {
        definition.origin.at("vlan/base-iface")
    } else {
        definition.origin.at("name")
    }
}

/// Where the state of a node has an interface.
pub(super) fn place_in_state(node: &Node, interface: &str) -> Place {
    match node.interfaces.get(interface) {
        Some(interface) => node.place_of(interface),
        None => node.origin.at("metadata/name"),
    }
}

/// What to use instead of the NIC, so that the node's address stays.
pub(super) fn instead(policy: &Policy, key: Key) -> &'static str {
    // A trunk and an OVS bridge have the NIC whole, whatever the tag.
    let is_plain = policy.desired_state.interfaces.iter().any(|it| {
        it.interface_type == Some(InterfaceType::LinuxBridge)
            && it.bridge.iter().flat_map(|bridge| &bridge.port).all(|port| port.vlan.is_none())
    });
    match (key, is_plain) {
        (Key::VlanId, _) => "use another `vlanId` or another NIC",
        (_, true) => "use a `vlanId` or another NIC",
        (_, false) => "use another NIC",
    }
}
