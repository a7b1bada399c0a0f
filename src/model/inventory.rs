//! The nodes as they are: what NodeNetworkStates and Nodes among the inputs tell.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::labels::{Labels, Slip};
pub use super::node_object::{NodeObject, Taint};
use super::node_object::{is_closed, is_control_plane};
use super::selector::{HOSTNAME, NodeSelector};
use crate::api::nmstate::{BondMode, DnsConfig, InterfaceAddress, InterfaceIp, InterfaceType, Route, Vlan};
use crate::base::place::{Origin, Place};

/// The table of ordinary routes (`man ip-route`: `main`).
pub const MAIN_TABLE: u32 = 254;

/// The nodes as they are.
#[derive(Debug, Default)]
pub struct Inventory {
    nodes: Vec<Node>,
    by_label: HashMap<(String, String), Vec<usize>>,
    by_hostname: HashMap<String, Vec<usize>>,
    by_interface: HashMap<String, Vec<usize>>,
    by_vlan: HashMap<(String, u16), Vec<(usize, String)>>,
    by_base: HashMap<String, Vec<(usize, String)>>,
    /// The nodes whose labels are not known, in order.
    unlabelled: Arc<[usize]>,
    /// The Nodes of which there is no state.
    stateless: Vec<NodeObject>,
    stateless_by_hostname: HashMap<String, Vec<usize>>,
    everything: Arc<[usize]>,
    labels: Labels,
    /// Whether there were nodes that could not be read, of which nothing is to be guessed.
    pub is_partial: bool,
}

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

/// The nodes that a selector selects, as far as is known.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Their numbers, in order.
    pub nodes: Arc<[usize]>,
    /// Whether they are surely the ones: false if the labels of some of them are not known.
    pub is_certain: bool,
    /// How many Nodes without a state are selected besides.
    pub stateless: usize,
}

impl Selection {
    /// Whether surely no node is selected.
    pub fn is_surely_empty(&self) -> bool {
        self.is_certain && self.nodes.is_empty() && self.stateless == 0
    }
}

