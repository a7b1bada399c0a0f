//! What a Node object tells of a node.

use super::inventory::Taint;
use super::selector::{HOSTNAME, NodeSelector};

/// A Node (`kubectl get nodes -o yaml`): what its object tells, whether or not there is a state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeObject {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: NodeSelector,
    /// What keeps pods off it.
    pub taints: Vec<Taint>,
}

/// The labels of control-plane nodes, and the keys of the taints that keep pods off them (kubeadm; `master` is the older word).
const CONTROL_PLANE: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Whether labels are those of a control-plane node.
pub(super) fn is_control_plane(labels: &NodeSelector) -> bool {
    CONTROL_PLANE.iter().any(|label| labels.contains_key(*label))
}

/// Whether taints keep pods off a control-plane node.
pub(super) fn is_closed(taints: &[Taint]) -> bool {
    taints.iter().any(|taint| CONTROL_PLANE.contains(&taint.key.as_str()))
}

impl NodeObject {
    /// Whether it is a control-plane node.
    pub fn is_control_plane(&self) -> bool {
        is_control_plane(&self.labels)
    }

    /// The value of the label `kubernetes.io/hostname`; the name, if it has none.
    pub fn hostname(&self) -> &str {
        self.labels.get(HOSTNAME).unwrap_or(&self.name)
    }
}
