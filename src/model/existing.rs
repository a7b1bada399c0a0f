//! What stands among the inputs and is made by others: network attachments and node policies that ours must go together with.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::NodeSelector;
use super::inventory::NodeInterface;
use crate::api::nmstate::DnsConfig;
use crate::base::diagnostic::Origin;

/// The NetworkAttachmentDefinitions among the inputs, by namespace and name.
pub type ExistingAttachments = HashMap<(Option<String>, String), ExistingAttachment>;

/// A NetworkAttachmentDefinition among the inputs.
#[derive(Debug)]
pub struct ExistingAttachment {
    /// The object.
    pub origin: Origin,
    /// The CNI configuration of its first plugin, with the `name` of the network; none if it has none that can be read. Multus then takes
    /// one from the nodes.
    pub config: Option<Value>,
    /// Whether there is a configuration that cannot be read.
    pub is_broken: bool,
    /// A second one of the same name.
    pub second: Option<Origin>,
}

/// A NodeNetworkConfigurationPolicy among the inputs that somebody else wrote.
#[derive(Debug)]
pub struct ExistingPolicy {
    /// The object.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// The nodes that it is for; empty means all nodes.
    pub node_selector: Arc<NodeSelector>,
    /// The interfaces of its desired state, with their names.
    pub interfaces: Vec<(String, NodeInterface)>,
    /// The names of those that it takes away: absent, or virtual and down, which nmstate takes for the same.
    pub absent: HashSet<String>,
    /// Its bridges whose ports it sets, and whether they have VLAN filtering.
    pub bridges: HashMap<String, bool>,
    /// OVN's names for bridges: localnet and bridge.
    pub bridge_mappings: Vec<(String, String)>,
    /// The nodes' DNS servers, if it sets them.
    pub dns: Option<DnsConfig>,
}

impl ExistingPolicy {
    /// Where an interface stands in the policy.
    pub fn list(&self) -> Origin {
        self.origin.child("spec").child("desiredState").child("interfaces")
    }
}
