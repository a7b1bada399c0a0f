//! The plan: what every network of every Wukong comes to, before it is spelt as manifests.
//!
//! Networks are lowered into it, rules look at it whole, manifests are made from it. Each part knows its [`Origin`], so
//! that a finding about the plan is shown in the file that its author wrote.

mod claims;
pub mod cni;
mod existing;
pub mod inventory;
mod settings;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::api::Toleration;
use crate::api::nmstate::{NetworkState, PortVlan};
use crate::base::diagnostic::{Origin, Place};

pub use claims::{Claim, Claimant, Claimed, everywhere};
pub use existing::{ExistingAttachment, ExistingAttachments, ExistingPolicy};
pub use inventory::{Inventory, Selection};
pub use settings::{
    DEFAULT_NIC, DefaultNic, Localnet, NodeGroup, Overrides, Settings, Trunk, Uplink, UplinkDefinition,
};

/// Everything that a run is to make.
#[derive(Debug, Default)]
pub struct Plan {
    /// The virtual machines with their networks.
    pub wukongs: Vec<Wukong>,
    /// The node policies (NNCPs).
    pub policies: Vec<Policy>,
    /// The node groups, as hosts count them.
    pub groups: Vec<NodeGroup>,
    /// The network attachments (NADs).
    pub attachments: Vec<Attachment>,
    /// What the networks occupy: how those that know nothing of each other meet.
    pub claims: Vec<Claim>,
    /// The NetworkAttachmentDefinitions that were among the inputs.
    pub existing_attachments: ExistingAttachments,
    /// The node policies that were among the inputs.
    pub existing_policies: Vec<ExistingPolicy>,
    /// The nodes as they are, as far as the inputs tell.
    pub inventory: Inventory,
    /// The time of the run, in seconds since 1970; none if age does not matter.
    pub now: Option<i64>,
    /// The bridges with VLAN filtering.
    pub trunks: Vec<Trunk>,
    /// Whether attachments ask for their bridge as a node resource, so that the scheduler looks for it.
    pub attachments_ask_for_bridges: bool,
    /// Whether Multus keeps pods to attachments of their own namespace, if the Site says so.
    pub namespace_isolation: Option<bool>,
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
    /// `spec.highAvailability.tolerations`.
    pub tolerations: Vec<Toleration>,
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
    /// What it is on, in every node group where its virtual machine can run.
    pub hosts: Vec<Host>,
}

/// What carries a network, the same on all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// The pod network: nothing to make.
    Pod,
    /// A Linux bridge.
    LinuxBridge(Bridge),
    /// An OVS bridge; the VLAN is in the attachment.
    OvsBridge(Bridge),
    /// An OVS bridge that OVN-Kubernetes attaches to; the VLAN is in the attachment.
    Localnet {
        /// OVN's name for the bridge.
        localnet: String,
        /// The bridge.
        bridge: String,
        /// The VLAN tag.
        vlan: Option<u16>,
    },
    /// macvlan on a NIC.
    Macvlan,
    /// ipvlan on a NIC.
    Ipvlan,
    /// A virtual function; its resource is in the attachment.
    Sriov {
        /// The VLAN tag, which the NIC puts on.
        vlan: Option<u16>,
    },
}

/// A bridge on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Its name.
    pub name: String,
    /// The VLAN tag.
    pub vlan: Option<u16>,
    /// What puts the tag on.
    pub tagging: Tagging,
    /// The node's own address, which moves to the bridge.
    pub node_ip: Option<IpNet>,
}

/// What puts the VLAN tag on, and so what the port of a bridge is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagging {
    /// A VLAN interface on the uplink, which is the port; the uplink itself without a VLAN.
    Interface,
    /// The attachment. The port is the uplink, and lets the tags through that the bridge filters.
    Filtering(PortVlan),
    /// The attachment. The port is the uplink, and lets every tag through.
    Attachment,
}

/// What a network is on, on the nodes of one group.
#[derive(Debug)]
pub struct Host {
    /// The number of the node group in the settings.
    pub group: usize,
    /// The nodes on which the network is made; empty means all nodes.
    pub nodes: Arc<NodeSelector>,
    /// Those of them that are in the inventory.
    pub selected: Selection,
    /// The NIC, bond or VLAN interface there; none if the network needs none by name.
    pub uplink: Option<Uplink>,
    /// What must be made there; none if nothing must.
    pub need: Option<Need>,
}

/// What a network needs on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The bridge of its carrier, on its uplink.
    Bridge,
    /// The OVS bridge of its localnet, on its uplink, with OVN's name for it.
    MappedBridge,
    /// OVN's name for a bridge that is there.
    Mapping,
    /// The virtual functions of its uplink.
    VirtualFunctions,
}

impl Carrier {
    /// The bridge, of either kind, that is described by a network.
    pub fn bridge(&self) -> Option<&Bridge> {
        match self {
            Self::LinuxBridge(bridge) | Self::OvsBridge(bridge) => Some(bridge),
            _ => None,
        }
    }

