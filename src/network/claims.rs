//! What a network occupies, for the rules to compare with what others do.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use crate::api::NetworkConfig;
use crate::diagnostic::Place;
use crate::load::Object;
use crate::plan::{
    Bridge, Carrier, Claim, Claimed, Host, Identity, Need, Network, NodeSelector, Settings, Tagging, Uplink,
};

/// The claim of a name in the cluster's store.
pub(super) fn name(identity: &Identity, config: &Object<NetworkConfig>, what: Claimed) -> Claim {
    static EVERYWHERE: LazyLock<Arc<NodeSelector>> = LazyLock::new(Arc::default);
    let holder = who(identity, &config.value.name);
    Claim { place: config.origin.at("name"), what, holder, nodes: Arc::clone(&EVERYWHERE) }
}

/// The claims of the Site's bonds on their NICs, once for the nodes on which networks use them.
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
                let Some(bond) = &interface.link_aggregation else { continue };
                let group = &settings.groups[host.group];
                let Some(own) = group.uplinks.get(&interface.name) else { continue };
                if !self.seen.insert((interface.name.clone(), Arc::clone(&host.nodes))) {
                    continue;
                }
                let ports = own.origin.child("link-aggregation").child("port");
                self.claims.extend(bond.port.iter().enumerate().map(|(index, nic)| Claim {
                    place: ports.child(index).here(),
                    what: Claimed::Port(nic.clone()),
                    holder: interface.name.clone(),
                    nodes: Arc::clone(&host.nodes),
                }));
            }
        }
    }
}

/// The claims on the nodes and on the wire, in every group.
pub(super) fn of_network(identity: &Identity, network: &Network, settings: &Settings, claims: &mut Vec<Claim>) {
    for host in &network.hosts {
        let mut claim = |place: Place, what: Claimed, holder: String| {
            claims.push(Claim { place, what, holder, nodes: Arc::clone(&host.nodes) });
        };
        // Where nothing is made on the nodes, nothing is taken there.
        if !settings.skip_nncp {
            on_nodes(network, host, &mut claim);
        }
        on_wire(identity, network, host, &mut claim);
    }
}

fn on_nodes(network: &Network, host: &Host, claim: &mut impl FnMut(Place, Claimed, String)) {
    let Some(uplink) = &host.uplink else { return };
    let name = network.carrier.bridge_name().filter(|_| host.need.is_some() && host.need != Some(Need::Mapping));
    if let Some(name) = name {
        claim(at(network, "bridgeName"), Claimed::Bridge(name.to_owned()), definition(&network.carrier, uplink));
        let tag = |base: &str, id| Claimed::VlanTag { base: base.to_owned(), id };
        if let Some(Bridge { vlan: Some(id), tagging: Tagging::Filtering(_), .. }) = network.carrier.bridge() {
            // A VLAN interface for the tag would take its frames before the bridge sees them.
            claim(network.origin.at("vlanId"), tag(&uplink.name, *id), name.to_owned());
        }
        match (network.carrier.bridge().and_then(Bridge::port_vlan), uplink.vlan()) {
            (Some(id), _) => claim(network.origin.at("vlanId"), tag(&uplink.name, id), name.to_owned()),
            (None, Some((base, id))) => claim(at(network, "physicalInterface"), tag(base, id), name.to_owned()),
            (None, None) => {
                for nic in port_interfaces(uplink) {
                    claim(at(network, "physicalInterface"), Claimed::Port(nic.to_owned()), name.to_owned());
                }
            }
        }
    }
}

/// What a bridge takes with its uplink: the interface, or the NICs of an OVS bond.
fn port_interfaces(uplink: &Uplink) -> Vec<&str> {
    match uplink.definition.as_ref().and_then(|definition| definition.ovs_bond.as_ref()) {
        Some(bond) => bond.port.iter().map(String::as_str).collect(),
        None => vec![&uplink.name],
    }
}

fn on_wire(identity: &Identity, network: &Network, host: &Host, claim: &mut impl FnMut(Place, Claimed, String)) {
    let Some(uplink) = &host.uplink else { return };
    let address = |address, vlan| Claimed::Address { uplink: uplink.name.clone(), vlan, address };
    if let Some((bridge, node_ip)) = network.carrier.bridge().and_then(|bridge| Some((bridge, bridge.node_ip?))) {
        // On a bridge whose attachments tag, the tag is the guest's alone, and the node's address is untagged.
        let holder = format!("the node, on `{}`", bridge.name);
        claim(network.origin.at("nodeIP"), address(node_ip.addr(), bridge.port_vlan()), holder);
    }
    if let Some(ip) = &network.ip {
        let place = network.origin.at("ipConfig/address");
        claim(place, address(ip.address.addr(), network.carrier.vlan()), who(identity, &network.name));
    }
}

/// The key if it is written, else the network's name: what is derived from a name is shown at the name.
fn at(network: &Network, key: &str) -> Place {
    let is_derived = match key {
        "bridgeName" => network.carrier.bridge_name().is_some_and(|bridge| bridge == format!("br-{}", network.name)),
        "physicalInterface" => !network.uplink().is_some_and(|uplink| uplink.is_named_here),
        _ => false,
    };
    network.origin.at(if is_derived { "name" } else { key })
}

fn who(identity: &Identity, network: &str) -> String {
    match &identity.namespace {
        Some(namespace) => format!("`{network}` of `{namespace}/{}`", identity.name),
        None => format!("`{network}` of `{}`", identity.name),
    }
}

/// A bridge's definition in words; two with the same words are the same.
fn definition(carrier: &Carrier, uplink: &Uplink) -> String {
    let kind = match carrier {
        Carrier::LinuxBridge(_) => "a linux-bridge",
        _ => "an ovs-bridge",
    };
    let bridge = carrier.bridge();
    let tagged = match bridge.map(|bridge| (&bridge.tagging, bridge.port_vlan())) {
        Some((Tagging::Filtering(_), _)) => " with VLAN filtering".to_owned(),
        Some((_, Some(vlan))) => format!(", VLAN {vlan}"),
        _ => String::new(),
    };
    let node_ip = bridge.and_then(|bridge| bridge.node_ip);
    let node_ip = node_ip.map_or_else(String::new, |address| format!(", with the node's address {address}"));
    format!("{kind} on `{}`{tagged}{node_ip}", uplink.name)
}
