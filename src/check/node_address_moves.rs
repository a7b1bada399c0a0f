use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::moving::{moves, port_of};
use super::node_address_changes::changing;
use super::nodes::{instead, join, place_in_state};
use crate::base::diagnostic::More;
use crate::model::inventory::Node;
use crate::model::{Key, Plan, Policy};
use crate::rule;

rule! {
    /// The node's own address moves from a NIC to the bridge that takes it.
    ///
    /// The inventory shows that nodes are reached through the NIC. Each of them gets a policy of its own, which gives the bridge the NIC's MAC
    /// address, MTU, static addresses and routes, and DNS servers. What DHCP or a router has given is asked for again, with the same
    /// MAC address and at the same metric; WK242 names what the node then gets another of. While the policy is applied the node is
    /// off the network for seconds; if it does not come back, kubernetes-nmstate rolls back within minutes. Once the inventory shows
    /// the address on the bridge, the tool reports nothing any more.
    ///
    /// Nodes that are not in the inventory get no policy.
    ///
    /// ## Way out
    /// If it is meant, `--allow WK226`, and apply one node's policy after the other: `maxUnavailable` counts the nodes of one policy, and does not
    /// hold across policies (kubernetes-nmstate, `pkg/node/nodes.go`). Else use a `vlanId`, with which the NIC keeps its address, or another NIC.
    pub(super) NODE_ADDRESS_MOVES = "WK226", "node-address-moves", Warning, inventory: Needed, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let hit = |((bridge, nic), moving): ((&'a str, &'a str), Vec<(&'a Policy, usize)>)| {
        let (policy, number) = *moving.first()?;
        let node = plan.inventory.node(number);
        let more = More(moving.len() - 1);
        let (key, place) = port_of(plan, policy, nic);
        Some(Hit::new(place, move || words(policy, node, bridge, nic, key, more)).of_nodes(&policy.nodes))
    };
    moves(plan).into_iter().filter_map(hit).collect()
}

fn words(policy: &Policy, node: &Node, bridge: &str, nic: &str, key: Key, more: More) -> Words {
    let mut what = node.interfaces.get(nic).map(|it| it.addresses_besides(&changing(it))).unwrap_or_default();
    if node.has_default_route(nic) {
        what.push("the default route".to_owned());
    }
    let others = more.words(", and those of one more node", |more| format!(", and those of {more} more nodes"));
    let message = if what.is_empty() {
        let others = more.words(", and so does one more node", |more| format!(", and so do {more} more nodes"));
        format!("`{}` asks for its addresses on `{bridge}` instead of `{nic}`{others}", node.name)
    } else {
        let verb = if what.len() == 1 && others.is_empty() { "moves" } else { "move" };
        format!("{} of `{}` {verb} from `{nic}` to `{bridge}`{others}", join(&what), node.name)
    };
    let instead = instead(policy, key);
    Words::new(
        message,
        format!("{instead}, with which it stays; if it is meant, apply one node's policy after the other"),
    )
    .with_related(place_in_state(node, nic), "the node is reached here")
    .about([nic, bridge])
}
