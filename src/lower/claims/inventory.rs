//! What the nodes have: their own addresses, on the wires where they are.

use std::collections::HashSet;
use std::sync::Arc;

use super::interface::{of_address, of_subnet};
use crate::api::nmstate::InterfaceType;
use crate::base::address::net_of;
use crate::base::place::Place;
use crate::model::inventory::{Node, NodeInterface};
use crate::model::{
    Claim, Claimant, Claimed, Holder, Inventory, Names, NodeGroup, NodeOwner, NodeSelector, Owner, Wire,
};

/// The claims of the nodes in these groups. A subnet is claimed once for a group, however many nodes are in it.
pub(in crate::lower) fn of_inventory(inventory: &Inventory, groups: &[NodeGroup]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for group in groups {
        let mut subnets = HashSet::new();
        for number in inventory.select(&group.node_selector).nodes.iter() {
            let node = inventory.node(*number);
            let mut addressed: Vec<(&String, &NodeInterface)> =
                node.interfaces.iter().filter(|(_, interface)| interface.is_addressed()).collect();
            addressed.sort_by_key(|(name, _)| *name);
            if addressed.is_empty() {
                continue;
            }
            let names = names(node);
            for (name, interface) in addressed.into_iter().filter(|(name, _)| *name != "lo") {
                let wire = wire(node, name, interface, &names);
                let place = node.place_of(interface);
                of_interface(*number, node, interface, &wire, &mut |what, holder| {
                    let is_new = match &what {
                        Claimed::Subnet { .. } => subnets.insert(what.clone()),
                        _ => true,
                    };
                    if is_new {
                        claims.push(claim(place.clone(), what, holder, &group.node_selector));
                    }
                });
            }
        }
    }
    claims
}

fn claim(place: Place, what: Claimed, holder: Holder, nodes: &Arc<NodeSelector>) -> Claim {
    Claim { place, what, holder, nodes: Arc::clone(nodes), by: Claimant::Inventory }
}

fn of_interface(
    number: usize,
    node: &Node,
    interface: &NodeInterface,
    wire: &Wire,
    claim: &mut impl FnMut(Claimed, Holder),
) {
    let ips = [&interface.ipv4, &interface.ipv6].into_iter().flatten().filter(|ip| ip.enabled);
    for address in ips.flat_map(|ip| &ip.address) {
        let Some(net) = net_of(&address.ip, address.prefix_length) else { continue };
        let owner = Owner::Node(NodeOwner::Known(number, node.name.clone()));
        claim(of_address(wire, net.addr()), Holder::Owner(owner));
        claim(of_subnet(wire, net), Holder::Gateway(None));
    }
}

/// What a node's interfaces are.
fn names(node: &Node) -> Names {
    let mut names = Names::default();
    for (name, interface) in node.interfaces.iter() {
        let vlan = interface.vlan.as_ref().map(|vlan| (vlan.base_iface.as_str(), vlan.id));
        names.add(name, vlan);
    }
    names
}

/// The wire of a node's address: that of the port that leads out, where it is on a bridge.
fn wire(node: &Node, name: &str, interface: &NodeInterface, names: &Names) -> Wire {
    let is_bridge = interface.kind.is(InterfaceType::LinuxBridge) || interface.kind.is(InterfaceType::OvsBridge);
    let leads_out = |port: &&String| {
        let kind = node.interfaces.get(port).and_then(|port| port.kind.known());
        matches!(kind, Some(InterfaceType::Ethernet | InterfaceType::Bond | InterfaceType::Vlan))
    };
    let port = interface.ports.iter().filter(|_| is_bridge).find(leads_out);
    names.wire(port.map_or(name, String::as_str))
}
