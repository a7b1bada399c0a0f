//! Where claims meet: what the rules about bridges, NICs, VLANs, addresses and names have in common.

use std::collections::{HashMap, HashSet};

use super::{bridge_conflict, bridge_on_bridge, nic_in_two_bridges, vlan_in_two_bridges};
use crate::base::diagnostic::{Place, Report, Rule, Severity, others};
use crate::lower::network::DUPLICATE_NETWORK;
use crate::model::{Claim, Claimant, Claimed, HOSTNAME, NodeSelector, Plan};
use crate::read::document::DocumentId;

/// Two claims of the same thing by different holders, on nodes that can be the same.
pub(super) struct Conflict<'a> {
    pub(super) what: &'a Claimed,
    /// The claim that most agree with, or that is the Site's or others'.
    pub(super) first: &'a Claim,
    /// The claim of the one that differs.
    pub(super) second: &'a Claim,
    /// How many networks say what the first one says, where the second one is.
    pub(super) agreed: usize,
    /// How many more claims like the second contradict what is no network's: they agree, and the mistake may be the Site's.
    pub(super) more: usize,
}

impl Conflict<'_> {
    /// The others like the second in words.
    pub(super) fn others(&self) -> String {
        others(self.more, " (and one more network)", " (and # more networks)")
    }
}

/// Every claim that conflicts with another, once each: two places that conflict in several node groups are one conflict.
/// `is_meant` picks the claims that matter.
///
/// One of a hundred that has another VLAN is the one in the wrong, wherever it stands: the Site comes first, then what others wrote, then
/// networks, those first that contradict the fewest, then the order of the files.
pub(super) fn conflicts<'a>(plan: &'a Plan, report: &Report, is_meant: impl Fn(&Claim) -> bool) -> Vec<Conflict<'a>> {
    let blamed = Blamed::of(report);
    let claims = || plan.claims.iter().filter(|claim| is_meant(claim) && !blamed.has(&claim.place));
    let mut first_holders: HashMap<&Claimed, (&str, bool)> = HashMap::new();
    for claim in claims() {
        let (first, is_contested) = first_holders.entry(&claim.what).or_insert((&claim.holder, false));
        *is_contested |= *first != claim.holder;
    }
    let mut contested: HashMap<&Claimed, Vec<&Claim>> = HashMap::new();
    for claim in claims() {
        if first_holders.get(&claim.what).is_some_and(|(_, is_contested)| *is_contested) {
            contested.entry(&claim.what).or_default().push(claim);
        }
    }
    let mut sorted: Vec<(&Claimed, Vec<&Claim>)> = contested.into_iter().collect();
    sorted.sort_by_key(|(what, _)| *what);
    let mut conflicts: Vec<Conflict<'_>> =
        sorted.into_iter().flat_map(|(what, claims)| about(what, claims, plan)).collect();
    // A network is on another NIC in every node group, and what is wrong with it is said once.
    let mut seen = HashSet::new();
    conflicts.retain(|conflict| seen.insert(&conflict.second.place));
    conflicts
}

/// The conflicts about one thing.
fn about<'a>(what: &'a Claimed, mut claims: Vec<&'a Claim>, plan: &'a Plan) -> Vec<Conflict<'a>> {
    let votes = Votes::of(&claims, plan);
    claims.sort_by_cached_key(|claim| (claim.by, votes.against(claim)));
    let mut conflicts: Vec<Conflict<'_>> = Vec::new();
    let mut alike: HashMap<&str, usize> = HashMap::new();
    let mut seen: HashSet<(&Place, &Place)> = HashSet::new();
    let mut holders = Holders::default();
    for claim in claims {
        let Some(first) = holders.rival(claim, plan) else {
            holders.add(claim);
            continue;
        };
        // Others among themselves are none of our business.
        if claim.by == Claimant::Others && first.by == Claimant::Others || !seen.insert((&first.place, &claim.place)) {
            continue;
        }
        if first.by != Claimant::Network {
            if let Some(number) = alike.get(claim.holder.as_str()) {
                conflicts[*number].more += 1;
                continue;
            }
            alike.insert(&claim.holder, conflicts.len());
        }
        conflicts.push(Conflict { what, first, second: claim, agreed: votes.like(first, claim), more: 0 });
    }
    conflicts
}

/// Who says what of one thing.
struct Votes<'a> {
    opinions: Vec<Opinion<'a>>,
    plan: &'a Plan,
}

/// Those who say the same, on the same nodes.
struct Opinion<'a> {
    holder: &'a str,
    nodes: &'a NodeSelector,
    /// A network is one, in however many node groups it says it.
    places: HashSet<&'a Place>,
}

/// Above so many opinions of one thing all of them count, wherever they are: to compare each with each would take too long.
const FEW: usize = 1_000;

