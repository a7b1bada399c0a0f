//! The interfaces of a node, by all of their names.

use std::collections::HashMap;

use super::inventory::NodeInterface;

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
        let alt_names = by_name.iter().flat_map(|(name, it)| it.alt_names.iter().map(move |other| (other, name)));
        let is_free = |(other, _): &(&String, &String)| !by_name.contains_key(*other);
        let by_alt_name = alt_names.filter(is_free).map(|(other, name)| (other.clone(), name.clone())).collect();
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
