//! A node: what a NodeNetworkState tells of it, and of its interfaces.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::node_object::{Taint, is_closed, is_control_plane};
use super::selector::{HOSTNAME, NodeSelector};
use crate::api::nmstate::{BondMode, DnsConfig, InterfaceAddress, InterfaceIp, InterfaceType, Route, Vlan};
use crate::base::place::{Origin, Place};

/// The table of ordinary routes (`man ip-route`: `main`).
pub const MAIN_TABLE: u32 = 254;

/// A node.
#[derive(Debug)]
pub struct Node {
    /// Its NodeNetworkState.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// Its labels, if the inputs have the Node.
    pub labels: Option<NodeSelector>,
    /// What keeps pods off it, if the inputs have the Node.
    pub taints: Vec<Taint>,
    /// OVN's names for its bridges: localnet to bridge.
    pub bridge_mappings: HashMap<String, String>,
    /// When its state was recorded, in seconds since 1970, if that is known.
    pub recorded: Option<i64>,
    /// Its interfaces.
    pub interfaces: Interfaces,
    /// Its static routes.
    pub routes: Vec<Route>,
    /// Its default routes, static or not.
    pub default_routes: Vec<Route>,
    /// Its rules for policy routing, as they are configured.
    pub route_rules: Vec<RouteRule>,
    /// Its static DNS servers; none if they come from the network.
    pub dns: Option<DnsConfig>,
    /// The DNS servers that it asks, wherever they come from.
    pub name_servers: Vec<String>,
}

/// A rule that sends packets to a routing table of their own. Source: nmstate `rust/src/lib/route_rule.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRule {
    /// Whether it is for IPv4.
    pub is_ipv4: bool,
    /// The network that packets come from.
    pub from: Option<IpNet>,
    /// The network that packets go to.
    pub to: Option<IpNet>,
    /// The interface by which packets come in.
    pub interface: Option<String>,
    /// The number of the table; 254 is the main one.
    pub table: u32,
}

impl RouteRule {
    /// Whether it is about packets from or to this address, and not about those of every address.
    pub fn names(&self, address: IpAddr) -> bool {
        [self.from, self.to].into_iter().flatten().any(|net| net.prefix_len() > 0 && net.contains(&address))
    }
}

impl fmt::Display for RouteRule {
    /// As `ip rule` spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(net) => write!(f, "from {net}")?,
            None => write!(f, "from all")?,
        }
        if let Some(net) = self.to {
            write!(f, " to {net}")?;
        }
        if let Some(interface) = &self.interface {
            write!(f, " iif {interface}")?;
        }
        write!(f, " lookup {}", self.table)
    }
}

/// The interfaces of a node, found by any name that the kernel takes for them: their own, and their `alt-names`. nmstate takes those, too, for
/// ports, for the base of a VLAN, for `copy-mac-from` and in routes (nmstate 2.2.62, `ifaces/inter_ifaces.rs`, `InterfaceNameSearch`).
#[derive(Debug, Clone, Default)]
pub struct Interfaces {
    by_name: HashMap<String, NodeInterface>,
    /// The names of interfaces, by their other names.
    by_alt_name: HashMap<String, String>,
}

impl Interfaces {
    /// These interfaces, by their own names. A name of one's own counts before another's `alt-names`, as with the kernel.
    pub fn new(by_name: HashMap<String, NodeInterface>) -> Self {
        let others = by_name.iter().flat_map(|(name, it)| it.alt_names.iter().map(move |other| (other, name)));
        let mut others: Vec<(&String, &String)> = others.filter(|(other, _)| !by_name.contains_key(*other)).collect();
        // The kernel has each name once; of two in a state, one is always the same.
        others.sort_unstable_by(|a, b| b.cmp(a));
        let by_alt_name = others.into_iter().map(|(other, name)| (other.clone(), name.clone())).collect();
        Self { by_name, by_alt_name }
    }

    /// The interface of a name.
    pub fn get(&self, name: &str) -> Option<&NodeInterface> {
        self.by_name.get(self.name_of(name))
    }

