use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::node_address_changes::is_fixed_client_id;
use super::nodes::{Asked, name_nodes, place_in_state, selected_with};
use crate::api::nmstate::{BondMode, Interface, InterfaceIp, NetworkState};
use crate::base::place::Place;
use crate::model::inventory::{Node, NodeInterface};
use crate::model::{Plan, Policy, UplinkDefinition};
use crate::rule;

rule! {
    /// The Site changes what a node is reached through, while the node runs.
    ///
    /// The inventory shows the node's address, or its default route, on an interface or on something that stands on it, and the Site says
    /// something else of that interface: another bond mode, MTU or VLAN id; no MTU, where a new bond or bridge then has 1500; other DNS
    /// servers; DHCP by another client id, or on a bond whose MAC address is not that of the NIC that has the lease. nmstate applies it at
    /// once. Where the switch does not follow (a bond mode, a VLAN id), or the server gives another lease, the node is off the network
    /// until kubernetes-nmstate rolls back; other nodes of the policy are next (without `maxUnavailable`, half of them at a time).
    ///
    /// ### Example
    /// ```yaml
    /// uplinks:
    ///   - name: bond0                       # has the node's address, and is active-backup there
    ///     type: bond
    ///     link-aggregation: {mode: 802.3ad, port: [ens1f0, ens1f1]}
    /// ```
    ///
    /// ## Way out
    /// Say what the nodes have, or leave the key out. If it is meant, change one node after the other (`policy.maxUnavailable: 1`), with its console
    /// at hand and the switch prepared, and `--allow WK241`; once the states are exported again, the tool reports nothing any more.
    pub(super) CHANGES_UNDER_NODE = "WK241", "changes-under-node", Warning, inventory: Needed;
}

/// The MTU of what is not told another, in bytes.
const USUAL_MTU: u32 = 1500;

/// The client id that nmstate sets where a state has none: the MAC address.
const BY_MAC_ADDRESS: &str = "ll";

/// What changes, from what the node has to what the Site says.
enum Change<'a> {
    Mode(BondMode, BondMode),
    Mtu(u32, u32),
    /// The node is reached through this interface with this MTU, and through what takes its place with the usual one.
    UsualMtu(&'a str, u32),
    Tag(u16, u16),
    Base(&'a str, &'a str),
    Servers(&'a [String], &'a [String]),
    /// The lease is that of this NIC, and the MAC address is copied from that one, if from any.
    Lease(&'a str, Option<&'a str>),
    /// The lease of this NIC is by the first client id, and is asked for by the second.
    ClientId(&'a str, &'a str, &'a str),
}

/// A change of one key of the Site.
struct Found<'a> {
    place: Place,
    change: Change<'a>,
    interface: &'a str,
    /// The nodes that it is a change for, in order.
    nodes: Vec<usize>,
}

/// The changes so far, one for each key of the Site.
#[derive(Default)]
struct Changes<'a> {
    found: Vec<Found<'a>>,
    by_place: HashMap<Place, usize>,
}

impl<'a> Changes<'a> {
    fn add(&mut self, place: Place, interface: &'a str, node: usize, change: Change<'a>) {
        match self.by_place.entry(place) {
            Entry::Occupied(known) => self.found[*known.get()].nodes.push(node),
            Entry::Vacant(new) => {
                let place = new.key().clone();
                new.insert(self.found.len());
                self.found.push(Found { place, change, interface, nodes: vec![node] });
            }
        }
    }
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let groups = plan.settings.groups.iter().map(|group| &group.uplinks);
    // Equal definitions of two groups stand at different places: which group a policy is of, its definition tells.
    let stacks: HashMap<*const UplinkDefinition, &'a Stack> =
        groups.flat_map(|uplinks| uplinks.values().map(move |it| (std::ptr::from_ref(&**it), uplinks))).collect();
    let mut changes = Changes::default();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        let Some(uplink) = policy.uplink.as_deref() else { continue };
        let Some(uplinks) = stacks.get(&std::ptr::from_ref(uplink)) else { continue };
        for interface in &policy.desired_state.interfaces {
            // What is above the uplink is of the policy, and the rest is the Site's for all of its policies.
            if asked.is_new((std::ptr::from_ref(uplink), interface.name.as_str()), &policy.nodes) {
                of_interface(plan, policy, interface, uplink, uplinks, &mut changes);
            }
        }
    }
    let hit = |mut found: Found<'a>| {
        found.nodes.sort_unstable();
        found.nodes.dedup();
        Hit::new(found.place.clone(), move || words(plan, &found))
    };
    changes.found.into_iter().map(hit).collect()
}

