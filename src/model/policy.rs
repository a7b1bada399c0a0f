//! What is written in the end: node policies and network attachments.

use std::fmt;
use std::sync::Arc;

use super::cni;
use super::inventory::Selection;
use super::network::Identity;
use super::selector::NodeSelector;
use super::settings::UplinkDefinition;
use crate::api::nmstate::NetworkState;
use crate::base::place::Origin;

/// A NodeNetworkConfigurationPolicy.
#[derive(Debug)]
pub struct Policy {
    /// The first network that it is for.
    pub origin: Origin,
    /// `metadata.name`.
    pub name: String,
    /// What its header names.
    pub source: SourceFiles,
    /// `spec.nodeSelector`; empty means all nodes.
    pub node_selector: Arc<NodeSelector>,
    /// The nodes of the inventory that it selects.
    pub nodes: Selection,
    /// The number of its node group in the settings.
    pub group: usize,
    /// What it is about.
    pub subject: Subject,
    /// What the Site says of the uplink.
    pub uplink: Option<Arc<UplinkDefinition>>,
    /// Whether it is for one node, because a node's own address moves.
    pub is_per_node: bool,
    /// `spec.desiredState`.
    pub desired_state: NetworkState,
}

/// What a policy is about, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// OVN's name for a bridge.
    Localnet(String),
    /// A bridge.
    Bridge(String),
    /// A NIC whose virtual functions are wanted.
    Nic(String),
}

impl Subject {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Localnet(name) | Self::Bridge(name) | Self::Nic(name) => name,
        }
    }

    /// The interface of the nodes, if it is one.
    pub fn interface(&self) -> Option<&str> {
        match self {
            Self::Bridge(name) | Self::Nic(name) => Some(name),
            Self::Localnet(_) => None,
        }
    }
}

/// The files that a policy is made from. Only that there are others than the first is kept, so that a policy for many Wukongs does not
/// change with each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFiles {
    first: String,
    has_others: bool,
}

impl SourceFiles {
    /// One file.
    pub fn of(first: &str) -> Self {
        Self { first: first.to_owned(), has_others: false }
    }

    /// Adds a file; whether there are several now.
    pub fn add(&mut self, file: &str) -> bool {
        self.has_others |= self.first != file;
        self.has_others
    }
}

impl fmt::Display for SourceFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.first)?;
        formatter.write_str(if self.has_others { " and others" } else { "" })
    }
}

/// A policy that is no longer wanted, and takes away what it made.
#[derive(Debug)]
pub struct Tombstone {
    /// `metadata.name`.
    pub name: String,
    /// `spec.nodeSelector`.
    pub node_selector: NodeSelector,
    /// `spec.desiredState`.
    pub desired_state: NetworkState,
}

/// A NetworkAttachmentDefinition.
#[derive(Debug)]
pub struct Attachment {
    /// The virtual machine.
    pub wukong: Arc<Identity>,
    /// The network.
    pub origin: Origin,
    /// `metadata.name`.
    pub name: String,
    /// The node resource that a pod with this attachment asks for.
    pub resource_name: Option<String>,
    /// `spec.config`.
    pub config: cni::NetConf,
}
