//! Wires: the layer 2 networks that interfaces of the nodes lead to, whatever the interfaces are called.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use crate::base::names::{vlan_interface, vlan_of_name};

/// A layer 2: a NIC or bond, and the tags that frames have there. `eno1` with `vlanId: 5`, the name `eno1.5`, and `storage`, where
/// that is VLAN 5 of `eno1`, are one wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wire {
    /// The NIC or bond.
    pub base: String,
    /// The tags, the outer one first; 0 where there is none: 0 is not a VLAN (IEEE 802.1Q, 9.6).
    tags: [u16; 2],
}

impl Wire {
    /// The frames without a tag of a NIC or bond.
    pub fn untagged(base: &str) -> Self {
        Self { base: base.to_owned(), tags: [0; 2] }
    }

    /// The frames that have this tag on the wire.
    #[must_use]
    pub fn tagged(self, id: u16) -> Self {
        match self.tags {
            [0, _] => Self { tags: [id, 0], ..self },
            [outer, 0] => Self { tags: [outer, id], ..self },
            // The field does not use three tags: the two outer ones become a name.
            [outer, inner] => Self { base: format!("{}.{outer}.{inner}", self.base), tags: [id, 0] },
        }
    }

    /// The wire with this tag, or the wire itself.
    #[must_use]
    pub fn maybe_tagged(self, id: Option<u16>) -> Self {
        match id {
            Some(id) => self.tagged(id),
            None => self,
        }
    }

    /// The tag that is put on last, the inner one.
    pub fn tag(&self) -> Option<u16> {
        self.tags.into_iter().rev().find(|tag| *tag != 0)
    }

    /// The name of the interface for it, by the kernel's own convention.
    pub fn interface(&self) -> Cow<'_, str> {
        match self.tags {
            [0, _] => Cow::Borrowed(&self.base),
            [id, 0] => Cow::Owned(vlan_interface(&self.base, id)),
            [outer, inner] => Cow::Owned(vlan_interface(&vlan_interface(&self.base, outer), inner)),
        }
    }

    /// The wire that the last tag is put on.
    pub fn below(&self) -> Option<Self> {
        let below = |tags| Self { base: self.base.clone(), tags };
        match self.tags {
            [0, _] => None,
            [_, 0] => Some(below([0; 2])),
            [outer, _] => Some(below([outer, 0])),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tags {
            [0, _] => write!(formatter, "`{}`", self.base),
            [id, 0] => write!(formatter, "VLAN {id} of `{}`", self.base),
            [outer, inner] => write!(formatter, "VLAN {inner} in VLAN {outer} of `{}`", self.base),
        }
    }
}

/// What interfaces of some nodes are, by their names.
#[derive(Debug, Clone, Default)]
pub struct Names(HashMap<String, Known>);

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// A VLAN interface, with its base and its tag.
    Vlan(String, u16),
    /// Another name of an interface.
    Another(String),
    /// An interface by itself.
    Itself,
}

/// How deep VLAN interfaces are followed: a circle has no end.
const MAX_DEPTH: usize = 8;

impl Names {
    /// Adds an interface of which nothing is known yet: who speaks first is believed.
    pub fn add(&mut self, name: &str, vlan: Option<(&str, u16)>) {
        let known = || vlan.map_or(Known::Itself, |(base, id)| Known::Vlan(base.to_owned(), id));
        self.0.entry(name.to_owned()).or_insert_with(known);
    }

    /// Adds another name of an interface, if nothing is known of that name yet.
    pub fn add_other(&mut self, other: &str, name: &str) {
        self.0.entry(other.to_owned()).or_insert_with(|| Known::Another(name.to_owned()));
    }

    /// Adds the interfaces that others tell of, where nothing is known yet.
    pub fn extend(&mut self, others: &Self) {
        for (name, known) in &others.0 {
            self.0.entry(name.clone()).or_insert_with(|| known.clone());
        }
    }

    /// The wire that an interface leads to. One of which nothing is known is told by its name, the kernel's own convention.
    pub fn wire(&self, name: &str) -> Wire {
        self.wire_at(name, MAX_DEPTH)
    }

    fn wire_at(&self, name: &str, depth: usize) -> Wire {
        if depth == 0 {
            return Wire::untagged(name);
        }
        let of_vlan = |base: &str, id: u16| self.wire_at(base, depth - 1).tagged(id);
        match (self.0.get(name), vlan_of_name(name)) {
            (Some(Known::Vlan(base, id)), _) => of_vlan(base, *id),
            (Some(Known::Another(of)), _) => self.wire_at(of, depth - 1),
            (None, Some((base, id))) => of_vlan(base, id),
            (Some(Known::Itself), _) | (None, None) => Wire::untagged(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wire_has_many_names() {
        let mut names = Names::default();
        names.add("storage", Some(("eno1", 5)));
        names.add("odd.7", None);
        assert_eq!(names.wire("storage"), names.wire("eno1.5"));
        assert_eq!(names.wire("eno1").tagged(5), names.wire("storage"));
        assert_eq!(names.wire("storage.9"), names.wire("eno1.5.9"));
        assert_eq!(names.wire("storage.9"), Wire::untagged("eno1").tagged(5).tagged(9));
        assert_eq!(names.wire("odd.7"), Wire::untagged("odd.7"));
        assert_ne!(names.wire("eno1.5"), names.wire("eno1"));
    }

    #[test]
    fn who_speaks_first_is_believed() {
        let mut names = Names::default();
        names.add("storage", Some(("eno1", 5)));
        names.add("storage", Some(("eno2", 6)));
        assert_eq!(names.wire("storage"), Wire::untagged("eno1").tagged(5));
    }

    #[test]
    fn another_name_leads_to_the_same_wire() {
        let mut names = Names::default();
        names.add_other("enp3s0", "ens160");
        assert_eq!(names.wire("enp3s0"), Wire::untagged("ens160"));
        assert_eq!(names.wire("enp3s0.5"), Wire::untagged("ens160").tagged(5));
    }

    #[test]
    fn a_circle_ends() {
        let mut names = Names::default();
        names.add("a", Some(("b", 1)));
        names.add("b", Some(("a", 2)));
        let _ = names.wire("a");
    }

    #[test]
    fn tags_come_off_again() {
        let wire = Wire::untagged("eno1").tagged(5).tagged(9);
        assert_eq!((wire.tag(), wire.below()), (Some(9), Some(Wire::untagged("eno1").tagged(5))));
        assert_eq!(wire.to_string(), "VLAN 9 in VLAN 5 of `eno1`");
        assert_eq!(Wire::untagged("eno1").below(), None);
    }
}
