use std::collections::{BTreeMap, HashMap};

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::join;
use crate::lower::network::DUPLICATE_NETWORK;
use crate::model::{Key, Network, Plan, Tagging, Trunk};
use crate::rule;

rule! {
    /// A VLAN that the trunk bridge's uplink does not carry.
    ///
    /// The port of a bridge with VLAN filtering lets through the tags that are listed, and drops every other frame without a
    /// word: the virtual machine starts and no frame gets through. VLAN 1 is not among the default, 2 to 4094, because it is
    /// the untagged one (kubernetes-nmstate, `pkg/bridge/bridge.go`). One network with a tag that the trunk does not have is shown at its
    /// `vlanId`. A tag that several networks ask for is missing in the Site, and is shown there, once.
    ///
    /// ## Way out
    /// Add the tag to the bridge's `trunk-tags` in the Site, or correct the `vlanId`.
    pub(super) VLAN_NOT_IN_TRUNK = "WK225", "vlan-not-in-trunk", Error, yields_to: &[&DUPLICATE_NETWORK];
}

/// The networks on a trunk bridge: how many have a tag that it carries, and those that have another.
struct Users<'a> {
    carried: usize,
    missing: BTreeMap<u16, Vec<&'a Network>>,
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut by_bridge: HashMap<&str, Users<'_>> = HashMap::new();
    let trunks = &plan.settings.trunks;
    by_bridge.extend(trunks.iter().map(|it| (it.bridge.as_str(), Users { carried: 0, missing: BTreeMap::new() })));
    let of_name: HashMap<&str, &Trunk> = trunks.iter().map(|trunk| (trunk.bridge.as_str(), trunk)).collect();
    for network in plan.networks().filter(|network| !trunks.is_empty() && !blame.has(&network.at(Key::Name))) {
        let filters = |it: &&crate::model::Bridge| matches!(it.tagging, Tagging::Filtering(_));
        let Some(bridge) = network.carrier.bridge().filter(filters) else { continue };
        let name = bridge.name.as_str();
        let (Some(trunk), Some(users), Some(tag)) = (of_name.get(name), by_bridge.get_mut(name), bridge.vlan) else {
            continue;
        };
        if trunk.carries(tag) {
            users.carried += 1;
        } else {
            users.missing.entry(tag).or_default().push(network);
        }
    }
    let mut hits = Vec::new();
    for trunk in trunks {
        let Some(Users { carried, missing }) = by_bridge.remove(trunk.bridge.as_str()) else { continue };
        // Where most networks ask for tags that are not there, the list is too short, though each asks for another.
        let alone = missing.values().filter(|networks| networks.len() == 1).count();
        let together: usize = missing.values().map(Vec::len).filter(|count| *count > 1).sum();
        let is_too_narrow = |networks: &[&Network]| networks.len() > 1 || alone > (carried + together).max(1);
        let (of_site, of_networks): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|(_, networks)| is_too_narrow(networks));
        hits.extend(too_narrow(trunk, &of_site));
        for (tag, network) in of_networks.into_iter().filter_map(|(tag, networks)| Some((tag, *networks.first()?))) {
            hits.push(slip(trunk, tag, network, carried > 0));
        }
    }
    hits
}

/// The finding at the Site.
fn too_narrow<'a>(trunk: &'a Trunk, missing: &[(u16, Vec<&'a Network>)]) -> Option<Hit<'a>> {
    const SHOWN: usize = 5;
    let first = missing.first()?.1.first().copied()?;
    let count: usize = missing.iter().map(|(_, networks)| networks.len()).sum();
    let mut tags: Vec<String> = missing.iter().take(SHOWN).map(|(tag, _)| tag.to_string()).collect();
    if let more @ 1.. = missing.len().saturating_sub(SHOWN) {
        tags.push(format!("{more} more"));
    }
    let vlans = format!("{} {}", if missing.len() == 1 { "VLAN" } else { "VLANs" }, join(&tags));
    Some(Hit::new(trunk.origin.at("trunk-tags"), move || {
        let message =
            format!("the trunk bridge `{}` does not carry {vlans}, which {count} networks ask for", trunk.bridge);
        Words::new(message, "add the tags to the bridge's `trunk-tags`, or correct the `vlanId` of the networks")
            .with_related(first.at(Key::VlanId), "one of the networks")
            .about([&trunk.bridge])
    }))
}

/// The finding at the one network that asks for a tag.
fn slip<'a>(trunk: &'a Trunk, tag: u16, network: &'a Network, has_others: bool) -> Hit<'a> {
    let help = if has_others {
        "correct it, or add it to the bridge's `trunk-tags` in the Site"
    } else {
        "add it to the bridge's `trunk-tags` in the Site, or correct it"
    };
    Hit::new(network.at(Key::VlanId), move || {
        Words::new(format!("the trunk bridge `{}` does not carry VLAN {tag}", trunk.bridge), help)
            .with_related(trunk.origin.at("trunk-tags"), "the tags that it carries")
            .about([&trunk.bridge])
    })
}
