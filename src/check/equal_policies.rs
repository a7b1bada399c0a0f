use std::collections::HashMap;

use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{NodeSelector, Plan, Policy};
use crate::rule;

rule! {
    /// Several policies make the same bridge on the same nodes.
    ///
    /// With one policy for each network, every Wukong on a bridge brings its own. They agree, so nothing breaks; but each of them is
    /// applied, checked and probed on every node, one after the other (kubernetes-nmstate#1242), and `maxUnavailable` counts for each
    /// by itself. Reported once for a run.
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
    pub(super) EQUAL_POLICIES = "WK232", "equal-policies", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut by_bridge: HashMap<(&str, &NodeSelector), Vec<&Policy>> = HashMap::new();
    let mut bridges: Vec<(&str, &NodeSelector)> = Vec::new();
    for policy in plan.policies.iter().filter(|policy| !policy.is_per_node) {
        let key = (policy.subject.as_str(), &*policy.node_selector);
        let equal = by_bridge.entry(key).or_default();
        if equal.first().is_none_or(|first| first.desired_state == policy.desired_state) {
            equal.push(policy);
            if equal.len() == 2 {
                bridges.push(key);
            }
        }
    }
    for key in &bridges {
        if let Some(equal) = by_bridge.get_mut(key) {
            equal.retain(|policy| !report.accepts(&EQUAL_POLICIES, &policy.origin.here()));
        }
    }
    bridges.retain(|key| by_bridge.get(key).is_some_and(|equal| equal.len() > 1));
    let Some([first, second, ..]) = bridges.first().and_then(|key| by_bridge.get(key)).map(Vec::as_slice) else {
        return;
    };
    let count = bridges.iter().filter_map(|key| by_bridge.get(key)).map(Vec::len).sum::<usize>();
    let message = match bridges.len() {
        1 => format!("{count} policies are equal, all for `{}`", first.subject),
        bridges => {
            format!(
                "{count} policies are equal but for their names, where {bridges} would do: `{}` is the first",
                first.subject
            )
        }
    };
    let help = "set `policy.scope: bridge` in the Site: one policy for each bridge";
    let diagnostic = Diagnostic::new(&EQUAL_POLICIES, second.origin.at("name"), message, help);
    report.push(diagnostic.with_related(first.origin.at("name"), "the first network on it"));
}