/// What the Site says of the interfaces of a node group.
type Stack = BTreeMap<String, Arc<UplinkDefinition>>;

fn of_interface<'a>(
    plan: &'a Plan,
    policy: &'a Policy,
    interface: &'a Interface,
    uplink: &'a UplinkDefinition,
    uplinks: &'a Stack,
    changes: &mut Changes<'a>,
) {
    let name = interface.name.as_str();
    let state = &policy.desired_state;
    // A change of the bond is reported at the bond, and not at its ports.
    let is_bonded =
        state.interfaces.iter().any(|it| it.link_aggregation.iter().any(|bond| bond.port.contains(&interface.name)));
    let defined = uplinks.get(name).filter(|_| uplink.interfaces.iter().any(|it| it.name == name));
    let definition = defined.map_or(uplink, |definition| definition);
    let origin = &definition.origin;
    for number in selected_with(plan, policy, name).filter(|_| !is_bonded) {
        let node = plan.inventory.node(number);
        let Some(there) = node.interfaces.get(name) else { continue };
        let mut add = |key: &str, change: Option<Change<'a>>| {
            if let Some(change) = change.filter(|_| node.is_reached_through(name)) {
                changes.add(origin.at(key), name, number, change);
            }
        };
        add("mtu", mtu_change(node, interface, there, state).filter(|_| definition.mtu == interface.mtu));
        if defined.is_none() {
            continue;
        }
        let mode = interface.link_aggregation.as_ref().map(|bond| bond.mode).zip(there.bond_mode);
        add("link-aggregation/mode", mode.filter(|(to, from)| to != from).map(|(to, from)| Change::Mode(from, to)));
        if let (Some(to), Some(from)) = (&interface.vlan, &there.vlan) {
            add("vlan/id", (to.id != from.id).then_some(Change::Tag(from.id, to.id)));
            let is_other = to.base_iface != from.base_iface;
            add("vlan/base-iface", is_other.then_some(Change::Base(&from.base_iface, &to.base_iface)));
        }
        add("dns-resolver", servers_change(node, definition, uplinks));
    }
    if defined.is_some() {
        let ports = interface.link_aggregation.iter().flat_map(|bond| bond.port.iter().map(String::as_str));
        for nic in ports.chain([name]) {
            of_lease(plan, policy, interface, nic, definition, changes);
            if interface.mtu.is_none() {
                of_usual_mtu(plan, policy, interface, nic, definition, changes);
            }
        }
    }
}

/// What the driver or the base does not take is an error of its own (WK230).
fn mtu_change<'a>(
    node: &Node,
    interface: &Interface,
    there: &NodeInterface,
    state: &NetworkState,
) -> Option<Change<'a>> {
    let (to, from) = interface.mtu.zip(there.mtu).filter(|(to, from)| to != from)?;
    let base = interface.vlan.as_ref().map(|vlan| vlan.base_iface.as_str());
    let is_raised = base.is_some_and(|base| state.interface(base).is_some_and(|it| it.mtu.is_some()));
    let most_of_base = base.and_then(|base| node.interfaces.get(base)?.mtu).filter(|_| !is_raised);
    let is_refused = [there.max_mtu, most_of_base].into_iter().flatten().any(|most| most < to);
    (!is_refused).then_some(Change::Mtu(from, to))
}

