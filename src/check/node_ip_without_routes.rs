use super::nodes::is_known;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Carrier, Plan};
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
    pub(super) NODE_IP_WITHOUT_ROUTES = "WK214", "node-ip-without-routes", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for network in plan.networks() {
        let Some(bridge) = network.carrier.bridge_on_nic() else { continue };
        let Some(address) = bridge.node_ip else { continue };
        let Some(uplink) =
            network.hosts.iter().find(|host| !is_known(plan, host)).and_then(|host| host.uplink.as_ref())
        else {
            continue;
        };
        let instead = match network.carrier {
            Carrier::OvsBridge(_) => "`type: bridge` with a `vlanId`",
            _ => "a `vlanId`",
        };
        let nic = &uplink.name;
        report.push(Diagnostic::new(
            &NODE_IP_WITHOUT_ROUTES,
            network.origin.at("nodeIP"),
            format!("{address} moves from `{nic}` to `{}`, but routes and DNS of `{nic}` do not", bridge.name),
            format!("give the node's state with --inventory, and they move too; or use {instead}, which leaves `{nic}` alone"),
        ));
    }
}