impl Inventory {
    /// The inventory of these nodes, in the order of their names, and of Nodes without a state.
    pub fn new(mut nodes: Vec<Node>, stateless: Vec<NodeObject>) -> Self {
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let mut inventory = Self::default();
        for (number, node) in stateless.iter().enumerate() {
            inventory.stateless_by_hostname.entry(node.hostname().to_owned()).or_default().push(number);
        }
        let known = nodes.iter().filter_map(|node| node.labels.as_ref());
        known.chain(stateless.iter().map(|node| &node.labels)).for_each(|labels| inventory.labels.add(labels));
        inventory.stateless = stateless;
        let mut unlabelled = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            inventory.by_hostname.entry(node.hostname().to_owned()).or_default().push(number);
            match &node.labels {
                Some(labels) => {
                    for (key, value) in labels {
                        inventory.by_label.entry((key.clone(), value.clone())).or_default().push(number);
                    }
                }
                None => unlabelled.push(number),
            }
            for (other, _) in node.interfaces.alt_names() {
                inventory.by_interface.entry(other.clone()).or_default().push(number);
            }
            for (name, interface) in node.interfaces.iter() {
                inventory.by_interface.entry(name.clone()).or_default().push(number);
                let Some(vlan) = &interface.vlan else { continue };
                let others = node.interfaces.alt_names().filter(|(_, name)| **name == vlan.base_iface);
                let others = others.map(|(other, _)| other);
                for base in std::iter::once(&vlan.base_iface).chain(others) {
                    inventory.by_base.entry(base.clone()).or_default().push((number, name.clone()));
                    inventory.by_vlan.entry((base.clone(), vlan.id)).or_default().push((number, name.clone()));
                }
            }
        }
        // The order of a hash map must not decide which of several is shown.
        inventory.by_base.values_mut().chain(inventory.by_vlan.values_mut()).for_each(|list| list.sort());
        inventory.unlabelled = unlabelled.into();
        inventory.everything = (0..nodes.len()).collect();
        inventory.nodes = nodes;
        inventory
    }

    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether every node is here with its labels, as far as the inputs tell, so that no other node is to be guessed at.
    pub fn has_all_labels(&self) -> bool {
        !self.is_empty() && self.knows_labels()
    }

    /// Whether the labels of every node are known, as far as the inputs tell, whether or not there is a state of each.
    pub fn knows_labels(&self) -> bool {
        !self.is_partial && self.unlabelled.is_empty() && self.all_labels().next().is_some()
    }

    /// Why a selector selects no node, if it selects none of those whose labels are known. A node whose labels are not known may have what is
    /// asked for, unless that is a misspelling of what the others have.
    pub fn slip<'a>(&self, selector: &'a NodeSelector) -> Option<Slip<'a>> {
        if self.is_partial || self.all_labels().next().is_none() {
            return None;
        }
        let selection = self.select(selector);
        let is_labelled = |number: &usize| self.nodes[*number].labels.is_some();
        if selection.stateless > 0 || selection.nodes.iter().any(is_labelled) {
            return None;
        }
        let slip = self.labels.slip(selector);
        // A node is known by its name, too.
        let is_named = selector.contains_key(HOSTNAME) && !selection.nodes.is_empty();
        (self.unlabelled.is_empty() || !is_named && self.labels.is_misspelt(slip)).then_some(slip)
    }

    /// Whether a selector selects no node, as far as [`Inventory::slip`] can tell.
    pub fn selects_none(&self, selector: &NodeSelector) -> bool {
        self.slip(selector).is_some()
    }

    /// What labels there are.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The labels of every node whose labels are known, those without a state included.
    pub fn all_labels(&self) -> impl Iterator<Item = &NodeSelector> {
        let known = self.nodes.iter().filter_map(|node| node.labels.as_ref());
        known.chain(self.stateless.iter().map(|node| &node.labels))
    }

    /// The Nodes of which there is no state.
    pub fn stateless(&self) -> &[NodeObject] {
        &self.stateless
    }

    /// Whether a node is surely one of a selection: its labels are known, if it takes labels to tell.
    pub fn is_surely_in(&self, selection: &Selection, number: usize) -> bool {
        selection.is_certain || self.nodes[number].labels.is_some()
    }

    /// Every node, in the order of the names.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of a number.
    pub fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// Whether a node has this value of the label `kubernetes.io/hostname`.
    pub fn has_hostname(&self, hostname: &str) -> bool {
        self.by_hostname.contains_key(hostname) || self.stateless_by_hostname.contains_key(hostname)
    }

    /// The nodes that have an interface of this name, in order.
    pub fn with_interface(&self, name: &str) -> &[usize] {
        self.by_interface.get(name).map_or(&[], Vec::as_slice)
    }

    /// The nodes that have an interface for this tag of this base, with its name, in order.
    pub fn with_vlan(&self, base: &str, id: u16) -> &[(usize, String)] {
        self.by_vlan.get(&(base.to_owned(), id)).map_or(&[], Vec::as_slice)
    }

    /// The VLAN interfaces on a base, each with its node, in the order of the nodes and their names.
    pub fn vlans_on(&self, base: &str) -> &[(usize, String)] {
        self.by_base.get(base).map_or(&[], Vec::as_slice)
    }

    /// The nodes that a selector selects. Costs what it gives, and not what the inventory holds: fleets have many selectors.
    pub fn select(&self, selector: &NodeSelector) -> Selection {
        let is_meant = |(key, value): (&String, &String), node: &NodeObject| match key.as_str() {
            HOSTNAME => node.hostname() == value,
            _ => node.labels.get(key) == Some(value),
        };
        let has_all = |node: &&NodeObject| selector.iter().all(|label| is_meant(label, node));
        let stateless = match selector.get(HOSTNAME) {
            Some(hostname) => {
                let named = self.stateless_by_hostname.get(hostname).into_iter().flatten();
                named.map(|number| &self.stateless[*number]).filter(has_all).count()
            }
            None => self.stateless.iter().filter(has_all).count(),
        };
        Selection { stateless, ..self.select_with_state(selector) }
    }

    fn select_with_state(&self, selector: &NodeSelector) -> Selection {
        if selector.is_empty() {
            return Selection { nodes: Arc::clone(&self.everything), is_certain: true, stateless: 0 };
        }
        if let Some(hostname) = selector.get(HOSTNAME) {
            let named = self.by_hostname.get(hostname).map_or(&[][..], Vec::as_slice);
            let is_other = |labels: &NodeSelector| selector.iter().any(|(key, value)| labels.get(key) != Some(value));
            let nodes: Vec<usize> = named
                .iter()
                .copied()
                .filter(|number| !self.nodes[*number].labels.as_ref().is_some_and(is_other))
                .collect();
            let is_certain = selector.len() == 1 || nodes.iter().all(|number| self.nodes[*number].labels.is_some());
            return Selection { nodes: nodes.into(), is_certain, stateless: 0 };
        }
        let labelled = |(key, value): (&String, &String)| {
            self.by_label.get(&(key.clone(), value.clone())).map_or(&[][..], Vec::as_slice)
        };
        let fewest = selector.iter().map(labelled).min_by_key(|nodes| nodes.len()).unwrap_or_default();
        let has_all = |number: &usize| {
            let labels = self.nodes[*number].labels.as_ref();
            labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
        };
        let mut nodes: Vec<usize> = fewest.iter().copied().filter(has_all).collect();
        if self.unlabelled.is_empty() {
            return Selection { nodes: nodes.into(), is_certain: true, stateless: 0 };
        }
        if nodes.is_empty() {
            return Selection { nodes: Arc::clone(&self.unlabelled), is_certain: false, stateless: 0 };
        }
        nodes.extend(self.unlabelled.iter());
        nodes.sort_unstable();
        Selection { nodes: nodes.into(), is_certain: false, stateless: 0 }
    }
}

/// The nodes by selector, each selector looked up once: thousands of networks have the same.
#[derive(Debug)]
pub struct Selections<'a> {
    inventory: &'a Inventory,
    known: HashMap<Arc<NodeSelector>, Selection>,
}

impl<'a> Selections<'a> {
    /// Of an inventory.
    pub fn new(inventory: &'a Inventory) -> Self {
        Self { inventory, known: HashMap::new() }
    }

    /// The nodes that a selector selects. Those of equal selectors share one list.
    pub fn of(&mut self, selector: &Arc<NodeSelector>) -> Selection {
        if self.inventory.is_empty() {
            return Selection::default();
        }
        if let Some(known) = self.known.get(selector) {
            return known.clone();
        }
        let selection = self.inventory.select(selector);
        self.known.insert(Arc::clone(selector), selection.clone());
        selection
    }
}
