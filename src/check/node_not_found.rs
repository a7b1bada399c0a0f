use std::collections::HashSet;

use crate::base::diagnostic::{Diagnostic, Report};
use crate::base::spelling::nearest;
use crate::model::inventory::Node;
use crate::model::{HOSTNAME, Plan};
use crate::rule;

rule! {
    /// A Wukong selects a node that is not in the inventory.
    ///
    /// Its policies are held against no node, and if the name is misspelt they select none: kubernetes-nmstate ignores them, and Argo CD waits
    /// for them. Reported once for each node.
    ///
    /// ## Way out
    /// Correct the name in `kubernetes.io/hostname`, or export the states again.
    pub(super) NODE_NOT_FOUND = "WK234", "node-not-found", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    if plan.inventory.is_empty() || plan.inventory.is_partial {
        return;
    }
    let mut seen = HashSet::new();
    let mut known: Option<Vec<&str>> = None;
    for wukong in &plan.wukongs {
        let Some(hostname) = wukong.identity.node_selector.get(HOSTNAME) else { continue };
        let mut hosts = wukong.networks.iter().flat_map(|network| &network.hosts);
        let is_missing = hosts.any(|host| host.need.is_some() && host.selected.nodes.is_empty());
        if !is_missing || plan.inventory.has_hostname(hostname) || !seen.insert(hostname) {
            continue;
        }
        let known = known.get_or_insert_with(|| plan.inventory.nodes().iter().map(Node::hostname).collect());
        let help = match nearest(hostname, known) {
            Some(meant) => format!("did you mean `{meant}`? Else export the states again: `kubectl get nns -o yaml`"),
            None => "correct it, or export the states again: `kubectl get nns -o yaml`".to_owned(),
        };
        let selector = wukong.identity.origin.child("spec").child("highAvailability").child("nodeSelector");
        report.push(Diagnostic::new(
            &NODE_NOT_FOUND,
            selector.child(HOSTNAME).here(),
            format!("the inventory has no node `{hostname}`"),
            help,
        ));
    }
}
