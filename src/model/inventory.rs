//! The nodes as they are: what NodeNetworkStates and Nodes among the inputs tell.

use std::collections::HashMap;
use std::sync::Arc;

use super::labels::{Labels, Slip};
pub use super::node::{InterfaceKind, Interfaces, MAIN_TABLE, Node, NodeInterface, RouteRule};
pub use super::node_object::{NodeObject, Taint};
use super::selector::{HOSTNAME, NodeSelector};

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
