//! Static routes. Source: nmstate `rust/src/lib/route.rs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::address::all_addresses;

/// Static routes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Routes {
    /// The routes.
    #[serde(default)]
    pub config: Vec<Route>,
}

/// A static route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct Route {
    /// The network that it leads to, such as `10.0.0.0/8`; `0.0.0.0/0` and `::/0` are the default routes.
    pub destination: String,
    /// The router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop_address: Option<String>,
    /// The interface. In a Site it is always the uplink, or the bridge that takes the uplink's address, and not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub next_hop_interface: Option<String>,
    /// Its metric: the smaller goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<i64>,
    /// The routing table, 254 (main) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_id: Option<u32>,
}

impl Route {
    /// Whether it is a default route.
    pub fn is_default(&self) -> bool {
        [true, false].map(all_addresses).contains(&self.destination.as_str())
    }

    /// Whether it is one of IPv4.
    pub fn is_ipv4(&self) -> bool {
        let address = self.destination.split('/').next().unwrap_or_default();
        address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_ipv4())
    }

    /// The same route through another interface.
    #[must_use]
    pub fn through(mut self, interface: &str) -> Self {
        self.next_hop_interface = Some(interface.to_owned());
        self
    }
}
