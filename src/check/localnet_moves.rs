use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, surest};
use crate::model::Plan;
use crate::rule;

rule! {
    /// A localnet leads to another bridge on nodes where it is mapped already.
    ///
    /// OVN-Kubernetes knows one bridge for a localnet on a node. The policy maps it anew, and every network on it moves with it, those of
    /// others included.
    ///
    /// ## Way out
    /// Give the localnet another name in the Site's `ovn.bridge-mappings`, or name the bridge that the nodes have. If it is to move, accept it.
    pub(super) LOCALNET_MOVES = "WK238", "localnet-moves", Warning, inventory: Needed;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        let mappings = policy.desired_state.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings);
        for (localnet, bridge) in mappings.filter_map(|it| Some((&it.localnet, it.bridge.as_ref()?))) {
            if !asked.is_new((localnet, bridge), &policy.nodes) {
                continue;
            }
            let theirs = |number: &usize| plan.inventory.node(*number).bridge_mappings.get(localnet);
            let moves = |number: &usize| theirs(number).is_some_and(|theirs| theirs != bridge);
            let nodes = policy.nodes.nodes.iter().copied().filter(moves).collect();
            let nodes = surest(plan, &policy.nodes, nodes);
            let Some((first, theirs)) = nodes.first().and_then(|first| Some((*first, theirs(first)?))) else {
                continue;
            };
            let hit = Hit::new(policy.origin.at("physicalInterface"), move || {
                let nodes = name_nodes(plan, &nodes);
                let mapping = plan.inventory.node(first).origin.at("status/currentState/ovn/bridge-mappings");
                Words::new(
                    format!("the localnet `{localnet}` moves from `{theirs}` to `{bridge}` on {nodes}"),
                    "give it another name in the Site's `ovn.bridge-mappings`, or name the bridge that is there",
                )
                .with_related(mapping, format!("`{theirs}`"))
                .about([theirs, bridge])
            });
            hits.push(hit.on_node(plan, &policy.nodes, first));
        }
    }
    hits
}
