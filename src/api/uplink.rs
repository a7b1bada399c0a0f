//! The uplinks of a Site: what connects bridges to the wire, written as nmstate writes an interface.

use super::described;
use super::nmstate::{DnsResolver, Ethernet, InterfaceIp, LinkAggregation, Routes, Vlan};
use schemars::JsonSchema;
use serde::Deserialize;

/// A NIC, bond or VLAN interface of the nodes, in nmstate's own words. A policy that uses it has it in full, with what it
/// stands on, so that policies do not need each other.
///
/// Its addresses, routes and DNS servers are the node's own. They move to a bridge that takes the uplink whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("additionalProperties" = false))]
pub struct Uplink {
    /// The name of the interface, at most 15 bytes; networks name it as `physicalInterface`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What it is: `ethernet`, `bond`, `vlan`, or `ovs-bond` for `type: ovs` networks.
    #[serde(rename = "type")]
    #[schemars(schema_with = "described::<UplinkType>")]
    pub uplink_type: UplinkType,
    /// Its MTU, in bytes, from 68 to 65535. Bond ports, VLAN interfaces and bridges on it get the same, and network attachments too.
    #[serde(default)]
    #[schemars(range(min = 68, max = 65535))]
    pub mtu: Option<u32>,
    /// The NIC whose MAC address a bond takes, so that it keeps that NIC's DHCP lease.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub copy_mac_from: Option<String>,
    /// The node's IPv4 addresses there: static, from DHCP, or none. Left as they are if left out.
    #[serde(default)]
    pub ipv4: Option<InterfaceIp>,
    /// The node's IPv6 addresses there: static, from DHCP or router advertisements, or none. Left as they are if left out.
    #[serde(default)]
    pub ipv6: Option<InterfaceIp>,
    /// The bond, for `type: bond` and `ovs-bond`.
    #[serde(default)]
    pub link_aggregation: Option<LinkAggregation>,
    /// The tag and what it stands on, for `type: vlan`. The base may be another uplink.
    #[serde(default)]
    pub vlan: Option<Vlan>,
    /// Virtual functions, for `type: ethernet`. Leave it out where the SR-IOV operator makes them.
    #[serde(default)]
    pub ethernet: Option<Ethernet>,
    /// Static routes through the uplink.
    #[serde(default)]
    pub routes: Option<Routes>,
    /// DNS servers of the node.
    #[serde(default)]
    pub dns_resolver: Option<DnsResolver>,
}

words! {
    /// What an uplink is.
    #[derive(JsonSchema)]
    pub enum UplinkType {
        /// A NIC.
        Ethernet = "ethernet",
        /// A bond of the kernel.
        Bond = "bond",
        /// A VLAN interface.
        Vlan = "vlan",
        /// A bond that is a port of an OVS bridge.
        OvsBond = "ovs-bond",
    }
}
