use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::lower::network::DUPLICATE_NETWORK;
use crate::model::{Key, Plan, Tagging};
use crate::rule;

rule! {
    /// A network on a trunk bridge without a `vlanId`.
    ///
    /// The port of a trunk bridge is there for tags: it lets through those that the Site lists. A guest without a tag is in the bridge's VLAN 1,
    /// which is not among them. The policy and the attachment are applied, and the guest starts. Whether its frames leave the node depends on
    /// a default of the kernel (`vlan_default_pvid`), and they are in none of the networks of the trunk.
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, bridgeName: br-trunk}     # br-trunk is among the Site's trunkBridges
    /// ```
    ///
    /// ## Way out
    /// Add the `vlanId` of the network. For the untagged network of the NIC, use another NIC: a NIC is a port of one bridge.
    pub(super) UNTAGGED_ON_TRUNK = "WK251", "untagged-on-trunk", Error, yields_to: &[&DUPLICATE_NETWORK];
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let trunks: HashMap<&str, usize> =
        plan.settings.trunks.iter().enumerate().map(|(number, trunk)| (trunk.bridge.as_str(), number)).collect();
    let mut hits = Vec::new();
    // The tag of an attachment that exists is in that attachment.
    for network in plan.networks().filter(|network| !trunks.is_empty() && network.nad_name.is_none()) {
        let Some(bridge) = network.carrier.bridge() else { continue };
        let is_untagged = bridge.vlan.is_none() && matches!(bridge.tagging, Tagging::Filtering(_));
        let Some(number) = trunks.get(bridge.name.as_str()).filter(|_| is_untagged) else { continue };
        let trunk = &plan.settings.trunks[*number];
        hits.push(Hit::in_group(network.at(Key::BridgeName), *number, move |more| {
            let message = format!(
                "the network `{}` is on the trunk bridge `{}` and has no `vlanId`{}",
                network.name,
                trunk.bridge,
                and_networks(more)
            );
            Words::new(message, "add the `vlanId` of the network, or put it on another NIC with a bridge of its own")
                .with_related(trunk.origin.at("trunk-tags"), "the trunk bridge, whose port is for tags")
                .about([&trunk.bridge])
        }));
    }
    hits
}
