use std::collections::BTreeMap;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::moving::every_move;
use super::nodes::{name_nodes, place_in_state};
use crate::model::{Key, Plan, Policy};
use crate::rule;

rule! {
    /// The own addresses of several control-plane nodes move at once.
    ///
    /// Each of them gets a policy of its own (WK226), and nothing makes one wait for another: `maxUnavailable` counts the nodes of one policy.
    /// Applied in one sync, the nodes are off the network at the same time. If no majority of the control plane remains, etcd has no quorum and
    /// the API server stops. The policies can then neither be watched nor undone.
    ///
    /// ## Way out
    /// Keep the control plane out with the Site's `policy.nodeSelector`. Else apply the policy of one node, wait until it is Available, and
    /// apply the next. In Argo CD this is a selective sync. A node whose address the inventory shows on the bridge is not counted.
    pub(super) CONTROL_PLANES_AT_ONCE = "WK248", "control-planes-at-once", Warning,
        inventory: Needed, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let Some((moving, count)) = quorum_lost(plan) else { return Vec::new() };
    let numbers: Vec<usize> = moving.keys().copied().collect();
    let Some((number, (policy, nic))) = moving.into_iter().next() else { return Vec::new() };
    let network = policy.origin.network.and_then(|id| plan.network(id));
    let place = network.map_or_else(|| policy.origin.here(), |network| network.at(Key::PhysicalInterface));
    vec![Hit::new(place, move || {
        let node = plan.inventory.node(number);
        let nodes = name_nodes(plan, &numbers);
        Words::new(
            format!("the addresses of {nodes} move at once, {} of {count} control-plane nodes, and etcd loses its quorum", numbers.len()),
            "keep the control plane out with the Site's `policy.nodeSelector`, or apply one node's policy after the other",
        )
        .with_related(place_in_state(node, nic), format!("`{}` is reached here", node.name))
        .about([nic])
    })]
}

/// Nodes whose own addresses move, each with its policy and the NIC.
type Moving<'a> = BTreeMap<usize, (&'a Policy, &'a str)>;

/// The control-plane nodes whose own addresses move, each with its policy and the NIC, and how many such nodes there are; none if a majority
/// of them stays.
pub(super) fn quorum_lost(plan: &Plan) -> Option<(Moving<'_>, usize)> {
    let mut moving = Moving::new();
    for it in every_move(plan).filter(|it| plan.inventory.node(it.node).is_control_plane()) {
        moving.entry(it.node).or_insert((it.policy, it.nic));
    }
    let with_state = plan.inventory.nodes().iter().filter(|node| node.is_control_plane()).count();
    let count = with_state + plan.inventory.stateless().iter().filter(|node| node.is_control_plane()).count();
    let is_lost = moving.len() > 1 && count - moving.len() < count / 2 + 1;
    is_lost.then_some((moving, count))
}
