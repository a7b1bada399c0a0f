//! Policies that are no longer wanted: deleting one takes nothing off the nodes (kubernetes-nmstate, "Configuration", on removing
//! interfaces), so it is first kept under its name in a form that does.
//!
//! There is no state file: what is no longer wanted is what stands in the output folder and is not in the plan, and a
//! retired policy is told by its annotation. Its owner deletes the file once the policy is "Available", and with it the last
//! trace.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::api::nmstate::{
    BridgeMapping, Interface, InterfaceIp, InterfaceState, InterfaceType, MappingState, NetworkState, Ovn, Route,
    Routes,
};
use crate::base::diagnostic::{Diagnostic, Findings, More, Place};
use crate::model::{HOSTNAME, NodeSelector, Plan, Policy, Tombstone, can_overlap};
use crate::read::document::syntax;
use crate::rule;
use crate::write::manifest::{ManifestKind, RETIRED};
use crate::write::tree::{Action, Change, Existing, OutputTree};

rule! {
    /// A policy is no longer wanted, but another one uses its bridge, which therefore stays.
    ///
    /// With `--retire` a policy that is no longer wanted takes its interfaces off the nodes. One that a Wukong still uses is left alone, and
    /// if there is nothing else to take away, the policy's file just goes.
    ///
    /// ## Way out
    /// Nothing is to be done, unless the bridge is to go: then the Wukongs that are named must go first.
    pub STILL_IN_USE = "WK502", "still-in-use", Warning, about_changes: true;
}

rule! {
    /// A policy that is no longer wanted cannot be retired, because it is not understood.
    ///
    /// Its file has our header, but its `desiredState` is none that was written here. It is removed like any other, and what it made
    /// stays on the nodes.
    ///
    /// ## Way out
    /// Keep the file until the interfaces are gone: take them away by a policy of your own, with `state: absent`.
    pub CANNOT_RETIRE = "WK503", "cannot-retire", Warning, about_changes: true;
}

rule! {
    /// A policy is no longer wanted that gave a bridge the node's own address, and the policy that makes the bridge now does not.
    ///
    /// Most often the inventory was forgotten: with it, a bridge on a NIC that carries the node's address has a policy for each node,
    /// which moves the address; without it, there is one for all nodes, which takes it away.
    ///
    /// ## Way out
    /// Give the inventory again (`--inventory`), exported after the move. If the node's address is no longer there, delete the policy's
    /// file first.
    pub ADDRESS_DROPPED = "WK504", "address-dropped", Error;
}

