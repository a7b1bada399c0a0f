//! The shapes of CNI network configurations, as far as they are written here.
//!
//! Sources: containernetworking/plugins `plugins/main/*` and `plugins/ipam/static`; ovs-cni `docs/cni-plugin.md`; KubeVirt user
//! guide, "Interfaces and Networks", for what a virtual machine needs of them; OVN-Kubernetes, "Multiple networks", for localnets.

use serde::Serialize;

/// OVN-Kubernetes' plugin.
pub const OVN_PLUGIN: &str = "ovn-k8s-cni-overlay";

/// A CNI network configuration: what stands in a NAD's `spec.config`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetConf {
    /// The version of the CNI specification.
    pub cni_version: String,
    /// The network's name, unique on a node: host-local and the result cache are keyed by it.
    pub name: String,
    /// The plugin.
    #[serde(flatten)]
    pub plugin: Plugin,
    /// The NAD itself, as `namespace/name`: OVN-Kubernetes finds it again by this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_attach_def_name: Option<String>,
    /// The MTU of the pod's interface, in bytes; the plugin's default if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Who gives the addresses; nobody if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam: Option<StaticIpam>,
}

/// A CNI plugin with its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Plugin {
    /// `bridge` of containernetworking/plugins.
    Bridge {
        /// The bridge on the node.
        bridge: String,
        /// The access tag, on a bridge with VLAN filtering. On any other it is silently without effect.
        #[serde(skip_serializing_if = "Option::is_none")]
        vlan: Option<u16>,
        /// Whether to keep the pod's port out of VLAN 1. Written beside a tag, because its default has changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        preserve_default_vlan: Option<bool>,
        /// Whether to drop frames with a foreign MAC address.
        macspoofchk: bool,
        /// Layer 2 only: leave the pod's interface alone. An error of the plugin together with IPAM.
        #[serde(skip_serializing_if = "Option::is_none")]
        disable_container_interface: Option<bool>,
    },
    /// `ovs` of k8snetworkplumbingwg/ovs-cni.
    Ovs {
        /// The bridge on the node.
        bridge: String,
        /// The access tag.
        #[serde(skip_serializing_if = "Option::is_none")]
        vlan: Option<u16>,
    },
    /// `ovn-k8s-cni-overlay` of OVN-Kubernetes, with the topology `localnet`.
    #[serde(rename = "ovn-k8s-cni-overlay")]
    OvnLocalnet {
        /// Always `localnet`.
        topology: &'static str,
        /// OVN's name for the bridge.
        physical_network_name: String,
        /// The access tag.
        #[serde(rename = "vlanID", skip_serializing_if = "Option::is_none")]
        vlan_id: Option<u16>,
    },
    /// `macvlan` of containernetworking/plugins.
    Macvlan {
        /// The NIC.
        master: String,
        /// The macvlan mode.
        mode: &'static str,
    },
    /// `ipvlan` of containernetworking/plugins.
    Ipvlan {
        /// The NIC.
        master: String,
        /// The ipvlan mode.
        mode: &'static str,
    },
    /// `sriov` of k8snetworkplumbingwg/sriov-cni.
    Sriov {
        /// The tag that the NIC puts on.
        #[serde(skip_serializing_if = "Option::is_none")]
        vlan: Option<u16>,
    },
}

#[deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
impl Plugin {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Bridge { .. } => "bridge",
            Self::Ovs { .. } => "ovs",
            Self::OvnLocalnet { .. } => "localnet",
            Self::Macvlan { .. } => "macvlan",
            Self::Ipvlan { .. } => "ipvlan",
            Self::Sriov { .. } => "sriov",
        }
    }

    /// The tag that it puts on.
    pub fn tag(&self) -> Option<u16> {
        match self {
            Self::Bridge { vlan, .. } | Self::Ovs { vlan, .. } | Self::Sriov { vlan } => *vlan,
            Self::OvnLocalnet { vlan_id, .. } => *vlan_id,
            Self::Macvlan { .. } | Self::Ipvlan { .. } => None,
        }
    }

    /// Whether the plugin takes an `mtu`.
    pub fn takes_mtu(&self) -> bool {
        match self {
            Self::Bridge { .. }
            | Self::Ovs { .. }
            | Self::OvnLocalnet { .. }
            | Self::Macvlan { .. }
            | Self::Ipvlan { .. } => true,
            Self::Sriov { .. } => false,
        }
    }

    /// The name of its network in the cluster, if OVN knows it by one: those on one localnet and VLAN are one.
    pub fn ovn_network(&self) -> Option<String> {
        match self {
            Self::OvnLocalnet { physical_network_name, vlan_id, .. } => Some(match vlan_id {
                Some(vlan) => format!("{physical_network_name}-vlan{vlan}"),
                None => physical_network_name.clone(),
            }),
            Self::Bridge { .. }
            | Self::Ovs { .. }
            | Self::Macvlan { .. }
            | Self::Ipvlan { .. }
            | Self::Sriov { .. } => None,
        }
    }
}

/// The `static` IPAM plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaticIpam {
    /// Always `static`.
    #[serde(rename = "type")]
    pub plugin: &'static str,
    /// The addresses.
    pub addresses: Vec<IpamAddress>,
    /// The routes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<IpamRoute>,
    /// The DNS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<IpamDns>,
}

/// An address that IPAM gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IpamAddress {
    /// The address with its prefix length.
    pub address: String,
    /// The gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
}

/// A route that IPAM gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IpamRoute {
    /// The destination.
    pub dst: &'static str,
    /// The next hop.
    pub gw: String,
}

/// What IPAM says of DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IpamDns {
    /// The servers.
    pub nameservers: Vec<String>,
}