impl<'a> Votes<'a> {
    fn of(claims: &[&'a Claim], plan: &'a Plan) -> Self {
        let mut numbers: HashMap<(&str, &NodeSelector), usize> = HashMap::new();
        let mut opinions: Vec<Opinion<'a>> = Vec::new();
        for claim in claims {
            let number = *numbers.entry((&claim.holder, &claim.nodes)).or_insert_with(|| {
                opinions.push(Opinion { holder: &claim.holder, nodes: &claim.nodes, places: HashSet::new() });
                opinions.len() - 1
            });
            opinions[number].places.insert(&claim.place);
        }
        Self { opinions, plan }
    }

    /// The opinions where a claim is.
    fn around(&self, claim: &'a Claim) -> impl Iterator<Item = &Opinion<'a>> {
        let is_many = self.opinions.len() > FEW;
        self.opinions.iter().filter(move |it| is_many || self.plan.can_meet(&claim.nodes, it.nodes))
    }

    /// How many contradict a claim.
    fn against(&self, claim: &'a Claim) -> usize {
        self.around(claim).filter(|it| it.holder != claim.holder).map(|it| it.places.len()).sum()
    }

    /// How many say what `first` says, where `second` is.
    fn like(&self, first: &Claim, second: &'a Claim) -> usize {
        let alike = self.around(second).filter(|it| it.holder == first.holder);
        alike.flat_map(|it| &it.places).collect::<HashSet<_>>().len()
    }
}

/// Claims of two kinds that meet on one interface.
pub(super) struct Meeting<'a> {
    pub(super) interface: String,
    pub(super) first: &'a Claim,
    pub(super) second: &'a Claim,
    /// How many more claims of the second kind meet the first one.
    pub(super) more: usize,
}

/// Where claims of two kinds meet on one interface, on nodes that can be the same: once for each interface and holder of the
/// first kind. The two functions name the interface of a claim that matters. Where either side accepts the rule's warning, they do
/// not meet; all that are on one bridge are one side.
pub(super) fn meetings<'a>(
    plan: &'a Plan,
    report: &Report,
    rule: &Rule,
    first_kind: impl for<'c> Fn(&'c Claim) -> Option<&'c str>,
    second_kind: impl Fn(&'a Claim) -> Option<String>,
) -> Vec<Meeting<'a>> {
    let blamed = Blamed::of(report);
    let mut things: HashMap<&str, Holders<'_>> = HashMap::new();
    for claim in &plan.claims {
        if let Some(interface) = first_kind(claim).filter(|_| !blamed.has(&claim.place)) {
            things.entry(interface).or_default().add(claim);
        }
    }
    let accepts = |claim: &Claim| rule.severity == Severity::Warning && report.accepts(rule, &claim.place);
    let side_accepts = |interface: &str, holder: &str| {
        let is_on_it = |claim: &&Claim| claim.holder == holder && first_kind(claim) == Some(interface);
        plan.claims.iter().filter(is_on_it).filter(|claim| accepts(claim)).count() > 0
    };
    let mut accepted: HashMap<(&str, &str), bool> = HashMap::new();
    let mut meetings: Vec<Meeting<'_>> = Vec::new();
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    let mut seen: HashSet<&Place> = HashSet::new();
    for claim in plan.claims.iter().filter(|_| !things.is_empty()) {
        let Some(interface) = second_kind(claim) else { continue };
        let Some((interface, holders)) = things.get_key_value(interface.as_str()) else { continue };
        let Some(first) = holders.rival(claim, plan).filter(|_| !blamed.has(&claim.place)) else { continue };
        let is_accepted =
            accepted.entry((interface, &first.holder)).or_insert_with(|| side_accepts(interface, &first.holder));
        if !seen.insert(&claim.place) || *is_accepted || accepts(claim) {
            continue;
        }
        match known.get(&(*interface, first.holder.as_str())) {
            Some(number) => meetings[*number].more += 1,
            None => {
                known.insert((interface, &first.holder), meetings.len());
                meetings.push(Meeting { interface: (*interface).to_owned(), first, second: claim, more: 0 });
            }
        }
    }
    meetings
}

/// How many agree on what one network contradicts; nothing if it is one against one.
pub(super) fn agreed(count: usize) -> String {
    if count > 1 { format!(" ({count} agree)") } else { String::new() }
}

/// The name of an interface that a claim defines as a bridge.
pub(super) fn bridge(claim: &Claim) -> Option<&str> {
    match &claim.what {
        Claimed::Interface(name) if is_bridge(&claim.holder) => Some(name),
        _ => None,
    }
}

/// Whether the words of an interface's definition are those of a bridge.
pub(super) fn is_bridge(definition: &str) -> bool {
    definition.starts_with("a linux-bridge") || definition.starts_with("an ovs-bridge")
}

/// The interface that a claim takes as a port of a bridge or bond.
pub(super) fn port(claim: &Claim) -> Option<&str> {
    match &claim.what {
        Claimed::Port(name) => Some(name).filter(|_| !is_of_pods(&claim.holder)).map(String::as_str),
        _ => None,
    }
}

