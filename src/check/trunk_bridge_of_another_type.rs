use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::model::{BridgeKind, Host, Key, Network, Plan, Trunk, Use};

pub(super) use crate::lower::site::TRUNK_BRIDGE_OF_ANOTHER_TYPE;

/// Networks of another type with the name of a trunk bridge. A localnet's bridge is the Site's word, and found there.
pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let trunks: HashMap<&str, (usize, &Trunk)> =
        plan.settings.trunks.iter().enumerate().map(|it| (it.1.bridge.as_str(), it)).collect();
    let mut hits = Vec::new();
    for network in plan.networks().filter(|_| !trunks.is_empty()) {
        let Some((name, key, word)) = named(network) else { continue };
        let Some((number, trunk)) = trunks.get(name).copied() else { continue };
        // On another NIC, if it names one, it was meant to be another bridge.
        let names_both = network.is_bridge_named && network.is_nic_named;
        let is_elsewhere = key == Key::Type && names_both && !is_on_its_nic(plan, network, trunk);
        let (key, help) = if is_elsewhere {
            (Key::BridgeName, "correct the `bridgeName`; or use `type: bridge` on the NIC of the trunk bridge")
        } else {
            (key, "use `type: bridge` with a `vlanId` to be on the trunk bridge, or name another interface")
        };
        hits.push(Hit::in_group(network.at(key), number, move |more| {
            let message = format!("`{}` is a trunk bridge and cannot be {word}{}", trunk.bridge, and_networks(more));
            Words::new(message, help).with_related(trunk.origin.at("name"), "the trunk bridge").about([&trunk.bridge])
        }));
    }
    hits
}

/// Whether a network is on the uplink of a trunk bridge.
fn is_on_its_nic(plan: &Plan, network: &Network, trunk: &Trunk) -> bool {
    let is_same = |host: &Host| {
        let of_trunk = plan.settings.groups[host.group].uplink(Some(&trunk.physical_interface));
        host.uplink.as_ref().is_some_and(|uplink| uplink.name == of_trunk.name)
    };
    network.hosts.iter().any(is_same)
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
