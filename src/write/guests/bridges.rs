//! Bridges that change under the virtual machines that are on them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use rayon::prelude::*;

use crate::api::nmstate::{Interface, InterfaceState, NetworkState};
use crate::base::acceptance::ObjectId;
use crate::base::diagnostic::{Diagnostic, More, Place};
use crate::base::place::NetworkId;
use crate::base::rule::Rule;
use crate::model::{Key, Network, NodeSelector, Wukong, can_overlap};
use crate::rule;
use crate::write::manifest::ManifestKind;
use crate::write::retire::WrittenPolicy;
use crate::write::tree::Change;

rule! {
    /// A bridge changes under virtual machines that are on it.
    ///
    /// Compared with the output folder, a bridge gets another VLAN or NIC, loses its port to a bridge of another name, or is taken off the
    /// nodes. The policy does this while the virtual machines run: their interfaces stay on the bridge, and what is behind it is another
    /// network, or none. kubernetes-nmstate does not look at virtual machines, and rolls nothing back.
    ///
    /// Reported once for a bridge; once for several bridges that move from one NIC to another. It is found by `render` and `diff`, which see
    /// the output folder.
    ///
    /// ## Example
    /// ```yaml
    /// - name: lan
    ///   type: bridge
    ///   bridgeName: br-lan
    ///   vlanId: 200                  # the output folder has br-lan on VLAN 100
    /// ```
    ///
    /// ## Way out
    /// Give the new VLAN or NIC a bridge of another name, and restart the virtual machines onto it one after the other; the old bridge stays
    /// until then. Or apply the policy when they may lose their network.
    pub BRIDGE_CHANGES_UNDER_GUESTS = "WK505", "bridge-changes-under-guests", Warning, about_changes: true;
}

/// What a port of a bridge is: an interface, or a VLAN of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Port {
    base: String,
    tag: Option<u16>,
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag {
            Some(tag) => write!(formatter, "VLAN {tag} of `{}`", self.base),
            None => write!(formatter, "`{}`", self.base),
        }
    }
}

type Ports = BTreeSet<Port>;

/// The bridges of policies whose files change.
#[derive(Default)]
pub(super) struct Bridges {
    /// The ports of each, by the nodes on which it has them.
    defined: BTreeMap<String, BTreeMap<NodeSelector, Ports>>,
    /// The nodes off which each is taken.
    absent: HashMap<String, Vec<NodeSelector>>,
    /// The bridges of each port, with their nodes.
    by_port: HashMap<Port, BTreeSet<(String, NodeSelector)>>,
    /// The bridges of each policy, by the path of its file.
    pub(super) by_path: HashMap<String, Vec<String>>,
}

impl Bridges {
    /// Whether none of the policies has a bridge.
    pub(super) fn is_empty(&self) -> bool {
        self.defined.is_empty()
    }

    /// Whether one of the policies has this bridge.
    pub(super) fn has(&self, bridge: &str) -> bool {
        self.defined.contains_key(bridge)
    }

    pub(super) fn of<'a>(changes: &'a [Change], text: impl Fn(&'a Change) -> Option<&'a str> + Sync) -> Self {
        let policies = changes.par_iter().filter(|change| change.kind == ManifestKind::Nncp);
        let policies: Vec<(&str, WrittenPolicy)> =
            policies.filter_map(|it| Some((it.path.as_str(), WrittenPolicy::read(text(it)?)?))).collect();
        let mut bridges = Self::default();
        for (path, policy) in policies {
            bridges.add(path, &policy.node_selector, &policy.desired_state);
        }
        bridges
    }

    fn add(&mut self, path: &str, nodes: &NodeSelector, state: &NetworkState) {
        for bridge in &state.interfaces {
            if bridge.state == InterfaceState::Absent {
                self.absent.entry(bridge.name.clone()).or_default().push(nodes.clone());
            }
            let Some(ports) = ports(bridge, state) else { continue };
            for port in &ports {
                self.by_port.entry(port.clone()).or_default().insert((bridge.name.clone(), nodes.clone()));
            }
            self.defined.entry(bridge.name.clone()).or_default().insert(nodes.clone(), ports);
            self.by_path.entry(path.to_owned()).or_default().push(bridge.name.clone());
        }
    }

