//! What holds for a whole run: the Site, with the command line before it and the defaults behind it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ipnet::IpNet;

use super::selector::NodeSelector;
use super::wire::{Names, Wire};
use crate::api::nmstate::{DnsResolver, Interface, InterfaceIp, LinkAggregation, PortVlan, Route};
use crate::api::site::{SiteSpec, Skip};
use crate::api::uplink::UplinkType;
use crate::base::diagnostic::{Origin, Place};

/// The NIC where nobody names one: the operator's own default (its document, "5.3").
pub const DEFAULT_NIC: &str = "ens160";

/// What the command line says before the Site.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    /// The NIC for networks that name none, before the Site's and its groups'.
    pub default_nic: Option<String>,
    /// What not to write, besides what the Site says.
    pub skip: Vec<Skip>,
    /// Whether to retire policies that are no longer wanted, even if the Site does not say so.
    pub retire: bool,
}

/// What holds for a whole run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The nodes, by what their NICs are called: at least one group. The policies of one group are never for another's nodes.
    pub groups: Vec<NodeGroup>,
    /// The bridges with VLAN filtering.
    pub trunks: Vec<Trunk>,
    /// OVN's localnets, by their names.
    pub localnets: BTreeMap<String, Localnet>,
    /// The ranges that the cluster uses itself, as the Site has them.
    pub cluster_ranges: Vec<ClusterRange>,
    /// The Site's `spec`; none without a Site.
    pub origin: Option<Origin>,
    /// The Site as it is written, which knows what holds where a key is left out; an empty one if there is none.
    pub site: SiteSpec,
    /// Whether policies that are no longer wanted are retired.
    pub retire: bool,
    /// Whether to leave out the NNCPs.
    pub skip_nncp: bool,
    /// Whether to leave out the NADs.
    pub skip_nad: bool,
}

impl Default for Settings {
    /// Without a Site.
    fn default() -> Self {
        Self {
            groups: vec![NodeGroup::default()],
            trunks: Vec::new(),
            localnets: BTreeMap::new(),
            cluster_ranges: Vec::new(),
            origin: None,
            site: SiteSpec::default(),
            retire: false,
            skip_nncp: false,
            skip_nad: false,
        }
    }
}

/// Nodes whose NICs are called the same.
#[derive(Debug, Clone, Default)]
pub struct NodeGroup {
    /// Its name; none if the Site has no groups, and this one stands for all nodes.
    pub name: Option<String>,
    /// `spec.nodeSelector` of its NNCPs: the Site's and its own.
    pub node_selector: Arc<NodeSelector>,
    /// What networks that name no `physicalInterface` are on.
    pub default_nic: DefaultNic,
    /// What a `physicalInterface` is called there.
    pub physical_interfaces: BTreeMap<String, String>,
    /// What the Site says of the interfaces there, by their names.
    pub uplinks: BTreeMap<String, Arc<UplinkDefinition>>,
    /// What the interfaces there are: by the Site, else by others' policies, else by the nodes' states.
    pub names: Arc<Names>,
    /// The Site's VLAN interfaces there, by the wires that they lead to.
    pub vlan_uplinks: HashMap<Wire, String>,
    /// Whether surely no node is in it, by the inventory.
    pub is_empty: bool,
    /// What the Site calls NICs there, or other groups do, and no node there has: a network is not on these, but on what was meant.
    pub misnamed: BTreeSet<String>,
}

/// The NIC for networks that name none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultNic {
    /// Its name.
    pub name: String,
    /// Whether neither the command line nor the Site names it.
    pub is_assumed: bool,
}

/// What the Site says of an interface of the nodes, with everything that it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UplinkDefinition {
    /// Where the Site says so.
    pub origin: Origin,
    /// What it is.
    pub kind: UplinkType,
    /// Its MTU.
    pub mtu: Option<u32>,
    /// What it stands on and itself, base first, without addresses of its own. An OVS bond is no interface of the node,
    /// and not among them.
    pub interfaces: Vec<Interface>,
    /// The node's IPv4 addresses on it; none if the Site does not say.
    pub ipv4: Option<InterfaceIp>,
    /// The node's IPv6 addresses on it; none if the Site does not say.
    pub ipv6: Option<InterfaceIp>,
    /// The routes through it; without an interface, because a bridge may take its place.
    pub routes: Vec<Route>,
    /// The routes through what it stands on.
    pub base_routes: Vec<Route>,
    /// The node's DNS servers.
    pub dns_resolver: Option<DnsResolver>,
    /// The NIC whose MAC address a bridge in its place takes, so that DHCP gives it the same lease.
    pub mac_source: Option<String>,
    /// The bond, for an OVS bond.
    pub ovs_bond: Option<LinkAggregation>,
}

impl UplinkDefinition {
    /// Whether the Site says what addresses the node has there; "none" is an answer, too.
    pub fn says_ip(&self) -> bool {
        self.ipv4.is_some() || self.ipv6.is_some()
    }

    /// Whether the Site asks for virtual functions.
    pub fn has_vfs(&self) -> bool {
        self.interfaces.last().is_some_and(|interface| interface.ethernet.is_some())
    }

