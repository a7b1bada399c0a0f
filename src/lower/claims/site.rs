//! What the Site claims: its bonds, VLAN interfaces and NICs are on the nodes of every group, whether a network names them or not.

use super::interface::{Is, Speaker, Stated, Written, claims};
use crate::api::nmstate::Interface;
use crate::model::{Claim, Claimant, NodeGroup, Settings, UplinkDefinition};

pub(in crate::lower) fn of_site(settings: &Settings) -> Vec<Claim> {
    let mut all = Vec::new();
    for group in &settings.groups {
        for (name, definition) in &group.uplinks {
            of_uplink(group, name, definition, &mut all);
        }
    }
    all
}

fn of_uplink(group: &NodeGroup, name: &str, definition: &UplinkDefinition, all: &mut Vec<Claim>) {
    let speaker = Speaker { by: Claimant::Site, nodes: &group.node_selector, names: &group.names };
    let written = Written { origin: &definition.origin, lists_ports: true };
    // An OVS bond is no interface: its NICs are taken by the bridge that it is a port of.
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
