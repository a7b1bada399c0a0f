//! What a network occupies, for the rules to compare with what others do.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use serde_json::json;

use super::existing::ovn_particulars;
use crate::api::NetworkConfig;
use crate::diagnostic::Place;
use crate::load::Object;
use crate::names::vlan_of_name;
use crate::plan::cni::{NetConf, Plugin};
use crate::plan::{
    Bridge, Carrier, Claim, Claimed, Host, Identity, Need, Network, NodeSelector, Settings, Tagging, Uplink,
};

/// The claim of a name in the cluster's store.
pub(super) fn name(identity: &Identity, config: &Object<NetworkConfig>, what: Claimed) -> Claim {
    let holder = who(identity, &config.value.name);
    Claim { place: config.origin.at("name"), what, holder, nodes: everywhere(), is_given: false }
}

/// The nodes of what is in the cluster's store.
pub(super) fn everywhere() -> Arc<NodeSelector> {
    static EVERYWHERE: LazyLock<Arc<NodeSelector>> = LazyLock::new(Arc::default);
    Arc::clone(&EVERYWHERE)
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
                    is_given: true,
                }));
            }
        }
    }
}

/// The claims on the nodes and on the wire, in every group.
pub(super) fn of_network(identity: &Identity, network: &Network, settings: &Settings, claims: &mut Vec<Claim>) {
    for host in &network.hosts {
        let mut claim = |place: Place, what: Claimed, holder: String| {
            claims.push(Claim { place, what, holder, nodes: Arc::clone(&host.nodes), is_given: false });
        };
        // Where nothing is made on the nodes, nothing is taken there.
        if !settings.skip_nncp {
            on_nodes(network, host, &mut claim);
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

fn on_nodes(network: &Network, host: &Host, claim: &mut impl FnMut(Place, Claimed, String)) {
    let Some(uplink) = &host.uplink else { return };
    if network.carrier == Carrier::Sriov {
        let what = Claimed::VirtualFunctions(uplink.name.clone());
        claim(network.at("physicalInterface"), what, "virtual functions".to_owned());
    }
    let name = network.carrier.bridge_name().filter(|_| host.need.is_some() && host.need != Some(Need::Mapping));
    let Some(name) = name else { return };
    claim(network.at("bridgeName"), Claimed::Bridge(name.to_owned()), definition(&network.carrier, uplink));
    let tag = |id| Claimed::VlanTag { base: uplink.name.clone(), id };
    if let Some(id) = network.carrier.bridge().and_then(Bridge::port_vlan) {
        claim(network.origin.at("vlanId"), tag(id), name.to_owned());
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
        is_given: false,
    })
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
