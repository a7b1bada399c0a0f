//! Where claims meet: what the rules about bridges, NICs, VLANs and names have in common.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::collect::Blame;
use crate::base::place::Place;
use crate::model::{Claim, Claimant, Claimed, Controller, HOSTNAME, Holder, NodeSelector, Plan};

/// Two claims of the same thing by different holders, on nodes that can be the same.
pub(super) struct Conflict<'a> {
    pub(super) what: &'a Claimed,
    /// The claim that most agree with, or that is given.
    pub(super) first: &'a Claim,
    /// The claim of the one that differs.
    pub(super) second: &'a Claim,
    /// How many networks say what the first one says, where the second one is.
    pub(super) agreed: usize,
    /// The number of those that contradict what is given in the same way: they agree, and the mistake may be the Site's.
    pub(super) group: usize,
}

/// Every claim that conflicts with another, once each: two places that conflict in several node groups are one conflict.
/// `is_meant` picks the claims that matter.
///
/// One of a hundred that has another VLAN is the one in the wrong, wherever it stands: what is given comes first ([`Claimant`]), then
/// networks, those first that contradict the fewest, then the order of the files.
pub(super) fn conflicts<'a>(plan: &'a Plan, blame: &Blame<'_>, is_meant: impl Fn(&Claim) -> bool) -> Vec<Conflict<'a>> {
    let mut conflicts: Vec<Conflict<'_>> = Vec::new();
    for (what, claims) in contested(plan, blame, is_meant) {
        about(what, claims, plan, &mut conflicts);
    }
    // A network is on another NIC in every node group, and what is wrong with it is reported once.
    let mut seen = HashSet::new();
    conflicts.retain(|conflict| seen.insert(&conflict.second.place));
    conflicts
}

/// Things of which claims that matter say more than one, in order, each with its claims.
pub(super) fn contested<'a>(
    plan: &'a Plan,
    blame: &Blame<'_>,
    is_meant: impl Fn(&Claim) -> bool,
) -> Vec<(&'a Claimed, Vec<&'a Claim>)> {
    let claims = || plan.claims.iter().filter(|claim| is_meant(claim) && !blame.has(&claim.place));
    let mut first_holders: HashMap<&Claimed, (&Holder, bool)> = HashMap::new();
    for claim in claims() {
        let (first, is_contested) = first_holders.entry(&claim.what).or_insert((&claim.holder, false));
        *is_contested |= **first != claim.holder;
    }
    let mut contested: HashMap<&Claimed, Vec<&Claim>> = HashMap::new();
    if first_holders.values().any(|(_, is_contested)| *is_contested) {
        for claim in claims() {
            if first_holders.get(&claim.what).is_some_and(|(_, is_contested)| *is_contested) {
                contested.entry(&claim.what).or_default().push(claim);
            }
        }
    }
    let mut sorted: Vec<(&Claimed, Vec<&Claim>)> = contested.into_iter().collect();
    sorted.sort_by_key(|(what, _)| *what);
    sorted
}

/// Adds the conflicts about one thing.
fn about<'a>(what: &'a Claimed, mut claims: Vec<&'a Claim>, plan: &'a Plan, conflicts: &mut Vec<Conflict<'a>>) {
    let votes = Votes::of(&claims, plan);
    claims.sort_by_cached_key(|claim| (claim.by, votes.against(claim)));
    let mut alike: HashMap<&Holder, usize> = HashMap::new();
    let mut seen: HashSet<(&Place, &Place)> = HashSet::new();
    let mut holders = Holders::default();
    for claim in claims {
        let Some(first) = holders.rival(claim, plan) else {
            holders.add(claim);
            continue;
        };
        // Those who are given among themselves are none of our business, but each of them counts.
        if claim.by == Claimant::Others && first.by != Claimant::Network {
            holders.add(claim);
            if first.by == Claimant::Others {
                continue;
            }
        }
        if !seen.insert((&first.place, &claim.place)) {
            continue;
        }
        let number = conflicts.len();
        let group = if first.by == Claimant::Network { number } else { *alike.entry(&claim.holder).or_insert(number) };
        conflicts.push(Conflict { what, first, second: claim, agreed: votes.like(first, claim), group });
    }
}

/// Who says what of one thing.
struct Votes<'a> {
    opinions: Vec<Opinion<'a>>,
    /// Of very many opinions, how many say what each holder has.
    counts: Option<Counts<'a>>,
    plan: &'a Plan,
}

/// How many say anything of one thing, and how many each holder has.
struct Counts<'a> {
    all: usize,
    of: HashMap<&'a Holder, usize>,
}

/// Those who say the same, on the same nodes.
struct Opinion<'a> {
    holder: &'a Holder,
    nodes: &'a NodeSelector,
    /// A network is one, in however many node groups it says it.
    places: HashSet<&'a Place>,
}

