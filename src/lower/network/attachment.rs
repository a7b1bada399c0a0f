//! The NetworkAttachmentDefinition of a network: one for all nodes, whatever their groups.

use serde_json::{Map, Value, json};

use super::Lowered;
use crate::api::NetworkConfig;
use crate::base::diagnostic::Diagnostic;
use crate::model::cni::{NetConf, Plugin, StaticIpam};
use crate::model::{Identity, NodeGroup, Settings, StaticIp};
use crate::read::load::Object;
use crate::rule;

rule! {
    /// The NetworkAttachmentDefinition of a network would have to differ between node groups.
    ///
    /// There is one for all nodes, because nobody knows beforehand on which the virtual machine starts. So all groups must agree on
    /// what stands in it: the bridge, what puts the tag on, the NIC of macvlan and ipvlan, the SR-IOV resource.
    ///
    /// ## Way out
    /// Let the `physicalInterfaces` of the groups lead to uplinks of one kind; name the SR-IOV resource by what the network calls the
    /// NIC; use `type: bridge` instead of macvlan.
    pub ATTACHMENT_DIFFERS = "WK223", "attachment-differs", Error;
}

/// The finding that two groups need other attachments.
pub(super) fn differs(
    config: &Object<NetworkConfig>,
    first: (&NodeGroup, &Lowered),
    here: (&NodeGroup, &Lowered),
) -> Diagnostic {
    let key = if config.value.physical_interface.is_some() { "physicalInterface" } else { "type" };
    let group = |group: &NodeGroup| group.name.clone().unwrap_or_default();
    Diagnostic::new(
        &ATTACHMENT_DIFFERS,
        config.origin.at(key),
        format!(
            "the NetworkAttachmentDefinition of `{}` would need {} in the node group `{}`, and {} in `{}`",
            config.value.name,
            particulars(first.1, here.1),
            group(first.0),
            particulars(here.1, first.1),
            group(here.0)
        ),
        "let the groups lead to uplinks of one kind, or select the nodes of one of them in the Wukong",
    )
}

/// What the attachment of `one` has and that of `other` has not, in words.
fn particulars(one: &Lowered, other: &Lowered) -> String {
    let fields = |lowered: &Lowered| match json!(lowered.plugin) {
        Value::Object(mut map) => {
            map.extend(lowered.resource_name.iter().map(|name| ("resourceName".to_owned(), json!(name))));
            map
        }
        _ => Map::new(),
    };
    let theirs = fields(other);
    let own: Vec<String> = fields(one)
        .into_iter()
        .filter(|(key, value)| theirs.get(key) != Some(value))
        .map(|(key, value)| format!("`{key}: {}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    if own.is_empty() { "none of that".to_owned() } else { own.join(", ") }
}

/// The CNI configuration of a network's NAD.
pub(super) fn net_conf(
    identity: &Identity,
    name: &str,
    plugin: Plugin,
    mtu: Option<u32>,
    ip: Option<&StaticIp>,
    settings: &Settings,
) -> NetConf {
    let joined = |with: &str| match &identity.namespace {
        Some(namespace) => format!("{namespace}{with}{name}"),
        None => name.to_owned(),
    };
    let ovn_network = plugin.ovn_network();
    NetConf {
        cni_version: settings.site.cni_version().to_owned(),
        net_attach_def_name: ovn_network.is_some().then(|| joined("/")),
        ipam: ip.filter(|_| ovn_network.is_none()).map(StaticIpam::of),
        name: ovn_network.unwrap_or_else(|| joined("-")),
        mtu: mtu.filter(|_| plugin.takes_mtu()),
        plugin,
    }
}
