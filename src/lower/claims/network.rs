//! What a network claims: a bridge and its port, a wire, its addresses and names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::interface::{of_address, of_subnet};
use crate::base::names::vlan_interface;
use crate::base::place::Place;
use crate::model::cni::{NetConf, OVN_PLUGIN};
use crate::model::{
    AttachmentOfOthers, AttachmentsOfOthers, Bridge, BridgeDefinition, BridgeKind, Claim, Claimant, Claimed,
    Controller, Definition, Filtering, Holder, Host, Identity, Key, Manifest, NadName, Names, Network, NodeOwner,
    Owner, Settings, Tagging, Use, Wire, everywhere,
};

/// What others wrote, as far as it changes what a network claims.
pub(in crate::lower) struct Others<'a> {
    /// Whether others, or the Site, define interfaces one by one: without them ten thousand claims of the VLAN interfaces that networks
    /// make would meet no other claim.
    pub(in crate::lower) define_interfaces: bool,
    /// The attachments, which may put a tag on.
    pub(in crate::lower) attachments: &'a AttachmentsOfOthers,
    /// The MTU in attachments to OVN's networks, by the network's name.
    pub(in crate::lower) ovn_mtus: HashMap<String, Option<u32>>,
}

/// The MTU in attachments of others to OVN's networks, by the network's name; the least of those that differ.
pub(in crate::lower) fn ovn_mtus(attachments: &AttachmentsOfOthers) -> HashMap<String, Option<u32>> {
    let mut mtus: HashMap<String, Option<u32>> = HashMap::new();
    for config in attachments.values().filter_map(|attachment| attachment.config.as_ref()) {
        let is_ovn = config.get("type").and_then(Value::as_str) == Some(OVN_PLUGIN);
        let Some(name) = config.get("name").and_then(Value::as_str).filter(|_| is_ovn) else { continue };
        let mtu = config.get("mtu").and_then(Value::as_u64).and_then(|mtu| u32::try_from(mtu).ok());
        mtus.entry(name.to_owned()).and_modify(|known| *known = mtu.min(*known)).or_insert(mtu);
    }
    mtus
}

/// The claims on the nodes and on the wire, in every group. Where nothing is made on the nodes, nothing is taken there.
pub(in crate::lower) fn of_network(
    identity: &Identity,
    network: &Network,
    settings: &Settings,
    others: &Others<'_>,
    claims: &mut Vec<Claim>,
) {
    let nad_name = network.nad_name.as_ref().map(|name| name.or_in(identity.namespace.as_deref()));
    let attachment = nad_name.and_then(|name| others.attachments.get(&name));
    for host in &network.hosts {
        let group = &settings.groups[host.group];
        // A network that selects nodes is not on those of a group that has none: most often the group's label is misspelt (WK246).
        if group.is_empty && !identity.node_selector.is_empty() {
            continue;
        }
        // What it would meet on a NIC that is not there is not what was meant. The NIC itself is told (WK228).
        if host.need.is_some() && host.uplink.as_ref().is_some_and(|uplink| group.misnamed.contains(&uplink.name)) {
            continue;
        }
        let mut claim = |place: Place, what: Claimed, holder: Holder| {
            claims.push(Claim { place, what, holder, nodes: Arc::clone(&host.nodes), by: Claimant::Network });
        };
        if !settings.skip_nncp {
            on_nodes(network, host, &group.names, others.define_interfaces, &mut claim);
        }
        let is_attached = network.nad_name.is_none() && !settings.skip_nad;
        if let (Use::Pods(pods), true) = (network.carrier.uses(), is_attached) {
            let wires = taken(host, &group.names);
            for wire in wires {
                let holder = Holder::Controller(pods.clone());
                claim(network.at(Key::PhysicalInterface), Claimed::Wire(wire), holder);
            }
        }
        // A node selector does not part a wire: it says where a guest runs, not where its frames get to.
        let mut claim = |place: Place, what: Claimed, holder: Holder| {
            claims.push(Claim { place, what, holder, nodes: Arc::clone(&group.node_selector), by: Claimant::Network });
        };
        on_wire(network, host, attachment, &mut claim);
    }
}

