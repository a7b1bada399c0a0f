use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::{Meeting, Things, controller, places_of_port, port};
use super::hit::{Hit, Words};
use super::nodes::{name_nodes, place_in_state};
use super::slip::is_misspelt;
use crate::base::place::Place;
use crate::model::{
    BridgeDefinition, BridgeKind, Claim, Claimant, Claimed, Controller, Filtering, Holder, Key, Network, Plan, Wire,
};
use crate::rule;

rule! {
    /// A NIC is a port of a bridge or bond, and has VLAN interfaces too.
    ///
    /// The kernel hands tagged frames to the VLAN interface before the bridge sees them. The bridge's guests lose these VLANs without a word,
    /// untagged traffic still works, and a moved bridge moves only half of the traffic. It can be meant: a bridge for what is untagged
    /// beside VLANs of their own. The VLAN interface may be a network's, the Site's, that of another policy, or one with an address that a node
    /// has.
    ///
    /// ## Example
    /// ```yaml
    /// - {name: all, type: bridge, physicalInterface: ens224}              # every frame of ens224 ...
    /// - {name: lab, type: bridge, physicalInterface: ens224, vlanId: 100} # ... but those of VLAN 100
    /// ```
    ///
    /// ## Way out
    /// Give every network on the NIC a `vlanId`, or put them all on one trunk bridge (`trunkBridges` in the Site). If it is meant, accept it.
    pub(super) VLAN_ON_BRIDGE_PORT = "WK309", "vlan-on-bridge-port", Warning, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let interfaces = Interfaces::of(plan);
    let mut hits = Vec::new();
    let mut sides: HashMap<usize, Arc<[Place]>> = HashMap::new();
    for meeting in Things::of(plan, blame, port).meet(blame, |claim| interfaces.base(claim)) {
        let Some(hit) = interfaces.hit(&meeting) else { continue };
        let side = sides.entry(meeting.group).or_insert_with(|| places_of_port(plan, &meeting));
        hits.push(hit.accepted_at(side));
    }
    let first_group = hits.iter().filter_map(|hit| hit.group).max().map_or(0, |group| group + 1);
    hits.extend(on_nodes(plan, first_group));
    hits
}

/// The interfaces for tags that are not those of the bridge that has the NIC, and what lets tags through.
struct Interfaces<'a> {
    plan: &'a Plan,
    /// NICs with the bridges and bonds that have them as ports: the tags of these are not VLAN interfaces.
    direct: HashMap<&'a str, HashSet<&'a Controller>>,
    /// The wires of tags on these NICs that something has as a port, looked up when there are VLAN interfaces without a network.
    ports: OnceCell<HashSet<&'a Wire>>,
    /// The bridges, looked up when something was found.
    bridges: OnceCell<HashMap<&'a str, Vec<&'a BridgeDefinition>>>,
}

