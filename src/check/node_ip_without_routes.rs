use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::is_known;
use crate::model::{BridgeKind, Key, Network, Plan};
use crate::rule;

rule! {
    /// A `nodeIP` moves to the bridge, but the routes and DNS servers of its NIC do not.
    ///
    /// Routes through the NIC go away with its address, the default route among them; DNS servers from its lease go too,
    /// and the bridge gets a MAC address of its own. If the NIC carries the node's default route, the node is cut off until
    /// kubernetes-nmstate rolls back, minutes later (kubernetes-nmstate#1063).
    ///
    /// ## Way out
    /// Use a NIC that does not carry the default route, or a `vlanId`, with which the NIC keeps its address. With the node's own state
    /// (`kubectl get nns -o yaml`, `--inventory`) all of it moves.
    pub(super) NODE_IP_WITHOUT_ROUTES = "WK214", "node-ip-without-routes", Warning, inventory: Absent;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let hit = |network: &'a Network| {
        let bridge = network.carrier.bridge()?;
        let address = bridge.node_ip?;
        // With a VLAN interface as the port, the NIC keeps what it has.
        let host = network.hosts.iter().find(|host| host.vlan.is_none() && !is_known(plan, host))?;
        let nic = host.uplink.as_ref()?.name.as_str();
        Some(Hit::new(network.at(Key::NodeIp), move || {
            let instead = match network.carrier.bridge_kind() {
                Some(BridgeKind::Ovs) => "`type: bridge` with a `vlanId`",
                Some(BridgeKind::Linux) | None => "a `vlanId`",
            };
            Words::new(
                format!("{address} moves from `{nic}` to `{}`, but routes and DNS of `{nic}` do not", bridge.name),
                format!(
                    "give the node's state with --inventory, and they move too; or use {instead}, which leaves `{nic}` alone"
                ),
            )
            .about([nic, &bridge.name])
        }))
    };
    plan.networks().filter_map(hit).collect()
}
