//! What the Site claims: its bonds, VLAN interfaces and NICs are on the nodes of every group, whether a network names them or not.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::interface::{Is, Speaker, Stated, Written, claims};
use crate::api::nmstate::Interface;
use crate::model::{
    BridgeDefinition, BridgeKind, Claim, Claimant, Claimed, Definition, Filtering, Holder, NodeGroup, Settings, Trunk,
    UplinkDefinition,
};

pub(in crate::lower) fn of_site(settings: &Settings) -> Vec<Claim> {
    let mut all = Vec::new();
    for group in &settings.groups {
        for (name, definition) in &group.uplinks {
            of_uplink(group, name, definition, &mut all);
        }
        all.extend(settings.trunks.iter().map(|trunk| of_trunk(group, trunk)));
    }
    all
}

/// A trunk bridge has its name, whether there is a network on it or not; its NIC is taken when there is.
fn of_trunk(group: &NodeGroup, trunk: &Trunk) -> Claim {
    let nic = group.interface(Some(&trunk.physical_interface));
    let port = (group.names.wire(nic), Filtering::of_port(Some(&trunk.vlan)));
    let definition = BridgeDefinition::new(BridgeKind::Linux, [port], BTreeSet::new());
    Claim {
        place: trunk.origin.at("name"),
        what: Claimed::BridgeOfSite(trunk.bridge.clone()),
        holder: Holder::Definition(Definition::Bridge(definition)),
        nodes: Arc::clone(&group.node_selector),
        by: Claimant::Site,
    }
}

fn of_uplink(group: &NodeGroup, name: &str, definition: &UplinkDefinition, all: &mut Vec<Claim>) {
    let speaker = Speaker { by: Claimant::Site, nodes: &group.node_selector, names: &group.names };
    let written = Written { origin: &definition.origin, lists_ports: true };
    // An OVS bond is not an interface: its NICs are taken by the bridge that it is a port of.
    let Some(top) = definition.interfaces.last().filter(|_| definition.ovs_bond.is_none()) else { return };
    let stated = Stated {
        name,
        is: is(top),
        mtu: definition.mtu,
        function_count: top.ethernet.as_ref().map(|ethernet| ethernet.sr_iov.total_vfs),
        ipv4: definition.ipv4.as_ref(),
        ipv6: definition.ipv6.as_ref(),
    };
    claims(&stated, &written, &speaker, all);
}

fn is(interface: &Interface) -> Is<'_> {
    match (&interface.link_aggregation, &interface.vlan) {
        (Some(bond), _) => Is::Bond(&bond.port),
        (None, Some(vlan)) => Is::Vlan(&vlan.base_iface, vlan.id),
        (None, None) => Is::There,
    }
}
