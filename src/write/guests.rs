//! What a render changes under virtual machines that run: the bridge that they are on, or the attachment by which they are.
//!
//! What they are on now is what stands in the output folder. A network counts if its attachment is there already, so that a new virtual
//! machine is never taken for one that runs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::retire::WrittenPolicy;
use crate::api::nmstate::{Interface, InterfaceState, NetworkState};
use crate::api::site::PolicyScope;
use crate::base::acceptance::ObjectId;
use crate::base::diagnostic::{Diagnostic, Findings, More, Place};
use crate::base::place::NetworkId;
use crate::base::rule::Rule;
use crate::model::{Key, Network, NodeSelector, Plan, Wukong, can_overlap};
use crate::read::document::syntax;
use crate::rule;
use crate::write::manifest::ManifestKind;
use crate::write::tree::{Action, Change, OutputTree};

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

rule! {
    /// An attachment changes, which reaches no virtual machine that runs.
    ///
    /// Multus reads a NetworkAttachmentDefinition when a pod starts. A virtual machine keeps the bridge, the tag and the addresses that it was
    /// started with, until it is restarted or migrated live to another node. Until then the files in Git say something else than what is.
    ///
    /// Reported once for a run, with the number of networks; not for those whose bridge changes, too (WK505). A new `cniVersion` or `name`
    /// changes nothing for a virtual machine, and is not reported.
    ///
    /// ## Way out
    /// Restart the virtual machines, or migrate them live, once the attachments are applied.
    pub ATTACHMENT_CHANGES = "WK506", "attachment-changes", Warning, about_changes: true;
}

/// Keys of a CNI configuration that make no difference to a virtual machine.
const WITHOUT_EFFECT: [&str; 2] = ["cniVersion", "name"];

/// What the changes of a tree do to virtual machines that run. `accepts` is asked once for every network that a finding would be about.
pub fn changed_under_guests(
    tree: &OutputTree,
    changes: &[Change],
    plan: &Plan,
    accepts: &mut dyn FnMut(&Rule, &Place) -> bool,
) -> Findings {
    let mut findings = Findings::default();
    let is_replaced = |change: &Change| matches!(change.action, Action::Update(_) | Action::Remove(_));
    if !changes.iter().any(is_replaced) {
        return findings;
    }
    let before = Bridges::of(changes, |change| match &change.action {
        Action::Update(old) | Action::Remove(old) => Some(old),
        Action::Create | Action::Unchanged => None,
    });
    let attachments = Attachments::of(tree, changes, plan);
    let mut covered = HashSet::new();
    if !before.defined.is_empty() {
        let after = Bridges::of(changes, |change| match &change.action {
            Action::Update(_) | Action::Create => tree.text(&change.path),
            Action::Remove(_) | Action::Unchanged => None,
        });
        let guests = attachments.guests(&before, changes, plan);
        findings.extend(changed_bridges(&before, &after, &guests, &mut covered, accepts));
    }
    findings.extend(attachments.changed(&covered, accepts));
    findings
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
struct Bridges {
    /// The ports of each, by the nodes on which it has them.
    defined: BTreeMap<String, BTreeMap<NodeSelector, Ports>>,
    /// The nodes off which each is taken.
    absent: HashMap<String, Vec<NodeSelector>>,
    /// The bridges of each port, with their nodes.
    by_port: HashMap<Port, BTreeSet<(String, NodeSelector)>>,
    /// The bridges of each policy, by the path of its file.
    by_path: HashMap<String, Vec<String>>,
}

impl Bridges {
    fn of<'a>(changes: &'a [Change], text: impl Fn(&'a Change) -> Option<&'a str> + Sync) -> Self {
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
struct Guest<'a> {
    wukong: &'a Wukong,
    /// The network by which it is; none if there is none of this name any more.
    network: Option<&'a Network>,
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
        let (under, they_are) = match machines.len() {
            1 => ("a virtual machine".to_owned(), "it is"),
            count => (format!("{count} virtual machines"), "they are"),
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
                format!(
                    "`{bridge}` moves from {from} to {to} under {under}, on another network once the policy is applied"
                ),
                "apply the policy when the guests may lose their network; or give the new VLAN a bridge of another name",
            ),
            What::LosesPort { port, by } => (
                format!(
                    "`{by}` takes {port} from `{bridge}` under {under}, without a network until {they_are} restarted"
                ),
                "keep the name of the bridge; or restart the virtual machines once the policy is applied",
            ),
            What::Goes => (
                format!(
                    "`{bridge}` is taken off the nodes under {under}, without a network until {they_are} restarted"
                ),
                "restart the virtual machines once the policy is applied; or retire the bridge in a later run",
            ),
        };
        let diagnostic = Diagnostic::new(&BRIDGE_CHANGES_UNDER_GUESTS, place, message, help);
        Diagnostic { about: vec![bridge.to_owned()], ..diagnostic }
    }
}

