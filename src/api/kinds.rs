//! The kinds of others that are read or written here, and their API groups.

/// The group of kubernetes-nmstate.
pub const NMSTATE_GROUP: &str = "nmstate.io";
/// The version in which its policies are written.
pub const NMSTATE_API_VERSION: &str = "nmstate.io/v1";
/// A policy for nodes.
pub const NNCP: &str = "NodeNetworkConfigurationPolicy";
/// The state of a node.
pub const NNS: &str = "NodeNetworkState";

/// The group of the network attachments.
pub const CNI_GROUP: &str = "k8s.cni.cncf.io";
/// The version in which they are written.
pub const CNI_API_VERSION: &str = "k8s.cni.cncf.io/v1";
/// A network attachment.
pub const NAD: &str = "NetworkAttachmentDefinition";

/// A list of the manifests of a folder, for kustomize.
pub const KUSTOMIZATION: &str = "Kustomization";

/// The version of Kubernetes' own objects.
pub const CORE_API_VERSION: &str = "v1";
/// A node.
pub const NODE: &str = "Node";
