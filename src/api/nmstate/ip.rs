//! Addresses of an interface. Source: nmstate `rust/src/lib/ip.rs`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The addresses of one family.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct InterfaceIp {
    /// Whether the family is on.
    pub enabled: bool,
    /// Whether DHCP gives the addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dhcp: Option<bool>,
    /// IPv6: whether router advertisements give addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoconf: Option<bool>,
    /// IPv4: by what the DHCP server knows the node: `ll` (the MAC address), `iaid+duid`, or hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub dhcp_client_id: Option<String>,
    /// IPv6: by what the DHCP server knows the node: `ll`, `llt`, `en`, `uuid`, or hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub dhcp_duid: Option<String>,
    /// Whether the node tells DHCP its name; `true` if left out. Not a key of the Site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub dhcp_send_hostname: Option<bool>,
    /// The name that the node tells DHCP instead of its own. Not a key of the Site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub dhcp_custom_hostname: Option<String>,
    /// IPv6: how the node makes its own part of an address: `eui64` or `stable-privacy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["eui64", "stable-privacy"]))]
    pub addr_gen_mode: Option<String>,
    /// IPv6: the node's own part of an address, such as `::11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub token: Option<String>,
    /// Whether to take DNS servers from DHCP or router advertisements; `true` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_dns: Option<bool>,
    /// Whether to take the default gateway from DHCP or router advertisements; `true` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_gateway: Option<bool>,
    /// Whether to take routes from DHCP or router advertisements; `true` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_routes: Option<bool>,
    /// The table of the routes from DHCP or router advertisements; main if left out. Not a key of the Site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub auto_route_table_id: Option<u32>,
    /// The metric of the routes from DHCP or router advertisements; NetworkManager's for the type of interface if left out. Not a
    /// key of the Site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub auto_route_metric: Option<i64>,
    /// IPv4: the metric of the routes to the interface's own networks. Not a key of the Site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub prefix_route_metric: Option<i64>,
    /// The static addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<InterfaceAddress>,
}

impl InterfaceIp {
    /// No addresses.
    pub fn disabled() -> Self {
        Self::default()
    }

    /// Whether the addresses come from the network.
    pub fn is_automatic(&self) -> bool {
        self.enabled && (self.dhcp == Some(true) || self.autoconf == Some(true))
    }
}

/// A static address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct InterfaceAddress {
    /// The address, without its prefix length.
    pub ip: String,
    /// The length of the prefix, in bits.
    #[schemars(range(min = 1, max = 128))]
    pub prefix_length: u8,
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix_length)
    }
}
