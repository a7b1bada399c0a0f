//! Where claims meet: what the rules about bridges, NICs, VLANs, addresses and names have in common.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Place;
use crate::plan::{Claim, Claimed, HOSTNAME, NodeSelector, Plan, can_overlap};

/// Two claims of the same thing by different holders, on nodes that can be the same.
pub(super) struct Conflict<'a> {
    pub(super) what: &'a Claimed,
    pub(super) first: &'a Claim,
    pub(super) second: &'a Claim,
}

/// Every claim that conflicts with an earlier one, once each: two places that conflict in several node groups are one
/// conflict. `is_meant` picks the things that matter.
pub(super) fn conflicts(plan: &Plan, is_meant: impl Fn(&Claimed) -> bool) -> Vec<Conflict<'_>> {
    let mut conflicts = Vec::new();
    let mut seen: HashSet<(&Place, &Place)> = HashSet::new();
    let mut things: HashMap<&Claimed, Holders<'_>> = HashMap::new();
    for claim in plan.claims.iter().filter(|claim| is_meant(&claim.what)) {
        let holders = things.entry(&claim.what).or_default();
        match holders.rival(claim) {
            Some(first) if seen.insert((&first.place, &claim.place)) => {
                conflicts.push(Conflict { what: &claim.what, first, second: claim });
            }
            Some(_) => {}
            None => holders.add(claim),
        }
    }
    conflicts
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
    fn rival(&self, claim: &Claim) -> Option<&'a Claim> {
        let is_rival = |it: &&Claim| it.holder != claim.holder && can_overlap(&it.nodes, &claim.nodes);
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
