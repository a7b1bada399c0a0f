use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::model::{BridgeKind, Key, Network, Plan, Trunk, Use};

pub(super) use crate::lower::site::TRUNK_BRIDGE_OF_ANOTHER_TYPE;

/// Networks of another type with the name of a trunk bridge. A localnet's bridge is the Site's word, and found there.
pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let trunks: HashMap<&str, (usize, &Trunk)> =
        plan.settings.trunks.iter().enumerate().map(|it| (it.1.bridge.as_str(), it)).collect();
    let mut hits = Vec::new();
    for network in plan.networks().filter(|_| !trunks.is_empty()) {
        let Some((name, key, word)) = named(network) else { continue };
        let Some((number, trunk)) = trunks.get(name).copied() else { continue };
        hits.push(Hit::in_group(network.at(key), number, move |more| {
            let message = format!("`{}` is a trunk bridge and cannot be {word}{}", trunk.bridge, and_networks(more));
            Words::new(
                message,
                "use `type: bridge` with a `vlanId` to be on the trunk bridge, or name another interface",
            )
            .with_related(trunk.origin.at("name"), "the trunk bridge")
            .about([&trunk.bridge])
        }));
    }
    hits
}

/// The name that could be a trunk bridge's, the key that is in the wrong, and what the network takes the interface for.
fn named(network: &Network) -> Option<(&str, Key, String)> {
    match network.carrier.uses() {
        Use::Bridge(BridgeKind::Ovs, name) if network.carrier.localnet().is_none() => {
            Some((name, Key::Type, "an OVS bridge".to_owned()))
        }
        Use::Pods(pods) => Some((&network.uplink()?.name, Key::PhysicalInterface, format!("under {pods}"))),
        Use::Bridge(..) | Use::Nothing | Use::Functions => None,
    }
}