    /// The name of the bridge on the nodes.
    pub fn bridge_name(&self) -> Option<&str> {
        match self {
            Self::Localnet { bridge, .. } => Some(bridge),
            _ => self.bridge().map(|bridge| bridge.name.as_str()),
        }
    }

    /// The VLAN tag that the guest's frames have on the uplink.
    pub fn vlan(&self) -> Option<u16> {
        match self {
            Self::Localnet { vlan, .. } | Self::Sriov { vlan } => *vlan,
            _ => self.bridge().and_then(|bridge| bridge.vlan),
        }
    }

    /// The bridge, if its port is the uplink itself, so that the uplink cannot keep an address of its own.
    pub fn bridge_on_nic(&self) -> Option<&Bridge> {
        self.bridge().filter(|bridge| bridge.takes_uplink())
    }
}

impl Bridge {
    /// Whether the uplink itself is the port.
    pub fn takes_uplink(&self) -> bool {
        self.vlan.is_none() || self.tagging != Tagging::Interface
    }

    /// The tag of the VLAN interface that is the port.
    pub fn port_vlan(&self) -> Option<u16> {
        self.vlan.filter(|_| !self.takes_uplink())
    }
}

impl Plan {
    /// Whether two selectors can select the same node. Where all labels are known, that is so only if there is such a node: a
    /// hostname and a rack, say, are not apart by themselves.
    pub fn can_meet(&self, a: &NodeSelector, b: &NodeSelector) -> bool {
        if !can_overlap(a, b) {
            return false;
        }
        let has_all = |one: &NodeSelector, other: &NodeSelector| other.keys().all(|label| one.contains_key(label));
        if has_all(a, b) || has_all(b, a) {
            return true;
        }
        let both: NodeSelector = a.iter().chain(b).map(|(label, value)| (label.clone(), value.clone())).collect();
        let is_hostname_known = || both.get(HOSTNAME).is_some_and(|hostname| self.inventory.has_hostname(hostname));
        let is_decided = self.inventory.has_all_labels() || is_hostname_known();
        !is_decided || !self.inventory.select(&both).nodes.is_empty()
    }

    /// The networks of all virtual machines.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.wukongs.iter().flat_map(|wukong| &wukong.networks)
    }
}

impl Network {
    /// The bridge that has the uplink itself as its port on a host, so that the uplink cannot keep an address of its own.
    pub fn bridge_on_uplink(&self, host: &Host) -> Option<&str> {
        let takes_uplink = match host.need.as_ref()? {
            Need::Bridge => self.carrier.bridge_on_nic().is_some(),
            Need::MappedBridge => true,
            Need::Mapping | Need::VirtualFunctions => false,
        };
        self.carrier.bridge_name().filter(|_| takes_uplink)
    }

    /// A key if it is written, else the network's name: what is derived from the name, or named by somebody else, is shown there.
    pub fn at(&self, key: &str) -> Place {
        let is_elsewhere = match key {
            "bridgeName" => self.carrier.bridge_name().is_some_and(|bridge| bridge == format!("br-{}", self.name)),
            "physicalInterface" => !self.uplink().is_some_and(|uplink| uplink.is_named_here),
            _ => false,
        };
        self.origin.at(if is_elsewhere { "name" } else { key })
    }

    /// The NIC that the network uses on the nodes of the first group, if it needs one by name.
    pub fn uplink(&self) -> Option<&Uplink> {
        self.hosts.iter().find_map(|host| host.uplink.as_ref())
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
    /// The first network that it is for.
    pub origin: Origin,
    /// `metadata.name`.
    pub name: String,
    /// What its header names.
    pub source: String,
    /// `spec.nodeSelector`; empty means all nodes.
    pub node_selector: Arc<NodeSelector>,
    /// The nodes of the inventory that it selects.
    pub nodes: Selection,
    /// The bridge that it is about, or OVN's name for it, or the NIC if there is none.
    pub subject: String,
    /// What the Site says of the uplink.
    pub uplink: Option<Arc<UplinkDefinition>>,
    /// Whether it is for one node, because a node's own address moves.
    pub is_per_node: bool,
    /// `spec.desiredState`.
    pub desired_state: NetworkState,
}

impl Policy {
    /// Adds a file that the policy is made from; whether it now has several. Only that there are others is said of them, so
    /// that a policy for many Wukongs does not change with each of them.
    pub fn add_source(&mut self, source: &str) -> bool {
        const OTHERS: &str = " and others";
        let has_others = self.source.ends_with(OTHERS);
        if self.source == source || has_others {
            return has_others;
        }
        self.source.push_str(OTHERS);
        true
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

/// The labels by which nodes are selected; empty means all nodes.
pub type NodeSelector = BTreeMap<String, String>;

/// The label that picks one node.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// Whether a node can be selected by both: not if one label would need two values.
pub fn can_overlap(a: &NodeSelector, b: &NodeSelector) -> bool {
    a.iter().all(|(label, value)| b.get(label).is_none_or(|other| other == value))
}