/// Above so many opinions of one thing all of them count, wherever they are: to compare each with each would take too long.
const FEW: usize = 1_000;

impl<'a> Votes<'a> {
    fn of(claims: &[&'a Claim], plan: &'a Plan) -> Self {
        let mut numbers: HashMap<(&Holder, &NodeSelector), usize> = HashMap::new();
        let mut opinions: Vec<Opinion<'a>> = Vec::new();
        for claim in claims {
            let number = *numbers.entry((&claim.holder, &claim.nodes)).or_insert_with(|| {
                opinions.push(Opinion { holder: &claim.holder, nodes: &claim.nodes, places: HashSet::new() });
                opinions.len() - 1
            });
            opinions[number].places.insert(&claim.place);
        }
        let counts = (opinions.len() > FEW).then(|| Counts::of(&opinions));
        Self { opinions, counts, plan }
    }

    /// The opinions where a claim is.
    fn around(&self, claim: &'a Claim) -> impl Iterator<Item = &Opinion<'a>> {
        self.opinions.iter().filter(move |it| self.plan.can_meet(&claim.nodes, it.nodes))
    }

    /// How many contradict a claim.
    fn against(&self, claim: &'a Claim) -> usize {
        match &self.counts {
            Some(counts) => counts.all - counts.like(&claim.holder),
            None => self.around(claim).filter(|it| *it.holder != claim.holder).map(|it| it.places.len()).sum(),
        }
    }

    /// How many say what `first` says, where `second` is.
    fn like(&self, first: &Claim, second: &'a Claim) -> usize {
        if let Some(counts) = &self.counts {
            return counts.like(&first.holder);
        }
        let alike = self.around(second).filter(|it| *it.holder == first.holder);
        alike.flat_map(|it| &it.places).collect::<HashSet<_>>().len()
    }
}

impl<'a> Counts<'a> {
    fn of(opinions: &[Opinion<'a>]) -> Self {
        let mut places: HashMap<&Holder, HashSet<&Place>> = HashMap::new();
        for opinion in opinions {
            places.entry(opinion.holder).or_default().extend(&opinion.places);
        }
        let of: HashMap<&Holder, usize> = places.into_iter().map(|(holder, places)| (holder, places.len())).collect();
        Self { all: of.values().sum(), of }
    }

    fn like(&self, holder: &Holder) -> usize {
        self.of.get(holder).copied().unwrap_or_default()
    }
}

/// Claims of two kinds that meet on one interface.
pub(super) struct Meeting<'a> {
    pub(super) interface: &'a str,
    pub(super) first: &'a Claim,
    pub(super) second: &'a Claim,
    /// The number of those that meet the same holder of the first kind on the same interface.
    pub(super) group: usize,
}

/// Interfaces that claims of a first kind are about, for claims of other kinds to meet.
pub(super) struct Things<'a> {
    plan: &'a Plan,
    holders: HashMap<&'a str, Holders<'a>>,
}

impl<'a> Things<'a> {
    /// The interfaces that `kind` names of the claims that matter.
    pub(super) fn of(plan: &'a Plan, blame: &Blame<'_>, kind: impl Fn(&'a Claim) -> Option<&'a str>) -> Self {
        let mut holders: HashMap<&str, Holders<'_>> = HashMap::new();
        for claim in &plan.claims {
            if let Some(interface) = kind(claim).filter(|_| !blame.has(&claim.place)) {
                holders.entry(interface).or_default().add(claim);
            }
        }
        Self { plan, holders }
    }

    /// Where claims of another kind meet them, on nodes that can be the same. `kind` names the interface of a claim that matters.
    pub(super) fn meet(&self, blame: &Blame<'_>, kind: impl Fn(&'a Claim) -> Option<Cow<'a, str>>) -> Vec<Meeting<'a>> {
        let mut meetings: Vec<Meeting<'_>> = Vec::new();
        let mut known: HashMap<(&str, &Holder), usize> = HashMap::new();
        let mut seen: HashSet<&Place> = HashSet::new();
        for claim in self.plan.claims.iter().filter(|_| !self.holders.is_empty()) {
            let Some(interface) = kind(claim) else { continue };
            let Some((interface, holders)) = self.holders.get_key_value(&*interface) else { continue };
            let Some(first) = holders.rival(claim, self.plan).filter(|_| !blame.has(&claim.place)) else { continue };
            // Others among themselves are none of our business.
            if first.by != Claimant::Network && claim.by != Claimant::Network || !seen.insert(&claim.place) {
                continue;
            }
            let number = meetings.len();
            let group = *known.entry((interface, &first.holder)).or_insert(number);
            meetings.push(Meeting { interface, first, second: claim, group });
        }
        meetings
    }
}

/// How many agree on what one network contradicts; nothing if it is one against one.
pub(super) fn agreed(count: usize) -> String {
    if count > 1 { format!(" ({count} agree)") } else { String::new() }
}

/// The name of an interface that a claim defines as a bridge.
pub(super) fn bridge(claim: &Claim) -> Option<&str> {
    match (&claim.what, &claim.holder) {
        (Claimed::Interface(name) | Claimed::BridgeOfSite(name), Holder::Definition(definition)) => {
            definition.bridge().map(|_| name.as_str())
        }
        _ => None,
    }
}

/// The NIC that a claim takes itself, not a VLAN of it, as a port of a bridge or bond.
pub(super) fn port(claim: &Claim) -> Option<&str> {
    match (&claim.what, &claim.holder) {
        (Claimed::Wire(wire), Holder::Controller(Controller::Interface(_))) if wire.tag().is_none() => Some(&wire.base),
        _ => None,
    }
}

/// Where it is written that the first side of a meeting has the interface as a port.
pub(super) fn places_of_port(plan: &Plan, meeting: &Meeting<'_>) -> Arc<[Place]> {
    let is_on_it = |claim: &&Claim| claim.holder == meeting.first.holder && port(claim) == Some(meeting.interface);
    plan.claims.iter().filter(is_on_it).map(|claim| claim.place.clone()).collect()
}

/// What takes the frames of a claimed wire.
pub(super) fn controller(claim: &Claim) -> Option<&Controller> {
    match &claim.holder {
        Holder::Controller(controller) => Some(controller),
        _ => None,
    }
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
    more: Option<Box<Many<'a>>>,
}

#[derive(Default)]
struct Many<'a> {
    by_node: BTreeMap<Option<&'a str>, Labelled<'a>>,
    seen: HashSet<(&'a Holder, &'a NodeSelector)>,
    has_many_holders: bool,
}

/// Claims by the value of one label of their selectors: two that ask for other values of it do not meet.
#[derive(Default)]
struct Labelled<'a> {
    /// The label: the first one that any of them asks for.
    label: Option<&'a str>,
    by_value: HashMap<Option<&'a str>, Vec<(usize, &'a Claim)>>,
    /// All of them, in the order in which they were added.
    all: Vec<&'a Claim>,
}

