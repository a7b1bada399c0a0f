//! Where findings sit in a topology.

use std::collections::HashMap;

use super::{Kind, Node};
use crate::base::diagnostic::{Origin, Place};
use crate::read::document::DocumentId;

/// What a network comes to, by the numbers of the nodes.
pub(super) struct NetworkNodes<'a> {
    pub(super) origin: &'a Origin,
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

/// Where the findings of a place sit, by the document of the place.
pub(super) struct Places<'a> {
    networks: HashMap<DocumentId, Vec<NetworkNodes<'a>>>,
    others: HashMap<DocumentId, Vec<(&'a Origin, usize)>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(
        networks: Vec<NetworkNodes<'a>>,
        machines: Vec<(&'a Origin, usize)>,
        uplinks: Vec<(&'a Origin, usize)>,
    ) -> Self {
        let mut places = Self { networks: HashMap::new(), others: HashMap::new() };
        for network in networks {
            places.networks.entry(network.origin.document).or_default().push(network);
        }
        for (origin, number) in machines.into_iter().chain(uplinks) {
            places.others.entry(origin.document).or_default().push((origin, number));
        }
        places
    }

    /// The nodes of a place. Of a network's nodes these are the ones that the key is about, or that the message names; in several
    /// node groups there are several of a name.
    pub(super) fn nodes(&self, place: &Place, message: &str, nodes: &[Node]) -> Vec<usize> {
        let Some((network, key)) = self.network(place) else {
            let Place::Node { document, .. } = place else { return Vec::new() };
            let others = self.others.get(document).into_iter().flatten();
            return others.filter(|(origin, _)| origin.path_to(place).is_some()).map(|(_, number)| *number).collect();
        };
        let is_named = |number: &usize| message.contains(&format!("`{}`", nodes[*number].name));
        let of_kind = |kinds: &[Kind]| {
            let all = network.below.iter().rev().copied().filter(|number| kinds.contains(&nodes[*number].kind));
            let (named, others): (Vec<usize>, Vec<usize>) = all.partition(&is_named);
            if named.is_empty() { others } else { named }
        };
        let found = match key.trim_start_matches('/') {
            "bridgeName" | "nodeIP" | "type" => of_kind(&[Kind::Bridge]),
            "vlanId" => of_kind(&[Kind::Vlan]),
            "physicalInterface" => of_kind(&[Kind::Nic, Kind::Bond, Kind::Vlan]),
            key if key == "nadName" || key.starts_with("ipConfig") => Vec::new(),
            _ => match network.below.iter().rev().copied().find(is_named) {
                Some(first) => of_kind(&[nodes[first].kind]),
                None => Vec::new(),
            },
        };
        // What is wrong with a bridge is seen at the bridge, too.
        let bridges =
            network.below.iter().copied().filter(|number| nodes[*number].kind == Kind::Bridge && is_named(number));
        if found.is_empty() { vec![network.owner()] } else { found.into_iter().chain(bridges).collect() }
    }

    /// The attachment or machine of the network that a place is in: whose mistake it is.
    pub(super) fn owner(&self, place: &Place) -> Option<usize> {
        self.network(place).map(|(network, _)| network.owner())
    }

    /// The network that a place is in, and the path within it.
    fn network<'b>(&self, place: &'b Place) -> Option<(&NetworkNodes<'a>, &'b str)> {
        let Place::Node { document, .. } = place else { return None };
        self.networks.get(document)?.iter().find_map(|network| Some((network, network.origin.path_to(place)?)))
    }
}