/// The retired forms of policies that are no longer wanted; a policy that is retired already stays so, whatever the settings. Without
/// policies at all nothing is retired: the cluster has no NMState that could.
pub fn retire(existing: &Existing, plan: &Plan, findings: &mut Findings) -> Vec<Tombstone> {
    let settings = &plan.settings;
    if settings.skip_nncp {
        return Vec::new();
    }
    let wanted: HashSet<String> =
        plan.policies.iter().map(|policy| ManifestKind::Nncp.path(None, &policy.name)).collect();
    let unwanted: Vec<(&str, Cow<'_, str>)> = existing.policies_besides(&wanted).collect();
    if unwanted.is_empty() {
        return Vec::new();
    }
    let users = Users::of(plan);
    let uplinks: HashSet<&str> =
        settings.groups.iter().flat_map(|group| group.uplinks.keys().map(String::as_str)).collect();
    let mut tombstones = Vec::new();
    let (mut kept, mut dropping) = (Vec::new(), Vec::new());
    for (path, text) in unwanted {
        let place = Place::Path(existing.shown(path));
        let Some(old) = WrittenPolicy::read(&text) else {
            if settings.retire {
                let message = "this policy is no longer wanted, and cannot be retired: it is not understood";
                let help = "keep the file until its interfaces are gone from the nodes";
                findings.push(Diagnostic::new(&CANNOT_RETIRE, place, message, help));
            }
            continue;
        };
        if let Some((bridge, heir)) = dropped(&old, &users) {
            dropping.push((place.clone(), bridge, heir));
        }
        if !(old.is_retired || settings.retire) {
            continue;
        }
        let is_used = |name: &str| uplinks.contains(name) || users.find(name, &old.node_selector).is_some();
        let is_port = |name: &str| users.is_port(name, &old.node_selector);
        let desired_state = retired(&old.desired_state, is_used, is_port);
        let user = old.made().into_iter().rev().find_map(|name| Some((name, users.find(name, &old.node_selector)?)));
        if let Some((name, user)) = user {
            kept.push((place, name.to_owned(), user));
        }
        if desired_state != NetworkState::default() {
            tombstones.push(Tombstone { name: old.name, node_selector: old.node_selector, desired_state });
        }
    }
    if let Some((place, name, user)) = kept.first() {
        let others = More(kept.len() - 1).words(", and so is what one more policy made", |more| {
            format!(", and so is what {more} more policies made")
        });
        let message =
            format!("`{name}` of this policy, which is no longer wanted, stays on the nodes: it is still used{others}");
        let help = "nothing is to be done, unless it is to go: then the network that uses it must go first";
        let diagnostic = Diagnostic::new(&STILL_IN_USE, place.clone(), message, help);
        findings.push(diagnostic.with_related(user.origin.at("name"), format!("used by the policy `{}`", user.name)));
    }
    if let Some((place, bridge, heir)) = dropping.first() {
        let others = More(dropping.len() - 1)
            .words(", and so it is with one more policy", |more| format!(", and so it is with {more} more policies"));
        let message =
            format!("`{bridge}` has the node's own address by this policy, and none by `{}`{others}", heir.name);
        let help = "give the inventory with --inventory; if the address is no longer there, delete this file first";
        let diagnostic = Diagnostic::new(&ADDRESS_DROPPED, place.clone(), message, help);
        findings.push(diagnostic.with_related(heir.origin.at("name"), format!("makes `{bridge}` now")));
    }
    tombstones
}

/// The bridge to which an old policy gave the node's own address, and a policy that makes it on the same nodes without one.
fn dropped<'a>(old: &WrittenPolicy, users: &Users<'a>) -> Option<(String, &'a Policy)> {
    let bridges = old.desired_state.interfaces.iter().filter(|it| it.bridge.is_some());
    bridges.filter(|it| old.desired_state.interface(&it.name).is_some_and(Interface::has_ip)).find_map(|bridge| {
        let heir = users.on_nodes(&bridge.name, &old.node_selector)?;
        let makes = heir.desired_state.interface(&bridge.name)?;
        (!makes.has_ip()).then(|| (bridge.name.clone(), heir))
    })
}

/// What the changes of a tree leave on the nodes, which the cluster does not tell: interfaces that nothing uses any more.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Leftovers {
    /// What policies made that go.
    pub deleted: BTreeSet<String>,
    /// What policies made that stay, and make it no longer.
    pub changed: BTreeSet<String>,
}

/// What the changes of a tree leave on the nodes.
pub fn leftovers(tree: &OutputTree, changes: &[Change], plan: &Plan) -> Leftovers {
    let users = Users::of(plan);
    let is_used = |name: &str| {
        users.0.contains_key(name) || plan.settings.groups.iter().any(|group| group.uplinks.contains_key(name))
    };
    let mut leftovers = Leftovers::default();
    for change in changes.iter().filter(|change| change.kind == ManifestKind::Nncp) {
        let (left, place) = match &change.action {
            Action::Remove(old) => (left_behind(old, None), &mut leftovers.deleted),
            Action::Update(old) => (left_behind(old, tree.text(&change.path)), &mut leftovers.changed),
            Action::Create | Action::Unchanged => continue,
        };
        place.extend(left.into_iter().filter(|name| !is_used(name)));
    }
    leftovers
}

/// The interfaces that were made by a policy's old text and are not in the new one, where there is one.
fn left_behind(old: &str, new: Option<&str>) -> BTreeSet<String> {
    let Some(old) = WrittenPolicy::read(old).filter(|old| !old.is_retired) else { return BTreeSet::new() };
    let new = new.and_then(WrittenPolicy::read).map(|new| new.desired_state).unwrap_or_default();
    old.made().into_iter().filter(|name| new.interface(name).is_none()).map(str::to_owned).collect()
}

/// A policy as it stands in a file.
pub(super) struct WrittenPolicy {
    pub(super) name: String,
    pub(super) node_selector: NodeSelector,
    pub(super) desired_state: NetworkState,
    pub(super) is_retired: bool,
}

