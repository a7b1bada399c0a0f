//! What a network occupies, for the rules to compare with what others do.

use std::collections::HashSet;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::json;

use super::existing::ovn_particulars;
use crate::api::NetworkConfig;
use crate::base::diagnostic::Place;
use crate::base::names::{vlan_interface, vlan_of_name};
use crate::model::cni::{NetConf, Plugin};
use crate::model::{
    Bridge, Carrier, Claim, Claimant, Claimed, Host, Identity, Need, Network, NodeSelector, Settings, Tagging, Uplink,
    everywhere,
};
use crate::read::load::Object;

/// The claim of a name in the cluster's store.
pub(super) fn name(identity: &Identity, config: &Object<NetworkConfig>, what: Claimed) -> Claim {
    let holder = who(identity, &config.value.name);
    Claim { place: config.origin.at("name"), what, holder, nodes: everywhere(), by: Claimant::Network }
}

/// The claims of the Site's bonds and VLAN interfaces, with the bonds' NICs, once for the nodes on which networks use them.
#[derive(Debug, Default)]
pub(super) struct Bonds {
    seen: HashSet<(String, Arc<NodeSelector>)>,
    /// The claims. They go before those of networks: a network that takes a bond's NIC is the one in the wrong.
    pub(super) claims: Vec<Claim>,
}

impl Bonds {
    /// Adds what the network's hosts stand on.
    pub(super) fn of_network(&mut self, network: &Network, settings: &Settings) {
        for host in network.hosts.iter().filter(|host| host.need.is_some()) {
            let definition = host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref());
            for interface in definition.iter().flat_map(|definition| &definition.interfaces) {
                let group = &settings.groups[host.group];
                let Some(own) = group.uplinks.get(&interface.name) else { continue };
                if !self.seen.insert((interface.name.clone(), Arc::clone(&host.nodes))) {
                    continue;
                }
                let mut claim = |place: Place, what: Claimed, holder: String| {
                    self.claims.push(Claim { place, what, holder, nodes: Arc::clone(&host.nodes), by: Claimant::Site });
                };
                let this = Claimed::Interface(interface.name.clone());
                if let Some(bond) = &interface.link_aggregation {
                    claim(own.origin.at("name"), this, bond_words(&bond.port));
                    let ports = own.origin.child("link-aggregation").child("port");
                    for (index, nic) in bond.port.iter().enumerate() {
                        claim(ports.child(index).here(), Claimed::Port(nic.clone()), interface.name.clone());
                    }
                } else if let Some(vlan) = &interface.vlan {
                    claim(own.origin.at("name"), this, vlan_words(&vlan.base_iface, vlan.id));
                    let what = Claimed::VlanInterface { base: vlan.base_iface.clone(), id: vlan.id };
                    claim(own.origin.at("name"), what, interface.name.clone());
                }
            }
        }
    }
}

/// A bond in words; two with the same words are the same.
pub(super) fn bond_words(ports: &[String]) -> String {
    let mut ports: Vec<String> = ports.iter().map(|port| format!("`{port}`")).collect();
    ports.sort();
    format!("a bond of {}", ports.join(", "))
}

/// A VLAN interface in words.
pub(super) fn vlan_words(base: &str, id: u16) -> String {
    format!("VLAN {id} of `{base}`")
}

/// The claims on the nodes and on the wire, in every group.
pub(super) fn of_network(
    identity: &Identity,
    network: &Network,
    settings: &Settings,
    has_others: bool,
    claims: &mut Vec<Claim>,
) {
    for host in &network.hosts {
        let mut claim = |place: Place, what: Claimed, holder: String| {
            claims.push(Claim { place, what, holder, nodes: Arc::clone(&host.nodes), by: Claimant::Network });
        };
        // Where nothing is made on the nodes, nothing is taken there.
        if !settings.skip_nncp {
            on_nodes(network, host, has_others, &mut claim);
        }
        let is_attached = network.nad_name.is_none() && !settings.skip_nad;
        if let Some(uplink) = host.uplink.as_ref().filter(|_| is_attached) {
            match network.carrier {
                Carrier::Macvlan => take(network, uplink, "macvlan networks", &mut claim),
                Carrier::Ipvlan => take(network, uplink, "ipvlan networks", &mut claim),
                _ => {}
            }
        }
        on_wire(identity, network, host, &mut claim);
    }
}

fn on_nodes(network: &Network, host: &Host, has_others: bool, claim: &mut impl FnMut(Place, Claimed, String)) {
    if let Carrier::Localnet { localnet, bridge, .. } = &network.carrier {
        claim(network.at("physicalInterface"), Claimed::Localnet(localnet.clone()), bridge.clone());
    }
    let Some(uplink) = &host.uplink else { return };
    if matches!(network.carrier, Carrier::Sriov { .. }) {
        let what = Claimed::VirtualFunctions(uplink.name.clone());
        claim(network.at("physicalInterface"), what, "virtual functions".to_owned());
    }
    let name = network.carrier.bridge_name().filter(|_| host.need.is_some() && host.need != Some(Need::Mapping));
    let Some(name) = name else { return };
    claim(network.at("bridgeName"), Claimed::Interface(name.to_owned()), definition(&network.carrier, uplink));
    let tag = |id| Claimed::VlanTag { base: uplink.name.clone(), id };
    if let Some(id) = network.carrier.bridge().and_then(Bridge::port_vlan) {
        claim(network.origin.at("vlanId"), tag(id), name.to_owned());
        if has_others {
            let what = Claimed::Interface(vlan_interface(&uplink.name, id));
            claim(network.origin.at("vlanId"), what, vlan_words(&uplink.name, id));
            let what = Claimed::VlanInterface { base: uplink.name.clone(), id };
            claim(network.origin.at("vlanId"), what, vlan_interface(&uplink.name, id));
        }
        return;
    }
    if let Some(id) = network.carrier.vlan() {
        // A VLAN interface for the tag would take its frames before the bridge sees them.
        claim(network.origin.at("vlanId"), tag(id), name.to_owned());
    }
    take(network, uplink, name, claim);
}

