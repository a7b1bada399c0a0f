//! Hits to findings: the one place that decides what is accepted, what gives way, what is one finding with others, and in what order
//! rules are asked.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use super::acceptance::unused;
use super::hit::{Hit, Words};
use super::{Check, RULES};
use crate::base::diagnostic::{Diagnostic, Findings, More};
use crate::base::place::{NetworkId, Place};
use crate::base::report::Report;
use crate::base::rule::{Rule, Severity};
use crate::model::Plan;

/// The networks of which something else is known to be wrong before which a rule gives way.
pub(super) struct Blame<'a>(Vec<&'a HashSet<NetworkId>>);

impl Blame<'_> {
    /// Whether the network of a place is one of them.
    pub(super) fn has(&self, place: &Place) -> bool {
        !self.0.is_empty()
            && place.network().is_some_and(|network| self.0.iter().any(|networks| networks.contains(&network)))
    }
}

/// Applies every rule to the plan. `found` is what the stages before have found.
pub fn check(plan: &Plan, found: Findings, report: &mut Report) {
    let mut networks = networks_of(&found);
    report.extend(found);
    for layer in layers() {
        let hits: Vec<Vec<Hit<'_>>> = layer
            .par_iter()
            .map(|(rule, check)| {
                let causes = causes(rule);
                let found = causes.iter().filter_map(|other| networks.get(other.code));
                let blame = Blame(found.filter(|it| !it.is_empty()).collect());
                let mut hits = check(plan, &blame);
                hits.retain(|hit| !blame.has(&hit.place));
                hits
            })
            .collect();
        for ((rule, _), hits) in layer.iter().zip(hits) {
            let in_networks = collect(rule, hits, report);
            networks.entry(rule.code).or_default().extend(in_networks);
        }
    }
    report.extend(unused(plan, report));
}

/// The rules before which a rule gives way: those that it names, and those before which they do.
fn causes(rule: &Rule) -> Vec<&'static Rule> {
    let mut causes: Vec<&'static Rule> = rule.yields_to.to_vec();
    let mut next = 0;
    while let Some(cause) = causes.get(next) {
        let new: Vec<&'static Rule> = cause.yields_to.iter().copied().filter(|it| !causes.contains(it)).collect();
        causes.extend(new);
        next += 1;
    }
    causes
}

/// The networks in which stages have found something, by the code.
fn networks_of(found: &Findings) -> HashMap<&'static str, HashSet<NetworkId>> {
    let is_waited_for = |rule: &Rule| RULES.iter().any(|(other, _)| other.yields_to.contains(&rule));
    let mut networks: HashMap<&str, HashSet<NetworkId>> = HashMap::new();
    for finding in found.iter().filter(|finding| is_waited_for(finding.rule)) {
        // Of two networks of one name either may be meant: both are in it.
        let places = std::iter::once(&finding.place).chain(finding.related.iter().map(|(place, _)| place));
        networks.entry(finding.rule.code).or_default().extend(places.filter_map(Place::network));
    }
    networks
}

/// The rules in the order that they ask for: each after those that it yields to.
fn layers() -> Vec<Vec<(&'static Rule, Check)>> {
    fn depth(rule: &Rule) -> usize {
        rule.yields_to.iter().map(|other| depth(other) + 1).max().unwrap_or(0)
    }
    let mut layers: BTreeMap<usize, Vec<(&'static Rule, Check)>> = BTreeMap::new();
    for (rule, check) in RULES {
        layers.entry(depth(rule)).or_default().push((rule, *check));
    }
    layers.into_values().collect()
}

/// What is one finding: the hit that is shown, how many more it stands for, and the equals that are kept beside them.
struct Shown<'a> {
    hit: Hit<'a>,
    more: usize,
    kept: Vec<Place>,
    /// The same at this place, on other nodes.
    elsewhere: Vec<Hit<'a>>,
}

/// Where nodes of the inventory show something: those of one place and severity that are of other nodes are one finding.
type OfNodes = (Place, Severity);

/// Reports the hits of a rule that are not accepted, those of a group as one. Gives the networks in which they are.
fn collect(rule: &'static Rule, hits: Vec<Hit<'_>>, report: &mut Report) -> Vec<NetworkId> {
    let mut shown: Vec<Shown<'_>> = Vec::new();
    let mut groups: HashMap<usize, usize> = HashMap::new();
    // The first of those that are equal, until a second one is found.
    let mut firsts: HashMap<usize, Option<Place>> = HashMap::new();
    let mut networks = Vec::new();
    let mut of_nodes: HashMap<OfNodes, usize> = HashMap::new();
    for hit in hits {
        let severity = hit.severity.unwrap_or(rule.severity);
        if severity == Severity::Warning
            && (report.accepts(rule, std::slice::from_ref(&hit.place))
                || report.accepts(rule, &hit.also)
                || report.is_allowed(rule))
        {
            continue;
        }
        let kept = match hit.equals.map(|equals| firsts.entry(equals)) {
            Some(Entry::Vacant(first)) => {
                first.insert(Some(hit.place));
                continue;
            }
            Some(Entry::Occupied(mut first)) => first.get_mut().take(),
            None => None,
        };
        networks.extend(hit.place.network().into_iter().chain(hit.blames.iter().copied()));
        let known = hit.group.and_then(|group| groups.get(&group)).copied();
        if let Some(nodes) = hit.nodes.filter(|_| known.is_none()) {
            match of_nodes.entry((hit.place.clone(), severity)) {
                Entry::Vacant(first) => drop(first.insert(shown.len())),
                Entry::Occupied(first) => {
                    let first = &mut shown[*first.get()];
                    // Two things that are wrong on the same nodes are two findings.
                    if first.hit.nodes != Some(nodes) {
                        first.elsewhere.push(hit);
                        continue;
                    }
                }
            }
        }
        let number = match known {
            Some(number) => {
                shown[number].more += 1;
                number
            }
            None => {
                groups.extend(hit.group.map(|group| (group, shown.len())));
                shown.push(Shown { hit, more: 0, kept: Vec::new(), elsewhere: Vec::new() });
                shown.len() - 1
            }
        };
        shown[number].kept.extend(kept);
    }
    for Shown { hit, more, kept, elsewhere } in shown {
        let Words { mut message, help, related, mut about } = hit.words(More(more), &kept);
        let other_nodes: HashSet<_> = elsewhere.iter().filter_map(|hit| hit.nodes).collect();
        message += &More(other_nodes.len()).words("; the same goes for other nodes", |count| {
            format!("; the same goes for {count} other groups of nodes")
        });
        about.extend(elsewhere.iter().flat_map(|hit| hit.words(More(0), &[]).about));
        let severity = hit.severity.unwrap_or(rule.severity);
        report.push(Diagnostic { severity, related, about, ..Diagnostic::new(rule, hit.place, message, help) });
    }
    networks
}
