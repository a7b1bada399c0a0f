use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::{Things, controller, places_of_port, port};
use super::hit::{Hit, Words, and_networks};
use super::nodes::{name_nodes, place_in_state};
use crate::base::place::Place;
use crate::model::{Claim, Claimed, Key, Plan, Use};
use crate::rule;

rule! {
    /// A NIC whose virtual functions are used is a port of a bridge or bond as well.
    ///
    /// The NIC's own switch knows the addresses of its virtual functions, not those of guests behind a bridge: frames between the two are
    /// lost unless the NIC is promiscuous. And what resets the NIC to change the number of functions (the SR-IOV operator, NMState) takes
    /// the bridge down with it (sriov-network-operator, `doc/design/externally-manage-pf.md`).
    ///
    /// ## Way out
    /// Use another NIC for one of the two.
    pub(super) VIRTUAL_FUNCTIONS_ON_PORT = "WK310", "virtual-functions-on-port", Warning, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let functions = |claim: &'a Claim| match &claim.what {
        Claimed::VirtualFunctions(nic) => Some(Cow::Borrowed(nic.as_str())),
        _ => None,
    };
    let mut sides: HashMap<usize, Arc<[Place]>> = HashMap::new();
    let mut hits = Vec::new();
    for meeting in Things::of(plan, blame, port).meet(blame, functions) {
        let Some(holder) = controller(meeting.first) else { continue };
        let side = sides.entry(meeting.group).or_insert_with(|| places_of_port(plan, &meeting));
        let (nic, first) = (meeting.interface, meeting.first);
        let hit = Hit::in_group(meeting.second.place.clone(), meeting.group, move |more| {
            let others = and_networks(more);
            Words::new(
                format!("virtual functions of `{nic}` are used here{others}, and it is a port of {holder}"),
                "use another NIC for one of the two",
            )
            .with_related(first.place.clone(), format!("a port of {holder}"))
            .about([nic])
            .about(holder.interface())
        });
        hits.push(hit.accepted_at(side));
    }
    hits.extend(on_nodes(plan, hits.len()));
    hits
}

/// NICs of virtual functions that are ports on nodes, whoever made them so.
fn on_nodes(plan: &Plan, first_group: usize) -> Vec<Hit<'_>> {
    let mut groups: HashMap<&str, usize> = HashMap::new();
    let mut hits = Vec::new();
    for network in plan.networks().filter(|network| network.carrier.uses() == Use::Functions) {
        let found = network.hosts.iter().find_map(|host| {
            let nic = &host.uplink.as_ref()?.name;
            let controller = |number: &usize| plan.inventory.node(*number).controller_of(nic);
            let nodes: Vec<usize> =
                host.selected.nodes.iter().copied().filter(|number| controller(number).is_some()).collect();
            let holder = nodes.first().and_then(controller)?;
            Some((nic.as_str(), holder, nodes))
        });
        let Some((nic, holder, nodes)) = found else { continue };
        let count = groups.len();
        let group = first_group + *groups.entry(nic).or_insert(count);
        hits.push(Hit::in_group(network.at(Key::PhysicalInterface), group, move |more| {
            let others = and_networks(more);
            let on = name_nodes(plan, &nodes);
            let first = nodes.first().map(|first| plan.inventory.node(*first));
            let words = Words::new(
                format!("virtual functions of `{nic}` are used here{others}, and it is a port of `{holder}` on {on}"),
                "use another NIC for one of the two",
            )
            .about([nic, holder]);
            match first {
                Some(node) => words.with_related(place_in_state(node, nic), format!("a port of `{holder}`")),
                None => words,
            }
        }));
    }
    hits
}
