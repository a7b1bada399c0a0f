//! The plan: what every network of every Wukong comes to, before it is spelt as manifests.
//!
//! Networks are lowered into it, rules look at it whole, manifests are made from it. Each part knows its [`Origin`], so
//! that a finding about the plan is shown in the file that its author wrote.

pub mod cni;
pub mod nmstate;
mod settings;

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::diagnostic::{Origin, Place};

pub use settings::{DEFAULT_NIC, DefaultNic, Settings};

/// Everything that a run is to make.
#[derive(Debug, Default)]
pub struct Plan {
    /// The virtual machines with their networks.
    pub wukongs: Vec<Wukong>,
    /// The node policies (NNCPs).
    pub policies: Vec<Policy>,
    /// The network attachments (NADs).
    pub attachments: Vec<Attachment>,
    /// What the networks occupy: how those that know nothing of each other meet.
    pub claims: Vec<Claim>,
    /// The NetworkAttachmentDefinitions that were among the inputs, as (namespace, name).
    pub existing_attachments: HashSet<(Option<String>, String)>,
    /// Whether something was dropped because of an error, so that a rule about what is absent would guess.
    pub is_partial: bool,
}

/// A virtual machine.
#[derive(Debug)]
pub struct Wukong {
    /// Its name, namespace and nodes.
    pub identity: Arc<Identity>,
    /// Its networks.
    pub networks: Vec<Network>,
}

/// What the manifests of one virtual machine have in common.
#[derive(Debug)]
pub struct Identity {
    /// The object.
    pub origin: Origin,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `spec.highAvailability.nodeSelector`.
    pub node_selector: NodeSelector,
    /// The label of the file that it stands in, for headers.
    pub source: String,
}

/// One network of a virtual machine, with every default filled in.
#[derive(Debug)]
pub struct Network {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// What carries it.
    pub carrier: Carrier,
    /// The addresses of the guest, when they are static.
    pub ip: Option<StaticIp>,
    /// The existing NetworkAttachmentDefinition to use, as (namespace, name).
    pub nad_name: Option<(Option<String>, String)>,
}

/// What carries a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// The pod network: nothing to make.
    Pod,
    /// A Linux bridge, on a VLAN interface of the uplink if there is a VLAN.
    LinuxBridge(Bridge),
    /// An OVS bridge; the VLAN is in the attachment.
    OvsBridge(Bridge),
    /// macvlan on a NIC.
    Macvlan {
        /// The NIC.
        master: Uplink,
    },
    /// ipvlan on a NIC.
    Ipvlan {
        /// The NIC.
        master: Uplink,
    },
    /// A virtual function; its resource and tag are in the attachment.
    Sriov,
}

/// A bridge on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Its name.
    pub name: String,
    /// The NIC that connects it to the wire.
    pub uplink: Uplink,
    /// The VLAN tag.
    pub vlan: Option<u16>,
    /// The node's own address, which moves to the bridge.
    pub node_ip: Option<IpNet>,
}

/// A NIC of the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// Its name.
    pub name: String,
    /// Whether nobody named it, so that [`DEFAULT_NIC`] was taken.
    pub is_assumed: bool,
    /// Whether the network itself names it.
    pub is_named_here: bool,
}

impl Carrier {
    /// The bridge, of either kind.
    pub fn bridge(&self) -> Option<&Bridge> {
        match self {
            Self::LinuxBridge(bridge) | Self::OvsBridge(bridge) => Some(bridge),
            _ => None,
        }
    }

    /// The bridge, if its port is the NIC itself, so that the NIC cannot keep an address of its own.
    pub fn bridge_on_nic(&self) -> Option<&Bridge> {
        self.bridge().filter(|bridge| bridge.vlan.is_none() || matches!(self, Self::OvsBridge(_)))
    }
}

impl Plan {
    /// The networks of all virtual machines.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.wukongs.iter().flat_map(|wukong| &wukong.networks)
    }
}

impl Network {
    /// The NIC that the network uses on the nodes, if it needs one by name.
    pub fn uplink(&self) -> Option<&Uplink> {
        match &self.carrier {
            Carrier::LinuxBridge(bridge) | Carrier::OvsBridge(bridge) => Some(&bridge.uplink),
            Carrier::Macvlan { master } | Carrier::Ipvlan { master } => Some(master),
            Carrier::Pod | Carrier::Sriov => None,
        }
    }
}

/// A guest's static addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticIp {
    /// The address with the length of its prefix.
    pub address: IpNet,
    /// The gateway.
    pub gateway: Option<IpAddr>,
    /// The DNS servers.
    pub dns_servers: Vec<IpAddr>,
}

/// A NodeNetworkConfigurationPolicy.
#[derive(Debug)]
pub struct Policy {
    /// The virtual machine.
    pub wukong: Arc<Identity>,
    /// The network.
    pub origin: Origin,
    /// `metadata.name`.
    pub name: String,
    /// `spec.nodeSelector`; empty means all nodes.
    pub node_selector: Arc<NodeSelector>,
    /// `spec.desiredState`.
    pub desired_state: nmstate::NetworkState,
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

/// The labels by which nodes are selected; empty means all nodes.
pub type NodeSelector = BTreeMap<String, String>;

/// Something that a network occupies on some nodes, and as what. Two networks meet here, whatever their types: claims of the
/// same thing with the same holder go together, with different holders they conflict.
#[derive(Debug)]
pub struct Claim {
    /// The network, at the key that is to be shown.
    pub place: Place,
    /// What it occupies.
    pub what: Claimed,
    /// As what it occupies it, in words.
    pub holder: String,
    /// Where: things in Git or in the cluster's own store are on all nodes.
    pub nodes: Arc<NodeSelector>,
}

/// What a network can occupy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Claimed {
    /// The name of a NodeNetworkConfigurationPolicy, unique in the cluster.
    PolicyName(String),
    /// The name of a NetworkAttachmentDefinition, unique in its namespace.
    AttachmentName {
        /// The namespace.
        namespace: Option<String>,
        /// The name.
        name: String,
    },
    /// A bridge, which has one definition on a node.
    Bridge(String),
    /// A NIC whole, as a port.
    Port(String),
    /// A VLAN tag on a NIC.
    VlanTag {
        /// The NIC.
        base: String,
        /// The tag.
        id: u16,
    },
    /// An address on a layer 2.
    Address {
        /// The NIC that leads to it.
        uplink: String,
        /// The tag, if it is tagged there.
        vlan: Option<u16>,
        /// The address.
        address: IpAddr,
    },
}

/// Whether a node can be selected by both: not if one label would need two values.
pub fn can_overlap(a: &NodeSelector, b: &NodeSelector) -> bool {
    a.iter().all(|(label, value)| b.get(label).is_none_or(|other| other == value))
}
