//! What stands among the inputs and is made by others: network attachments and node policies that ours must go together with.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::Value;

use super::filtering::Filtering;
use super::inventory::NodeInterface;
use super::selector::NodeSelector;
use crate::api::nmstate::DnsConfig;
use crate::base::address::{all_addresses, parse_net};
use crate::base::place::Origin;

/// The name of a NetworkAttachmentDefinition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NadName {
    /// Its namespace; none where that is not said.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl NadName {
    /// The same name, in this namespace if it has none.
    #[must_use]
    pub fn or_in(&self, namespace: Option<&str>) -> Self {
        let namespace = self.namespace.as_deref().or(namespace).map(str::to_owned);
        Self { namespace, name: self.name.clone() }
    }
}

impl fmt::Display for NadName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{namespace}/{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// The NetworkAttachmentDefinitions among the inputs.
pub type AttachmentsOfOthers = HashMap<NadName, AttachmentOfOthers>;

/// A NetworkAttachmentDefinition among the inputs.
#[derive(Debug)]
pub struct AttachmentOfOthers {
    /// The object.
    pub origin: Origin,
    /// The CNI configuration of its first plugin, with the `name` of the network; none if it has none that can be read. Multus then takes
    /// one from the nodes.
    pub config: Option<Value>,
    /// Whether there is a configuration that cannot be read.
    pub is_broken: bool,
    /// A second one of the same name.
    pub second: Option<Origin>,
}

impl AttachmentOfOthers {
    /// The tag that it puts on: `vlan` of the plugins `bridge`, `ovs` and `sriov`, `vlanID` of OVN-Kubernetes.
    pub fn tag(&self) -> Option<u16> {
        let config = self.config.as_ref()?;
        let tag = ["vlan", "vlanID"].iter().find_map(|key| config.get(*key))?.as_u64()?;
        u16::try_from(tag).ok().filter(|tag| *tag != 0)
    }

    /// The addresses that the `static` IPAM plugin gives (containernetworking/plugins, `plugins/ipam/static`).
    pub fn static_addresses(&self) -> Vec<IpNet> {
        let ipam = self.config.as_ref().and_then(|config| config.get("ipam"));
        let ipam = ipam.filter(|ipam| ipam.get("type").and_then(Value::as_str) == Some("static"));
        let list = ipam.and_then(|ipam| ipam.get("addresses")).and_then(Value::as_array);
        let address = |value: &Value| parse_net(value.get("address")?.as_str()?);
        list.into_iter().flatten().filter_map(address).collect()
    }

    /// Whether it gives a pod a default route of this IP version, by its IPAM (CNI specification, "Well-known types": a route to all
    /// addresses) or as the gateway of a bridge (`isDefaultGateway`).
    pub fn has_default_route(&self, is_ipv4: bool) -> bool {
        let Some(config) = &self.config else { return false };
        let routes = config.pointer("/ipam/routes").and_then(Value::as_array);
        let is_default = |route: &Value| route.get("dst").and_then(Value::as_str) == Some(all_addresses(is_ipv4));
        let is_gateway = is_ipv4 && config.get("isDefaultGateway").and_then(Value::as_bool) == Some(true);
        is_gateway || routes.into_iter().flatten().any(is_default)
    }
}

/// A NodeNetworkConfigurationPolicy among the inputs that others wrote.
#[derive(Debug)]
pub struct PolicyOfOthers {
    /// The object.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// The nodes that it is for; empty means all nodes.
    pub node_selector: Arc<NodeSelector>,
    /// The interfaces of its desired state, with their names.
    pub interfaces: Vec<(String, NodeInterface)>,
    /// The names of those that it takes away: absent, or virtual and down, which nmstate takes for the same.
    pub absent: HashSet<String>,
    /// Its bridges whose ports it sets: what each port lets through. The NICs of an OVS bond are ports.
    pub bridges: HashMap<String, BTreeMap<String, Filtering>>,
    /// OVN's names for bridges: localnet and bridge.
    pub bridge_mappings: Vec<(String, String)>,
    /// OVN's names that it takes away.
    pub absent_mappings: Vec<String>,
    /// The nodes' DNS servers, if it sets them.
    pub dns: Option<DnsConfig>,
}

impl PolicyOfOthers {
    /// Where the interfaces stand in the policy.
    pub fn list(&self) -> Origin {
        self.origin.child("spec").child("desiredState").child("interfaces")
    }
}
