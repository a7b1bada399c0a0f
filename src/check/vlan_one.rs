use std::collections::BTreeMap;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::base::place::Place;
use crate::model::{Host, Key, Network, Plan};
use crate::rule;

rule! {
    /// VLAN 1 with a tag.
    ///
    /// VLAN 1 is the native VLAN of most switches: its frames have no tag on the wire, and a switch drops those that have one, or does not send
    /// any. The interface comes up and nothing arrives. kubernetes-nmstate leaves tag 1 out of a bridge's trunk for this reason
    /// (`pkg/bridge/bridge.go`).
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, physicalInterface: ens224, vlanId: 1}
    /// ```
    ///
    /// ## Way out
    /// Delete the `vlanId`, if the network is the untagged one of the NIC. Where the switch really tags VLAN 1, accept the warning.
    pub(super) VLAN_ONE = "WK254", "vlan-one", Warning, yields_to: &BLAMING;
}

/// All networks on VLAN 1 have one cause.
const RUN: usize = 0;

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let networks = plan.networks().filter(|it| it.carrier.vlan() == Some(1) && tags_itself(plan, it));
    let mut hits: Vec<Hit<'_>> = networks.map(of_network).collect();
    hits.extend(of_site(plan));
    hits
}

fn of_network(network: &Network) -> Hit<'_> {
    Hit::in_group(network.at(Key::VlanId), RUN, move |more| {
        let others = and_networks(more);
        let message =
            format!("VLAN 1 is untagged on most switches, and the network `{}`{others} has its tag", network.name);
        Words::new(message, "delete `vlanId` for the untagged network of the NIC; accept it if the switch tags VLAN 1")
    })
}

/// Whether the tag is the network's own word: not one within another tag, not one for which the Site has an interface or a trunk.
fn tags_itself(plan: &Plan, network: &Network) -> bool {
    let is_own = |host: &Host| {
        let is_of_site = host.vlan.is_none() && network.carrier.tag_above().is_none();
        !is_of_site && host.base.as_ref().is_none_or(|base| base.tag().is_none())
    };
    let lists_it = |tags: &[crate::api::nmstate::TrunkTag]| tags.iter().any(|tag| tag.id == Some(1));
    let is_told = |name: &str| {
        let trunk = plan.settings.trunks.iter().find(|trunk| trunk.bridge == name);
        trunk.is_some_and(|trunk| !trunk.carries(1) || lists_it(&trunk.vlan.trunk_tags))
    };
    !network.carrier.bridge_name().is_some_and(is_told)
        && (network.hosts.is_empty() || network.hosts.iter().any(is_own))
}

/// The Site's VLAN interfaces and trunk tags. A range from 1 on is a way to write "all": there the network that uses tag 1 is shown.
fn of_site(plan: &Plan) -> Vec<Hit<'_>> {
    let mut found: BTreeMap<&str, Place> = BTreeMap::new();
    for (name, definition) in plan.settings.groups.iter().flat_map(|group| &group.uplinks) {
        let vlan = definition.interfaces.last().and_then(|interface| interface.vlan.as_ref());
        if vlan.is_some_and(|vlan| vlan.id == 1) {
            found.entry(name).or_insert_with(|| definition.origin.at("vlan/id"));
        }
    }
    let uplinks = found.into_iter().map(|(name, place)| {
        Hit::new(place, move || {
            let message = format!("VLAN 1 is untagged on most switches, and `{name}` is an interface for its tag");
            Words::new(message, "use the NIC itself, whose frames have no tag").about([name])
        })
    });
    let tags = plan.settings.trunks.iter().filter_map(|trunk| {
        let index = trunk.vlan.trunk_tags.iter().position(|tag| tag.id == Some(1))?;
        Some(Hit::new(trunk.origin.child("trunk-tags").child(index).at("id"), move || {
            let bridge = &trunk.bridge;
            let message = format!("VLAN 1 is untagged on most switches, and the trunk bridge `{bridge}` lists its tag");
            Words::new(message, "delete the tag; frames of the native VLAN have none").about([bridge])
        }))
    });
    uplinks.chain(tags).collect()
}