    /// What becomes of a bridge that was as this says, by the policies of these bridges.
    fn change(&self, bridge: &str, before: &BTreeMap<NodeSelector, Ports>) -> Option<What> {
        before.iter().find_map(|(nodes, ports)| self.change_on(bridge, nodes, ports))
    }

    fn change_on(&self, bridge: &str, nodes: &NodeSelector, ports: &Ports) -> Option<What> {
        let defined = self.defined.get(bridge);
        let alike = defined.and_then(|defined| defined.get(nodes)).map(|ports| vec![ports]);
        let now = alike.unwrap_or_else(|| {
            let others = defined.into_iter().flatten().filter(|(other, _)| can_overlap(nodes, other));
            others.map(|(_, ports)| ports).collect()
        });
        if !now.is_empty() {
            let other = now.into_iter().find(|now| *now != ports)?;
            let (from, to) = (ports.difference(other).next()?.clone(), other.difference(ports).next()?.clone());
            return Some(What::Moves { from, to });
        }
        if self.absent.get(bridge).is_some_and(|absent| absent.iter().any(|other| can_overlap(nodes, other))) {
            return Some(What::Goes);
        }
        ports.iter().find_map(|port| {
            let takers = self.by_port.get(port)?;
            let (by, _) = takers.iter().find(|(other, selector)| other != bridge && can_overlap(nodes, selector))?;
            Some(What::LosesPort { port: port.clone(), by: by.clone() })
        })
    }
}

/// The ports of a bridge, by the wires that they lead to; none if it is no bridge.
fn ports(bridge: &Interface, state: &NetworkState) -> Option<Ports> {
    bridge.bridge.as_ref().filter(|_| bridge.state == InterfaceState::Up)?;
    // The internal port of an OVS bridge has its name.
    let names = bridge.ports().into_iter().filter(|port| *port != bridge.name);
    let port = |name: &str| match state.interface(name).and_then(|it| it.vlan.as_ref()) {
        Some(vlan) => Port { base: vlan.base_iface.clone(), tag: Some(vlan.id) },
        None => Port { base: name.to_owned(), tag: None },
    };
    Some(names.map(port).collect())
}

/// What becomes of a bridge.
enum What {
    /// It gets another port.
    Moves { from: Port, to: Port },
    /// Another bridge gets its port.
    LosesPort { port: Port, by: String },
    /// It is taken off the nodes.
    Goes,
}

impl What {
    /// Whether a finding about this is about a guest, and the place in its network; none if it has no network any more that this is about.
    fn place(&self, guest: &Guest<'_>) -> Option<Place> {
        let network = match (self, guest.network) {
            (_, Some(network)) => network,
            // Its network has another name, and so has the bridge that is called after it.
            (Self::LosesPort { by, .. }, None) => {
                guest.wukong.networks.iter().find(|it| it.carrier.bridge_name() == Some(by.as_str()))?
            }
            (Self::Moves { .. } | Self::Goes, None) => return None,
        };
        // OVN-Kubernetes moves the guests of a localnet to the bridge that is mapped.
        let is_localnet = network.carrier.localnet().is_some();
        let key = match self {
            Self::Moves { from, to } if from.base != to.base => Key::PhysicalInterface,
            Self::Moves { .. } => Key::VlanId,
            Self::LosesPort { .. } | Self::Goes if is_localnet => return None,
            Self::LosesPort { .. } | Self::Goes if network.carrier.bridge_name().is_none() => Key::Type,
            Self::LosesPort { .. } | Self::Goes => Key::BridgeName,
        };
        Some(network.at(key))
    }

    /// Whether a guest is one whose own bridge takes the port.
    fn is_by(&self, guest: &Guest<'_>) -> bool {
        let own = guest.network.and_then(|network| network.carrier.bridge_name());
        matches!(self, Self::LosesPort { by, .. } if guest.network.is_none() || own == Some(by.as_str()))
    }
}

