//! What is claimed of the nodes, of wires and of the cluster's store: how those that know nothing of each other meet.
//!
//! A claim is a thing and as what somebody has it, both typed. Claims of one thing that say the same go together, others conflict.
//! Words are made by `Display`, for messages only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;

use super::filtering::Filtering;
use super::others::NadName;
use super::selector::{HOSTNAME, NodeSelector};
use super::wire::Wire;
use crate::base::place::{NetworkId, Place};

/// Something that somebody has on some nodes, and as what.
#[derive(Debug)]
pub struct Claim {
    /// Where it is written, at the key that is to be shown.
    pub place: Place,
    /// The thing.
    pub what: Claimed,
    /// As what it is claimed.
    pub holder: Holder,
    /// Where: things in Git or in the cluster's own store are on all nodes, and a node selector does not part a wire.
    pub nodes: Arc<NodeSelector>,
    /// Whose it is.
    pub by: Claimant,
}

/// Whose claim it is, in the order in which they are believed: the nodes are what they are, the Site is right about them, others'
/// manifests are there already, and networks are what is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claimant {
    /// The state of a node.
    Inventory,
    /// The Site.
    Site,
    /// A policy or an attachment that others wrote.
    Others,
    /// A network.
    Network,
}

/// The nodes of what is in the cluster's own store: all of them.
pub fn everywhere() -> Arc<NodeSelector> {
    static EVERYWHERE: LazyLock<Arc<NodeSelector>> = LazyLock::new(Arc::default);
    Arc::clone(&EVERYWHERE)
}

/// What can be claimed. Beside each what its holders are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Claimed {
    /// The name of a NodeNetworkConfigurationPolicy, unique in the cluster: [`Holder::Manifest`].
    PolicyName(String),
    /// The name of a NetworkAttachmentDefinition, unique in its namespace: [`Holder::Manifest`].
    AttachmentName(NadName),
    /// An interface that is made (a bridge, a bond, a VLAN interface): [`Holder::Definition`], one on a node.
    Interface(String),
    /// The name of a bridge that the Site speaks of, and that is made once a network is on it: [`Holder::Definition`].
    BridgeOfSite(String),
    /// The MTU of an interface, in bytes: [`Holder::Number`].
    Mtu(String),
    /// The number of virtual functions of a NIC: [`Holder::Number`].
    FunctionCount(String),
    /// The frames of a wire, as a port of a bridge or bond, or under macvlan or ipvlan: [`Holder::Controller`]. The kernel gives them to
    /// one of them. A NIC itself is its wire without a tag.
    Wire(Wire),
    /// The interface for a tag on a wire: [`Holder::Interface`]. The kernel has one.
    VlanInterface(Wire),
    /// Virtual functions of a NIC: [`Holder::Functions`].
    VirtualFunctions(String),
    /// OVN's name for a bridge: [`Holder::Interface`].
    Localnet(String),
    /// An interface that another policy takes away: [`Holder::Policy`].
    Absent(String),
    /// OVN's name for a bridge that another policy takes away: [`Holder::Policy`].
    AbsentLocalnet(String),
    /// The node's DNS servers, of which there is one list: [`Holder::Servers`].
    DnsResolver,
    /// A network of OVN, known by its name all over the cluster: [`Holder::OvnNetwork`].
    OvnNetwork(String),
    /// A subnet on a wire: [`Holder::Gateway`].
    Subnet {
        /// The wire.
        wire: Wire,
        /// The subnet.
        subnet: IpNet,
    },
    /// An address on a wire: [`Holder::Owner`].
    Address {
        /// The wire.
        wire: Wire,
        /// The address.
        address: IpAddr,
    },
}

/// As what something is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// The number of one of our policies, or the manifest of a network.
    Manifest(Manifest),
    /// What an interface is.
    Definition(Definition),
    /// A number.
    Number(u32),
    /// What has the frames.
    Controller(Controller),
    /// An interface by its name.
    Interface(String),
    /// Virtual functions go together.
    Functions,
    /// A policy of others.
    Policy(String),
    /// DNS servers, in order.
    Servers(Vec<String>),
    /// The keys of a CNI configuration that must be the same in all attachments to one network of OVN.
    OvnNetwork(BTreeMap<String, String>),
    /// The gateway of a subnet; none if it is not known.
    Gateway(Option<IpAddr>),
    /// Whose an address is.
    Owner(Owner),
}

/// Which manifest has a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Manifest {
    /// A file of others.
    OfOthers,
    /// One of our policies, by its number: every policy is planned once, and whoever comes second with its name is another.
    Policy(usize),
    /// The attachment of a network.
    Attachment(Option<NetworkId>),
}

/// What takes the frames of a wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Controller {
    /// A bridge, bond or VRF, of which the wire's interface is a port.
    Interface(String),
    /// macvlan interfaces of pods, which go together.
    Macvlan,
    /// ipvlan interfaces of pods, which go together.
    Ipvlan,
}

impl Controller {
    /// The bridge, bond or VRF; none for interfaces of pods.
    pub fn interface(&self) -> Option<&str> {
        match self {
            Self::Interface(name) => Some(name),
            Self::Macvlan | Self::Ipvlan => None,
        }
    }
}

