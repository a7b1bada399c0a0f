use std::collections::HashMap;

use super::collect::Blame;
use super::default_nic_assumed::DEFAULT_NIC_ASSUMED;
use super::hit::{Hit, Words};
use crate::base::diagnostic::More;
use crate::base::place::Place;
use crate::model::{NodeSelector, Plan, Policy, Subject};
use crate::rule;

rule! {
    /// Several policies make the same bridge on the same nodes.
    ///
    /// With one policy for each network, every Wukong on a bridge brings its own. They agree, so nothing breaks; but each of them is
    /// applied, checked and probed on every node, one after the other (kubernetes-nmstate#1242), and `maxUnavailable` counts for each
    /// by itself. Reported once for a run, and not of networks whose NIC is still assumed (WK216): their policies change when it is named, and
    /// the Site in which it is named has the way out for both.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   policy:
    ///     scope: bridge
    /// ```
    ///
    /// ## Way out
    /// Set `policy.scope: bridge` in the Site: one policy for each bridge and node group.
    pub(super) EQUAL_POLICIES = "WK232", "equal-policies", Warning, yields_to: &[&DEFAULT_NIC_ASSUMED];
}

/// All policies of a run are one finding.
const RUN: usize = 0;

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut by_bridge: HashMap<(&Subject, &NodeSelector), Vec<&Policy>> = HashMap::new();
    let mut bridges: Vec<(&Subject, &NodeSelector)> = Vec::new();
    for policy in plan.policies.iter().filter(|policy| !policy.is_per_node) {
        let key = (&policy.subject, &*policy.node_selector);
        let equal = by_bridge.entry(key).or_default();
        if equal.first().is_none_or(|first| first.desired_state == policy.desired_state) {
            equal.push(policy);
            if equal.len() == 2 {
                bridges.push(key);
            }
        }
    }
    let equal = bridges.iter().filter_map(|key| by_bridge.get(key)).enumerate();
    let policies = equal.flat_map(|(bridge, policies)| policies.iter().map(move |policy| (bridge, *policy)));
    let hit = |(bridge, policy): (usize, &'a Policy)| {
        let place = policy.origin.at("name");
        Hit::of_equals(place, RUN, bridge, move |more, kept| words(&policy.subject, more, kept))
    };
    policies.map(hit).collect()
}

/// Of the first policy that is one too many. `kept` has one for each bridge, which would do.
fn words(subject: &Subject, More(more): More, kept: &[Place]) -> Words {
    let count = kept.len() + more + 1;
    let message = match kept.len() {
        1 => format!("{count} policies are equal, all for `{}`", subject.name()),
        bridges => {
            format!(
                "{count} policies are equal but for their names, where {bridges} would do: `{}` is the first",
                subject.name()
            )
        }
    };
    let words = Words::new(message, "set `policy.scope: bridge` in the Site: one policy for each bridge")
        .about(subject.interface());
    match kept.first() {
        Some(first) => words.with_related(first.clone(), "the first network on it"),
        None => words,
    }
}
