//! What carries a network, and every fact about it: what a new network type has to say of itself is listed here, by matches that the
//! compiler holds to be complete.

use ipnet::IpNet;

use super::claims::{BridgeKind, Controller};
use super::cni::OVN_PLUGIN;
use super::filtering::Filtering;
use crate::api::nmstate::PortVlan;

/// What carries a network, the same on all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// The pod network: nothing to make.
    Pod,
    /// A Linux bridge.
    LinuxBridge(Bridge),
    /// An OVS bridge; the VLAN is in the attachment.
    OvsBridge(Bridge),
    /// An OVS bridge that OVN-Kubernetes attaches to; the VLAN is in the attachment.
    Localnet {
        /// OVN's name for the bridge.
        localnet: String,
        /// The bridge.
        bridge: String,
        /// The VLAN tag.
        vlan: Option<u16>,
    },
    /// macvlan on a NIC.
    Macvlan,
    /// ipvlan on a NIC.
    Ipvlan,
    /// A virtual function; its resource is in the attachment.
    Sriov {
        /// The VLAN tag, which the NIC puts on.
        vlan: Option<u16>,
    },
}

/// A bridge on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Its name.
    pub name: String,
    /// The VLAN tag.
    pub vlan: Option<u16>,
    /// What puts the tag on.
    pub tagging: Tagging,
    /// The node's own address, which moves to the bridge.
    pub node_ip: Option<IpNet>,
}

impl Bridge {
    /// The tag that the attachment puts on; none if a VLAN interface does it, or nothing.
    pub fn tag_above(&self) -> Option<u16> {
        match self.tagging {
            Tagging::Interface => None,
            Tagging::Filtering(_) | Tagging::Attachment => self.vlan,
        }
    }
}

/// What puts the VLAN tag on, and so what the port of a bridge is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagging {
    /// A VLAN interface on the uplink, which is the port; the uplink itself without a VLAN.
    Interface,
    /// The attachment. The port is the uplink, and lets the tags through that the bridge filters.
    Filtering(PortVlan),
    /// The attachment. The port is the uplink, and lets every tag through.
    Attachment,
}

/// What a network needs on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The bridge of its carrier, on its uplink.
    Bridge,
    /// The OVS bridge of its localnet, on its uplink, with OVN's name for it.
    MappedBridge,
    /// OVN's name for a bridge that is there.
    Mapping,
    /// The virtual functions of its uplink.
    VirtualFunctions,
}

/// What a network does with its uplink on the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use<'a> {
    /// It has none.
    Nothing,
    /// It puts it, or a VLAN interface on it, into this bridge.
    Bridge(BridgeKind, &'a str),
    /// It stands on it with interfaces of pods, which want it to themselves.
    Pods(Controller),
    /// It takes virtual functions of it.
    Functions,
}