impl WrittenPolicy {
    pub(super) fn read(text: &str) -> Option<Self> {
        let documents = syntax::parse(text);
        let [Ok(document)] = documents.as_slice() else { return None };
        let value = document.value(document.root()).ok()?;
        let at = |pointer: &str| value.pointer(pointer).cloned();
        let selector = at("/spec/nodeSelector").unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let annotations: BTreeMap<String, Value> =
            at("/metadata/annotations").and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default();
        Some(Self {
            name: at("/metadata/name")?.as_str()?.to_owned(),
            node_selector: serde_json::from_value(selector).ok()?,
            desired_state: serde_json::from_value(at("/spec/desiredState")?).ok()?,
            is_retired: annotations.get(RETIRED).and_then(Value::as_str) == Some("true"),
        })
    }

    /// The interfaces that the policy made, and those that it takes away if it is retired already.
    fn made(&self) -> Vec<&str> {
        let is_made = |it: &&Interface| it.state == InterfaceState::Absent || is_made(it);
        self.desired_state.interfaces.iter().filter(is_made).map(|it| it.name.as_str()).collect()
    }
}

/// Whether an interface is there because of the policy: everything but a NIC.
fn is_made(interface: &Interface) -> bool {
    use InterfaceType::{Bond, LinuxBridge, OvsBridge, OvsInterface, Vlan};
    matches!(interface.interface_type, Some(Bond | Vlan | LinuxBridge | OvsBridge | OvsInterface))
}

/// The policies by the interfaces that they use.
struct Users<'a>(HashMap<&'a str, Vec<&'a Policy>>);

impl<'a> Users<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut users: HashMap<&str, Vec<&Policy>> = HashMap::new();
        for policy in &plan.policies {
            for name in used(&policy.desired_state) {
                users.entry(name).or_default().push(policy);
            }
        }
        Self(users)
    }

    /// A policy that uses an interface on a node that can be one of these.
    fn on_nodes(&self, name: &str, nodes: &NodeSelector) -> Option<&'a Policy> {
        self.0.get(name)?.iter().copied().find(|policy| can_overlap(&policy.node_selector, nodes))
    }

    /// Whether a policy makes an interface a port of something on a node that can be one of these.
    fn is_port(&self, name: &str, nodes: &NodeSelector) -> bool {
        let takes = |policy: &&Policy| {
            let ports = policy.desired_state.interfaces.iter().flat_map(Interface::ports);
            can_overlap(&policy.node_selector, nodes) && ports.into_iter().any(|port| port == name)
        };
        self.0.get(name).is_some_and(|policies| policies.iter().any(takes))
    }

    /// A policy that uses an interface there, or would if the node were in the inventory: one that is not in this export may be
    /// in the next, and its virtual machines run on.
    fn find(&self, name: &str, nodes: &NodeSelector) -> Option<&'a Policy> {
        let is_of_a_node = nodes.contains_key(HOSTNAME);
        let elsewhere = || self.0.get(name)?.iter().copied().find(|policy| policy.is_per_node && is_of_a_node);
        self.on_nodes(name, nodes).or_else(elsewhere)
    }
}

/// The interfaces that a state makes or stands on, and OVN's names.
fn used(state: &NetworkState) -> BTreeSet<&str> {
    let interfaces = state.interfaces.iter().flat_map(|it| it.ports().into_iter().chain([it.name.as_str()]));
    let bases = state.interfaces.iter().filter_map(|it| it.vlan.as_ref()).map(|vlan| vlan.base_iface.as_str());
    let mappings = state.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings);
    let mapped = mappings.flat_map(|it| [Some(it.localnet.as_str()), it.bridge.as_deref()]).flatten();
    interfaces.chain(bases).chain(mapped).collect()
}