impl<'a> Interfaces<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut direct: HashMap<&str, HashSet<&Controller>> = HashMap::new();
        for (nic, controller) in plan.claims.iter().filter_map(|claim| Some((port(claim)?, controller(claim)?))) {
            direct.entry(nic).or_default().insert(controller);
        }
        Self { plan, direct, ports: OnceCell::new(), bridges: OnceCell::new() }
    }

    fn ports(&self) -> &HashSet<&'a Wire> {
        self.ports.get_or_init(|| {
            let port = |claim: &'a Claim| match (&claim.what, &claim.holder) {
                (Claimed::Wire(wire), Holder::Controller(controller)) => {
                    Some(wire).filter(|_| self.is_by_itself(wire, controller))
                }
                _ => None,
            };
            self.plan.claims.iter().filter_map(port).collect()
        })
    }

    /// Whether a tag is on a NIC that something else has as a port.
    fn is_by_itself(&self, wire: &Wire, controller: &Controller) -> bool {
        wire.tag().is_some() && self.direct.get(wire.base.as_str()).is_some_and(|holders| !holders.contains(controller))
    }

    /// What the VLAN interface of a claim stands on.
    fn base(&self, claim: &'a Claim) -> Option<Cow<'a, str>> {
        match (&claim.what, &claim.holder) {
            (Claimed::Wire(wire), Holder::Controller(controller)) if self.is_by_itself(wire, controller) => {
                Some(Cow::Borrowed(&wire.base))
            }
            (Claimed::VlanInterface(wire), _) if claim.by != Claimant::Network && !self.ports().contains(wire) => {
                Some(Cow::Borrowed(&wire.base))
            }
            _ => None,
        }
    }

    fn bridges(&self) -> &HashMap<&'a str, Vec<&'a BridgeDefinition>> {
        self.bridges.get_or_init(|| {
            let mut bridges: HashMap<&str, Vec<&BridgeDefinition>> = HashMap::new();
            for claim in &self.plan.claims {
                if let (Claimed::Interface(name), Holder::Definition(definition)) = (&claim.what, &claim.holder) {
                    bridges.entry(name).or_default().extend(definition.bridge());
                }
            }
            bridges
        })
    }

    /// Whether a bridge lets a tag of its NIC through. A bond lets all of them through.
    fn carries(&self, bridge: &str, nic: &str, tag: u16) -> bool {
        let Some(definitions) = self.bridges().get(bridge) else { return true };
        let linux = definitions.iter().filter(|definition| definition.kind == BridgeKind::Linux);
        let filtering: Vec<&Filtering> = linux
            .flat_map(|definition| definition.wires().zip(definition.filtering()))
            .filter(|(wire, _)| wire.base == nic)
            .map(|(_, filtering)| filtering)
            .collect();
        filtering.is_empty() || filtering.iter().any(|filtering| filtering.carries(tag))
    }

    fn hit(&self, meeting: &Meeting<'a>) -> Option<Hit<'a>> {
        let (first, second, nic) = (meeting.first, meeting.second, meeting.interface);
        let (Claimed::Wire(wire) | Claimed::VlanInterface(wire)) = &second.what else { return None };
        let (id, holder) = (wire.tag()?, controller(first)?.interface()?);
        if !self.carries(holder, nic, id) {
            return None;
        }
        let is_bond = !self.bridges().contains_key(holder);
        let own_interface = match &second.holder {
            Holder::Interface(name) => Some(name),
            _ => None,
        };
        let own = match (&second.holder, second.by) {
            (Holder::Interface(name), Claimant::Site) => format!("`{name}` of the Site has"),
            (Holder::Interface(name), _) => format!("`{name}` of another policy has"),
            _ => "has an interface of its own".to_owned(),
        };
        let is_network = second.by == Claimant::Network;
        let (place, related) = if is_network || first.by != Claimant::Network {
            (&second.place, &first.place)
        } else {
            (&first.place, &second.place)
        };
        let group = meeting.group * 2 + usize::from(is_network);
        // A bridge that is nearly called like the one that has the NIC was most often meant to be that.
        let misspelt = self.plan.network_of(second).filter(|network| {
            network.is_bridge_named && network.carrier.bridge_name().is_some_and(|name| is_misspelt(name, holder))
        });
        let place = misspelt.map_or_else(|| place.clone(), |network| network.at(Key::BridgeName));
        let help = match misspelt {
            Some(_) => format!("did you mean `bridgeName: {holder}`? {}", sentence(help(is_bond))),
            None => help(is_bond).to_owned(),
        };
        Some(Hit::in_group(place, group, move |more| {
            let others = more.words("; the same goes for one more network", |more| {
                format!("; the same goes for {more} more networks")
            });
            let message = format!(
                "`{holder}` has `{nic}` as a port and does not get the frames of VLAN {id}, which {own}{others}"
            );
            let words = Words::new(message, help.clone()).about([holder, nic]).about(own_interface);
            if *related == first.place {
                words.with_related(related.clone(), format!("a port of `{holder}`"))
            } else {
                words.with_related(related.clone(), format!("VLAN {id} of `{nic}`"))
            }
        }))
    }
}

/// The same help behind a question.
fn sentence(help: &str) -> String {
    let mut letters = help.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn help(is_bond: bool) -> &'static str {
    if is_bond {
        "put the VLAN on the bond"
    } else {
        "put all networks of the NIC on one bridge that carries their tags, or give each a `vlanId`; accept it if it is meant"
    }
}

/// VLAN interfaces with addresses that nodes have on a NIC which is the port of a bridge.
fn on_nodes(plan: &Plan, first_group: usize) -> Vec<Hit<'_>> {
    if plan.inventory.is_empty() {
        return Vec::new();
    }
    let taken: HashSet<&Wire> = plan
        .claims
        .iter()
        .filter_map(|claim| match &claim.what {
            Claimed::Wire(wire) if wire.tag().is_some() => Some(wire),
            Claimed::VlanInterface(wire) if claim.by == Claimant::Site => Some(wire),
            _ => None,
        })
        .collect();
    let mut groups: HashMap<(&str, &str), usize> = HashMap::new();
    let mut hits = Vec::new();
    for network in plan.networks() {
        let Some((bridge, nic, id, name, numbers)) = beside(plan, network, &taken) else { continue };
        let count = groups.len();
        let group = first_group + *groups.entry((bridge, nic)).or_insert(count);
        hits.push(Hit::in_group(network.at(Key::PhysicalInterface), group, move |more| {
            let others = more.words("; the same goes for one more network", |more| {
                format!("; the same goes for {more} more networks")
            });
            let on = name_nodes(plan, &numbers);
            let message = format!(
                "`{bridge}` has `{nic}` as a port and does not get the frames of VLAN {id}, which `{name}` has on {on}{others}"
            );
            let words = Words::new(message, help(false)).about([bridge, nic, name]);
            match numbers.first().map(|first| plan.inventory.node(*first)) {
                Some(node) => words.with_related(place_in_state(node, name), "a VLAN interface with an address"),
                None => words,
            }
        }));
    }
    hits
}

/// A bridge on a NIC, with that NIC, a VLAN interface with an address on that, and the nodes which have it.
type Beside<'a> = (&'a str, &'a str, u16, &'a str, Vec<usize>);

fn beside<'a>(plan: &'a Plan, network: &'a Network, taken: &HashSet<&Wire>) -> Option<Beside<'a>> {
    network.hosts.iter().find_map(|host| {
        let bridge = network.bridge_on_uplink(host)?;
        let nic = &host.uplink.as_ref()?.name;
        let filtering = network.carrier.filtering()?;
        let mut found: Option<(u16, &str, Vec<usize>)> = None;
        for (number, name) in plan.inventory.vlans_on(nic) {
            let node = plan.inventory.node(*number);
            let Some(id) = node.interfaces.get(name).and_then(|it| it.vlan.as_ref()).map(|vlan| vlan.id) else {
                continue;
            };
            let is_meant = filtering.carries(id)
                && node.depends_on(name)
                && host.selected.nodes.binary_search(number).is_ok()
                && !host.base.clone().is_some_and(|base| taken.contains(&base.tagged(id)));
            match &mut found {
                Some((_, first, numbers)) if *first == name && is_meant => numbers.push(*number),
                None if is_meant => found = Some((id, name, vec![*number])),
                _ => {}
            }
        }
        found.map(|(id, name, numbers)| (bridge, nic.as_str(), id, name, numbers))
    })
}
