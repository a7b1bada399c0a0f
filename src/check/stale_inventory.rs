use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::model::Plan;
use crate::rule;

rule! {
    /// The states of nodes were recorded long ago.
    ///
    /// A policy that moves a node's address is made of them. If the node's address, NICs or routes have changed since, it brings
    /// back what was. kubernetes-nmstate records a state when it changes, so an old one may still be true. Reported once for a
    /// run, for the oldest of those that are over thirty days old; `SOURCE_DATE_EPOCH` says what time it is, if it is set.
    ///
    /// ## Way out
    /// Export them again: `kubectl get nns -o yaml`. If they are as new as they can be, `--allow WK116`.
    pub(super) STALE_INVENTORY = "WK116", "stale-inventory", Warning, inventory: Needed;
}

/// What is older is worth a look, in days.
const OLD: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let Some(now) = plan.now else { return Vec::new() };
    let age = |recorded: Option<i64>| recorded.map(|recorded| (now - recorded) / DAY).filter(|days| *days > OLD);
    let mut old: Vec<_> = plan.inventory.nodes().iter().filter_map(|node| Some((age(node.recorded)?, node))).collect();
    old.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let Some((days, node)) = old.first().copied() else { return Vec::new() };
    let more = old.len() - 1;
    vec![Hit::new(node.origin.at("status/lastSuccessfulUpdateTime"), move || {
        let others = match more {
            0 => String::new(),
            count => format!(", and those of {count} more over {OLD}"),
        };
        Words::new(
            format!("the state of `{}` is {days} days old{others}", node.name),
            "export it again: `kubectl get nns -o yaml`",
        )
    })]
}