fn on_nodes(
    network: &Network,
    host: &Host,
    names: &Names,
    has_others: bool,
    claim: &mut impl FnMut(Place, Claimed, Holder),
) {
    if let (Some(localnet), Some(bridge)) = (network.carrier.localnet(), network.carrier.bridge_name()) {
        let holder = Holder::Interface(bridge.to_owned());
        claim(network.at(Key::PhysicalInterface), Claimed::Localnet(localnet.to_owned()), holder);
    }
    let Some(uplink) = &host.uplink else { return };
    let (kind, bridge) = match network.carrier.uses() {
        Use::Functions => {
            let what = Claimed::VirtualFunctions(uplink.name.clone());
            claim(network.at(Key::PhysicalInterface), what, Holder::Functions);
            return;
        }
        Use::Bridge(kind, bridge) if host.need.as_ref().is_some_and(crate::model::Need::makes_bridge) => (kind, bridge),
        Use::Bridge(..) | Use::Nothing | Use::Pods(_) => return,
    };
    let definition = definition(network, host, kind, names);
    claim(network.at(Key::BridgeName), Claimed::Interface(bridge.to_owned()), Holder::Definition(definition));
    if let Some(mtu) = uplink.mtu() {
        claim(network.at(Key::BridgeName), Claimed::Mtu(bridge.to_owned()), Holder::Number(mtu));
    }
    let holder = || Holder::Controller(Controller::Interface(bridge.to_owned()));
    if let (Some(id), Some(wire)) = (host.vlan, host.port_wire()) {
        if has_others {
            let made = vlan_interface(&uplink.name, id);
            let definition = Holder::Definition(Definition::Vlan(wire.clone()));
            claim(network.at(Key::VlanId), Claimed::Interface(made.clone()), definition);
            claim(network.at(Key::VlanId), Claimed::VlanInterface(wire.clone()), Holder::Interface(made));
        }
        claim(network.at(Key::VlanId), Claimed::Wire(wire), holder());
        return;
    }
    if let (Some(_), Some(wire)) = (network.carrier.tag_above(), network.wire(host)) {
        // A VLAN interface for the tag would take its frames before the bridge sees them.
        claim(network.at(Key::VlanId), Claimed::Wire(wire), holder());
    }
    let key = network.port_key(host);
    for wire in taken(host, names) {
        claim(network.at(key), Claimed::Wire(wire), holder());
    }
}

/// The wires that are taken with an uplink: its own, or those of the NICs of an OVS bond.
fn taken(host: &Host, names: &Names) -> Vec<Wire> {
    let definition = host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref());
    match definition.and_then(|definition| definition.ovs_bond.as_ref()) {
        Some(bond) => bond.port.iter().map(|nic| names.wire(nic)).collect(),
        None => host.base.iter().cloned().collect(),
    }
}

fn definition(network: &Network, host: &Host, kind: BridgeKind, names: &Names) -> Definition {
    let filtering = network.carrier.filtering().unwrap_or(Filtering::Off);
    let wires = match host.vlan {
        None => taken(host, names),
        Some(_) => host.port_wire().into_iter().collect(),
    };
    let addresses = network.carrier.bridge().and_then(|bridge| bridge.node_ip).into_iter().collect();
    let ports = wires.into_iter().map(|wire| (wire, filtering.clone()));
    Definition::Bridge(BridgeDefinition::new(kind, ports, addresses))
}

