//! Which of two keys is the slip: a bridge's name, or what the bridge is on.
//!
//! A guest whose `bridgeName` is wrong has its NIC and its tag under two bridges, and so has one whose tag is wrong. What else the guest has
//! in common with others tells which: a name that is nearly theirs, the name of the network, the subnet.

use std::collections::{BTreeMap, HashSet};

use super::conflict::{Conflict, controller};
use crate::base::place::Place;
use crate::base::spelling::is_within;
use crate::model::{Controller, Key, Network, Plan, Tagging, Trunk};

/// The bridge that the second network of a conflict was meant to be on, and where it names another; none if it does not name its bridge, or
/// nothing tells that its name is the slip.
pub(super) fn meant_bridge<'a>(plan: &'a Plan, conflict: &Conflict<'a>) -> Option<(&'a str, Place)> {
    let network = plan.network_of(conflict.second).filter(|network| network.is_bridge_named)?;
    let (Some(Controller::Interface(first)), Some(Controller::Interface(second))) =
        (controller(conflict.first), controller(conflict.second))
    else {
        return None;
    };
    let is_alike = || {
        let other = plan.network_of(conflict.first);
        other.is_some_and(|other| {
            other.carrier.bridge_kind() == network.carrier.bridge_kind() && are_alike(network, other)
        })
    };
    let is_bridge = plan.network_of(conflict.first).is_none_or(|other| other.carrier.bridge_name() == Some(first));
    (is_bridge && (is_misspelt(second, first) || is_alike())).then(|| (first.as_str(), network.at(Key::BridgeName)))
}

/// Whether two networks are meant to be one: in one subnet, or, where a subnet is not known, called alike.
pub(super) fn are_alike(one: &Network, other: &Network) -> bool {
    let subnet = |network: &Network| network.ip.as_ref().map(|ip| ip.address.trunc());
    match (subnet(one), subnet(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.name == other.name,
    }
}

/// Whether a bridge's name is another's with one or two letters changed, so that it was most often meant to be that.
pub(super) fn is_misspelt(name: &str, meant: &str) -> bool {
    // Names that differ in a number alone are a row of bridges.
    let letters = |name: &str| name.chars().filter(|it| !it.is_ascii_digit()).collect::<String>();
    name != meant && letters(name) != letters(meant) && is_within(name, meant, if name.len() < 6 { 1 } else { 2 })
}

/// Bridges of which several networks say nothing but the name, and that are nearly called like a trunk bridge which no network is on: that is
/// a slip of the Site's, though every network looks wrong. Each with the trunk bridge and the tags that the networks ask for.
pub(super) fn misspelt_trunks(plan: &Plan) -> BTreeMap<&str, (&Trunk, HashSet<Option<u16>>)> {
    let mut found: BTreeMap<&str, (&Trunk, HashSet<Option<u16>>)> = BTreeMap::new();
    if plan.settings.trunks.is_empty() {
        return found;
    }
    let mut used = HashSet::new();
    let mut named: BTreeMap<&str, (HashSet<Option<u16>>, usize)> = BTreeMap::new();
    for network in plan.networks() {
        let Some(bridge) = network.carrier.bridge() else { continue };
        if matches!(bridge.tagging, Tagging::Filtering(_)) {
            used.insert(bridge.name.as_str());
        } else if network.is_bridge_named && !network.is_nic_named && bridge.tagging == Tagging::Interface {
            let (tags, count) = named.entry(&bridge.name).or_default();
            tags.insert(bridge.vlan);
            *count += 1;
        }
    }
    for trunk in plan.settings.trunks.iter().filter(|trunk| !used.contains(trunk.bridge.as_str())) {
        let near = named.iter().filter(|(name, (_, count))| *count > 1 && is_misspelt(name, &trunk.bridge));
        for (name, (tags, _)) in near {
            found.entry(name).or_insert_with(|| (trunk, tags.clone()));
        }
    }
    found
}