impl<'a> Holders<'a> {
    fn add(&mut self, claim: &'a Claim) {
        let first = *self.first.get_or_insert(claim);
        if self.more.is_none() && first.holder == claim.holder && first.nodes == claim.nodes {
            return;
        }
        let more = self.more.get_or_insert_with(|| {
            let mut more = Box::<Many<'_>>::default();
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
                if is_alone { None } else { more.find(claim, is_rival) }
            }
            None => self.first.filter(is_rival),
        }
    }
}

impl<'a> Many<'a> {
    fn add(&mut self, claim: &'a Claim) {
        if self.seen.insert((&claim.holder, &claim.nodes)) {
            self.by_node.entry(node(claim)).or_default().add(claim);
        }
    }

    /// The first claim that `is_rival` holds for, among those that can be on the nodes of `claim`.
    fn find(&self, claim: &Claim, is_rival: impl Fn(&&Claim) -> bool) -> Option<&'a Claim> {
        let search = |claims: &Labelled<'a>| claims.find(&claim.nodes, &is_rival);
        match node(claim) {
            Some(node) => [Some(node), None].iter().find_map(|node| self.by_node.get(node).and_then(search)),
            None => self.by_node.values().find_map(search),
        }
    }
}

impl<'a> Labelled<'a> {
    fn add(&mut self, claim: &'a Claim) {
        let mut labels = claim.nodes.keys().map(String::as_str).filter(|label| *label != HOSTNAME);
        let label = self.label.or_else(|| labels.next());
        self.label = label;
        let value = label.and_then(|label| claim.nodes.get(label)).map(String::as_str);
        self.by_value.entry(value).or_default().push((self.all.len(), claim));
        self.all.push(claim);
    }

    fn find(&self, nodes: &NodeSelector, is_rival: impl Fn(&&Claim) -> bool) -> Option<&'a Claim> {
        let Some(value) = self.label.and_then(|label| nodes.get(label)) else {
            return self.all.iter().copied().find(is_rival);
        };
        let first = |value: Option<&str>| {
            let claims = self.by_value.get(&value)?.iter().copied();
            claims.into_iter().find(|(_, claim)| is_rival(claim))
        };
        let (_, claim) =
            [Some(value.as_str()), None].into_iter().filter_map(first).min_by_key(|(number, _)| *number)?;
        Some(claim)
    }
}

/// The one node that a claim is pinned to.
fn node(claim: &Claim) -> Option<&str> {
    claim.nodes.get(HOSTNAME).map(String::as_str)
}
