//! The shapes of nmstate, as they are read in a Site and written in a policy's `desiredState`; always the canonical form,
//! never an alias that an older nmstate rejects. Source: nmstate `rust/src/lib/{ifaces/*,ip,route,dns,ovn}.rs`, read at
//! 2.2.38 and 2.2.62.

mod bond;
mod bridge;
mod ip;
mod route;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pattern;

pub use bond::{BondMode, LinkAggregation};
pub use bridge::{BridgeConfig, BridgeOptions, BridgePort, OvsBond, OvsBondPort, PortVlan, Stp, TagRange, TrunkTag};
pub use ip::{InterfaceAddress, InterfaceIp};
pub use route::{Route, Routes};

/// A desired state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct NetworkState {
    /// The interfaces, base before what stands on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Interface>,
    /// Static routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Routes>,
    /// Static DNS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_resolver: Option<DnsResolver>,
    /// OVN's names for OVS bridges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ovn: Option<Ovn>,
}

impl NetworkState {
    /// The interface of this name; the port, where an OVS bridge and its internal port share one.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().rev().find(|interface| interface.name == name)
    }
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its type. Left out for an existing interface whose name does not tell, so that nmstate looks on the node.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub interface_type: Option<InterfaceType>,
    /// Up, unless it is being retired.
    pub state: InterfaceState,
    /// Its MAC address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<String>,
    /// The interface whose MAC address it takes: with the same address it gets the same DHCP lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_mac_from: Option<String>,
    /// Its MTU, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Its IPv4 addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<InterfaceIp>,
    /// Its IPv6 addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<InterfaceIp>,
    /// The bond, for `type: bond`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_aggregation: Option<LinkAggregation>,
    /// The VLAN, for `type: vlan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<Vlan>,
    /// The bridge, for `type: linux-bridge` and `ovs-bridge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeConfig>,
    /// What only a NIC has, for `type: ethernet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ethernet: Option<Ethernet>,
}

impl Interface {
    /// An interface in this state, and nothing more.
    pub fn new(name: &str, interface_type: Option<InterfaceType>, state: InterfaceState) -> Self {
        Self {
            name: name.to_owned(),
            interface_type,
            state,
            mac_address: None,
            copy_mac_from: None,
            mtu: None,
            ipv4: None,
            ipv6: None,
            link_aggregation: None,
            vlan: None,
            bridge: None,
            ethernet: None,
        }
    }

    /// An interface that is up, and nothing more.
    pub fn up(name: &str, interface_type: Option<InterfaceType>) -> Self {
        Self::new(name, interface_type, InterfaceState::Up)
    }

    /// The same interface without any address.
    #[must_use]
    pub fn without_ip(mut self) -> Self {
        self.ipv4 = Some(InterfaceIp::disabled());
        self.ipv6 = Some(InterfaceIp::disabled());
        self
    }

    /// Whether it has, or asks for, an address of its own.
    pub fn has_ip(&self) -> bool {
        [&self.ipv4, &self.ipv6].into_iter().flatten().any(|ip| ip.enabled)
    }

    /// The interfaces that it takes as ports.
    pub fn ports(&self) -> Vec<&str> {
        let bonded = self.link_aggregation.iter().flat_map(|bond| bond.port.iter().map(String::as_str));
        let bridged = self.bridge.iter().flat_map(|bridge| &bridge.port).flat_map(BridgePort::interfaces);
        bonded.chain(bridged).collect()
    }
}

words! {
    /// nmstate's interface types.
    #[derive(Serialize)]
    pub enum InterfaceType {
        /// A NIC.
        Ethernet = "ethernet",
        /// A bond of the kernel.
        Bond = "bond",
        /// A VLAN interface.
        Vlan = "vlan",
        /// A bridge of the kernel.
        LinuxBridge = "linux-bridge",
        /// A bridge of Open vSwitch.
        OvsBridge = "ovs-bridge",
        /// An internal port of an OVS bridge: what carries the node's address there.
        OvsInterface = "ovs-interface",
    }
}

impl InterfaceType {
    /// The type of a NIC, told by its name. Names of bonds and VLAN interfaces tell that they are not plain NICs: their type is left for
    /// nmstate to look up on the node, because `ethernet` would be refused there.
    pub fn guessed(name: &str) -> Option<Self> {
        let is_plain = !(name.contains('.') || name.starts_with("bond") || name.starts_with("team"));
        is_plain.then_some(Self::Ethernet)
    }

    /// The type of this word; none for one that is never written here.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == word)
    }
}

/// What an interface is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InterfaceState {
    /// There, and up.
    Up,
    /// Not there.
    Absent,
}

/// A VLAN on an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct Vlan {
    /// The interface that carries the tagged frames.
    #[schemars(length(min = 1))]
    pub base_iface: String,
    /// The tag, 1 to 4094.
    #[schemars(range(min = 1, max = 4094))]
    pub id: u16,
}

/// What only a NIC has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct Ethernet {
    /// Its virtual functions.
    pub sr_iov: SrIov,
}

/// The virtual functions of a NIC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct SrIov {
    /// Whether the kernel binds its own driver to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drivers_autoprobe: Option<bool>,
    /// How many there are to be.
    #[schemars(range(max = 65535))]
    pub total_vfs: u32,
    /// What is particular to single ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vfs: Vec<Vf>,
}

/// A virtual function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct Vf {
    /// Its number, from 0.
    pub id: u32,
    /// Its MAC address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = Pattern::MacAddress.regex()))]
    pub mac_address: Option<String>,
    /// Whether frames with a foreign MAC address are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoof_check: Option<bool>,
    /// Whether the guest may change its MAC address and listen to everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<bool>,
    /// The least bandwidth, in Mbit/s; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_tx_rate: Option<u32>,
    /// The most bandwidth, in Mbit/s; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tx_rate: Option<u32>,
    /// The tag that the NIC puts on; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4094))]
    pub vlan_id: Option<u16>,
    /// The priority that goes with the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 7))]
    pub qos: Option<u8>,
}

/// Static DNS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct DnsResolver {
    /// Servers and search domains: they replace what the node has.
    #[serde(default)]
    pub config: DnsConfig,
}

/// DNS servers and search domains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct DnsConfig {
    /// The servers, the first asked first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<String>,
    /// The domains in which short names are looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
}

/// OVN's names for OVS bridges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ovn {
    /// The names.
    pub bridge_mappings: Vec<BridgeMapping>,
}

/// OVN's name for an OVS bridge: NetworkAttachmentDefinitions speak of it as `physicalNetworkName`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeMapping {
    /// OVN's name.
    pub localnet: String,
    /// The bridge; not needed to take a mapping away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// Whether it is to be there.
    pub state: MappingState,
}

/// Whether a bridge mapping is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MappingState {
    /// It is.
    Present,
    /// It is not.
    Absent,
}
