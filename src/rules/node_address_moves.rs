use std::collections::BTreeMap;

use super::nodes::{place_in_state, place_of};
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::inventory::NodeInterface;
use crate::plan::{Plan, Policy};
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
    /// If it is meant, `--allow WK226`, and apply it to one node at a time (`policy.maxUnavailable: 1`). Else use a `vlanId`, with which the
    /// NIC keeps its address, or another NIC.
    pub(super) NODE_ADDRESS_MOVES = "WK226", "node-address-moves", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut by_bridge: BTreeMap<(&str, &str), Vec<(&Policy, usize)>> = BTreeMap::new();
    for policy in plan.policies.iter().filter(|policy| policy.is_per_node) {
        let bridge = policy.desired_state.interfaces.iter().find(|it| it.name == policy.subject && it.bridge.is_some());
        let nic = bridge.and_then(|bridge| bridge.ports().into_iter().find(|port| *port != policy.subject));
        for number in policy.nodes.nodes.iter() {
            if let Some(nic) = nic.filter(|nic| plan.inventory.node(*number).depends_on(nic)) {
                by_bridge.entry((&policy.subject, nic)).or_default().push((policy, *number));
            }
        }
    }
    for ((bridge, nic), moving) in by_bridge {
        let Some((first, number)) = moving.first() else { continue };
        let node = plan.inventory.node(*number);
        let addresses = node.interfaces.get(nic).map(NodeInterface::addresses).unwrap_or_default();
        let is_default = node.default_routes.iter().any(|it| it == nic);
        let route = if is_default { " and the default route" } else { "" };
        let others = match moving.len() - 1 {
            0 => String::new(),
            1 => ", and those of one more node".to_owned(),
            count => format!(", and those of {count} more nodes"),
        };
        let verb = if addresses.len() == 1 && !is_default && others.is_empty() { "moves" } else { "move" };
        let addresses = addresses.join(", ");
        report.push(
            Diagnostic::new(
                &NODE_ADDRESS_MOVES,
                place_of(first, nic),
                format!("{addresses}{route} of `{}` {verb} from `{nic}` to `{bridge}`{others}", node.name),
                "use a `vlanId` or another NIC, with which it stays; if it is meant, move one node at a time (`policy.maxUnavailable: 1`)",
            )
            .with_related(place_in_state(node, nic), "the node is reached here"),
        );
    }
}
