//! Node selectors.

use std::collections::BTreeMap;

/// The labels by which nodes are selected; empty means all nodes.
pub type NodeSelector = BTreeMap<String, String>;

/// The label that picks one node.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// Whether a node can be selected by both: not if one label would need two values.
pub fn can_overlap(a: &NodeSelector, b: &NodeSelector) -> bool {
    a.iter().all(|(label, value)| b.get(label).is_none_or(|other| other == value))
}
