//! VLAN filtering of a linux-bridge's port, as it is once kubernetes-nmstate has applied a policy.
//!
//! kubernetes-nmstate gives every linux-bridge port without a `vlan` key the trunk 2 to 4094 (`pkg/bridge/bridge.go`,
//! `ApplyDefaultVlanFiltering`), so that a plain bridge filters. `vlan: {}` turns filtering off (nmstate,
//! `ifaces/linux_bridge.rs`, `vlan_filtering_is_enabled`). This is the one place that knows it.

use std::fmt;

use serde_json::Value;

use crate::api::nmstate::{PortVlan, TrunkTag};

/// What a port lets through.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Filtering {
    /// Every frame: filtering is off.
    Off,
    /// Frames with the tags 2 to 4094, and those without a tag: a port without a `vlan` key.
    Plain,
    /// Frames with these tags, and those of the native VLAN.
    Tags {
        /// Ranges of tags, sorted, apart from each other.
        trunk: Vec<(u16, u16)>,
        /// The VLAN of frames without a tag, where it is not 1.
        native: Option<u16>,
    },
}

/// The tags that kubernetes-nmstate fills in.
const DEFAULT_TRUNK: (u16, u16) = (2, 4094);

impl Filtering {
    /// That of tags; what says no more than is filled in is plain.
    fn of_tags(ranges: Vec<(u16, u16)>, native: Option<u16>) -> Self {
        match (joined(ranges), native) {
            (trunk, None) if trunk == [DEFAULT_TRUNK] => Self::Plain,
            (trunk, native) => Self::Tags { trunk, native },
        }
    }

    /// That of a port of ours.
    pub fn of_port(vlan: Option<&PortVlan>) -> Self {
        let Some(vlan) = vlan else { return Self::Plain };
        let range = |tag: &TrunkTag| match (tag.id, &tag.id_range) {
            (Some(id), _) => Some((id, id)),
            (None, Some(range)) => Some((range.min, range.max)),
            (None, None) => None,
        };
        Self::of_tags(vlan.trunk_tags.iter().filter_map(range).collect(), None)
    }

    /// That of a port in a policy that others wrote.
    pub fn of_value(port: &Value) -> Self {
        let Some(vlan) = port.get("vlan").filter(|vlan| !vlan.is_null()) else { return Self::Plain };
        let Some(map) = vlan.as_object().filter(|map| !map.is_empty()) else { return Self::Off };
        let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok());
        let tags = map.get("trunk-tags").and_then(Value::as_array).into_iter().flatten();
        let range = |tag: &Value| {
            let id = number(tag.get("id")).map(|id| (id, id));
            id.or_else(|| Some((number(tag.pointer("/id-range/min"))?, number(tag.pointer("/id-range/max"))?)))
        };
        // `tag` is the VLAN of an access port, or a trunk's native one (nmstate, `BridgePortVlanConfig`).
        Self::of_tags(tags.filter_map(range).collect(), number(map.get("tag")))
    }

    /// Whether frames with a tag get through with it.
    pub fn carries(&self, tag: u16) -> bool {
        match self {
            Self::Off => true,
            Self::Plain => (DEFAULT_TRUNK.0..=DEFAULT_TRUNK.1).contains(&tag),
            Self::Tags { trunk, .. } => trunk.iter().any(|(min, max)| (*min..=*max).contains(&tag)),
        }
    }
}

/// Ranges sorted, and those that touch as one.
fn joined(mut ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
    for (min, max) in ranges {
        match joined.last_mut() {
            Some(last) if min <= last.1.saturating_add(1) => last.1 = last.1.max(max),
            _ => joined.push((min, max)),
        }
    }
    joined
}

impl fmt::Display for Filtering {
    /// Nothing for what a plain bridge has, because policies leave it out.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trunk, native) = match self {
            Self::Off => return formatter.write_str(" without VLAN filtering"),
            Self::Plain => return Ok(()),
            Self::Tags { trunk, native } => (trunk, native),
        };
        let ranges = |ranges: &[(u16, u16)]| {
            let range = |(min, max): &(u16, u16)| if min == max { min.to_string() } else { format!("{min}-{max}") };
            ranges.iter().map(range).collect::<Vec<_>>().join(", ")
        };
        match (trunk.as_slice(), native) {
            ([], Some(native)) => write!(formatter, " as an access port of VLAN {native}"),
            ([], None) => formatter.write_str(" that lets no tag through"),
            (trunk, None) => write!(formatter, " with VLAN filtering (tags {})", ranges(trunk)),
            (trunk, Some(native)) => {
                write!(formatter, " with VLAN filtering (tags {}, native VLAN {native})", ranges(trunk))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_written_is_the_whole_trunk() {
        let written =
            json!({"name": "eno1", "vlan": {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 2, "max": 4094}}]}});
        let in_pieces = json!({"vlan": {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 9, "max": 4094}}, {"id-range": {"min": 2, "max": 8}}]}});
        for port in [json!({"name": "eno1"}), json!({"vlan": null}), written, in_pieces] {
            assert_eq!(Filtering::of_value(&port), Filtering::Plain, "{port}");
        }
        assert_eq!(Filtering::of_port(None), Filtering::Plain);
    }

    #[test]
    fn an_empty_section_turns_it_off() {
        let off = Filtering::of_value(&json!({"name": "eno1", "vlan": {}}));
        assert_eq!(off, Filtering::Off);
        assert!(off.carries(1) && off.carries(4094));
        assert!(!Filtering::Plain.carries(1) && Filtering::Plain.carries(2));
    }

    #[test]
    fn access_and_native() {
        let access = Filtering::of_value(&json!({"vlan": {"mode": "access", "tag": 5}}));
        assert_eq!(access.to_string(), " as an access port of VLAN 5");
        assert!(!access.carries(5));
    }
}