/// Whether a holder is no interface of the nodes, but the pods' own: macvlan and ipvlan.
pub(super) fn is_of_pods(holder: &str) -> bool {
    holder.contains(' ')
}

/// A holder in words.
pub(super) fn named(holder: &str) -> String {
    if is_of_pods(holder) { holder.to_owned() } else { format!("`{holder}`") }
}

/// The networks of which it is known that they are in the wrong. What else they run into is most often the same mistake: one
/// that names another's bridge has its NIC and its VLAN under that bridge, too.
pub(super) struct Blamed<'a> {
    networks: HashSet<(DocumentId, &'a str)>,
}

impl<'a> Blamed<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let rules: [&Rule; 4] = [
            &bridge_conflict::BRIDGE_CONFLICT,
            &bridge_on_bridge::BRIDGE_ON_BRIDGE,
            &nic_in_two_bridges::NIC_IN_TWO_BRIDGES,
            &vlan_in_two_bridges::VLAN_IN_TWO_BRIDGES,
        ];
        let conflicts = report.diagnostics().iter().filter(|finding| rules.contains(&finding.rule));
        let mut networks: HashSet<(DocumentId, &str)> =
            conflicts.filter_map(|finding| network(&finding.place)).collect();
        // Of two networks of one name nobody knows which is meant.
        for finding in report.diagnostics().iter().filter(|finding| finding.rule == &DUPLICATE_NETWORK) {
            let places = std::iter::once(&finding.place).chain(finding.related.iter().map(|(place, _)| place));
            networks.extend(places.filter_map(network));
        }
        Self { networks }
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        !self.networks.is_empty() && network(place).is_some_and(|network| self.networks.contains(&network))
    }
}

/// The network that a place is in.
fn network(place: &Place) -> Option<(DocumentId, &str)> {
    const LIST: &str = "/spec/networks/";
    let Place::Node { document, pointer, .. } = place else { return None };
    let start = pointer.find(LIST)? + LIST.len();
    let length = pointer[start..].find('/').unwrap_or(pointer.len() - start);
    Some((*document, &pointer[..start + length]))
}

/// Who holds one thing, and where.
///
/// Ten thousand networks on one bridge agree, and must cost no more than their number: claims of one holder on the same
/// nodes are kept once, and nothing is searched while there is one holder. Ten thousand bridges of one name, each on a
/// node of its own, do not meet: claims are kept by the node that they are pinned to.
#[derive(Default)]
struct Holders<'a> {
    /// Most things are claimed once, or by claims that agree: then this is all.
    first: Option<&'a Claim>,
    more: Option<Box<More<'a>>>,
}

#[derive(Default)]
struct More<'a> {
    by_node: HashMap<Option<&'a str>, Vec<&'a Claim>>,
    seen: HashSet<(&'a str, &'a NodeSelector)>,
    has_many_holders: bool,
}

impl<'a> Holders<'a> {
    fn add(&mut self, claim: &'a Claim) {
        let first = *self.first.get_or_insert(claim);
        if self.more.is_none() && first.holder == claim.holder && first.nodes == claim.nodes {
            return;
        }
        let more = self.more.get_or_insert_with(|| {
            let mut more = Box::<More<'_>>::default();
            more.add(first);
            more
        });
        more.has_many_holders |= first.holder != claim.holder;
        more.add(claim);
    }

    /// An earlier claim that this one cannot go together with.
    fn rival(&self, claim: &Claim, plan: &Plan) -> Option<&'a Claim> {
        let is_rival = |it: &&Claim| it.holder != claim.holder && plan.can_meet(&it.nodes, &claim.nodes);
        match &self.more {
            Some(more) => {
                let is_alone = !more.has_many_holders && self.first.is_some_and(|first| first.holder == claim.holder);
                if is_alone { None } else { more.find(node(claim), is_rival) }
            }
            None => self.first.filter(is_rival),
        }
    }
}

impl<'a> More<'a> {
    fn add(&mut self, claim: &'a Claim) {
        if self.seen.insert((&claim.holder, &claim.nodes)) {
            self.by_node.entry(node(claim)).or_default().push(claim);
        }
    }

    /// The first claim that `is_rival` holds for, among those that can be on `node` (on any, if it is none).
    fn find(&self, node: Option<&str>, is_rival: impl Fn(&&Claim) -> bool) -> Option<&'a Claim> {
        let search = |claims: &Vec<&'a Claim>| claims.iter().copied().find(&is_rival);
        if node.is_some() {
            return [node, None].iter().find_map(|node| self.by_node.get(node).and_then(search));
        }
        // The order of a hash map must not decide which of several is shown.
        let mut nodes: Vec<_> = self.by_node.iter().collect();
        nodes.sort_by_key(|(node, _)| **node);
        nodes.into_iter().find_map(|(_, claims)| search(claims))
    }
}

/// The one node that a claim is pinned to.
fn node(claim: &Claim) -> Option<&str> {
    claim.nodes.get(HOSTNAME).map(String::as_str)
}