/// Without an MTU a new bond has 1500, and gives that to its ports (the kernel's `bond_main.c`, `bond_enslave`); a bridge takes the least of its
/// ports, and has 1500 with its first guest (`br_if.c`, `br_mtu_auto_adjust`).
fn of_usual_mtu<'a>(
    plan: &'a Plan,
    policy: &'a Policy,
    uplink: &'a Interface,
    nic: &'a str,
    definition: &'a UplinkDefinition,
    changes: &mut Changes<'a>,
) {
    let state = &policy.desired_state;
    let bridge = bridge_on(state, uplink).filter(|bridge| bridge.has_ip() && bridge.mtu.is_none());
    for number in selected_with(plan, policy, nic) {
        let node = plan.inventory.node(number);
        let is_new = uplink.name != nic && !node.interfaces.contains_key(&uplink.name);
        let heir = if is_new { bridge.or(Some(uplink).filter(|bond| bond.has_ip())) } else { bridge };
        let Some(heir) = heir.filter(|_| is_new || uplink.name == nic) else { continue };
        let now = node.interfaces.get(&heir.name).or(node.interfaces.get(nic)).and_then(|it| it.mtu);
        if let Some(from) = now.filter(|mtu| *mtu > USUAL_MTU && node.is_reached_through(nic)) {
            changes.add(definition.origin.at("name"), &heir.name, number, Change::UsualMtu(nic, from));
        }
    }
}

/// The bridge that takes an uplink, or the interface that has its addresses.
fn bridge_on<'a>(state: &'a NetworkState, uplink: &Interface) -> Option<&'a Interface> {
    let is_bridge = |it: &&Interface| it.bridge.is_some() && it.ports().contains(&uplink.name.as_str());
    state.interfaces.iter().find(is_bridge).and_then(|bridge| state.interface(&bridge.name))
}

/// A node has one list of DNS servers. What stands on another has those of its base, and they are shown there.
fn servers_change<'a>(node: &'a Node, definition: &'a UplinkDefinition, uplinks: &Stack) -> Option<Change<'a>> {
    let to = definition.dns_resolver.as_ref()?;
    let base = definition.interfaces.iter().rev().skip(1).find_map(|it| uplinks.get(&it.name));
    let is_inherited = base.is_some_and(|base| base.dns_resolver.as_ref() == Some(to));
    let from = node.dns.as_ref().map_or(&node.name_servers, |dns| &dns.server);
    let is_other = !is_inherited && !from.is_empty() && *from != to.config.server;
    is_other.then_some(Change::Servers(from, &to.config.server))
}

/// An uplink, or the bridge on it, asks for an address in the place of a NIC that has a lease: of one of its ports, where it is a bond that is
/// not there yet, or of itself. The MAC address of a bond is that of the NIC that joins first (the kernel's `bonding.rst`), unless the Site says
/// whose. Without a client id nmstate sets `ll` (`nm/settings/ip.rs`).
fn of_lease<'a>(
    plan: &'a Plan,
    policy: &'a Policy,
    uplink: &'a Interface,
    nic: &'a str,
    definition: &'a UplinkDefinition,
    changes: &mut Changes<'a>,
) {
    let state = &policy.desired_state;
    let bridge = bridge_on(state, uplink);
    let asks = |ip: &&InterfaceIp| ip.enabled && ip.dhcp == Some(true);
    let Some(asked) = bridge.unwrap_or(uplink).ipv4.as_ref().filter(asks) else { return };
    let source = uplink.copy_mac_from.as_deref();
    let source_key = if source.is_some() { "copy-mac-from" } else { "ipv4/dhcp" };
    let id = asked.dhcp_client_id.as_deref().unwrap_or(BY_MAC_ADDRESS);
    for number in selected_with(plan, policy, nic) {
        let node = plan.inventory.node(number);
        let Some(there) = node.interfaces.get(nic) else { continue };
        let is_new = uplink.name != nic && !node.interfaces.contains_key(&uplink.name);
        let has_lease = there.ipv4.as_ref().filter(asks).is_some_and(|ip| there.given(ip).next().is_some());
        if !has_lease || (uplink.name != nic && !is_new) {
            continue;
        }
        let mac = |name: &str| node.interfaces.get(name)?.mac_address.as_deref().map(str::to_lowercase);
        let is_other = match source {
            Some(source) => source != nic && mac(source) != mac(nic),
            None => uplink.ports().len() > 1,
        };
        let id_there = there.ipv4.as_ref().and_then(|ip| ip.dhcp_client_id.as_deref());
        let is_other_interface = is_new || bridge.is_some();
        let differs = |there: &&str| *there != id || (is_other_interface && !is_fixed_client_id(there));
        if is_new && is_other {
            changes.add(definition.origin.at(source_key), &uplink.name, number, Change::Lease(nic, source));
        } else if let Some(from) = id_there.filter(differs) {
            let key = if asked.dhcp_client_id.is_some() { "ipv4/dhcp-client-id" } else { "ipv4/dhcp" };
            changes.add(definition.origin.at(key), &uplink.name, number, Change::ClientId(nic, from, id));
        }
    }
}