/// What an interface is that somebody makes. Two that are equal are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Definition {
    /// A bridge.
    Bridge(BridgeDefinition),
    /// A bond of NICs.
    Bond(BTreeSet<String>),
    /// A VLAN interface.
    Vlan(Wire),
    /// Anything else, by nmstate's word for its type.
    Other(String),
}

impl Definition {
    /// The bridge, if it is one.
    pub fn bridge(&self) -> Option<&BridgeDefinition> {
        match self {
            Self::Bridge(bridge) => Some(bridge),
            Self::Bond(_) | Self::Vlan(_) | Self::Other(_) => None,
        }
    }

    /// The interfaces that it stands on, each without its tags.
    pub fn stands_on(&self) -> Vec<&str> {
        match self {
            Self::Bridge(bridge) => bridge.wires().map(|wire| wire.base.as_str()).collect(),
            Self::Bond(ports) => ports.iter().map(String::as_str).collect(),
            Self::Vlan(wire) => vec![&wire.base],
            Self::Other(_) => Vec::new(),
        }
    }
}

/// What a bridge is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BridgeDefinition {
    /// Whose it is.
    pub kind: BridgeKind,
    /// The wires of its ports in order, with what they let through.
    ports: Vec<(Wire, Filtering)>,
    /// The node's own static addresses on it.
    pub addresses: BTreeSet<IpNet>,
}

impl BridgeDefinition {
    /// A bridge of these ports, in whatever order.
    pub fn new(
        kind: BridgeKind,
        ports: impl IntoIterator<Item = (Wire, Filtering)>,
        addresses: BTreeSet<IpNet>,
    ) -> Self {
        let mut ports: Vec<(Wire, Filtering)> = ports.into_iter().collect();
        ports.sort_unstable();
        ports.dedup();
        Self { kind, ports, addresses }
    }

    /// The wires of its ports, in order.
    pub fn wires(&self) -> impl Iterator<Item = &Wire> {
        self.ports.iter().map(|(wire, _)| wire)
    }

    /// What its ports let through, in the order of their wires.
    pub fn filtering(&self) -> impl Iterator<Item = &Filtering> {
        self.ports.iter().map(|(_, filtering)| filtering)
    }
}

/// The two kinds of bridges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BridgeKind {
    /// The kernel's.
    Linux,
    /// Open vSwitch's.
    Ovs,
}

/// Whose an address is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The guest's of a network.
    Guest(NetworkId),
    /// The pods' or guests' of an attachment that others wrote.
    Attachment(NadName),
    /// A node's.
    Node(NodeOwner),
}

/// A node that has an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NodeOwner {
    /// The one that a selector selects: an address of its own belongs to one node. With the interface that has it.
    Selected(Arc<NodeSelector>, String),
    /// A node of the inventory, by its number, with its name.
    Known(usize, String),
}

impl Owner {
    /// The interface that has the address, where it is known.
    pub fn interface(&self) -> Option<&str> {
        match self {
            Self::Node(NodeOwner::Selected(_, interface)) => Some(interface),
            Self::Guest(_) | Self::Attachment(_) | Self::Node(NodeOwner::Known(..)) => None,
        }
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => write!(formatter, "`{name}`"),
            Self::Macvlan => formatter.write_str("macvlan networks"),
            Self::Ipvlan => formatter.write_str("ipvlan networks"),
        }
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bridge(bridge) => bridge.fmt(formatter),
            Self::Bond(ports) => write!(formatter, "a bond of {}", quoted(ports)),
            Self::Vlan(wire) => wire.fmt(formatter),
            Self::Other(word) => write!(formatter, "an interface of type {word}"),
        }
    }
}

impl fmt::Display for BridgeDefinition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.noun())?;
        let on = |wire: &Wire| match (wire.below(), wire.tag()) {
            (Some(below), Some(id)) => format!("{below}, VLAN {id}"),
            _ => wire.to_string(),
        };
        match self.ports.len() {
            0 => formatter.write_str(" without a port")?,
            _ => write!(formatter, " on {}", self.wires().map(on).collect::<Vec<_>>().join(", "))?,
        }
        let filtering: BTreeSet<String> = self.filtering().map(Filtering::to_string).collect();
        for words in filtering.iter().filter(|_| self.kind == BridgeKind::Linux) {
            formatter.write_str(words)?;
        }
        if !self.addresses.is_empty() {
            let addresses: Vec<String> = self.addresses.iter().map(IpNet::to_string).collect();
            write!(formatter, ", with the node's address {}", addresses.join(", "))?;
        }
        Ok(())
    }
}

impl BridgeKind {
    /// The kind with its article.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Linux => "a linux-bridge",
            Self::Ovs => "an ovs-bridge",
        }
    }
}

impl fmt::Display for NodeOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selected(nodes, interface) => match nodes.get(HOSTNAME) {
                Some(hostname) => write!(formatter, "the node `{hostname}`, on `{interface}`"),
                None => write!(formatter, "the node, on `{interface}`"),
            },
            Self::Known(_, name) => write!(formatter, "the node `{name}`"),
        }
    }
}

/// Names in quotes, with commas between them.
fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