/// The claim of an uplink whole: by its tag if it is a VLAN interface, by its NICs if it is an OVS bond.
fn take(network: &Network, uplink: &Uplink, holder: &str, claim: &mut impl FnMut(Place, Claimed, String)) {
    let place = network.at("physicalInterface");
    let bond = uplink.definition.as_ref().and_then(|definition| definition.ovs_bond.as_ref());
    match (tag_of(uplink), bond) {
        (Some((base, id)), _) => claim(place, Claimed::VlanTag { base: base.to_owned(), id }, holder.to_owned()),
        (None, Some(bond)) => {
            for nic in &bond.port {
                claim(place.clone(), Claimed::Port(nic.clone()), holder.to_owned());
            }
        }
        (None, None) => claim(place, Claimed::Port(uplink.name.clone()), holder.to_owned()),
    }
}

/// The base and the tag of an uplink that is a VLAN interface: by the Site, or by its name, which is the kernel's own convention.
fn tag_of(uplink: &Uplink) -> Option<(&str, u16)> {
    match &uplink.definition {
        Some(_) => uplink.vlan(),
        None => vlan_of_name(&uplink.name),
    }
}

fn on_wire(identity: &Identity, network: &Network, host: &Host, claim: &mut impl FnMut(Place, Claimed, String)) {
    let Some(uplink) = &host.uplink else { return };
    let address = |address, vlan| Claimed::Address { uplink: uplink.name.clone(), vlan, address };
    let subnet = |net: IpNet, vlan| Claimed::Subnet { uplink: uplink.name.clone(), vlan, subnet: net.trunc() };
    if let Some((bridge, node_ip)) = network.carrier.bridge().and_then(|bridge| Some((bridge, bridge.node_ip?))) {
        // On a bridge whose attachments tag, the tag is the guest's alone, and the node's address is untagged.
        let holder = format!("the node, on `{}`", bridge.name);
        claim(network.origin.at("nodeIP"), address(node_ip.addr(), bridge.port_vlan()), holder);
        claim(network.origin.at("nodeIP"), subnet(node_ip, bridge.port_vlan()), String::new());
    }
    if let Some(ip) = &network.ip {
        let place = network.origin.at("ipConfig/address");
        let vlan = network.carrier.vlan();
        claim(place, address(ip.address.addr(), vlan), who(identity, &network.name));
        let gateway = ip.gateway.map_or_else(String::new, |gateway| gateway.to_string());
        let key = if gateway.is_empty() { "ipConfig/address" } else { "ipConfig/gateway" };
        claim(network.origin.at(key), subnet(ip.address, vlan), gateway);
    }
}

/// The claim of a network's name among those of OVN, which must be configured alike wherever it is used.
pub(super) fn of_ovn_network(network: &Network, conf: &NetConf) -> Option<Claim> {
    matches!(conf.plugin, Plugin::OvnLocalnet { .. }).then(|| Claim {
        place: network.at("physicalInterface"),
        what: Claimed::OvnNetwork(conf.name.clone()),
        holder: ovn_particulars(&json!(conf)),
        nodes: everywhere(),
        by: Claimant::Network,
    })
}

fn who(identity: &Identity, network: &str) -> String {
    match &identity.namespace {
        Some(namespace) => format!("`{network}` of `{namespace}/{}`", identity.name),
        None => format!("`{network}` of `{}`", identity.name),
    }
}

/// A bridge's definition in words; two with the same words are the same. A VLAN interface that is named as the uplink is the one that a
/// `vlanId` on its NIC makes.
fn definition(carrier: &Carrier, uplink: &Uplink) -> String {
    let kind = match carrier {
        Carrier::LinuxBridge(_) => "a linux-bridge",
        _ => "an ovs-bridge",
    };
    let bridge = carrier.bridge();
    let by_name = tag_of(uplink).filter(|(base, id)| uplink.name == vlan_interface(base, *id));
    let (base, vlan) = match (bridge.and_then(Bridge::port_vlan), by_name) {
        (Some(vlan), _) => (uplink.name.as_str(), Some(vlan)),
        (None, Some((base, id))) if bridge.is_some_and(|bridge| bridge.tagging == Tagging::Interface) => {
            (base, Some(id))
        }
        (None, _) => (uplink.name.as_str(), None),
    };
    let tagged = match (bridge.map(|bridge| &bridge.tagging), vlan) {
        (Some(Tagging::Filtering(_)), _) => " with VLAN filtering".to_owned(),
        (_, Some(vlan)) => format!(", VLAN {vlan}"),
        _ => String::new(),
    };
    let node_ip = bridge.and_then(|bridge| bridge.node_ip);
    let node_ip = node_ip.map_or_else(String::new, |address| format!(", with the node's address {address}"));
    format!("{kind} on `{base}`{tagged}{node_ip}")
}
