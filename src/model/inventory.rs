//! The nodes as they are: what NodeNetworkStates and Nodes among the inputs tell.

use std::collections::HashMap;
use std::sync::Arc;

use super::selector::{HOSTNAME, NodeSelector};
use crate::api::Toleration;
use crate::api::nmstate::{BondMode, DnsConfig, InterfaceIp, InterfaceType, Route, Vlan};
use crate::base::place::{Origin, Place};

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
    everything: Arc<[usize]>,
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
    /// Its interfaces, by name.
    pub interfaces: HashMap<String, NodeInterface>,
    /// Its static routes.
    pub routes: Vec<Route>,
    /// Its default routes, static or not.
    pub default_routes: Vec<Route>,
    /// Its static DNS servers; none if they come from the network.
    pub dns: Option<DnsConfig>,
}

/// A taint of a node that keeps pods from starting there. A cordoned node has the one that Kubernetes gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; empty if it has none.
    pub value: String,
    /// `NoSchedule` or `NoExecute`.
    pub effect: String,
}

impl Taint {
    /// Whether a pod with this toleration may start in spite of the taint (Kubernetes, "Taints and Tolerations").
    pub fn is_tolerated(&self, toleration: &Toleration) -> bool {
        let is_key = toleration.key.as_deref().is_none_or(|key| key.is_empty() || key == self.key);
        let is_effect = toleration.effect.as_deref().is_none_or(|effect| effect.is_empty() || effect == self.effect);
        let is_any = toleration.operator.as_deref() == Some("Exists");
        is_key && is_effect && (is_any || toleration.value.as_deref().unwrap_or_default() == self.value)
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

    /// The addresses as text, with their prefix lengths.
    pub fn addresses(&self) -> Vec<String> {
        let ips = [&self.ipv4, &self.ipv6].into_iter().flatten().filter(|ip| ip.enabled);
        ips.flat_map(|ip| &ip.address).map(|it| format!("{}/{}", it.ip, it.prefix_length)).collect()
    }
}

impl Node {
    /// The value of the label `kubernetes.io/hostname`, which is the node's name where nothing else is known.
    pub fn hostname(&self) -> &str {
        let label = self.labels.as_ref().and_then(|labels| labels.get(HOSTNAME));
        label.unwrap_or(&self.name)
    }

    /// Where an interface stands in the node's state.
    pub fn place_of(&self, interface: &NodeInterface) -> Place {
        let list = self.origin.child("status").child("currentState").child("interfaces");
        list.child(interface.index).at("name")
    }

    /// The bridge that has this interface among its ports.
    pub fn bridge_of(&self, port: &str) -> Option<&str> {
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
        self.default_routes.iter().any(|route| route.next_hop_interface.as_deref() == Some(interface))
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
}

impl Inventory {
    /// The inventory of these nodes, in the order of their names.
    pub fn new(mut nodes: Vec<Node>) -> Self {
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let mut inventory = Self::default();
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
            for (name, interface) in &node.interfaces {
                inventory.by_interface.entry(name.clone()).or_default().push(number);
                if let Some(vlan) = &interface.vlan {
                    inventory.by_base.entry(vlan.base_iface.clone()).or_default().push((number, name.clone()));
                    let key = (vlan.base_iface.clone(), vlan.id);
                    inventory.by_vlan.entry(key).or_default().push((number, name.clone()));
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
        !self.is_empty() && !self.is_partial && self.unlabelled.is_empty()
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
        self.by_hostname.contains_key(hostname)
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
        if selector.is_empty() {
            return Selection { nodes: Arc::clone(&self.everything), is_certain: true };
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
            return Selection { nodes: nodes.into(), is_certain };
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
            return Selection { nodes: nodes.into(), is_certain: true };
        }
        if nodes.is_empty() {
            return Selection { nodes: Arc::clone(&self.unlabelled), is_certain: false };
        }
        nodes.extend(self.unlabelled.iter());
        nodes.sort_unstable();
        Selection { nodes: nodes.into(), is_certain: false }
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
