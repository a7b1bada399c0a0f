//! Bridges of the kernel and of Open vSwitch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BondMode;

/// A bridge's options and ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BridgeConfig {
    /// OVS: whether to leave the patch ports alone that OVN adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_extra_patch_ports: Option<bool>,
    /// Its options.
    pub options: BridgeOptions,
    /// Its ports: maps with a name, never plain strings, which nmstate refuses.
    pub port: Vec<BridgePort>,
}

impl BridgeConfig {
    /// A bridge of these ports without spanning tree.
    pub fn of(port: Vec<BridgePort>) -> Self {
        let options = BridgeOptions { stp: Stp { enabled: false } };
        Self { allow_extra_patch_ports: None, options, port }
    }
}

/// A bridge's options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeOptions {
    /// Spanning tree.
    pub stp: Stp,
}

/// Spanning tree; a map, because a linux-bridge takes nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stp {
    /// Whether it is on.
    pub enabled: bool,
}

/// A port of a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BridgePort {
    /// The interface, or the OVS bond.
    pub name: String,
    /// linux-bridge: the tags that it lets through. kubernetes-nmstate fills in 2 to 4094 where there is none
    /// (`pkg/bridge/bridge.go`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<PortVlan>,
    /// ovs-bridge: the bond that the port is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_aggregation: Option<OvsBond>,
}

impl BridgePort {
    /// A port that is an interface, and nothing more.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), vlan: None, link_aggregation: None }
    }

    /// The interfaces that the port takes.
    pub(super) fn interfaces(&self) -> Vec<&str> {
        match &self.link_aggregation {
            Some(bond) => bond.port.iter().map(|port| port.name.as_str()).collect(),
            None => vec![&self.name],
        }
    }
}

/// The tags that a port lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PortVlan {
    /// Always `trunk`.
    pub mode: String,
    /// The tags.
    pub trunk_tags: Vec<TrunkTag>,
}

/// A tag, or a range of them: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct TrunkTag {
    /// One tag, 1 to 4094.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4094))]
    pub id: Option<u16>,
    /// All tags from `min` to `max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_range: Option<TagRange>,
}

/// A range of tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct TagRange {
    /// The first tag, 1 to 4094.
    #[schemars(range(min = 1, max = 4094))]
    pub min: u16,
    /// The last tag, 1 to 4094.
    #[schemars(range(min = 1, max = 4094))]
    pub max: u16,
}

/// A bond of an OVS bridge. Its ports are maps, other than those of a kernel bond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OvsBond {
    /// The mode.
    pub mode: BondMode,
    /// The NICs.
    pub port: Vec<OvsBondPort>,
}

/// A NIC of an OVS bond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OvsBondPort {
    /// The NIC.
    pub name: String,
}
