use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::collect::Blame;
use super::conflict::{Conflict, conflicts, controller};
use super::hit::{Hit, Words, and_networks};
use super::nic_in_two_bridges::NIC_IN_TWO_BRIDGES;
use super::nodes::{name_nodes, place_in_state};
use super::slip::meant_bridge;
use crate::base::place::Place;
use crate::base::rule::Severity;
use crate::model::{Claim, Claimant, Claimed, Controller, Holder, Host, Key, Network, Plan, Wire};
use crate::rule;

rule! {
    /// One VLAN of one NIC is under two bridges, or has two interfaces.
    ///
    /// There is one VLAN interface for a tag on a NIC, and it is a port of one bridge. The second bridge takes it from the first
    /// (nmstate, `ifaces/inter_ifaces_controller.rs`, refuses it within one policy only). An OVS bridge or a trunk bridge that has the
    /// NIC whole does not see the tag any more once there is a VLAN interface for it: the kernel hands the frames to that first. macvlan and
    /// ipvlan cannot be on a VLAN interface that is a port (`EBUSY`). The same goes for a VLAN interface of the node's own, by the Site or by
    /// its state.
    ///
    /// ## Way out
    /// Use the same `bridgeName` for both networks: they are on the same wire.
    pub(super) VLAN_IN_TWO_BRIDGES = "WK306", "vlan-in-two-bridges", Error,
        yields_to: &[&NIC_IN_TWO_BRIDGES];
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let is_tagged = |claim: &Claim| matches!(&claim.what, Claimed::Wire(wire) if wire.tag().is_some());
    let mut hits: Vec<Hit<'_>> =
        conflicts(plan, blame, is_tagged).iter().filter_map(|conflict| under_two(plan, conflict)).collect();
    let of_interfaces = conflicts(plan, blame, |claim| matches!(claim.what, Claimed::VlanInterface(_)));
    hits.extend(of_interfaces.iter().filter_map(two_interfaces));
    hits.extend(tag_with_an_interface(plan));
    let mut seen: HashSet<Place> = HashSet::new();
    hits.retain(|hit| seen.insert(hit.place.clone()));
    hits
}

fn under_two<'a>(plan: &'a Plan, conflict: &Conflict<'a>) -> Option<Hit<'a>> {
    let related = conflict.first;
    let Claimed::Wire(wire) = conflict.what else { return None };
    let (first, second) = (controller(conflict.first)?, controller(conflict.second)?);
    let meant = meant_bridge(plan, conflict);
    let help = match (&meant, first, second) {
        (Some((bridge, _)), ..) => format!("did you mean `bridgeName: {bridge}`? If not, use another VLAN"),
        (None, Controller::Interface(first), Controller::Interface(_)) => {
            format!("put both on one bridge (the same `type`, and `bridgeName: {first}`), or use another VLAN")
        }
        _ => "use `type: bridge` and one `bridgeName` for both".to_owned(),
    };
    let place = meant.map_or_else(|| conflict.second.place.clone(), |(_, place)| place);
    Some(Hit::in_group(place, conflict.group, move |more| {
        let message = format!("{wire} cannot be under {second}{}: it is under {first} already", and_networks(more));
        Words::new(message, help.clone())
            .with_related(related.place.clone(), format!("under {first}"))
            .about([&wire.base])
            .about([first, second].into_iter().filter_map(Controller::interface))
    }))
}

fn two_interfaces<'a>(conflict: &Conflict<'a>) -> Option<Hit<'a>> {
    let related = conflict.first;
    let Claimed::VlanInterface(wire) = conflict.what else { return None };
    let (Holder::Interface(first), Holder::Interface(second)) = (&conflict.first.holder, &conflict.second.holder)
    else {
        return None;
    };
    Some(Hit::in_group(conflict.second.place.clone(), conflict.group, move |more| {
        let message = format!("{wire} cannot be `{second}`{}: it is `{first}` elsewhere", and_networks(more));
        let help = format!("list `{first}` among the Site's `uplinks` and use it, or take it away");
        Words::new(message, help)
            .with_related(related.place.clone(), format!("`{first}`"))
            .about([&wire.base, first, second])
    }))
}

/// The VLAN interface of a tag, and whose it is.
struct OfNode {
    name: String,
    place: Place,
    words: String,
    is_certain: bool,
}

