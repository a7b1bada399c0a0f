//! Bonds of the kernel, and the modes of those of Open vSwitch.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Pattern, plain};

/// A bond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct LinkAggregation {
    /// The mode. A bond: `balance-rr`, `active-backup`, `balance-xor`, `broadcast`, `802.3ad`, `balance-tlb` or
    /// `balance-alb`. An OVS bond: `active-backup`, `balance-slb`, `balance-tcp` or `lacp`.
    #[schemars(schema_with = "plain::<BondMode>")]
    pub mode: BondMode,
    /// The kernel's bonding options, such as `miimon: 100`. Not for an OVS bond.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "bond_options")]
    pub options: BTreeMap<String, Value>,
    /// The NICs.
    #[schemars(length(min = 1))]
    pub port: Vec<String>,
}

words! {
    /// The mode of a bond: of one of the kernel, of one of an OVS bridge, or of both.
    #[derive(Serialize, JsonSchema)]
    pub enum BondMode {
        /// One NIC after the other.
        BalanceRr = "balance-rr",
        /// One NIC, the others in reserve.
        ActiveBackup = "active-backup",
        /// A NIC by a hash of the addresses.
        BalanceXor = "balance-xor",
        /// All NICs.
        Broadcast = "broadcast",
        /// LACP, as the kernel calls it.
        Ieee8023ad = "802.3ad",
        /// A NIC by its load, for what is sent.
        BalanceTlb = "balance-tlb",
        /// A NIC by its load.
        BalanceAlb = "balance-alb",
        /// A NIC for each source address and VLAN.
        BalanceSlb = "balance-slb",
        /// A NIC by what is sent, with LACP.
        BalanceTcp = "balance-tcp",
        /// LACP, as nmstate calls it for an OVS bridge.
        Lacp = "lacp",
    }
}

impl BondMode {
    /// The mode of this word; none for one that is never written here.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == word)
    }

    /// Whether a bond can have it: one of an OVS bridge, or one of the kernel.
    pub fn is_of(self, is_ovs: bool) -> bool {
        match self {
            Self::ActiveBackup => true,
            Self::BalanceSlb | Self::BalanceTcp | Self::Lacp => is_ovs,
            Self::BalanceRr
            | Self::BalanceXor
            | Self::Broadcast
            | Self::Ieee8023ad
            | Self::BalanceTlb
            | Self::BalanceAlb => !is_ovs,
        }
    }
}

impl fmt::Display for BondMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Source: nmstate `rust/src/lib/ifaces/bond.rs`, `BondOptions`, at 2.2.62.
fn bond_options(_: &mut SchemaGenerator) -> Schema {
    let digits = Pattern::Number.regex();
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
        let number = json!({"type": ["integer", "string"], "minimum": 0, "maximum": maximum, "pattern": digits});
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
