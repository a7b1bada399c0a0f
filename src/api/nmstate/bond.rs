//! Bonds of the kernel, and the modes of those of Open vSwitch.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A bond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct LinkAggregation {
    /// The mode. A bond: `balance-rr`, `active-backup`, `balance-xor`, `broadcast`, `802.3ad`, `balance-tlb` or
    /// `balance-alb`. An OVS bond: `active-backup`, `balance-slb`, `balance-tcp` or `lacp`.
    #[schemars(schema_with = "bond_mode")]
    pub mode: String,
    /// The kernel's bonding options, such as `miimon: 100`. Not for an OVS bond.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "bond_options")]
    pub options: BTreeMap<String, Value>,
    /// The NICs.
    #[schemars(length(min = 1))]
    pub port: Vec<String>,
}

/// The modes of the kernel's bonds.
pub const BOND_MODES: [&str; 7] =
    ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"];
/// The modes of an OVS bridge's bonds.
pub const OVS_BOND_MODES: [&str; 4] = ["active-backup", "balance-slb", "balance-tcp", "lacp"];

fn bond_mode(_: &mut SchemaGenerator) -> Schema {
    let ovs_only = OVS_BOND_MODES.iter().filter(|mode| !BOND_MODES.contains(mode));
    let modes: Vec<&str> = BOND_MODES.iter().chain(ovs_only).copied().collect();
    json_schema!({"type": "string", "enum": modes})
}

/// Source: nmstate `rust/src/lib/ifaces/bond.rs`, `BondOptions`, at 2.2.62.
fn bond_options(_: &mut SchemaGenerator) -> Schema {
    let switch = json!({"type": "boolean"});
    let text = json!({"type": "string", "minLength": 1});
    let one_of = |words: &[&str]| json!({"type": "string", "enum": words});
    let mut properties = serde_json::Map::new();
    for (name, maximum) in [
        ("ad_actor_sys_prio", 65_535),
        ("ad_user_port_key", 1_023),
        ("arp_interval", u32::MAX),
        ("arp_missed_max", 255),
        ("downdelay", u32::MAX),
        ("lp_interval", 2_147_483_647),
        ("miimon", u32::MAX),
        ("min_links", u32::MAX),
        ("num_grat_arp", 255),
        ("num_unsol_na", 255),
        ("packets_per_slave", 65_535),
        ("resend_igmp", 255),
        ("updelay", u32::MAX),
    ] {
        // nmstate's own examples have these in quotes; it takes both.
        let number = json!({"type": ["integer", "string"], "minimum": 0, "maximum": maximum, "pattern": "^[0-9]+$"});
        properties.insert(name.to_owned(), number);
    }
    for name in ["balance_slb", "lacp_active", "tlb_dynamic_lb", "use_carrier"] {
        properties.insert(name.to_owned(), switch.clone());
    }
    for name in ["ad_actor_system", "arp_ip_target", "primary"] {
        properties.insert(name.to_owned(), text.clone());
    }
    let filters = ["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"];
    let hashes = ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"];
    for (name, words) in [
        ("ad_select", &["stable", "bandwidth", "count"][..]),
        ("all_slaves_active", &["dropped", "delivered"]),
        ("arp_all_targets", &["any", "all"]),
        ("arp_validate", &filters),
        ("fail_over_mac", &["none", "active", "follow"]),
        ("lacp_rate", &["slow", "fast"]),
        ("primary_reselect", &["always", "better", "failure"]),
        ("xmit_hash_policy", &hashes),
    ] {
        properties.insert(name.to_owned(), one_of(words));
    }
    properties.sort_keys();
    json_schema!({"type": "object", "additionalProperties": false, "properties": properties})
}
