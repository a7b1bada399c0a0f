//! Where a virtual machine can run: the node groups that its node selector fits.

use std::sync::Arc;

use crate::api::site::PolicyScope;
use crate::base::diagnostic::Diagnostic;
use crate::base::spelling::nearest;
use crate::model::{Carrier, Identity, NodeSelector, Settings};
use crate::rule;

rule! {
    /// The node selector of a Wukong and that of the Site exclude each other.
    ///
    /// A node policy gets both. If they give one label different values, it selects no node, and the virtual machine starts
    /// where its bridge is not. With node groups, one that fits is enough.
    ///
    /// ## Way out
    /// Agree on the label's value, or leave it to one of the two.
    pub NODE_SELECTOR_CONFLICT = "WK222", "node-selector-conflict", Error;
}

/// A node group where a virtual machine can run.
pub(super) struct GroupNodes {
    pub group: usize,
    /// The group's nodes on which the virtual machine can run.
    pub nodes: Arc<NodeSelector>,
}

/// The nodes of a network's policy in one group. One policy for each bridge is for every node of the group, whoever uses it; but a
/// node's own address belongs on the nodes that the Wukong selects.
pub(super) fn policy_nodes(place: &GroupNodes, carrier: &Carrier, settings: &Settings) -> Arc<NodeSelector> {
    let has_node_ip = carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some());
    match settings.site.policy_scope() {
        PolicyScope::Bridge if !has_node_ip => Arc::clone(&settings.groups[place.group].node_selector),
        _ => Arc::clone(&place.nodes),
    }
}

/// The groups where a virtual machine can run, with their nodes; and why the others are none.
pub(super) fn places(identity: &Identity, settings: &Settings) -> (Vec<GroupNodes>, Vec<Diagnostic>) {
    let mut places = Vec::with_capacity(settings.groups.len());
    let mut conflicts = Vec::new();
    for (number, group) in settings.groups.iter().enumerate() {
        if identity.node_selector.is_empty() {
            places.push(GroupNodes { group: number, nodes: Arc::clone(&group.node_selector) });
            continue;
        }
        let before = conflicts.len();
        let mut nodes = (*group.node_selector).clone();
        for (label, value) in &identity.node_selector {
            match nodes.insert(label.clone(), value.clone()) {
                Some(other) if other != *value => {
                    conflicts.push(node_selector_conflict(identity, label, value, number, settings));
                }
                _ => {}
            }
        }
        if conflicts.len() == before {
            places.push(GroupNodes { group: number, nodes: Arc::new(nodes) });
        } else {
            // One label tells why not this group.
            conflicts.truncate(before + 1);
        }
    }
    if places.is_empty() && settings.groups.len() > 1 {
        conflicts.truncate(1);
    }
    (places, conflicts)
}

fn node_selector_conflict(
    identity: &Identity,
    label: &str,
    value: &str,
    group: usize,
    settings: &Settings,
) -> Diagnostic {
    let group = &settings.groups[group];
    let other = group.node_selector.get(label).map_or("", String::as_str);
    let known: Vec<&str> =
        settings.groups.iter().filter_map(|group| group.node_selector.get(label)).map(String::as_str).collect();
    let help = match nearest(value, &known).filter(|_| value.len() > 2) {
        Some(meant) => format!("did you mean `{meant}`? Else agree on the value, or leave the label to one of the two"),
        None => "agree on the value, or leave the label to one of the two".to_owned(),
    };
    let selector = identity.origin.child("spec").child("highAvailability").child("nodeSelector");
    let whose = group.name.as_ref().map_or_else(|| "the Site".to_owned(), |name| format!("the node group `{name}`"));
    Diagnostic::new(
        &NODE_SELECTOR_CONFLICT,
        selector.child(label).here(),
        format!("no node is selected: the Wukong wants `{label}: {value}`, {whose} `{label}: {other}`"),
        help,
    )
}