    /// Whether the node has an address there.
    pub fn has_ip(&self) -> bool {
        [&self.ipv4, &self.ipv6].into_iter().flatten().any(|ip| ip.enabled)
    }
}

/// A bridge with VLAN filtering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// The bridge.
    pub bridge: String,
    /// Its NIC, as networks call it.
    pub physical_interface: String,
    /// The tags that its port lets through.
    pub vlan: PortVlan,
    /// Where the Site says so.
    pub origin: Origin,
}

impl Trunk {
    /// Whether its port lets a tag through.
    pub fn carries(&self, tag: u16) -> bool {
        self.vlan.trunk_tags.iter().any(|it| {
            it.id == Some(tag) || it.id_range.as_ref().is_some_and(|range| (range.min..=range.max).contains(&tag))
        })
    }
}

/// A range of addresses that the cluster uses itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRange {
    /// The range.
    pub net: IpNet,
    /// What it is for.
    pub of: RangeOf,
    /// Where the Site says so.
    pub place: Place,
}

/// What the cluster uses a range for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RangeOf {
    /// Pods.
    Pods,
    /// Services.
    Services,
    /// The network plugin's own traffic between the nodes.
    Internal,
}

/// OVN's name for an OVS bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localnet {
    /// OVN's name.
    pub name: String,
    /// The bridge.
    pub bridge: String,
    /// The NIC on which the bridge is made, as networks call it; none if it is there already.
    pub physical_interface: Option<String>,
    /// The MTU of what is attached to it, in bytes, if the Site says so.
    pub mtu: Option<u32>,
    /// Where the Site says so.
    pub origin: Origin,
}

/// The MTU of attachments to a localnet of which the Site says none, in bytes: that of Ethernet, and what OVN-Kubernetes' own controller
/// writes for a localnet (`go-controller/pkg/clustermanager/userdefinednetwork/template`).
const LOCALNET_MTU: u32 = 1500;

impl Localnet {
    /// The MTU of its attachments, in bytes. OVN-Kubernetes takes that of the cluster's overlay where it is left out, which is less than the
    /// wire's, or more (OpenShift enhancement "OVN-Kubernetes localnet API"). All attachments to one network of OVN must agree: where the
    /// Site says nothing, `of_others` is what attachments of others to that network have, if there are any.
    pub fn attachment_mtu(&self, of_uplink: Option<u32>, of_others: Option<Option<u32>>) -> Option<u32> {
        self.mtu.or(of_uplink).or_else(|| of_others.unwrap_or(Some(LOCALNET_MTU)))
    }
}

/// A NIC of the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// The name of the interface there.
    pub name: String,
    /// Whether nobody named it, so that [`DEFAULT_NIC`] was taken.
    pub is_assumed: bool,
    /// What networks call it, where the node group says what that is there.
    pub alias: Option<String>,
    /// What the Site says of it.
    pub definition: Option<Arc<UplinkDefinition>>,
}

impl Default for DefaultNic {
    fn default() -> Self {
        Self { name: DEFAULT_NIC.to_owned(), is_assumed: true }
    }
}

impl NodeGroup {
    /// What a `physicalInterface` is called there.
    pub fn interface<'a>(&'a self, physical_interface: Option<&'a str>) -> &'a str {
        let called = physical_interface.unwrap_or(&self.default_nic.name);
        self.physical_interfaces.get(called).map_or(called, String::as_str)
    }

    /// What a network of this `physicalInterface` is on. A VLAN interface that the Site knows by another name is the Site's.
    pub fn uplink(&self, physical_interface: Option<&str>) -> Uplink {
        let called = physical_interface.unwrap_or(&self.default_nic.name);
        let name = self.interface(physical_interface);
        let is_known = self.uplinks.contains_key(name) || self.vlan_uplinks.is_empty();
        let of_site = if is_known { None } else { self.vlan_uplinks.get(&self.names.wire(name)) };
        let name = of_site.map_or(name, String::as_str);
        Uplink {
            name: name.to_owned(),
            is_assumed: physical_interface.is_none() && self.default_nic.is_assumed,
            alias: self.physical_interfaces.contains_key(called).then(|| called.to_owned()),
            definition: self.uplinks.get(name).map(Arc::clone),
        }
    }

    /// The wire that an uplink leads to.
    pub fn wire(&self, uplink: &Uplink) -> Wire {
        self.names.wire(&uplink.name)
    }

    /// The Site's interface for a tag on an uplink, if it has one: there is one for a tag, whatever it is called.
    pub fn tagged(&self, uplink: &Uplink, id: u16) -> Option<Uplink> {
        if self.vlan_uplinks.is_empty() {
            return None;
        }
        let name = self.vlan_uplinks.get(&self.wire(uplink).tagged(id))?;
        let definition = self.uplinks.get(name).map(Arc::clone);
        Some(Uplink { name: name.clone(), definition, ..uplink.clone() })
    }
}

impl Uplink {
    /// Its MTU, if the Site says so.
    pub fn mtu(&self) -> Option<u32> {
        self.definition.as_ref().and_then(|definition| definition.mtu)
    }
}
