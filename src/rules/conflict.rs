//! Where claims meet: what the rules about bridges, NICs, VLANs, addresses and names have in common.

use std::collections::{HashMap, HashSet};

use crate::plan::{Claim, Claimed, NodeSelector, Plan, can_overlap};

/// The label that picks one node.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// Two claims of the same thing by different holders, on nodes that can be the same.
pub(super) struct Conflict<'a> {
    pub(super) what: &'a Claimed,
    pub(super) first: &'a Claim,
    pub(super) second: &'a Claim,
}

/// Every claim that conflicts with an earlier one, once each. `is_meant` picks the things that matter.
pub(super) fn conflicts(plan: &Plan, is_meant: impl Fn(&Claimed) -> bool) -> Vec<Conflict<'_>> {
    let mut conflicts = Vec::new();
    let mut things: HashMap<&Claimed, Holders<'_>> = HashMap::new();
    for claim in plan.claims.iter().filter(|claim| is_meant(&claim.what)) {
        let holders = things.entry(&claim.what).or_default();
        match holders.rival(claim) {
            Some(first) => conflicts.push(Conflict { what: &claim.what, first, second: claim }),
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
    claims: HashMap<Option<&'a str>, Vec<&'a Claim>>,
    seen: HashSet<(&'a str, &'a NodeSelector)>,
    first: Option<&'a str>,
    has_many: bool,
}

impl<'a> Holders<'a> {
    fn add(&mut self, claim: &'a Claim) {
        let first = *self.first.get_or_insert(&claim.holder);
        self.has_many |= first != claim.holder;
        if self.seen.insert((&claim.holder, &claim.nodes)) {
            self.claims.entry(node(claim)).or_default().push(claim);
        }
    }

    /// An earlier claim that this one cannot go together with.
    fn rival(&self, claim: &Claim) -> Option<&'a Claim> {
        if !self.has_many && self.first.is_none_or(|first| first == claim.holder) {
            return None;
        }
        let is_rival = |it: &&Claim| it.holder != claim.holder && can_overlap(&it.nodes, &claim.nodes);
        let search = |claims: &Vec<&'a Claim>| claims.iter().copied().find(is_rival);
        match node(claim) {
            Some(_) => [node(claim), None].iter().find_map(|node| self.claims.get(node).and_then(search)),
            // The order of a hash map must not decide which of several is shown.
            None => {
                let mut nodes: Vec<_> = self.claims.iter().collect();
                nodes.sort_by_key(|(node, _)| **node);
                nodes.into_iter().find_map(|(_, claims)| search(claims))
            }
        }
    }
}

/// The one node that a claim is pinned to.
fn node(claim: &Claim) -> Option<&str> {
    claim.nodes.get(HOSTNAME).map(String::as_str)
}