fn on_wire(
    network: &Network,
    host: &Host,
    attachment: Option<&AttachmentOfOthers>,
    claim: &mut impl FnMut(Place, Claimed, Holder),
) {
    let node_ip = network.carrier.bridge().and_then(|bridge| Some((bridge, bridge.node_ip?)));
    if let (Some((Bridge { name, .. }, node_ip)), Some(wire)) = (node_ip, host.port_wire()) {
        // On a bridge whose attachments tag, the tag is the guest's alone, and the node's address is untagged.
        let owner = Owner::Node(NodeOwner::Selected(Arc::clone(&host.nodes), name.clone()));
        claim(network.at(Key::NodeIp), of_address(&wire, node_ip.addr()), Holder::Owner(owner));
        claim(network.at(Key::NodeIp), of_subnet(&wire, node_ip), Holder::Gateway(None));
    }
    let Some(wire) = guest_wire(network, host, attachment) else { return };
    let Some(id) = network.origin.network else { return };
    let owner = || Holder::Owner(Owner::Guest(id));
    for address in attachment.map(AttachmentOfOthers::static_addresses).unwrap_or_default() {
        claim(network.at(Key::NadName), of_address(&wire, address.addr()), owner());
    }
    let Some(ip) = &network.ip else { return };
    let place = network.origin.at("ipConfig/address");
    if let Some(wire) = alias_wire(network, host) {
        claim(place.clone(), of_address(&wire, ip.address.addr()), owner());
    }
    claim(place.clone(), of_address(&wire, ip.address.addr()), owner());
    claim(place, of_subnet(&wire, ip.address), Holder::Gateway(ip.gateway));
}

/// The wire on which the guest is. On a plain bridge an attachment of others may put a tag on. Where only the bridge is known, as with a
/// localnet of OVN, that stands for what it leads to.
fn guest_wire(network: &Network, host: &Host, attachment: Option<&AttachmentOfOthers>) -> Option<Wire> {
    let of_bridge = || Some(Wire::untagged(network.carrier.bridge_name()?).maybe_tagged(network.carrier.tag_above()));
    let wire = network.wire(host).or_else(of_bridge)?;
    let is_plain = network.carrier.bridge().is_some_and(|bridge| bridge.tagging == Tagging::Interface);
    Some(wire.maybe_tagged(attachment.and_then(AttachmentOfOthers::tag).filter(|_| is_plain)))
}

/// The wire by what networks call it: where node groups say what that is, they may mean one layer 2 by it.
fn alias_wire(network: &Network, host: &Host) -> Option<Wire> {
    let alias = host.uplink.as_ref()?.alias.as_ref()?;
    Some(Wire::untagged(alias).maybe_tagged(network.carrier.vlan()))
}

/// The claim of the name of a network's attachment.
pub(in crate::lower) fn of_attachment_name(identity: &Identity, network: &Network, name: &str) -> Claim {
    let what = Claimed::AttachmentName(NadName { namespace: identity.namespace.clone(), name: name.to_owned() });
    let holder = Holder::Manifest(Manifest::Attachment(network.origin.network));
    Claim { place: network.at(Key::Name), what, holder, nodes: everywhere(), by: Claimant::Network }
}

/// The claim of a network's name among those of OVN, which must be configured alike wherever it is used.
pub(in crate::lower) fn of_ovn_network(network: &Network, conf: &NetConf) -> Option<Claim> {
    conf.plugin.ovn_network().map(|_| Claim {
        place: network.at(Key::PhysicalInterface),
        what: Claimed::OvnNetwork(conf.name.clone()),
        holder: Holder::OvnNetwork(ovn_particulars(&json!(conf))),
        nodes: everywhere(),
        by: Claimant::Network,
    })
}

/// What must be the same in all attachments to one network of OVN.
pub(super) fn ovn_particulars(config: &Value) -> BTreeMap<String, String> {
    const OWN: [&str; 5] = ["cniVersion", "name", "type", "netAttachDefName", "ipam"];
    let fields = config.as_object().into_iter().flatten().filter(|(key, _)| !OWN.contains(&key.as_str()));
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.map(|(key, value)| (key.clone(), word(value))).collect()
}
