//! Virtual machines and their networks, with every default filled in.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::carrier::{Carrier, Need};
use super::inventory::Selection;
use super::others::NadName;
use super::selector::NodeSelector;
use super::settings::Uplink;
use super::wire::Wire;
use crate::api::Toleration;
use crate::base::names::vlan_interface;
use crate::base::place::{Origin, Place};

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
    /// The existing NetworkAttachmentDefinition to use.
    pub nad_name: Option<NadName>,
    /// Whether the network names its bridge itself.
    pub is_bridge_named: bool,
    /// Whether the network names its NIC itself.
    pub is_nic_named: bool,
    /// What it is on, in every node group where its virtual machine can run.
    pub hosts: Vec<Host>,
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
    /// The tag of the VLAN interface that is made on the uplink; none if the uplink itself is the port.
    pub vlan: Option<u16>,
    /// The wire that the uplink leads to.
    pub base: Option<Wire>,
    /// What must be made there; none if nothing must.
    pub need: Option<Need>,
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

/// The keys of a network at which findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// `name`.
    Name,
    /// `type`.
    Type,
    /// `bridgeName`; the name, where the bridge's is made of it.
    BridgeName,
    /// `physicalInterface`; the name, where the Site or the default names the NIC.
    PhysicalInterface,
    /// `vlanId`.
    VlanId,
    /// `nodeIP`.
    NodeIp,
    /// `nadName`.
    NadName,
    /// `ipConfig`.
    IpConfig,
}

impl Key {
    const ALL: [Self; 8] = [
        Self::Name,
        Self::Type,
        Self::BridgeName,
        Self::PhysicalInterface,
        Self::VlanId,
        Self::NodeIp,
        Self::NadName,
        Self::IpConfig,
    ];

    /// The key as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::BridgeName => "bridgeName",
            Self::PhysicalInterface => "physicalInterface",
            Self::VlanId => "vlanId",
            Self::NodeIp => "nodeIP",
            Self::NadName => "nadName",
            Self::IpConfig => "ipConfig",
        }
    }
}

impl Network {
    /// The place of a key, or of what it is derived from.
    pub fn at(&self, key: Key) -> Place {
        let written = match key {
            Key::BridgeName if !self.is_bridge_named => Key::Name,
            // macvlan and ipvlan take the NIC from there, too.
            Key::PhysicalInterface if self.is_nic_named => key,
            Key::PhysicalInterface if self.is_bridge_named && self.carrier.bridge_name().is_none() => Key::BridgeName,
            Key::PhysicalInterface => Key::Name,
            key => key,
        };
        self.origin.at(written.as_str())
    }

    /// The key of the network that a place in it is at, or within; none if it is another, or the network itself.
    pub fn key_at(&self, place: &Place) -> Option<Key> {
        let segment = self.origin.path_to(place)?.split('/').nth(1)?;
        Key::ALL.into_iter().find(|key| key.as_str() == segment)
    }

    /// The bridge that has the uplink itself as its port on a host, so that the uplink cannot keep an address of its own.
    pub fn bridge_on_uplink(&self, host: &Host) -> Option<&str> {
        let takes_uplink = host.need.as_ref()?.makes_bridge() && host.vlan.is_none();
        self.carrier.bridge_name().filter(|_| takes_uplink)
    }

    /// The key that says which interface of a host becomes the port: the tag, where the Site has an interface for it.
    pub fn port_key(&self, host: &Host) -> Key {
        let is_of_site = host.vlan.is_none() && self.carrier.vlan().is_some() && self.carrier.tag_above().is_none();
        if is_of_site { Key::VlanId } else { Key::PhysicalInterface }
    }

    /// The wire on which the guest's frames are, on a host. A tag of an existing attachment is not known here.
    pub fn wire(&self, host: &Host) -> Option<Wire> {
        host.port_wire().map(|wire| wire.maybe_tagged(self.carrier.tag_above()))
    }

    /// The NIC that the network uses on the nodes of the first group, if it needs one by name.
    pub fn uplink(&self) -> Option<&Uplink> {
        self.hosts.iter().find_map(|host| host.uplink.as_ref())
    }
}

impl Host {
    /// The wire of what becomes a port there, or of what the network stands on.
    pub fn port_wire(&self) -> Option<Wire> {
        self.base.clone().map(|base| base.maybe_tagged(self.vlan))
    }

    /// The interface that becomes a port there, or on which the network stands: the VLAN interface for its tag, or the uplink.
    pub fn port(&self) -> Option<Cow<'_, str>> {
        let uplink = self.uplink.as_ref()?.name.as_str();
        Some(self.vlan.map_or(Cow::Borrowed(uplink), |id| Cow::Owned(vlan_interface(uplink, id))))
    }
}