fn words(plan: &Plan, found: &Found<'_>) -> Words {
    let Found { change, interface, nodes, .. } = found;
    let names = name_nodes(plan, nodes);
    let (are, their, them) = if nodes.len() == 1 { ("is", "its", "it") } else { ("are", "their", "them") };
    let reached = format!("{names} {are} reached through `{interface}`");
    let carefully = "change one node after the other (`maxUnavailable: 1`) with its console at hand";
    let (message, help, nic) = match change {
        Change::Mode(from, to) => (
            format!("{reached}, whose mode changes from `{from}` to `{to}`"),
            format!("write `{from}`; or prepare the switch, and {carefully}"),
            *interface,
        ),
        Change::Mtu(from, to) => (
            format!("{reached}, whose MTU changes from {from} to {to}"),
            format!("leave out `mtu`, or write {from}; or {carefully}"),
            *interface,
        ),
        Change::UsualMtu(nic, from) => (
            format!(
                "{names} {are} reached through `{nic}` with an MTU of {from}, and `{interface}` comes to {USUAL_MTU}"
            ),
            format!("add `mtu: {from}`; or {carefully}"),
            *nic,
        ),
        Change::Tag(from, to) => (
            format!(
                "{reached}, whose VLAN changes from {from} to {to}, which cuts {them} off unless the switch changes too"
            ),
            format!("write {from}; or {carefully}, and change the switch with it"),
            *interface,
        ),
        Change::Base(from, to) => (
            format!("{reached}, which moves from `{from}` to `{to}`"),
            format!("write `{from}`; or {carefully}"),
            *interface,
        ),
        Change::Servers(from, to) => (
            format!("{reached}, and {their} DNS servers change from {} to {}", from.join(", "), to.join(", ")),
            format!("leave out `dns-resolver`, or write the servers that the node asks; or {carefully}"),
            *interface,
        ),
        Change::Lease(port, None) => (
            format!("{names} {are} reached by a lease of `{port}`, and `{interface}` may ask with another MAC address"),
            format!("add `copy-mac-from: {port}`"),
            *port,
        ),
        Change::Lease(port, Some(source)) => (
            format!(
                "{names} {are} reached by a lease of `{port}`, and `{interface}` asks with the MAC address of `{source}`"
            ),
            format!("write `copy-mac-from: {port}`"),
            *port,
        ),
        Change::ClientId(port, from, to) => (
            if from == to {
                format!(
                    "{names} {are} reached by a lease of `{port}` for the client id `{from}`, which is another on another interface"
                )
            } else {
                format!(
                    "{names} {are} reached by a lease of `{port}` for the client id `{from}`, and the policy asks with `{to}`"
                )
            },
            if is_fixed_client_id(from) {
                format!("write `dhcp-client-id: {from}`, or leave `ipv4` of `{interface}` out")
            } else {
                format!("reserve the address by MAC address, or leave `ipv4` of `{interface}` out; or {carefully}")
            },
            *port,
        ),
    };
    let words = Words::new(message, help).about([*interface, nic]);
    match nodes.first() {
        Some(first) => words.with_related(place_in_state(plan.inventory.node(*first), nic), "the node is reached here"),
        None => words,
    }
}
