use std::collections::{BTreeMap, HashMap, HashSet};

use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::base::spelling::{is_slip_of, with_a_letter_left_out};
use crate::model::{Plan, Wukong};
use crate::rule;

rule! {
    /// One Wukong is in a namespace that is nearly the namespace of several others.
    ///
    /// Attachments are looked up in the virtual machine's own namespace. In a namespace with a slip of the pen, the virtual machine finds
    /// none of those that it shares with the others, and quotas, roles and network policies of the meant namespace do not apply to it. Flux and Argo CD
    /// may even create the namespace.
    ///
    /// Only slips of letters count: one too few, one too many, another one, two exchanged, or a hyphen. `team-a` and `team-b`, `prod1` and
    /// `prod2` are taken for what they are. A namespace in which the inputs have a NetworkAttachmentDefinition is taken for meant.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   name: db-4
    ///   namespace: paymnets     # db-1, db-2 and db-3 are in payments
    /// ```
    ///
    /// ## Way out
    /// Correct the namespace. If there are two of these names, accept it in the Wukong (`explain WK118`).
    pub(super) NAMESPACE_NEARLY_ANOTHER = "WK319", "namespace-nearly-another", Warning;
}

/// From so many Wukongs on, a namespace is surely meant.
const SEVERAL: usize = 3;

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut by_namespace: BTreeMap<&str, Vec<&Wukong>> = BTreeMap::new();
    for wukong in &plan.wukongs {
        if let Some(namespace) = wukong.identity.namespace.as_deref() {
            by_namespace.entry(namespace).or_default().push(wukong);
        }
    }
    let meant: HashSet<&str> = plan.attachments_of_others.keys().filter_map(|it| it.namespace.as_deref()).collect();
    // Names that are one slip apart agree once a letter of one of them, or of both, is left out.
    let mut by_rest: HashMap<String, Vec<&str>> = HashMap::new();
    for (namespace, _) in by_namespace.iter().filter(|(_, wukongs)| wukongs.len() >= SEVERAL) {
        for rest in with_a_letter_left_out(namespace) {
            by_rest.entry(rest).or_default().push(namespace);
        }
    }
    let alone = by_namespace.iter().filter_map(|(namespace, wukongs)| match wukongs.as_slice() {
        [wukong] if !meant.contains(namespace) => Some((*namespace, *wukong)),
        _ => None,
    });
    let hit = |(namespace, wukong): (&'a str, &'a Wukong)| {
        let rests = with_a_letter_left_out(namespace);
        let near = rests.iter().filter_map(|rest| by_rest.get(rest)).flatten().copied();
        // The first by name, whatever the order of the rests.
        let known = near.filter(|known| is_slip_of(namespace, known)).min()?;
        let count = by_namespace.get(known).map_or(0, Vec::len);
        let words = move || {
            Words::new(
                format!("`{namespace}` has this Wukong alone, and {count} are in `{known}`"),
                format!("did you mean `{known}`?"),
            )
        };
        let place = wukong.identity.origin.child("metadata").at("namespace");
        Some(Hit::new(place, words).blaming(wukong.networks.iter().filter_map(|it| it.origin.network)))
    };
    alone.filter_map(hit).collect()
}
