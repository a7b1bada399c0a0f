//! What others wrote: NetworkAttachmentDefinitions and NodeNetworkConfigurationPolicies among the inputs.
//!
//! Read leniently, like the inventory: they are not ours to check, and only what ours must go together with is looked for.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::inventory::{dns, interface, text_at};
use crate::diagnostic::Origin;
use crate::plan::{ExistingAttachment, ExistingPolicy};

/// The kind of a network attachment.
pub(super) const NAD_KIND: &str = "NetworkAttachmentDefinition";
/// The kind of a node policy.
pub(super) const NNCP_KIND: &str = "NodeNetworkConfigurationPolicy";

/// A NetworkAttachmentDefinition, by namespace and name.
pub(super) fn attachment(origin: Origin, value: &Value) -> Option<((Option<String>, String), ExistingAttachment)> {
    let metadata = value.get("metadata")?;
    let key = (text_at(metadata, "namespace"), text_at(metadata, "name")?);
    let config = value.pointer("/spec/config").and_then(Value::as_str);
    let config = config.and_then(|text| serde_json::from_str(text).ok()).map(first_plugin);
    Some((key, ExistingAttachment { origin, config }))
}

/// The first plugin of a configuration, or of a list of them, with the network's name.
fn first_plugin(mut config: Value) -> Value {
    let plugins = config.get_mut("plugins").and_then(Value::as_array_mut);
    let Some(mut plugin) = plugins.filter(|plugins| !plugins.is_empty()).map(|plugins| plugins.remove(0)) else {
        return config;
    };
    if let (Some(plugin), Some(name)) = (plugin.as_object_mut(), config.get("name")) {
        plugin.insert("name".to_owned(), name.clone());
    }
    plugin
}

/// A NodeNetworkConfigurationPolicy.
pub(super) fn policy(origin: Origin, value: &Value) -> Option<ExistingPolicy> {
    let name = text_at(value.get("metadata")?, "name")?;
    let spec = value.get("spec")?;
    let labels = spec.get("nodeSelector").and_then(Value::as_object);
    let label = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let node_selector: BTreeMap<String, String> = labels.into_iter().flatten().filter_map(label).collect();
    let state = spec.get("desiredState");
    let list = state.and_then(|state| state.get("interfaces")).and_then(Value::as_array);
    let (mut interfaces, mut absent, mut filtering) = (Vec::new(), HashSet::new(), HashSet::new());
    for (index, value) in list.into_iter().flatten().enumerate() {
        let Ok((name, interface)) = interface(value, index) else { continue };
        if value.get("state").and_then(Value::as_str) == Some("absent") {
            absent.insert(name.clone());
        }
        let ports = value.pointer("/bridge/port").and_then(Value::as_array);
        if ports.into_iter().flatten().any(|port| port.get("vlan").is_some_and(|vlan| !vlan.is_null())) {
            filtering.insert(name.clone());
        }
        interfaces.push((name, interface));
    }
    let dns = state.and_then(|state| state.pointer("/dns-resolver/config")).and_then(dns);
    Some(ExistingPolicy { origin, name, node_selector: Arc::new(node_selector), interfaces, absent, filtering, dns })
}
