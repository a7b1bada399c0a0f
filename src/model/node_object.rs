//! What a Node object tells of a node.

use super::selector::{HOSTNAME, NodeSelector};
use crate::api::Toleration;

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

/// A taint of a node that keeps pods from starting there. A cordoned node has the one that Kubernetes gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; empty if it has none.
    pub value: String,
    /// `NoSchedule` or `NoExecute`.
    pub effect: String,
}

impl Taint {
    /// Whether a pod with this toleration may start in spite of the taint (Kubernetes, "Taints and Tolerations").
    pub fn is_tolerated(&self, toleration: &Toleration) -> bool {
        let is_key = toleration.key.as_deref().is_none_or(|key| key.is_empty() || key == self.key);
        let is_effect = toleration.effect.as_deref().is_none_or(|effect| effect.is_empty() || effect == self.effect);
        let is_any = toleration.operator.as_deref() == Some("Exists");
        is_key && is_effect && (is_any || toleration.value.as_deref().unwrap_or_default() == self.value)
    }
}
