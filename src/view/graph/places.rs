//! Where findings sit in a topology.

use std::collections::HashMap;

use super::{Thing, ThingKind};
use crate::base::diagnostic::{Diagnostic, Origin, Place};
use crate::base::place::{DocumentId, NetworkId};
use crate::model::{Key, Network};

/// What a network comes to, by the numbers of the nodes.
pub(super) struct NetworkNodes<'a> {
    pub(super) network: &'a Network,
    pub(super) machine: usize,
    pub(super) attachment: Option<usize>,
    /// Bridges, VLAN interfaces, bonds and NICs under it.
    pub(super) below: Vec<usize>,
}

impl NetworkNodes<'_> {
    /// What the network is for.
    fn owner(&self) -> usize {
        self.attachment.unwrap_or(self.machine)
    }
}

/// Where the findings of a place sit.
pub(super) struct Places<'a> {
    networks: HashMap<NetworkId, NetworkNodes<'a>>,
    others: HashMap<DocumentId, Vec<(&'a Origin, usize)>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(
        networks: Vec<NetworkNodes<'a>>,
        machines: Vec<(&'a Origin, usize)>,
        uplinks: Vec<(&'a Origin, usize)>,
    ) -> Self {
        let networks = networks.into_iter().filter_map(|it| Some((it.network.origin.network?, it))).collect();
        let mut places = Self { networks, others: HashMap::new() };
        for (origin, number) in machines.into_iter().chain(uplinks) {
            places.others.entry(origin.document).or_default().push((origin, number));
        }
        places
    }

    /// The nodes at which a finding sits by one of its places. Of a network's nodes these are the ones that the key is about, or that
    /// the finding is about; in several node groups there are several of a name.
    pub(super) fn nodes(&self, place: &Place, finding: &Diagnostic, nodes: &[Thing]) -> Vec<usize> {
        let Some(network) = self.network(place) else {
            let Place::Node { document, .. } = place else { return Vec::new() };
            let others = self.others.get(document).into_iter().flatten();
            return others.filter(|(origin, _)| origin.path_to(place).is_some()).map(|(_, number)| *number).collect();
        };
        let is_meant = |number: &usize| finding.about.contains(&nodes[*number].name);
        let of_kind = |kinds: &[ThingKind]| {
            let all = network.below.iter().rev().copied().filter(|number| kinds.contains(&nodes[*number].kind));
            let (meant, others): (Vec<usize>, Vec<usize>) = all.partition(&is_meant);
            if meant.is_empty() { others } else { meant }
        };
        let found = match network.network.key_at(place) {
            Some(Key::BridgeName | Key::NodeIp | Key::Type) => of_kind(&[ThingKind::Bridge]),
            Some(Key::VlanId) => of_kind(&[ThingKind::Vlan]),
            Some(Key::PhysicalInterface) => of_kind(&[ThingKind::Nic, ThingKind::Bond, ThingKind::Vlan]),
            Some(Key::NadName | Key::IpConfig) => Vec::new(),
            // What is not written is shown at the name.
            Some(Key::Name) | None => network.below.iter().copied().filter(is_meant).collect(),
        };
        // What is wrong with a bridge is seen at the bridge, too.
        let bridges =
            network.below.iter().copied().filter(|number| nodes[*number].kind == ThingKind::Bridge && is_meant(number));
        if found.is_empty() { vec![network.owner()] } else { found.into_iter().chain(bridges).collect() }
    }

    /// The attachment or machine of the network that a place is in: whose mistake it is.
    pub(super) fn owner(&self, place: &Place) -> Option<usize> {
        self.network(place).map(NetworkNodes::owner)
    }

    fn network(&self, place: &Place) -> Option<&NetworkNodes<'a>> {
        self.networks.get(&place.network()?)
    }
}
