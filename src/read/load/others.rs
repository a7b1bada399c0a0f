//! What others wrote: NetworkAttachmentDefinitions and NodeNetworkConfigurationPolicies among the inputs.
//!
//! Read leniently, like the inventory: they are not ours to check, and only what ours must go together with is looked for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::inventory::{dns, interface, nics_of_port, text_at};
use crate::base::diagnostic::Origin;
use crate::model::{AttachmentOfOthers, Filtering, NadName, PolicyOfOthers};

/// A NetworkAttachmentDefinition, by namespace and name.
pub(super) fn attachment(origin: Origin, value: &Value) -> Option<(NadName, AttachmentOfOthers)> {
    let metadata = value.get("metadata")?;
    let key = NadName { namespace: text_at(metadata, "namespace"), name: text_at(metadata, "name")? };
    let text = value.pointer("/spec/config").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let config = text.and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_object).map(first_plugin);
    let is_broken = text.is_some() && config.is_none();
    Some((key, AttachmentOfOthers { origin, config, is_broken, second: None }))
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
pub(super) fn policy(origin: Origin, value: &Value) -> Option<PolicyOfOthers> {
    let name = text_at(value.get("metadata")?, "name")?;
    let spec = value.get("spec")?;
    let labels = spec.get("nodeSelector").and_then(Value::as_object);
    let label = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let node_selector: BTreeMap<String, String> = labels.into_iter().flatten().filter_map(label).collect();
    let state = spec.get("desiredState");
    let list = state.and_then(|state| state.get("interfaces")).and_then(Value::as_array);
    let (mut interfaces, mut absent, mut bridges) = (Vec::new(), HashSet::new(), HashMap::new());
    for (index, value) in list.into_iter().flatten().enumerate() {
        let Ok((name, interface)) = interface(value, index) else { continue };
        match value.get("state").and_then(Value::as_str) {
            Some("absent") => drop(absent.insert(name.clone())),
            Some("down") if !interface.kind.is_hardware() => drop(absent.insert(name.clone())),
            _ => {}
        }
        if let Some(ports) = value.pointer("/bridge/port").and_then(Value::as_array) {
            let filtering = |port: &Value| {
                let filtering = Filtering::of_value(port);
                nics_of_port(port).into_iter().map(move |nic| (nic, filtering.clone()))
            };
            bridges.insert(name.clone(), ports.iter().flat_map(filtering).collect());
        }
        interfaces.push((name, interface));
    }
    let dns = state.and_then(|state| state.pointer("/dns-resolver/config")).and_then(dns);
    let mappings = state.and_then(|state| state.pointer("/ovn/bridge-mappings")).and_then(Value::as_array);
    let (mut bridge_mappings, mut absent_mappings) = (Vec::new(), Vec::new());
    for mapping in mappings.into_iter().flatten() {
        let Some(localnet) = text_at(mapping, "localnet") else { continue };
        match (mapping.get("state").and_then(Value::as_str), text_at(mapping, "bridge")) {
            (Some("absent"), _) => absent_mappings.push(localnet),
            (_, Some(bridge)) => bridge_mappings.push((localnet, bridge)),
            (_, None) => {}
        }
    }
    let node_selector = Arc::new(node_selector);
    Some(PolicyOfOthers {
        origin,
        name,
        node_selector,
        interfaces,
        absent,
        bridges,
        bridge_mappings,
        absent_mappings,
        dns,
    })
}
