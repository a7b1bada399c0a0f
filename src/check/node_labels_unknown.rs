use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::base::diagnostic::More;
use crate::model::{Plan, Policy};
use crate::rule;

rule! {
    /// The inventory does not tell which nodes a selector selects.
    ///
    /// A NodeNetworkState has no labels. Nodes whose labels are not known are taken for selected, to be on the safe side: what is found
    /// on them is a warning, and their own addresses are moved by policies that they may not need. Reported once for a run.
    ///
    /// ## Way out
    /// Add the Nodes to the inventory: `kubectl get nodes -o yaml`.
    pub(super) NODE_LABELS_UNKNOWN = "WK117", "node-labels-unknown", Warning;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let doubtful = |policy: &&Policy| !policy.nodes.nodes.is_empty() && !policy.nodes.is_certain;
    let Some(policy) = plan.policies.iter().find(doubtful) else { return Vec::new() };
    let mut unknown = plan.inventory.nodes().iter().filter(|node| node.labels.is_none());
    let Some(first) = unknown.next() else { return Vec::new() };
    let more = More(unknown.count());
    vec![Hit::new(first.origin.at("metadata/name"), move || {
        let others = more.words(" and of one more node", |more| format!(" and of {more} more nodes"));
        Words::new(
            format!("the labels of `{}`{others} are not known, so they are taken for selected", first.name),
            "add the Nodes to the inventory: `kubectl get nodes -o yaml`",
        )
        .with_related(policy.origin.at("name"), format!("`{}` selects nodes by label", policy.name))
    })]
}