/// A virtual machine that is on a bridge now.
pub(super) struct Guest<'a> {
    pub(super) wukong: &'a Wukong,
    /// The network by which it is; none if there is none of this name any more.
    pub(super) network: Option<&'a Network>,
}

/// A change that is one finding.
struct Found<'a> {
    bridge: &'a str,
    what: What,
    place: Place,
    /// How many more bridges it is of.
    more: usize,
    machines: HashSet<ObjectId>,
}

impl Found<'_> {
    fn diagnostic(self) -> Diagnostic {
        let Self { bridge, what, place, more, machines } = self;
        let (under, is, has) = match machines.len() {
            1 => ("a virtual machine".to_owned(), "is", "has"),
            count => (format!("{count} virtual machines"), "are", "have"),
        };
        let others = More(more).words(" and one more bridge", |more| format!(" and {more} more bridges"));
        let moves = if more == 0 { "moves" } else { "move" };
        let (message, help) = match what {
            What::Moves { from, to } if from.base != to.base && from.tag == to.tag => (
                format!(
                    "`{bridge}`{others} {moves} from `{}` to `{}` under {under}: a guest is cut off if that is another wire",
                    from.base, to.base
                ),
                "apply the policy when the guests may lose their network; or give the new NIC a bridge of another name",
            ),
            What::Moves { from, to } => (
                format!("`{bridge}` moves from {from} to {to} under {under}, which {is} then on another network"),
                "apply the policy when the guests may lose their network; or give the new VLAN a bridge of another name",
            ),
            What::LosesPort { port, by } => (
                format!("`{by}` takes {port} from `{bridge}` under {under}, which {has} no network until restarted"),
                "keep the name of the bridge; or restart the virtual machines once the policy is applied",
            ),
            What::Goes => (
                format!("`{bridge}` is taken off the nodes under {under}, which {has} no network until restarted"),
                "restart the virtual machines once the policy is applied; or retire the bridge in a later run",
            ),
        };
        let diagnostic = Diagnostic::new(&BRIDGE_CHANGES_UNDER_GUESTS, place, message, help);
        Diagnostic { about: vec![bridge.to_owned()], ..diagnostic }
    }
}

/// The bridges that change under virtual machines. The networks that are on them are added to `covered`.
pub(super) fn changed_bridges(
    before: &Bridges,
    after: &Bridges,
    guests: &BTreeMap<String, Vec<Guest<'_>>>,
    covered: &mut HashSet<NetworkId>,
    accepts: &mut dyn FnMut(&Rule, &Place) -> bool,
) -> Vec<Diagnostic> {
    let mut found: Vec<Found<'_>> = Vec::new();
    // A default NIC that is another moves many bridges, and is one change.
    let mut moves: HashMap<(String, String), usize> = HashMap::new();
    for (bridge, defined) in &before.defined {
        let Some(guests) = guests.get(bridge) else { continue };
        let Some(what) = after.change(bridge, defined) else { continue };
        let mut concerned: Vec<(bool, Place, ObjectId)> = Vec::new();
        for guest in guests {
            let Some(place) = what.place(guest) else { continue };
            covered.extend(place.network());
            if !accepts(&BRIDGE_CHANGES_UNDER_GUESTS, &place) {
                let origin = &guest.wukong.identity.origin;
                concerned.push((what.is_by(guest), place, (origin.document, origin.object)));
            }
        }
        let first = concerned.iter().find(|(is_by, ..)| *is_by).or(concerned.first());
        let Some(place) = first.map(|(_, place, _)| place.clone()) else { continue };
        let machines: HashSet<ObjectId> = concerned.iter().map(|(.., wukong)| *wukong).collect();
        let next = found.len();
        let number = match &what {
            What::Moves { from, to } if from.base != to.base && from.tag == to.tag => {
                *moves.entry((from.base.clone(), to.base.clone())).or_insert(next)
            }
            What::Moves { .. } | What::LosesPort { .. } | What::Goes => next,
        };
        match found.get_mut(number) {
            Some(same) => {
                same.more += 1;
                same.machines.extend(machines);
            }
            None => found.push(Found { bridge, what, place, more: 0, machines }),
        }
    }
    found.into_iter().map(Found::diagnostic).collect()
}
