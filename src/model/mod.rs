//! The model: what every network of every Wukong comes to, what is known of the nodes, and what is claimed of them; before it is spelt
//! as manifests.
//!
//! Networks are lowered into it, rules look at it, manifests are made from it. Each part knows its [`Origin`](crate::base::place::Origin),
//! so that a finding about the plan is shown in the file that its author wrote.

mod carrier;
mod claims;
pub mod cni;
mod filtering;
pub mod inventory;
mod labels;
mod network;
mod node;
mod node_object;
mod others;
mod policy;
mod selector;
mod settings;
mod wire;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::base::place::NetworkId;

pub use carrier::{Bridge, Carrier, Need, Tagging, Use};
pub use claims::{
    BridgeDefinition, BridgeKind, Claim, Claimant, Claimed, Controller, Definition, Holder, Manifest, NodeOwner, Owner,
    everywhere,
};
pub use filtering::Filtering;
pub use inventory::{Inventory, Selection};
pub use labels::{Labels, Slip};
pub use network::{Host, Identity, Key, Network, StaticIp, Wukong};
pub use others::{AttachmentOfOthers, AttachmentsOfOthers, NadName, PolicyOfOthers};
pub use policy::{Attachment, Policy, SourceFiles, Subject, Tombstone};
pub use selector::{HOSTNAME, NodeSelector, can_overlap};
pub use settings::{
    ClusterRange, DEFAULT_NIC, DefaultNic, Localnet, NodeGroup, Overrides, RangeOf, Settings, Trunk, Uplink,
    UplinkDefinition,
};
pub use wire::{Names, Wire};

/// Everything that a run is to make.
#[derive(Debug, Default)]
pub struct Plan {
    /// What holds for the run; the node groups are there, as hosts count them.
    pub settings: Arc<Settings>,
    /// The virtual machines with their networks.
    pub wukongs: Vec<Wukong>,
    /// The node policies (NNCPs).
    pub policies: Vec<Policy>,
    /// The network attachments (NADs).
    pub attachments: Vec<Attachment>,
    /// What is claimed of the nodes, of wires and of names.
    pub claims: Vec<Claim>,
    /// The NetworkAttachmentDefinitions that were among the inputs.
    pub attachments_of_others: AttachmentsOfOthers,
    /// The node policies that were among the inputs.
    pub policies_of_others: Vec<PolicyOfOthers>,
    /// The nodes as they are, as far as the inputs tell.
    pub inventory: Inventory,
    /// The time of the run, in seconds since 1970; none if age does not matter.
    pub now: Option<i64>,
    /// Whether something was dropped because of an error, so that a rule about what is absent would guess.
    pub is_partial: bool,
    /// The networks by their ids, looked up when something was found.
    pub by_id: ById,
}

/// Where the networks of a plan are, by their ids.
#[derive(Debug, Default)]
pub struct ById(OnceLock<HashMap<NetworkId, (usize, usize)>>);

impl Plan {
    /// Whether two selectors can select the same node. Where all labels are known, that is so only if there is such a node: a
    /// hostname and a rack, say, are not apart by themselves.
    pub fn can_meet(&self, a: &NodeSelector, b: &NodeSelector) -> bool {
        if !can_overlap(a, b) {
            return false;
        }
        let has_all = |one: &NodeSelector, other: &NodeSelector| other.keys().all(|label| one.contains_key(label));
        if has_all(a, b) || has_all(b, a) {
            return true;
        }
        let both: NodeSelector = a.iter().chain(b).map(|(label, value)| (label.clone(), value.clone())).collect();
        let is_hostname_known = || both.get(HOSTNAME).is_some_and(|hostname| self.inventory.has_hostname(hostname));
        let is_decided = self.inventory.has_all_labels() || is_hostname_known();
        if !is_decided {
            return true;
        }
        let selection = self.inventory.select(&both);
        selection.stateless > 0 || !selection.nodes.is_empty()
    }

    /// The networks of all virtual machines.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.wukongs.iter().flat_map(|wukong| &wukong.networks)
    }

    /// The network that makes a claim.
    pub fn network_of(&self, claim: &Claim) -> Option<&Network> {
        self.network(claim.place.network()?)
    }

    /// The interface through which a claim has the frames of a wire, by its name on the nodes: the Site or a node may call VLAN 5 of `eno1`
    /// `storage`. None if the claim is of something else, or of a tag that the bridge itself takes from the frames.
    pub fn port_of<'a>(&'a self, claim: &'a Claim) -> Option<Cow<'a, str>> {
        let Claimed::Wire(wire) = &claim.what else { return None };
        let network = self.network_of(claim);
        let host = network.and_then(|network| network.hosts.iter().find(|host| host.nodes == claim.nodes));
        let (Some(network), Some(host)) = (network, host) else { return Some(wire.interface()) };
        if host.port_wire().as_ref() == Some(wire) {
            host.port()
        } else if network.carrier.tag_above().is_some() && network.wire(host).as_ref() == Some(wire) {
            None
        } else {
            Some(wire.interface())
        }
    }

    /// The owner of an address, in words.
    pub fn words_of(&self, owner: &Owner) -> String {
        match owner {
            Owner::Guest(id) => match self.find(*id) {
                Some((wukong, network)) => {
                    let identity = &wukong.identity;
                    let name = NadName { namespace: identity.namespace.clone(), name: identity.name.clone() };
                    format!("`{}` of `{name}`", network.name)
                }
                None => "a guest".to_owned(),
            },
            Owner::Attachment(name) => format!("the attachment `{name}`"),
            Owner::Node(node) => node.to_string(),
        }
    }

    /// The network of an id.
    pub fn network(&self, id: NetworkId) -> Option<&Network> {
        self.find(id).map(|(_, network)| network)
    }

    /// The network of an id, with its virtual machine.
    pub fn find(&self, id: NetworkId) -> Option<(&Wukong, &Network)> {
        let by_id = self.by_id.0.get_or_init(|| {
            let numbered = self.wukongs.iter().enumerate();
            let all =
                numbered.flat_map(|(number, wukong)| wukong.networks.iter().enumerate().map(move |it| (number, it)));
            all.filter_map(|(number, (index, network))| Some((network.origin.network?, (number, index)))).collect()
        });
        let (wukong, network) = by_id.get(&id)?;
        let wukong = &self.wukongs[*wukong];
        Some((wukong, &wukong.networks[*network]))
    }
}
