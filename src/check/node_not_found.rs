use std::collections::HashSet;

use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::base::spelling::nearest;
use crate::model::inventory::{Node, NodeObject};
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

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let is_unknown = plan.inventory.is_empty() && plan.inventory.stateless().is_empty();
    if is_unknown || plan.inventory.is_partial {
        return Vec::new();
    }
    let mut hits = Vec::new();
    let mut seen = HashSet::new();
    for wukong in &plan.wukongs {
        let Some(hostname) = wukong.identity.node_selector.get(HOSTNAME) else { continue };
        let mut hosts = wukong.networks.iter().flat_map(|network| &network.hosts);
        let is_missing = hosts.any(|host| host.need.is_some());
        if !is_missing || plan.inventory.has_hostname(hostname) || !seen.insert(hostname) {
            continue;
        }
        let selector = wukong.identity.origin.child("spec").child("highAvailability").child("nodeSelector");
        hits.push(Hit::new(selector.child(HOSTNAME).here(), move || {
            let stateless = plan.inventory.stateless().iter().map(NodeObject::hostname);
            let known: Vec<&str> = plan.inventory.nodes().iter().map(Node::hostname).chain(stateless).collect();
            let help = match nearest(hostname, &known) {
                Some(meant) => {
                    format!("did you mean `{meant}`? Else export the states again: `kubectl get nns -o yaml`")
                }
                None => "correct it, or export the states again: `kubectl get nns -o yaml`".to_owned(),
            };
            Words::new(format!("the inventory has no node `{hostname}`"), help)
        }));
    }
    hits
}
