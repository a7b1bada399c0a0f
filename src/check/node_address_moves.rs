use std::collections::BTreeMap;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{join, place_in_state};
use crate::api::nmstate::InterfaceType;
use crate::base::diagnostic::More;
use crate::model::inventory::{Node, NodeInterface};
use crate::model::{Key, Plan, Policy};
use crate::rule;

rule! {
    /// The node's own address moves from a NIC to the bridge that takes it.
    ///
    /// The inventory shows that nodes are reached through the NIC. Each of them gets a policy of its own, which gives the bridge the NIC's MAC
    /// address, addresses (or DHCP, so that the server gives the same), static routes and DNS servers. While it is applied the node is
    /// off the network for seconds; if it does not come back, kubernetes-nmstate rolls back within minutes. Once the inventory shows
    /// the address on the bridge, nothing is said any more.
    ///
    /// Nodes that are not in the inventory get no policy.
    ///
    /// ## Way out
    /// If it is meant, `--allow WK226`, and apply one node's policy after the other: `maxUnavailable` counts the nodes of one policy, and does not
    /// hold across policies (kubernetes-nmstate, `pkg/node/nodes.go`). Else use a `vlanId`, with which the NIC keeps its address, or another NIC.
    pub(super) NODE_ADDRESS_MOVES = "WK226", "node-address-moves", Warning, inventory: Needed, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
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
    let hit = |((bridge, nic), moving): ((&'a str, &'a str), Vec<(&'a Policy, usize)>)| {
        let (policy, number) = *moving.first()?;
        let node = plan.inventory.node(number);
        let more = More(moving.len() - 1);
        let network = policy.origin.network.and_then(|id| plan.network(id));
        let key = network.and_then(|network| {
            let host = network.hosts.iter().find(|host| host.port().as_deref() == Some(nic))?;
            Some(network.port_key(host))
        });
        let key = key.unwrap_or(Key::PhysicalInterface);
        let place = network.map_or_else(|| policy.origin.here(), |network| network.at(key));
        Some(Hit::new(place, move || words(policy, node, bridge, nic, key, more)).of_nodes(&policy.nodes))
    };
    by_bridge.into_iter().filter_map(hit).collect()
}

fn words(policy: &Policy, node: &Node, bridge: &str, nic: &str, key: Key, more: More) -> Words {
    let mut what = node.interfaces.get(nic).map(NodeInterface::addresses).unwrap_or_default();
    if node.has_default_route(nic) {
        what.push("the default route".to_owned());
    }
    let others = more.words(", and those of one more node", |more| format!(", and those of {more} more nodes"));
    let verb = if what.len() == 1 && others.is_empty() { "moves" } else { "move" };
    // A trunk and an OVS bridge have the NIC whole, whatever the tag.
    let is_plain = policy.desired_state.interfaces.iter().any(|it| {
        it.interface_type == Some(InterfaceType::LinuxBridge)
            && it.bridge.iter().flat_map(|bridge| &bridge.port).all(|port| port.vlan.is_none())
    });
    let instead = match (key, is_plain) {
        (Key::VlanId, _) => "use another `vlanId` or another NIC",
        (_, true) => "use a `vlanId` or another NIC",
        (_, false) => "use another NIC",
    };
    Words::new(
        format!("{} of `{}` {verb} from `{nic}` to `{bridge}`{others}", join(&what), node.name),
        format!("{instead}, with which it stays; if it is meant, apply one node's policy after the other"),
    )
    .with_related(place_in_state(node, nic), "the node is reached here")
    .about([nic, bridge])
}