/// The bridges that change under virtual machines. The networks that are on them are added to `covered`.
fn changed_bridges(
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

/// A CNI configuration as it is written.
type Config = Map<String, Value>;

/// An attachment that stays: of which virtual machine and network, and the old and the new configuration if the file changes.
type Kept<'a> = (&'a Wukong, &'a Network, Option<(Config, Config)>);

/// The attachments that are there already, with the networks that they are of.
struct Attachments<'a> {
    /// Those of networks that are wanted.
    kept: Vec<Kept<'a>>,
    /// The bridges of those that go, with the virtual machines that had them and stay.
    gone: Vec<(&'a Wukong, String)>,
}

impl<'a> Attachments<'a> {
    fn of(tree: &OutputTree, changes: &[Change], plan: &'a Plan) -> Self {
        let path = |namespace: Option<&str>, name: &str| ManifestKind::Nad.path(namespace, name);
        let ids = plan
            .attachments
            .iter()
            .filter_map(|it| Some((path(it.wukong.namespace.as_deref(), &it.name), it.origin.network?)));
        let ids: HashMap<String, NetworkId> = ids.collect();
        let owners: HashMap<String, &Wukong> =
            plan.wukongs.iter().map(|it| (path(it.identity.namespace.as_deref(), &it.identity.name), it)).collect();
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for change in changes.iter().filter(|change| change.kind == ManifestKind::Nad) {
            match &change.action {
                Action::Create => {}
                Action::Remove(old) => {
                    let bridge = config(old).as_ref().and_then(bridge_of).map(str::to_owned);
                    gone.extend(owner(&change.path, &owners).zip(bridge));
                }
                Action::Update(_) | Action::Unchanged => {
                    let Some((wukong, network)) = ids.get(&change.path).and_then(|id| plan.find(*id)) else { continue };
                    let both = match &change.action {
                        Action::Update(old) => config(old).zip(tree.text(&change.path).and_then(config)),
                        Action::Create | Action::Remove(_) | Action::Unchanged => None,
                    };
                    kept.push((wukong, network, both));
                }
            }
        }
        Self { kept, gone }
    }

    /// The virtual machines that are on each of these bridges now.
    fn guests(&self, before: &Bridges, changes: &[Change], plan: &'a Plan) -> BTreeMap<String, Vec<Guest<'a>>> {
        let mut guests: BTreeMap<String, Vec<Guest<'_>>> = BTreeMap::new();
        let mut add = |bridge: &str, wukong: &'a Wukong, network: Option<&'a Network>| {
            if before.defined.contains_key(bridge) {
                guests.entry(bridge.to_owned()).or_default().push(Guest { wukong, network });
            }
        };
        for (wukong, network, both) in &self.kept {
            let old = both.as_ref().and_then(|(old, _)| bridge_of(old));
            if let Some(bridge) = old.or_else(|| network.carrier.bridge_name()) {
                add(bridge, wukong, Some(network));
            }
        }
        for (wukong, bridge) in &self.gone {
            add(bridge, wukong, None);
        }
        // A network with an attachment of others has a policy of its own, which is there already.
        if plan.settings.site.policy_scope() == PolicyScope::Network {
            let updated = |change: &&Change| change.kind == ManifestKind::Nncp && change.action.is_update();
            let updated: HashSet<&str> = changes.iter().filter(updated).map(|change| change.path.as_str()).collect();
            let has_own = plan.attachments.iter().filter_map(|it| it.origin.network);
            let has_own: HashSet<NetworkId> = if plan.settings.skip_nad { HashSet::new() } else { has_own.collect() };
            for policy in &plan.policies {
                let path = ManifestKind::Nncp.path(None, &policy.name);
                let id = policy.origin.network.filter(|id| !has_own.contains(id) && updated.contains(path.as_str()));
                let Some((wukong, network)) = id.and_then(|id| plan.find(id)) else { continue };
                for bridge in before.by_path.get(&path).into_iter().flatten() {
                    add(bridge, wukong, Some(network));
                }
            }
        }
        guests
    }

    /// The attachments that change, but for those of networks whose bridge changes, too.
    fn changed(
        &self,
        covered: &HashSet<NetworkId>,
        accepts: &mut dyn FnMut(&Rule, &Place) -> bool,
    ) -> Option<Diagnostic> {
        let mut found: Option<(Place, String)> = None;
        let mut more = 0;
        for (wukong, network, both) in &self.kept {
            let Some((old, new)) = both else { continue };
            let keys = differences(old, new);
            if keys.is_empty() || network.origin.network.is_some_and(|id| covered.contains(&id)) {
                continue;
            }
            // What differs for a reason of its own (`preserveDefaultVlan` beside a `vlan`) says less than what the author wrote.
            let written = keys.iter().map(|key| key_of(key)).find(|key| *key != Key::Name);
            let place = network.at(written.unwrap_or(Key::Name));
            if accepts(&ATTACHMENT_CHANGES, &place) {
                continue;
            }
            if found.is_some() {
                more += 1;
                continue;
            }
            let named: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            let what = format!(
                "the attachment of `{}` of `{}` gets another {}",
                network.name,
                wukong.identity.name,
                named.join(", ")
            );
            found = Some((place, what));
        }
        let (place, what) = found?;
        let others = More(more)
            .words(", and one more attachment changes", |more| format!(", and {more} more attachments change"));
        Some(Diagnostic::new(
            &ATTACHMENT_CHANGES,
            place,
            format!("{what}{others}: a virtual machine that runs keeps what it was started with"),
            "restart the virtual machines, or migrate them live, once the attachments are applied",
        ))
    }
}

/// The virtual machine of an attachment that is called `{wukong}-{network}-nad`, by the paths at which attachments with the names of virtual
/// machines would be. Of several the one with the longest name.
fn owner<'a>(path: &str, owners: &HashMap<String, &'a Wukong>) -> Option<&'a Wukong> {
    let name = path.strip_suffix(".yaml")?;
    let mut ends = name.rmatch_indices('-').map(|(end, _)| &name[..end]);
    ends.find_map(|start| owners.get(&format!("{start}.yaml")).copied())
}

/// The configuration in the text of an attachment.
fn config(text: &str) -> Option<Config> {
    let documents = syntax::parse(text);
    let [Ok(document)] = documents.as_slice() else { return None };
    let value = document.value(document.root()).ok()?;
    serde_json::from_str(value.pointer("/spec/config")?.as_str()?).ok()
}

fn bridge_of(config: &Config) -> Option<&str> {
    config.get("bridge").and_then(Value::as_str)
}

/// The keys of two configurations that differ and matter to a virtual machine.
fn differences<'a>(old: &'a Config, new: &'a Config) -> BTreeSet<&'a str> {
    let keys = old.keys().chain(new.keys()).map(String::as_str);
    keys.filter(|key| !WITHOUT_EFFECT.contains(key) && old.get(*key) != new.get(*key)).collect()
}

/// The key of a network from which a key of its configuration comes.
fn key_of(key: &str) -> Key {
    match key {
        "type" => Key::Type,
        "bridge" => Key::BridgeName,
        "physicalNetworkName" | "master" => Key::PhysicalInterface,
        "vlan" | "vlanID" => Key::VlanId,
        "ipam" => Key::IpConfig,
        _ => Key::Name,
    }
}
