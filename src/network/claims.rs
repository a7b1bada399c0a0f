//! What a network occupies, for the rules to compare with what others do.

use std::sync::{Arc, LazyLock};

use crate::api::NetworkConfig;
use crate::diagnostic::Place;
use crate::load::Object;
use crate::plan::{Bridge, Carrier, Claim, Claimed, Identity, Network, NodeSelector, Settings};

/// The claim of a name in the cluster's store.
pub(super) fn name(identity: &Identity, config: &Object<NetworkConfig>, what: Claimed) -> Claim {
    static EVERYWHERE: LazyLock<Arc<NodeSelector>> = LazyLock::new(Arc::default);
    let holder = who(identity, &config.value.name);
    Claim { place: config.origin.at("name"), what, holder, nodes: Arc::clone(&EVERYWHERE) }
}

/// The claims on the nodes and on the wire.
pub(super) fn of_network(
    identity: &Identity,
    network: &Network,
    nodes: &Arc<NodeSelector>,
    settings: &Settings,
    claims: &mut Vec<Claim>,
) {
    let mut claim = |key: &str, what: Claimed, holder: String| {
        claims.push(Claim { place: at(network, key), what, holder, nodes: Arc::clone(nodes) });
    };
    let Some(uplink) = network.uplink().map(|uplink| uplink.name.clone()) else { return };
    let bridge = network.carrier.bridge();
    let kind = match network.carrier {
        Carrier::OvsBridge(_) => "an ovs-bridge",
        _ => "a linux-bridge",
    };
    // On an OVS bridge the tag is the guest's alone: the NIC is the port, and the node's address is untagged.
    let is_on_nic = network.carrier.bridge_on_nic().is_some();
    let node_vlan = bridge.and_then(|bridge| bridge.vlan).filter(|_| !is_on_nic);
    // Where nothing is made on the nodes, nothing is taken there.
    if let Some(bridge) = bridge.filter(|_| !settings.skip_nncp) {
        claim("bridgeName", Claimed::Bridge(bridge.name.clone()), definition(kind, bridge, node_vlan));
        match node_vlan {
            Some(id) => claim("vlanId", Claimed::VlanTag { base: uplink.clone(), id }, bridge.name.clone()),
            None => claim("physicalInterface", Claimed::Port(uplink.clone()), bridge.name.clone()),
        }
    }
    let on_wire = |address, vlan| Claimed::Address { uplink: uplink.clone(), vlan, address };
    if let Some((bridge, node_ip)) = bridge.and_then(|bridge| Some((bridge, bridge.node_ip?))) {
        claim("nodeIP", on_wire(node_ip.addr(), node_vlan), format!("the node, on `{}`", bridge.name));
    }
    let wire_vlan = bridge.and_then(|bridge| bridge.vlan);
    if let Some(ip) = &network.ip {
        claim("ipConfig/address", on_wire(ip.address.addr(), wire_vlan), who(identity, &network.name));
    }
}

/// The key if it is written, else the network's name: what is derived from a name is shown at the name.
fn at(network: &Network, key: &str) -> Place {
    let is_derived = match key {
        "bridgeName" => network.carrier.bridge().is_some_and(|bridge| bridge.name == format!("br-{}", network.name)),
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
fn definition(kind: &str, bridge: &Bridge, vlan: Option<u16>) -> String {
    let vlan = vlan.map_or_else(String::new, |vlan| format!(", VLAN {vlan}"));
    let node_ip = bridge.node_ip.map_or_else(String::new, |address| format!(", with the node's address {address}"));
    format!("{kind} on `{}`{vlan}{node_ip}", bridge.uplink.name)
}
