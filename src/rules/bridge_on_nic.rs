use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{Bridge, Carrier, Network, Plan};
use crate::rule;

rule! {
    /// A bridge straight on a NIC that may carry the node's own address.
    ///
    /// A port of a bridge has no address. If the NIC is the one by which the node is reached, the policy takes the node off
    /// the network: pods and API server lose it for minutes, on up to half of the nodes at a time, until kubernetes-nmstate
    /// rolls back (kubernetes-nmstate#1063, #785). nmstate's own checks do not notice it.
    ///
    /// Reported once per NIC.
    ///
    /// ## Example
    /// ```yaml
    /// - name: external
    ///   type: bridge
    ///   physicalInterface: ens160     # the node's only NIC
    /// ```
    ///
    /// ## Way out
    /// Use a `vlanId`: the bridge stands on a VLAN interface, and the NIC keeps its address. Or use a NIC that has none. If the
    /// NIC is known to be free, `--allow WK215`. On a cluster of one node, `nodeIP` moves the address.
    pub(super) BRIDGE_ON_NIC = "WK215", "bridge-on-nic", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut by_nic: BTreeMap<&str, Vec<(&Network, &Bridge)>> = BTreeMap::new();
    for network in plan.networks() {
        let Some(bridge) = network.carrier.bridge_on_nic() else { continue };
        if bridge.node_ip.is_none() {
            by_nic.entry(&bridge.uplink.name).or_default().push((network, bridge));
        }
    }
    for (nic, users) in by_nic {
        let Some((network, bridge)) = users.first() else { continue };
        let others = match users.len() - 1 {
            0 => String::new(),
            1 => " (and one more network)".to_owned(),
            count => format!(" (and {count} more networks)"),
        };
        let key = if bridge.uplink.is_named_here { "physicalInterface" } else { "name" };
        let way_out = match network.carrier {
            Carrier::OvsBridge(_) => {
                format!("make sure that the nodes have no address on `{nic}`, or name a NIC that is free")
            }
            _ => format!(
                "make sure that the nodes have no address on `{nic}`, name a NIC that is free, or use a `vlanId`, with which it keeps its address"
            ),
        };
        report.push(Diagnostic::new(
            &BRIDGE_ON_NIC,
            network.origin.at(key),
            format!(
                "the bridge `{}` takes `{nic}` whole{others}: a node whose own address is on it goes off the network",
                bridge.name
            ),
            way_out,
        ));
    }
}
