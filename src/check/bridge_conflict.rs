use std::collections::{HashMap, HashSet};

use super::collect::Blame;
use super::conflict::{Conflict, agreed, conflicts};
use super::hit::{Hit, Words, and_networks};
use super::slip::{are_alike, misspelt_trunks};
use super::system_interface::SYSTEM_INTERFACE;
use super::trunk_bridge_of_another_type::TRUNK_BRIDGE_OF_ANOTHER_TYPE;
use super::untagged_on_trunk::UNTAGGED_ON_TRUNK;
use super::vlan_not_in_trunk::VLAN_NOT_IN_TRUNK;
use crate::base::place::Place;
use crate::lower::network::DUPLICATE_NETWORK;
use crate::model::{BridgeDefinition, Claim, Claimed, Controller, Definition, Holder, Key, Network, Plan, Trunk, Wire};
use crate::rule;

rule! {
    /// One bridge, or another interface that is made, is defined in two ways.
    ///
    /// Two networks make a bridge of one name with another uplink, VLAN, type, VLAN filtering or node address, on nodes that can be the
    /// same; or a policy of others gives an interface another MTU, or a NIC another number of virtual functions. Nothing in a cluster notices: the policy that is applied last wins, both stay "Available", and the other virtual machines
    /// are on the wrong network (tried with nmstate 2.2.62: the port list is replaced). Of several networks, the one that differs from
    /// most is shown; a policy of somebody else's among the inputs counts as right.
    ///
    /// ## Way out
    /// Give one of the bridges another `bridgeName`, or make the networks agree. If they are meant for different nodes, select
    /// these by one label with different values.
    pub(super) BRIDGE_CONFLICT = "WK304", "bridge-conflict", Error,
        yields_to: &[
            &DUPLICATE_NETWORK, &SYSTEM_INTERFACE, &TRUNK_BRIDGE_OF_ANOTHER_TYPE, &UNTAGGED_ON_TRUNK, &VLAN_NOT_IN_TRUNK,
        ];
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let is_meant =
        |claim: &Claim| matches!(claim.what, Claimed::Interface(_) | Claimed::Mtu(_) | Claimed::FunctionCount(_));
    let conflicts = conflicts(plan, blame, is_meant);
    if conflicts.is_empty() {
        return Vec::new();
    }
    let elsewhere = Elsewhere::of(plan, &conflicts);
    let mut trunks = misspelt_trunks(plan);
    let mut hits = Vec::new();
    let mut told = HashSet::new();
    for conflict in &conflicts {
        match conflict.what {
            Claimed::Interface(name) if told.contains(name.as_str()) => {}
            Claimed::Interface(name) if trunks.contains_key(name.as_str()) => {
                told.insert(name.as_str());
                hits.extend(trunks.remove(name.as_str()).map(|(trunk, _)| misspelt(name, trunk, conflict)));
            }
            _ => hits.push(hit(plan, conflict, &elsewhere)),
        }
    }
    hits
}

/// Networks that name a trunk bridge as the Site does not spell it, and so contradict each other.
fn misspelt<'a>(name: &'a str, trunk: &'a Trunk, conflict: &Conflict<'a>) -> Hit<'a> {
    let network = conflict.first.place.clone();
    Hit::new(trunk.origin.at("name"), move || {
        let message =
            format!("the trunk bridge is `{}` here, and networks with several tags name `{name}`", trunk.bridge);
        Words::new(message, format!("did you mean `{name}`? If not, correct the `bridgeName` of the networks"))
            .with_related(network.clone(), "one of the networks")
            .about([name])
    })
}

/// The networks that have the wires of bridges in conflict under bridges of other names: a network that names another's bridge has the NIC and
/// the tag of those that it belongs to.
struct Elsewhere<'a> {
    plan: &'a Plan,
    by_wire: HashMap<&'a Wire, Vec<(&'a str, &'a Network)>>,
}