    /// Whether there is an interface of a name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.by_name.contains_key(self.name_of(name))
    }

    /// What an interface is called in the state; the name itself, if it is not another name of one.
    pub fn name_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.by_alt_name.get(name).map_or(name, String::as_str)
    }

    /// The names, without the other ones.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.by_name.keys()
    }

    /// The interfaces, by their own names.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &NodeInterface)> {
        self.by_name.iter()
    }

    /// The other names, each with the interface's own.
    pub fn alt_names(&self) -> impl Iterator<Item = (&String, &String)> {
        self.by_alt_name.iter()
    }
}

/// What an interface is, as nmstate says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum InterfaceKind {
    /// The type is left out, or unknown.
    #[default]
    Unstated,
    /// One of the types that are made here as well.
    Known(InterfaceType),
    /// Another, by nmstate's word.
    Other(String),
}

impl InterfaceKind {
    /// The kind of a word.
    pub fn of_word(word: &str) -> Self {
        match (word, InterfaceType::named(word)) {
            ("" | "unknown", _) => Self::Unstated,
            (_, Some(known)) => Self::Known(known),
            (other, None) => Self::Other(other.to_owned()),
        }
    }

    /// Whether it is of this type.
    pub fn is(&self, known: InterfaceType) -> bool {
        *self == Self::Known(known)
    }

    /// Whether the interface is there without a policy that makes it, as far as is known.
    pub fn is_hardware(&self) -> bool {
        matches!(self, Self::Unstated | Self::Known(InterfaceType::Ethernet))
    }

    /// The type, if it is one that is made here as well.
    pub fn known(&self) -> Option<InterfaceType> {
        match self {
            Self::Known(known) => Some(*known),
            Self::Unstated | Self::Other(_) => None,
        }
    }

    /// nmstate's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unstated => "unknown",
            Self::Known(known) => known.as_str(),
            Self::Other(word) => word,
        }
    }
}

/// An interface, as a state of a node or a policy of others has it.
#[derive(Debug, Clone, Default)]
pub struct NodeInterface {
    /// Its place in the list.
    pub index: usize,
    /// What it is.
    pub kind: InterfaceKind,
    /// Its other names (`ip link property add altname`).
    pub alt_names: Vec<String>,
    /// Its MTU, in bytes.
    pub mtu: Option<u32>,
    /// Its MAC address.
    pub mac_address: Option<String>,
    /// The largest MTU that its driver takes, in bytes.
    pub max_mtu: Option<u32>,
    /// The mode of a bond.
    pub bond_mode: Option<BondMode>,
    /// The bridge or bond that it is a port of.
    pub controller: Option<String>,
    /// Its IPv4 addresses.
    pub ipv4: Option<InterfaceIp>,
    /// Its IPv6 addresses, without link-local ones.
    pub ipv6: Option<InterfaceIp>,
    /// Those of its addresses that run out: nmstate prints a life time for them (`nispor/ip.rs`).
    pub expiring: Vec<InterfaceAddress>,
    /// Its tag and base.
    pub vlan: Option<Vlan>,
    /// Its ports.
    pub ports: Vec<String>,
    /// How many virtual functions it can have.
    pub max_vfs: Option<u32>,
    /// How many virtual functions it has, or is to have.
    pub total_vfs: Option<u32>,
}

impl NodeInterface {
    /// Whether the node has an address here.
    pub fn is_addressed(&self) -> bool {
        [&self.ipv4, &self.ipv6].into_iter().flatten().any(|ip| ip.enabled && !ip.address.is_empty())
    }

    /// The addresses of a family that the network has given, if it gives any. An address that does not run out beside one that does is
    /// static. Exports of older releases, and leases without an end, have no life times: then all of them may be given.
    pub fn given<'a>(&'a self, ip: &'a InterfaceIp) -> impl Iterator<Item = &'a InterfaceAddress> {
        let tells = ip.address.iter().any(|address| self.expiring.contains(address));
        let is_given = move |address: &&InterfaceAddress| !tells || self.expiring.contains(address);
        ip.address.iter().filter(move |address| ip.is_automatic() && is_given(address))
    }