#[deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
impl Carrier {
    /// The word for it, as `type` has it where there is one.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pod => "pod network",
            Self::LinuxBridge(_) => "bridge",
            Self::OvsBridge(_) | Self::Localnet { .. } => "ovs",
            Self::Macvlan => "macvlan",
            Self::Ipvlan => "ipvlan",
            Self::Sriov { .. } => "sriov",
        }
    }

    /// The bridge, of either kind, that is described by a network.
    pub fn bridge(&self) -> Option<&Bridge> {
        match self {
            Self::LinuxBridge(bridge) | Self::OvsBridge(bridge) => Some(bridge),
            Self::Pod | Self::Localnet { .. } | Self::Macvlan | Self::Ipvlan | Self::Sriov { .. } => None,
        }
    }

    /// The name of the bridge on the nodes.
    pub fn bridge_name(&self) -> Option<&str> {
        match self {
            Self::Localnet { bridge, .. } => Some(bridge),
            Self::LinuxBridge(bridge) | Self::OvsBridge(bridge) => Some(&bridge.name),
            Self::Pod | Self::Macvlan | Self::Ipvlan | Self::Sriov { .. } => None,
        }
    }

    /// The kind of the bridge on the nodes.
    pub fn bridge_kind(&self) -> Option<BridgeKind> {
        match self.uses() {
            Use::Bridge(kind, _) => Some(kind),
            Use::Nothing | Use::Pods(_) | Use::Functions => None,
        }
    }

    /// OVN's name for the bridge, if OVN-Kubernetes attaches to it.
    pub fn localnet(&self) -> Option<&str> {
        match self {
            Self::Localnet { localnet, .. } => Some(localnet),
            Self::Pod
            | Self::LinuxBridge(_)
            | Self::OvsBridge(_)
            | Self::Macvlan
            | Self::Ipvlan
            | Self::Sriov { .. } => None,
        }
    }

    /// The VLAN tag that the guest's frames have on the uplink, as it is written.
    pub fn vlan(&self) -> Option<u16> {
        match self {
            Self::Localnet { vlan, .. } | Self::Sriov { vlan } => *vlan,
            Self::LinuxBridge(bridge) | Self::OvsBridge(bridge) => bridge.vlan,
            Self::Pod | Self::Macvlan | Self::Ipvlan => None,
        }
    }

    /// The tag that is put on above the uplink: by the attachment, or by the NIC. None if a VLAN interface does it, or nothing.
    pub fn tag_above(&self) -> Option<u16> {
        match self {
            Self::LinuxBridge(bridge) | Self::OvsBridge(bridge) => bridge.tag_above(),
            Self::Localnet { vlan, .. } | Self::Sriov { vlan } => *vlan,
            Self::Pod | Self::Macvlan | Self::Ipvlan => None,
        }
    }

    /// What the port of its bridge lets through.
    pub fn filtering(&self) -> Option<Filtering> {
        match self {
            Self::LinuxBridge(bridge) => Some(match &bridge.tagging {
                Tagging::Filtering(vlan) => Filtering::of_port(Some(vlan)),
                Tagging::Interface | Tagging::Attachment => Filtering::Plain,
            }),
            Self::OvsBridge(_) | Self::Localnet { .. } => Some(Filtering::Off),
            Self::Pod | Self::Macvlan | Self::Ipvlan | Self::Sriov { .. } => None,
        }
    }

    /// What it does with its uplink.
    pub fn uses(&self) -> Use<'_> {
        match self {
            Self::Pod => Use::Nothing,
            Self::LinuxBridge(bridge) => Use::Bridge(BridgeKind::Linux, &bridge.name),
            Self::OvsBridge(bridge) => Use::Bridge(BridgeKind::Ovs, &bridge.name),
            Self::Localnet { bridge, .. } => Use::Bridge(BridgeKind::Ovs, bridge),
            Self::Macvlan => Use::Pods(Controller::Macvlan),
            Self::Ipvlan => Use::Pods(Controller::Ipvlan),
            Self::Sriov { .. } => Use::Functions,
        }
    }

    /// The CNI plugins whose attachments fit, ours first. `cnv-bridge` is OpenShift's name for `bridge`, `ib-sriov` that of Infiniband.
    pub fn plugins(&self) -> &'static [&'static str] {
        match self {
            Self::Pod => &[],
            Self::LinuxBridge(_) => &["bridge", "cnv-bridge"],
            Self::OvsBridge(_) => &["ovs", OVN_PLUGIN],
            Self::Localnet { .. } => &[OVN_PLUGIN],
            Self::Macvlan => &["macvlan"],
            Self::Ipvlan => &["ipvlan"],
            Self::Sriov { .. } => &["sriov", "ib-sriov"],
        }
    }

    /// Whether KubeVirt can bind a virtual machine to it (user guide, "Interfaces and Networks").
    pub fn can_be_bound(&self) -> bool {
        match self {
            Self::Macvlan | Self::Ipvlan => false,
            Self::Pod | Self::LinuxBridge(_) | Self::OvsBridge(_) | Self::Localnet { .. } | Self::Sriov { .. } => true,
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
impl Need {
    /// Whether a bridge is made.
    pub fn makes_bridge(&self) -> bool {
        match self {
            Self::Bridge | Self::MappedBridge => true,
            Self::Mapping | Self::VirtualFunctions => false,
        }
    }
}