impl<'a> Elsewhere<'a> {
    fn of(plan: &'a Plan, conflicts: &[Conflict<'a>]) -> Self {
        let definitions = conflicts.iter().filter_map(|conflict| match &conflict.second.holder {
            Holder::Definition(definition) => definition.bridge(),
            _ => None,
        });
        let mut by_wire: HashMap<&Wire, Vec<(&str, &Network)>> =
            definitions.flat_map(BridgeDefinition::wires).map(|wire| (wire, Vec::new())).collect();
        if by_wire.is_empty() {
            return Self { plan, by_wire };
        }
        for claim in &plan.claims {
            if let (Claimed::Wire(wire), Holder::Controller(Controller::Interface(bridge))) = (&claim.what, &claim.holder)
                && let Some(known) = by_wire.get_mut(wire)
                && let Some(network) = plan.network_of(claim)
                // One network of each bridge tells what its wire is for.
                && known.iter().all(|(name, _)| name != bridge)
            {
                known.push((bridge, network));
            }
        }
        Self { plan, by_wire }
    }

    /// The bridge on which a network that differs in its NIC or tag was meant to be, and whether something tells so: if nothing does, either
    /// key may be the slip. None if the NIC or tag is more likely to be.
    fn meant(&self, conflict: &Conflict<'a>) -> Option<(&'a str, bool)> {
        let network = self.plan.network_of(conflict.second).filter(|network| network.is_bridge_named)?;
        let Holder::Definition(here) = &conflict.second.holder else { return None };
        let wire = here.bridge()?.wires().next()?;
        let own = network.carrier.bridge_name()?;
        let (bridge, other) = self.by_wire.get(wire)?.iter().find(|(name, _)| *name != own)?;
        if other.carrier.bridge_kind() != network.carrier.bridge_kind() {
            return None;
        }
        let belongs_here = self.plan.network_of(conflict.first).is_some_and(|first| are_alike(network, first));
        match (are_alike(network, other), belongs_here) {
            (true, false) => Some((bridge, true)),
            (false, true) => None,
            (true, true) | (false, false) => Some((bridge, false)),
        }
    }
}

fn hit<'a>(plan: &'a Plan, conflict: &Conflict<'a>, wires: &Elsewhere<'a>) -> Hit<'a> {
    let Conflict { agreed: count, group, .. } = *conflict;
    let (first, second) = (conflict.first, conflict.second);
    match (conflict.what, &second.holder, &first.holder) {
        (Claimed::Interface(name), Holder::Definition(here), Holder::Definition(elsewhere)) => {
            let difference = difference(here, elsewhere, plan.network_of(second));
            let meant = match difference {
                Some(Difference::Key(Key::VlanId | Key::PhysicalInterface, _)) => wires.meant(conflict),
                // If several things differ, the name alone can be the slip.
                None => wires.meant(conflict).filter(|(_, is_told)| *is_told),
                _ => None,
            };
            let place = match meant {
                Some((_, true)) => place_of(plan, second, Some(Difference::Key(Key::BridgeName, "bridgeName"))),
                _ => place_of(plan, second, difference),
            };
            let related = place_of(plan, first, difference);
            Hit::in_group(place, group, move |more| {
                let is_bridge = here.bridge().is_some() && elsewhere.bridge().is_some();
                let kind = if is_bridge { "bridge" } else { "interface" };
                let (more, agreed) = (and_networks(more), agreed(count));
                let message = format!("the {kind} `{name}` is {here} here{more}, and {elsewhere} elsewhere{agreed}");
                Words::new(message, help(difference, meant))
                    .with_related(related.clone(), elsewhere.to_string())
                    .about([name])
                    .about(here.stands_on())
                    .about(elsewhere.stands_on())
            })
        }
        (what, Holder::Number(here), Holder::Number(elsewhere)) => {
            Hit::in_group(second.place.clone(), group, move |more| {
                let (what, interface, key) = match what {
                    Claimed::FunctionCount(nic) => {
                        (format!("number of virtual functions of `{nic}`"), nic.as_str(), "total-vfs")
                    }
                    Claimed::Mtu(name) => (format!("MTU of `{name}`"), name.as_str(), "mtu"),
                    _ => (String::new(), "", ""),
                };
                let message = format!("the {what} is {here} here{}, and {elsewhere} elsewhere", and_networks(more));
                let help = format!("give both the same `{key}`: the policy that is applied last wins");
                Words::new(message, help)
                    .with_related(first.place.clone(), format!("{elsewhere} here"))
                    .about([interface])
            })
        }
        // Claims of one thing have holders of one kind.
        _ => Hit::new(second.place.clone(), || Words::new("it is defined in two ways", "make the two agree")),
    }
}