    /// The addresses of a family that stay as they are configured.
    pub fn configured<'a>(&'a self, ip: &'a InterfaceIp) -> impl Iterator<Item = &'a InterfaceAddress> {
        ip.address.iter().filter(move |address| !self.given(ip).any(|given| given == *address))
    }

    /// The addresses as text, with their prefix lengths.
    pub fn addresses(&self) -> Vec<String> {
        self.addresses_besides(&[])
    }

    /// The addresses as text, with their prefix lengths, but for these.
    pub fn addresses_besides(&self, others: &[&InterfaceAddress]) -> Vec<String> {
        let ips = [&self.ipv4, &self.ipv6].into_iter().flatten().filter(|ip| ip.enabled);
        let addresses = ips.flat_map(|ip| &ip.address).filter(|it| !others.contains(it));
        addresses.map(InterfaceAddress::to_string).collect()
    }
}

impl Node {
    /// The value of the label `kubernetes.io/hostname`, which is the node's name where nothing else is known.
    pub fn hostname(&self) -> &str {
        let label = self.labels.as_ref().and_then(|labels| labels.get(HOSTNAME));
        label.unwrap_or(&self.name)
    }

    /// Whether it is surely a control-plane node.
    pub fn is_control_plane(&self) -> bool {
        self.labels.as_ref().is_some_and(is_control_plane)
    }

    /// Whether it is surely a control-plane node, with the taint by which pods are kept off it.
    pub fn is_closed_control_plane(&self) -> bool {
        self.is_control_plane() && is_closed(&self.taints)
    }

    /// Where an interface stands in the node's state.
    pub fn place_of(&self, interface: &NodeInterface) -> Place {
        let list = self.origin.child("status").child("currentState").child("interfaces");
        list.child(interface.index).at("name")
    }

    /// The bridge that has this interface among its ports.
    pub fn bridge_of(&self, port: &str) -> Option<&str> {
        let port = self.interfaces.name_of(port);
        let mut bridges: Vec<&str> = self
            .interfaces
            .iter()
            .filter(|(_, it)| it.ports.iter().any(|name| name == port))
            .map(|(name, _)| name.as_str())
            .collect();
        bridges.sort_unstable();
        bridges.first().copied()
    }

    /// The bridge, bond or VRF that an interface is a port of.
    pub fn controller_of(&self, port: &str) -> Option<&str> {
        match self.interfaces.get(port)?.controller.as_deref()? {
            // The kernel's name for all that OVS has: its bridges know their ports.
            "ovs-system" => self.bridge_of(port),
            controller => Some(controller),
        }
    }

    /// Whether a default route goes through this interface.
    pub fn has_default_route(&self, interface: &str) -> bool {
        let interface = self.interfaces.name_of(interface);
        self.default_routes.iter().any(|route| route.next_hop_interface.as_deref() == Some(interface))
    }

    /// Whether the node is reached through this interface, or through something that stands on it: a VLAN interface, a bond or a bridge.
    pub fn is_reached_through(&self, interface: &str) -> bool {
        let mut below: HashSet<&str> = HashSet::from([interface]);
        if self.depends_on(interface) {
            return true;
        }
        loop {
            let stands = |(name, it): &(&String, &NodeInterface)| {
                let on_base = it.vlan.as_ref().is_some_and(|vlan| below.contains(vlan.base_iface.as_str()));
                !below.contains(name.as_str()) && (on_base || it.ports.iter().any(|port| below.contains(port.as_str())))
            };
            let above: Vec<&str> = self.interfaces.iter().filter(stands).map(|(name, _)| name.as_str()).collect();
            if above.is_empty() || above.iter().any(|name| self.depends_on(name)) {
                return !above.is_empty();
            }
            below.extend(above);
        }
    }

    /// Whether the node is reached, or reaches the world, through this interface.
    pub fn depends_on(&self, interface: &str) -> bool {
        self.interfaces.get(interface).is_some_and(NodeInterface::is_addressed) || self.has_default_route(interface)
    }
}
