//! What the rules about a move of the nodes' own addresses have in common.

use std::collections::BTreeMap;

use super::blaming::BLAMING;
use super::node_address_lost::NODE_ADDRESS_LOST;
use crate::base::place::Place;
use crate::base::rule::Rule;
use crate::model::{Key, Plan, Policy};

/// The rules before which they give way: a move that cannot be is not described.
pub(super) static YIELDING: [&Rule; 6] = {
    let [a, b, c, d, e] = BLAMING;
    [a, b, c, d, e, &NODE_ADDRESS_LOST]
};

/// The moves, each by its bridge and its NIC: the policies and the nodes.
pub(super) fn moves(plan: &Plan) -> BTreeMap<(&str, &str), Vec<(&Policy, usize)>> {
    let mut by_bridge: BTreeMap<(&str, &str), Vec<(&Policy, usize)>> = BTreeMap::new();
    for policy in plan.policies.iter().filter(|policy| policy.is_per_node) {
        let bridges = policy.desired_state.interfaces.iter().filter(|it| it.bridge.is_some());
        for (bridge, nic) in bridges.flat_map(|it| it.ports().into_iter().map(|port| (it.name.as_str(), port))) {
            let moving = policy.nodes.nodes.iter().filter(|number| plan.inventory.node(**number).depends_on(nic));
            for number in moving.filter(|_| bridge != nic) {
                by_bridge.entry((bridge, nic)).or_default().push((policy, *number));
            }
        }
    }
    by_bridge
}

/// The key that makes a NIC the port of a policy's bridge, and where it stands.
pub(super) fn port_of(plan: &Plan, policy: &Policy, nic: &str) -> (Key, Place) {
    let network = policy.origin.network.and_then(|id| plan.network(id));
    let key = network.and_then(|network| {
        let host = network.hosts.iter().find(|host| host.port().as_deref() == Some(nic))?;
        Some(network.port_key(host))
    });
    let key = key.unwrap_or(Key::PhysicalInterface);
    (key, network.map_or_else(|| policy.origin.here(), |network| network.at(key)))
}
