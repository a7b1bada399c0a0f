//! What networks occupy: how those that know nothing of each other meet.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;

use super::NodeSelector;
use crate::base::diagnostic::Place;

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
    /// Whose it is.
    pub by: Claimant,
}

/// Whose claim it is. What the Site says holds before what others wrote, and both before what networks ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claimant {
    /// The Site's.
    Site,
    /// That of a policy or an attachment that others wrote.
    Others,
    /// A network's.
    Network,
}

/// The nodes of what is in the cluster's own store: all of them.
pub fn everywhere() -> Arc<NodeSelector> {
    static EVERYWHERE: LazyLock<Arc<NodeSelector>> = LazyLock::new(Arc::default);
    Arc::clone(&EVERYWHERE)
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
    /// An interface that is made (a bridge, a bond, a VLAN interface), which has one definition on a node.
    Interface(String),
    /// A NIC whole, as a port of a bridge or a bond, or under macvlan or ipvlan: the kernel gives it to one of them.
    Port(String),
    /// Virtual functions of a NIC.
    VirtualFunctions(String),
    /// OVN's name for a bridge, held by the bridge.
    Localnet(String),
    /// An interface that another policy takes away.
    Absent(String),
    /// The node's DNS servers: there is one list of them.
    DnsResolver,
    /// A network of OVN, known by its name in the whole cluster.
    OvnNetwork(String),
    /// A subnet on a layer 2, held by its gateway.
    Subnet {
        /// The NIC that leads to it.
        uplink: String,
        /// The tag, if it is tagged there.
        vlan: Option<u16>,
        /// The subnet.
        subnet: IpNet,
    },
    /// A VLAN tag on a NIC.
    VlanTag {
        /// The NIC.
        base: String,
        /// The tag.
        id: u16,
    },
    /// The interface for a VLAN tag on a NIC, held by its name: the kernel has one.
    VlanInterface {
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