/// In what two definitions of a bridge differ, if it is one thing that the network writes.
#[derive(Debug, Clone, Copy)]
enum Difference {
    /// A key.
    Key(Key, &'static str),
    /// A tag that the other bridge has, and this one has not.
    NoTag(u16),
    /// What their ports let through, for which a network has no key.
    Filtering,
}

fn difference(here: &Definition, elsewhere: &Definition, network: Option<&Network>) -> Option<Difference> {
    let (here, elsewhere) = (here.bridge()?, elsewhere.bridge()?);
    // One type has the tag on the port, and another has not: with another type on the same NIC, the tag follows from it.
    let nics = |definition: &BridgeDefinition| definition.wires().map(|wire| wire.base.clone()).collect::<Vec<_>>();
    if here.kind != elsewhere.kind && here.addresses == elsewhere.addresses && nics(here) == nics(elsewhere) {
        return Some(Difference::Key(Key::Type, "type"));
    }
    let port = || port_difference(here, elsewhere, network);
    let differences = [
        (here.kind != elsewhere.kind).then_some(Some(Difference::Key(Key::Type, "type"))),
        (!here.wires().eq(elsewhere.wires())).then(port),
        (!here.filtering().eq(elsewhere.filtering()) && here.wires().count() == elsewhere.wires().count())
            .then_some(Some(Difference::Filtering)),
        // What is not written cannot be shown.
        (here.addresses != elsewhere.addresses)
            .then(|| Some(Difference::Key(Key::NodeIp, "nodeIP")).filter(|_| !here.addresses.is_empty())),
    ];
    // OVS has no filtering, so that another type always has another one.
    let is_kind = differences[0].is_some();
    let mut differences = differences.into_iter().enumerate().filter(|(number, _)| !(is_kind && *number == 2));
    let mut found = differences.by_ref().filter_map(|(_, difference)| difference);
    let first = found.next()?;
    if found.next().is_some() { None } else { first }
}

/// In what the ports of two bridges differ: the NIC, or the tag.
fn port_difference(
    here: &BridgeDefinition,
    elsewhere: &BridgeDefinition,
    network: Option<&Network>,
) -> Option<Difference> {
    let nic = Some(Difference::Key(Key::PhysicalInterface, "physicalInterface"));
    let (mut ours, mut theirs) = (here.wires(), elsewhere.wires());
    let (Some(our), Some(their), None, None) = (ours.next(), theirs.next(), ours.next(), theirs.next()) else {
        return nic;
    };
    let is_tag_written = network.is_none_or(|network| network.carrier.vlan().is_some());
    match (our.base == their.base, our.tag() == their.tag() && our.below().is_some() == their.below().is_some()) {
        (false, true) => nic,
        (true, _) if is_tag_written && our.tag().is_some() => Some(Difference::Key(Key::VlanId, "vlanId")),
        (true, _) if our.tag().is_some() => nic,
        (true, _) => their.tag().filter(|_| network.is_some()).map(Difference::NoTag),
        _ => None,
    }
}

fn help(difference: Option<Difference>, meant: Option<(&str, bool)>) -> String {
    match difference {
        Some(Difference::Key(_, key)) => match meant {
            Some((bridge, true)) => format!("did you mean `bridgeName: {bridge}`? If not, correct the `{key}`"),
            Some((bridge, false)) => {
                format!("correct the `bridgeName` (`{bridge}` is on what this network names) or the `{key}`")
            }
            None => format!("correct the `{key}`, or give this bridge another `bridgeName`"),
        },
        Some(Difference::NoTag(tag)) => format!("add `vlanId: {tag}`, or give this bridge another `bridgeName`"),
        Some(Difference::Filtering) => {
            "give this bridge another `bridgeName`, or let the ports of both have the same `vlan`".to_owned()
        }
        None => match meant {
            Some((bridge, _)) => format!("did you mean `bridgeName: {bridge}`? If not, make the two agree"),
            None => "give one of them another name, or make them agree".to_owned(),
        },
    }
}

/// The key in which a network differs, or the place of the claim.
fn place_of(plan: &Plan, claim: &Claim, difference: Option<Difference>) -> Place {
    match (difference, plan.network_of(claim)) {
        (Some(Difference::Key(key, _)), Some(network)) => network.at(key),
        _ => claim.place.clone(),
    }
}
