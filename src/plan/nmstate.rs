//! The shapes of nmstate's `desiredState`, as far as they are written here; always the canonical form, never an alias
//! that an older nmstate rejects. Source: nmstate `rust/src/lib/ifaces/*.rs`, read at 2.2.38 and 2.2.62.

use ipnet::IpNet;
use serde::Serialize;

/// A desired state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkState {
    /// The interfaces, base before what stands on it.
    pub interfaces: Vec<Interface>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its type. Left out for an existing interface whose name does not tell, so that nmstate looks on the node.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub interface_type: Option<InterfaceType>,
    /// Always up.
    pub state: InterfaceState,
    /// Its IPv4 addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<InterfaceIp>,
    /// Its IPv6 addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<InterfaceIp>,
    /// The VLAN, for `type: vlan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vlan: Option<Vlan>,
    /// The bridge, for `type: linux-bridge` and `ovs-bridge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeConfig>,
}

impl Interface {
    /// An interface that is up, and nothing more.
    pub fn up(name: &str, interface_type: Option<InterfaceType>) -> Self {
        Self {
            name: name.to_owned(),
            interface_type,
            state: InterfaceState::Up,
            ipv4: None,
            ipv6: None,
            vlan: None,
            bridge: None,
        }
    }

    /// The same interface with this address, and with no other of either family.
    #[must_use]
    pub fn with_only_ip(mut self, address: Option<IpNet>) -> Self {
        let (ipv4, ipv6) = match address {
            Some(address @ IpNet::V4(_)) => (InterfaceIp::of(address), InterfaceIp::disabled()),
            Some(address @ IpNet::V6(_)) => (InterfaceIp::disabled(), InterfaceIp::of(address)),
            None => (InterfaceIp::disabled(), InterfaceIp::disabled()),
        };
        (self.ipv4, self.ipv6) = (Some(ipv4), Some(ipv6));
        self
    }
}

/// nmstate's interface types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterfaceType {
    /// A NIC.
    Ethernet,
    /// A VLAN interface.
    Vlan,
    /// A bridge of the kernel.
    LinuxBridge,
    /// A bridge of Open vSwitch.
    OvsBridge,
    /// An internal port of an OVS bridge: what carries the node's address there.
    OvsInterface,
}

/// What an interface is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InterfaceState {
    /// There, and up.
    Up,
}

/// The addresses of one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfaceIp {
    /// Whether the family is on.
    pub enabled: bool,
    /// Whether DHCP gives the addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp: Option<bool>,
    /// The static addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<InterfaceAddress>,
}

impl InterfaceIp {
    /// No addresses.
    pub fn disabled() -> Self {
        Self { enabled: false, dhcp: None, address: Vec::new() }
    }

    fn of(address: IpNet) -> Self {
        let address = InterfaceAddress { ip: address.addr().to_string(), prefix_length: address.prefix_len() };
        Self { enabled: true, dhcp: Some(false), address: vec![address] }
    }
}

/// A static address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InterfaceAddress {
    /// The address, without its prefix length.
    pub ip: String,
    /// The length of the prefix, in bits.
    pub prefix_length: u8,
}

/// A VLAN on an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Vlan {
    /// The interface that carries the tagged frames.
    pub base_iface: String,
    /// The tag, 1 to 4094.
    pub id: u16,
}

/// A bridge's options and ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BridgeConfig {
    /// Its options.
    pub options: BridgeOptions,
    /// Its ports: maps with a name, never plain strings, which nmstate refuses.
    pub port: Vec<BridgePort>,
}

impl BridgeConfig {
    /// A bridge of these ports without spanning tree.
    pub fn of(ports: &[&str]) -> Self {
        let port = ports.iter().map(|name| BridgePort { name: (*name).to_owned() }).collect();
        Self { options: BridgeOptions { stp: Stp { enabled: false } }, port }
    }
}

/// A bridge's options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BridgeOptions {
    /// Spanning tree.
    pub stp: Stp,
}

/// Spanning tree; a map, because a linux-bridge takes nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stp {
    /// Whether it is on.
    pub enabled: bool,
}

/// A port of a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BridgePort {
    /// The interface.
    pub name: String,
}