/// The state that takes away what `old` made, as far as nobody uses it, and gives the NICs back what they had.
fn retired(old: &NetworkState, is_used: impl Fn(&str) -> bool, is_port: impl Fn(&str) -> bool) -> NetworkState {
    let mut state = NetworkState::default();
    // A bond whose bridge had the node's address gets that back, and so stays.
    let heirs: HashMap<&str, &Interface> = old
        .interfaces
        .iter()
        .filter(|it| it.bridge.is_some() && it.state == InterfaceState::Up && !is_used(&it.name))
        .filter_map(|bridge| {
            let holder = old.interface(&bridge.name).filter(|it| it.has_ip())?;
            let port = bridge.ports().into_iter().find(|port| *port != bridge.name)?;
            Some((port, holder))
        })
        .collect();
    let goes = |it: &Interface| {
        let is_ours = it.state == InterfaceState::Absent || (is_made(it) && !heirs.contains_key(it.name.as_str()));
        // An interface with the node's address that is no bridge would take the node off the network.
        let has_own = it.has_ip() && it.bridge.is_none() && it.interface_type != Some(InterfaceType::OvsInterface);
        is_ours && !has_own && !is_used(&it.name)
    };
    let going: Vec<&Interface> = old.interfaces.iter().filter(|it| goes(it)).collect();
    let names: HashSet<&str> = going.iter().map(|it| it.name.as_str()).collect();
    state.interfaces =
        going.iter().map(|it| Interface::new(&it.name, it.interface_type, InterfaceState::Absent)).collect();
    // What stands on another goes first, for the reader: nmstate sorts by itself. A policy that is retired has it so.
    if going.iter().all(|it| it.state == InterfaceState::Up) {
        state.interfaces.reverse();
    }

    let mut routes = Vec::new();
    let mut given_back: HashSet<&str> = HashSet::new();
    for controller in going.iter().filter(|it| it.state == InterfaceState::Up) {
        for port in controller.ports() {
            if names.contains(port) || is_port(port) || !given_back.insert(port) {
                continue;
            }
            let listed = old.interface(port);
            let interface_type = listed.map_or_else(|| InterfaceType::guessed(port), |it| it.interface_type);
            // A bridge that goes leaves its port down (kubernetes-nmstate, "Configuration"), whoever else stands on it. What
            // addresses that has is then for the others to say.
            let mut nic = Interface::up(port, interface_type);
            if !is_used(port) {
                nic = nic.without_ip();
            }
            nic.link_aggregation = listed.and_then(|it| it.link_aggregation.clone());
            nic.vlan = listed.and_then(|it| it.vlan.clone());
            nic.copy_mac_from = listed.and_then(|it| it.copy_mac_from.clone());
            if let Some(holder) = heirs.get(port) {
                // The policy has the NIC's MTU where it is not the usual one; with the address goes what the node reaches with it.
                nic.mtu = listed.and_then(|it| it.mtu);
                nic.ipv4 = Some(holder.ipv4.clone().unwrap_or_else(InterfaceIp::disabled));
                nic.ipv6 = Some(holder.ipv6.clone().unwrap_or_else(InterfaceIp::disabled));
                let own = old.routes.iter().flat_map(|routes| &routes.config);
                let own = own.filter(|route| route.next_hop_interface.as_deref() == Some(&holder.name)).cloned();
                routes.extend(own.map(|route| route.through(port)));
                state.dns_resolver.clone_from(&old.dns_resolver);
            }
            state.interfaces.push(nic);
        }
    }
    keep_given_back(old, &names, &is_port, &mut state, &mut routes);
    for nic in old.interfaces.iter().filter(|it| it.state == InterfaceState::Up && !is_used(&it.name)) {
        if let Some(ethernet) = &nic.ethernet {
            let mut without = ethernet.clone();
            (without.sr_iov.total_vfs, without.sr_iov.vfs) = (0, Vec::new());
            let mut interface = Interface::up(&nic.name, nic.interface_type);
            interface.ethernet = Some(without);
            state.interfaces.push(interface);
        }
    }
    state.routes = (!routes.is_empty()).then_some(Routes { config: routes });
    let mappings = old.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings).filter(|it| !is_used(&it.localnet));
    let mappings: Vec<BridgeMapping> = mappings
        .map(|it| BridgeMapping { localnet: it.localnet.clone(), bridge: None, state: MappingState::Absent })
        .collect();
    state.ovn = (!mappings.is_empty()).then_some(Ovn { bridge_mappings: mappings });
    state
}

/// What a policy that is retired already gives back, it gives back again.
fn keep_given_back(
    old: &NetworkState,
    going: &HashSet<&str>,
    is_port: &impl Fn(&str) -> bool,
    state: &mut NetworkState,
    routes: &mut Vec<Route>,
) {
    let is_retired = old.interfaces.iter().any(|it| it.state == InterfaceState::Absent);
    if !is_retired || going.is_empty() {
        return;
    }
    let is_kept = |it: &&Interface| it.state == InterfaceState::Up && it.ethernet.is_none() && !is_port(&it.name);
    state.interfaces.extend(old.interfaces.iter().filter(is_kept).cloned());
    routes.extend(old.routes.iter().flat_map(|routes| routes.config.clone()));
    state.dns_resolver.clone_from(&old.dns_resolver);
}