/// Tags that attachments put on above a bridge, and for which the nodes have an interface of their own: that gets the frames.
fn tag_with_an_interface(plan: &Plan) -> Vec<Hit<'_>> {
    let mut of_others: HashMap<&Wire, Vec<&Claim>> = HashMap::new();
    for claim in plan.claims.iter().filter(|claim| claim.by == Claimant::Others) {
        if let Claimed::VlanInterface(wire) = &claim.what {
            of_others.entry(wire).or_default().push(claim);
        }
    }
    let ours = OnceCell::new();
    let ours = || ours.get_or_init(|| made_by_networks(plan));
    let tagged = |network: &&Network| network.carrier.tag_above().is_some() && network.carrier.bridge_name().is_some();
    let mut hits = Vec::new();
    for network in plan.networks().filter(tagged) {
        let found = network.hosts.iter().find_map(|host| {
            let wire = network.wire(host)?;
            let there = of_site(plan, host, &wire).or_else(|| of_policies(plan, host, &wire, &of_others));
            Some((there.or_else(|| of_nodes(plan, host, &wire, ours))?, wire))
        });
        let (Some((there, wire)), Some(bridge)) = (found, network.carrier.bridge_name()) else { continue };
        let severity = if there.is_certain { Severity::Error } else { Severity::Warning };
        let hit = Hit::new(network.at(Key::VlanId), move || {
            let message = format!("{wire} cannot be under `{bridge}`: it is `{}`{}", there.name, there.words);
            let help = format!("use `type: bridge` with `physicalInterface: {}`, or another VLAN", there.name);
            Words::new(message, help)
                .with_related(there.place.clone(), "the VLAN interface that gets the frames")
                .about([wire.base.as_str(), bridge, &there.name])
        });
        hits.push(hit.with_severity(severity));
    }
    hits
}

fn of_site(plan: &Plan, host: &Host, wire: &Wire) -> Option<OfNode> {
    let group = &plan.settings.groups[host.group];
    let name = group.vlan_uplinks.get(wire)?;
    let place = group.uplinks.get(name)?.origin.at("name");
    Some(OfNode { name: name.clone(), place, words: ", by the Site".to_owned(), is_certain: true })
}

fn of_policies(plan: &Plan, host: &Host, wire: &Wire, of_others: &HashMap<&Wire, Vec<&Claim>>) -> Option<OfNode> {
    let claim = of_others.get(wire)?.iter().find(|claim| plan.can_meet(&claim.nodes, &host.nodes))?;
    let Holder::Interface(name) = &claim.holder else { return None };
    let words = " of another policy".to_owned();
    Some(OfNode { name: name.clone(), place: claim.place.clone(), words, is_certain: true })
}

fn of_nodes<'a>(plan: &'a Plan, host: &Host, wire: &Wire, ours: impl Fn() -> &'a HashSet<&'a Wire>) -> Option<OfNode> {
    let (base, id) = (wire.below()?, wire.tag()?);
    let others = plan.inventory.with_vlan(&host.uplink.as_ref()?.name, id);
    let others = if others.is_empty() { plan.inventory.with_vlan(&base.base, id) } else { others };
    let there: Vec<&(usize, String)> =
        others.iter().filter(|(number, _)| host.selected.nodes.binary_search(number).is_ok()).collect();
    let is_sure = |(number, _): &&&(usize, String)| plan.inventory.is_surely_in(&host.selected, *number);
    let (first, name) = there.iter().find(is_sure).or(there.first())?;
    // One that a network of ours makes is found among the claims.
    if ours().contains(wire) {
        return None;
    }
    let numbers: Vec<usize> = there.iter().map(|(number, _)| *number).collect();
    Some(OfNode {
        name: name.clone(),
        place: place_in_state(plan.inventory.node(*first), name),
        words: format!(" on {}", name_nodes(plan, &numbers)),
        is_certain: plan.inventory.is_surely_in(&host.selected, *first),
    })
}

/// The wires of tags for which networks make an interface.
fn made_by_networks(plan: &Plan) -> HashSet<&Wire> {
    let made = plan.claims.iter().filter_map(|claim| match &claim.what {
        Claimed::Wire(wire) if claim.by == Claimant::Network && wire.tag().is_some() => Some((wire, claim)),
        _ => None,
    });
    let is_made = |claim| plan.network_of(claim).is_some_and(|network| network.carrier.tag_above().is_none());
    made.filter(|(_, claim)| is_made(claim)).map(|(wire, _)| wire).collect()
}
