//! What attachments claim that others wrote: names, networks of OVN, and static addresses on the wire that their bridge leads to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::interface::of_address;
use super::network::ovn_particulars;
use crate::base::place::Place;
use crate::model::cni::OVN_PLUGIN;
use crate::model::{
    AttachmentOfOthers, AttachmentsOfOthers, Claim, Claimant, Claimed, Definition, Holder, Manifest, NadName,
    NodeSelector, Owner, Settings, Wire, everywhere,
};

/// The wires that bridges lead to, by their names, with the nodes where they do.
pub(in crate::lower) struct Bridges<'a>(HashMap<&'a str, BTreeSet<(&'a Wire, &'a Arc<NodeSelector>)>>);

impl<'a> Bridges<'a> {
    /// What is claimed of bridges.
    pub(in crate::lower) fn of(claims: impl Iterator<Item = &'a Claim>) -> Self {
        let mut bridges: HashMap<&str, BTreeSet<_>> = HashMap::new();
        for claim in claims {
            if let (Claimed::Interface(name), Holder::Definition(Definition::Bridge(bridge))) =
                (&claim.what, &claim.holder)
            {
                bridges.entry(name).or_default().extend(bridge.wires().map(|wire| (wire, &claim.nodes)));
            }
        }
        Self(bridges)
    }
}

/// The claims of the attachments that others wrote.
pub(in crate::lower) fn of_attachments(
    attachments: &AttachmentsOfOthers,
    bridges: &Bridges<'_>,
    settings: &Settings,
) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut sorted: Vec<_> = attachments.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    for (name, attachment) in sorted {
        let mut claim = |place: Place, what: Claimed, holder: Holder, nodes: Arc<NodeSelector>| {
            claims.push(Claim { place, what, holder, nodes, by: Claimant::Others });
        };
        let what = Claimed::AttachmentName(name.clone());
        claim(attachment.origin.at("metadata/name"), what, Holder::Manifest(Manifest::OfOthers), everywhere());
        let Some(config) = &attachment.config else { continue };
        let place = attachment.origin.at("spec/config");
        if let Some(network) = text(config, "name").filter(|_| text(config, "type") == Some(OVN_PLUGIN)) {
            let holder = Holder::OvnNetwork(ovn_particulars(config));
            claim(place.clone(), Claimed::OvnNetwork(network.to_owned()), holder, everywhere());
        }
        for (wire, nodes) in wires(attachment, config, bridges, settings) {
            for address in attachment.static_addresses() {
                let owner = Owner::Attachment(NadName::clone(name));
                claim(place.clone(), of_address(&wire, address.addr()), Holder::Owner(owner), Arc::clone(&nodes));
            }
        }
    }
    claims
}

/// The wires that an attachment leads to: by its bridge, or by its NIC.
fn wires(
    attachment: &AttachmentOfOthers,
    config: &Value,
    bridges: &Bridges<'_>,
    settings: &Settings,
) -> Vec<(Wire, Arc<NodeSelector>)> {
    if let Some(master) = text(config, "master") {
        let groups = settings.groups.iter();
        return groups.map(|group| (group.names.wire(master), Arc::clone(&group.node_selector))).collect();
    }
    let localnet = text(config, "physicalNetworkName").and_then(|name| settings.localnets.get(name));
    let bridge = text(config, "bridge").or(localnet.map(|localnet| localnet.bridge.as_str()));
    let wires = bridge.and_then(|bridge| bridges.0.get(bridge)).into_iter().flatten();
    wires.map(|(wire, nodes)| ((*wire).clone().maybe_tagged(attachment.tag()), Arc::clone(nodes))).collect()
}

fn text<'a>(config: &'a Value, key: &str) -> Option<&'a str> {
    config.get(key).and_then(Value::as_str)
}
