//! What the Site claims: its bonds, VLAN interfaces and NICs are on the nodes of every group, whether a network names them or not.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::interface::{Is, Speaker, Stated, Written, claims};
use crate::api::nmstate::Interface;
use crate::base::place::Origin;
use crate::model::{
    BridgeDefinition, BridgeKind, Claim, Claimant, Claimed, Definition, Filtering, Holder, NodeGroup, Settings,
    UplinkDefinition, Wire,
};

pub(in crate::lower) fn of_site(settings: &Settings) -> Vec<Claim> {
    let mut all = Vec::new();
    for group in &settings.groups {
        for (name, definition) in &group.uplinks {
            of_uplink(group, name, definition, &mut all);
        }
        for trunk in &settings.trunks {
            let nic = group.interface(Some(&trunk.physical_interface));
            let filtering = Filtering::of_port(Some(&trunk.vlan));
            all.push(of_bridge(
                group,
                &trunk.origin,
                &trunk.bridge,
                BridgeKind::Linux,
                vec![(group.names.wire(nic), filtering)],
            ));
        }
    }
    all
}

/// A bridge of the Site has its name, whether there is a network on it or not; its NIC is taken when there is.
fn of_bridge(
    group: &NodeGroup,
    origin: &Origin,
    name: &str,
    kind: BridgeKind,
    ports: impl IntoIterator<Item = (Wire, Filtering)>,
) -> Claim {
    let definition = BridgeDefinition::new(kind, ports, BTreeSet::new());
    Claim {
        place: origin.at("name"),
        what: Claimed::BridgeOfSite(name.to_owned()),
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
