//! What others' policies and attachments among the inputs claim, so that conflicts with them are found like those among ours.

use std::sync::Arc;

use serde_json::Value;

use super::claims::{bond_words, vlan_words};
use crate::base::diagnostic::Place;
use crate::base::names::vlan_of_name;
use crate::model::cni::OVN_PLUGIN;
use crate::model::inventory::NodeInterface;
use crate::model::{Claim, Claimant, Claimed, ExistingAttachments, ExistingPolicy, everywhere};

/// The claims of a policy that somebody else wrote.
pub(super) fn of_policy(policy: &ExistingPolicy) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut claim = |place: Place, what: Claimed, holder: String| {
        claims.push(Claim { place, what, holder, nodes: Arc::clone(&policy.node_selector), by: Claimant::Others });
    };
    for (name, interface) in &policy.interfaces {
        let place = policy.list().child(interface.index).at("name");
        if policy.absent.contains(name) {
            claim(place, Claimed::Absent(name.clone()), format!("the policy `{}`", policy.name));
            continue;
        }
        if let Some(words) = words(policy, name, interface) {
            claim(place.clone(), Claimed::Interface(name.clone()), words);
        }
        if let Some(vlan) = &interface.vlan {
            let what = Claimed::VlanInterface { base: vlan.base_iface.clone(), id: vlan.id };
            claim(place.clone(), what, name.clone());
        }
        for port in interface.ports.iter().filter(|port| *port != name) {
            let what = match tag_of(policy, port) {
                Some((base, id)) => Claimed::VlanTag { base: base.to_owned(), id },
                None => Claimed::Port(port.clone()),
            };
            claim(place.clone(), what, name.clone());
        }
    }
    for (localnet, bridge) in &policy.bridge_mappings {
        let place = policy.origin.at("spec/desiredState/ovn/bridge-mappings");
        claim(place, Claimed::Localnet(localnet.clone()), bridge.clone());
    }
    if let Some(dns) = &policy.dns {
        let place = policy.origin.at("spec/desiredState/dns-resolver");
        claim(place, Claimed::DnsResolver, dns.server.join(", "));
    }
    let name = Claimed::PolicyName(policy.name.clone());
    let holder = "another file".to_owned();
    let nodes = everywhere();
    claims.push(Claim { place: policy.origin.at("metadata/name"), what: name, holder, nodes, by: Claimant::Others });
    claims
}

/// The claims of the attachments that somebody else wrote.
pub(super) fn of_attachments(attachments: &ExistingAttachments) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut sorted: Vec<_> = attachments.iter().collect();
    sorted.sort_by_key(|(key, _)| *key);
    for ((namespace, name), attachment) in sorted {
        let mut claim = |place: Place, what: Claimed, holder: String| {
            claims.push(Claim { place, what, holder, nodes: everywhere(), by: Claimant::Others });
        };
        let what = Claimed::AttachmentName { namespace: namespace.clone(), name: name.clone() };
        claim(attachment.origin.at("metadata/name"), what, "another file".to_owned());
        let config = attachment.config.as_ref();
        let network = config.filter(|config| config.get("type").and_then(Value::as_str) == Some(OVN_PLUGIN));
        if let Some((network, config)) = network.and_then(|it| Some((it.get("name")?.as_str()?, it))) {
            let what = Claimed::OvnNetwork(network.to_owned());
            claim(attachment.origin.at("spec/config"), what, ovn_particulars(config));
        }
    }
    claims
}

/// What must be the same in all attachments to one network of OVN, in words.
pub(super) fn ovn_particulars(config: &Value) -> String {
    const OWN: [&str; 5] = ["cniVersion", "name", "type", "netAttachDefName", "ipam"];
    let fields = config.as_object().into_iter().flatten().filter(|(key, _)| !OWN.contains(&key.as_str()));
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut words: Vec<String> = fields.map(|(key, value)| format!("`{key}: {}`", word(value))).collect();
    words.sort();
    words.join(", ")
}

/// The base and the tag of a port that is a VLAN interface: by the policy, or by its name.
fn tag_of<'a>(policy: &'a ExistingPolicy, port: &'a str) -> Option<(&'a str, u16)> {
    match policy.interfaces.iter().find(|(name, _)| name == port) {
        Some((_, interface)) => interface.vlan.as_ref().map(|vlan| (vlan.base_iface.as_str(), vlan.id)),
        None => vlan_of_name(port),
    }
}

/// What a policy makes of an interface, in the words that our own have: two with the same words are the same. None if it only
/// changes something of it, such as its MTU.
fn words(policy: &ExistingPolicy, name: &str, interface: &NodeInterface) -> Option<String> {
    match interface.interface_type.as_str() {
        "linux-bridge" | "ovs-bridge" => {
            policy.bridges.contains_key(name).then(|| bridge_words(policy, name, interface))
        }
        "bond" => (!interface.ports.is_empty()).then(|| bond_words(&interface.ports)),
        "vlan" => interface.vlan.as_ref().map(|vlan| vlan_words(&vlan.base_iface, vlan.id)),
        "" | "ethernet" | "ovs-interface" | "loopback" | "unknown" => None,
        other => Some(format!("an interface of type {other}")),
    }
}

fn bridge_words(policy: &ExistingPolicy, name: &str, interface: &NodeInterface) -> String {
    let kind = if interface.interface_type == "ovs-bridge" { "an ovs-bridge" } else { "a linux-bridge" };
    let ports: Vec<&String> = interface.ports.iter().filter(|port| *port != name).collect();
    let on = match ports.as_slice() {
        [] => "without a port".to_owned(),
        [port] => match tag_of(policy, port) {
            Some((base, id)) => format!("on `{base}`, VLAN {id}"),
            None => format!("on `{port}`"),
        },
        ports => format!("on {}", ports.iter().map(|port| format!("`{port}`")).collect::<Vec<_>>().join(", ")),
    };
    let filtering = if policy.bridges.get(name) == Some(&true) { " with VLAN filtering" } else { "" };
    let address = match interface.addresses().as_slice() {
        [] => String::new(),
        addresses => format!(", with the node's address {}", addresses.join(", ")),
    };
    format!("{kind} {on}{filtering}{address}")
}
