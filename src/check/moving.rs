//! What the rules about a move of the nodes' own addresses have in common.

use std::collections::BTreeMap;

use super::node_address_lost::is_refused;
use crate::base::place::Place;
use crate::model::{Key, Plan, Policy};

/// A node's own address that moves to a bridge.
pub(super) struct Move<'a> {
    pub(super) bridge: &'a str,
    pub(super) nic: &'a str,
    pub(super) policy: &'a Policy,
    /// The number of the node.
    pub(super) node: usize,
}

/// Every move, in the order of the policies.
pub(super) fn every_move(plan: &Plan) -> impl Iterator<Item = Move<'_>> {
    let per_node = plan.policies.iter().filter(|policy| policy.is_per_node);
    per_node.flat_map(move |policy| {
        let bridges = policy.desired_state.interfaces.iter().filter(|it| it.bridge.is_some());
        let ports = bridges.flat_map(|it| it.ports().into_iter().map(|port| (it.name.as_str(), port)));
        let nodes = policy.nodes.nodes.iter().copied();
        ports.filter(|(bridge, nic)| bridge != nic).flat_map(move |(bridge, nic)| {
            let moving = nodes.clone().filter(move |node| plan.inventory.node(*node).depends_on(nic));
            moving.map(move |node| Move { bridge, nic, policy, node })
        })
    })
}

/// The moves, each by its bridge and its NIC: the policies and the nodes. One that cannot be on
/// a node is an error, and is not described besides.
pub(super) fn moves(plan: &Plan) -> BTreeMap<(&str, &str), Vec<(&Policy, usize)>> {
    let mut by_bridge: BTreeMap<(&str, &str), Vec<(&Policy, usize)>> = BTreeMap::new();
    for Move { bridge, nic, policy, node } in every_move(plan) {
        by_bridge.entry((bridge, nic)).or_default().push((policy, node));
    }
    by_bridge.retain(|_, moving| !moving.iter().any(|(policy, _)| is_refused(plan, policy)));
    by_bridge
}

/// The key by which another port is chosen, and where a NIC is named that becomes the port of a policy's bridge.
pub(super) fn port_of(plan: &Plan, policy: &Policy, nic: &str) -> (Key, Place) {
    let Some(network) = policy.origin.network.and_then(|id| plan.network(id)) else {
        return (Key::PhysicalInterface, policy.origin.here());
    };
    let host = network.hosts.iter().find(|host| host.port().as_deref() == Some(nic));
    let key = host.map_or(Key::PhysicalInterface, |host| network.port_key(host));
    // The interface of a tag is chosen by the tag, and told by its NIC.
    let is_tagged = host.is_some_and(|host| host.vlan.is_some());
    (if is_tagged { Key::VlanId } else { key }, network.at(key))
}
