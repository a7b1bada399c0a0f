use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::bridge_conflict::BRIDGE_CONFLICT;
use super::collect::Blame;
use super::conflict::{Meeting, Things, agreed, bridge, controller};
use super::hit::{Hit, Words};
use crate::base::place::Place;
use crate::model::{Claim, Claimant, Claimed, Controller, Holder, Key, Plan};
use crate::rule;

rule! {
    /// An interface is a bridge for one network and an uplink for another.
    ///
    /// The name that one network gives to its bridge is the NIC of another one: its port, what its VLAN interface stands on, that VLAN
    /// interface itself, or the NIC of its virtual functions. There is one interface of a name on a node, and the kernel takes no bridge into a
    /// bridge (`ELOOP`).
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, bridgeName: br-lan, physicalInterface: ens224}
    /// - {name: dmz, type: bridge, physicalInterface: br-lan}     # ens224, or another network on br-lan
    /// ```
    ///
    /// ## Way out
    /// To be on the same wire, name the bridge as `bridgeName`. Otherwise give it another name, or name a NIC.
    pub(super) BRIDGE_ON_BRIDGE = "WK308", "bridge-on-bridge", Error,
        yields_to: &[&BRIDGE_CONFLICT];
}

/// As what a name is a NIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The port of a bridge or bond.
    Port,
    /// What a VLAN interface stands on.
    Base,
    /// The NIC of virtual functions.
    Functions,
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let things = Things::of(plan, blame, bridge);
    let found = [Role::Port, Role::Base, Role::Functions].map(|role| {
        let met = things.meet(blame, |claim| nic(plan, claim, role));
        met.into_iter().map(move |meeting| (role, meeting)).collect::<Vec<_>>()
    });
    let found: Vec<(Role, Meeting<'_>)> = found.into_iter().flatten().collect();
    if found.is_empty() {
        return Vec::new();
    }
    let (mut users, mut bridges) = (HashMap::new(), HashMap::new());
    for claim in &plan.claims {
        for name in [Role::Port, Role::Base, Role::Functions].into_iter().filter_map(|role| nic(plan, claim, role)) {
            users.entry(name).or_insert_with(HashSet::new).insert(&claim.place);
        }
        if let Some(name) = bridge(claim) {
            bridges.entry(name).or_insert_with(HashSet::new).insert(&claim.place);
        }
    }
    let count = |places: Option<&HashSet<&Place>>| places.map_or(0, HashSet::len);
    let mut hits = Vec::new();
    for (role, meeting) in found {
        let name = meeting.interface;
        let (users, bridges) = (count(users.get(name)), count(bridges.get(name)));
        let is_nic = meeting.second.by != Claimant::Network || users > bridges;
        // The one that fewer say is the one in the wrong.
        let is_bridge_wrong = is_nic && meeting.first.by == Claimant::Network;
        let group = meeting.group * 4 + role as usize;
        let agreed = agreed(users.max(bridges));
        hits.push(if is_bridge_wrong {
            bridge_is_wrong(&meeting, role, group, agreed)
        } else {
            nic_is_wrong(plan, &meeting, role, group, agreed)
        });
    }
    // Every network on the bridge that is in the wrong is, and one of them says it.
    let mut seen = HashSet::new();
    hits.retain(|hit| seen.insert(hit.place.clone()));
    hits
}

fn bridge_is_wrong<'a>(meeting: &Meeting<'a>, role: Role, group: usize, agreed: String) -> Hit<'a> {
    let (name, bridge, nic) = (meeting.interface, meeting.first, meeting.second);
    Hit::in_group(bridge.place.clone(), group, move |_| {
        let message = format!("`{name}` cannot be a bridge: it is {}{agreed}", role_words(nic, role));
        Words::new(message, "give the bridge another `bridgeName`")
            .with_related(nic.place.clone(), role_words(nic, role))
            .about([name])
            .about(controller(nic).and_then(Controller::interface))
    })
}

fn nic_is_wrong<'a>(plan: &Plan, meeting: &Meeting<'a>, role: Role, group: usize, agreed: String) -> Hit<'a> {
    let (name, bridge, nic) = (meeting.interface, meeting.first, meeting.second);
    // What a VLAN interface stands on is written there, whatever the claim of the tag is about.
    let network = plan.network_of(nic).filter(|_| role == Role::Base);
    let place = network.map_or_else(|| nic.place.clone(), |network| network.at(Key::PhysicalInterface));
    Hit::in_group(place, group, move |more| {
        let others = more.words(" (and of one more)", |more| format!(" (and of {more} more)"));
        let message = format!("`{name}` cannot be {}{others}: it is a bridge itself{agreed}", role_words(nic, role));
        let words = match &bridge.holder {
            Holder::Definition(definition) => definition.to_string(),
            _ => "a bridge".to_owned(),
        };
        Words::new(message, "name a NIC; or to be on the same wire, name the bridge as `bridgeName`")
            .with_related(bridge.place.clone(), words)
            .about([name])
            .about(controller(nic).and_then(Controller::interface))
    })
}

/// The interface that a claim has as a NIC in this role. Pods' interfaces may stand on a bridge.
fn nic<'a>(plan: &'a Plan, claim: &'a Claim, role: Role) -> Option<Cow<'a, str>> {
    match (&claim.what, &claim.holder, role) {
        (Claimed::Wire(_), Holder::Controller(Controller::Interface(_)), Role::Port) => plan.port_of(claim),
        // A policy of others may put a VLAN interface on a bridge, which the kernel lets it do.
        (Claimed::Wire(wire), Holder::Controller(Controller::Interface(_)), Role::Base) => {
            (wire.tag().is_some() && claim.by == Claimant::Network).then_some(Cow::Borrowed(&wire.base))
        }
        (Claimed::VirtualFunctions(nic), _, Role::Functions) => Some(Cow::Borrowed(nic)),
        _ => None,
    }
}

fn role_words(claim: &Claim, role: Role) -> String {
    match (&claim.holder, role) {
        (Holder::Controller(controller), Role::Base) => format!("the NIC under {controller}"),
        (Holder::Controller(controller), _) => format!("a port of {controller}"),
        (_, Role::Functions) => "the NIC of virtual functions".to_owned(),
        _ => "a NIC".to_owned(),
    }
}
