use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, surest};
use crate::api::nmstate::{InterfaceState, InterfaceType, NetworkState};
use crate::base::place::{Origin, Place};
use crate::base::rule::Severity;
use crate::base::spelling::nearest;
use crate::model::{Host, Key, Network, NodeSelector, Plan, Policy, UplinkDefinition};
use crate::rule;

rule! {
    /// An interface that a policy needs is not on a node.
    ///
    /// With a Linux bridge the policy fails there. With OVS it does not: nmstate makes an internal port of that name, the policy is
    /// "Available", and the bridge has no uplink (nmstate, `ifaces/inter_ifaces_controller.rs`).
    ///
    /// A name that the Site writes is shown there, however many networks use it. A name that other node groups define is shown at the group
    /// that does not define it. An interface is found by its `alt-names`, too.
    ///
    /// ## Way out
    /// Correct the name. Where nodes differ, say in the Site's `nodeGroups` what the NIC is called there.
    pub(super) NIC_NOT_FOUND = "WK228", "nic-not-found", Error, yields_to: &BLAMING;
}

/// An interface that is missing, where its name is written.
struct Missing<'a> {
    policy: &'a Policy,
    name: &'a str,
    written: Written<'a>,
    nodes: Vec<usize>,
    /// Whether the nodes are surely those of a policy.
    is_certain: bool,
}

/// Where the name of an interface is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Written<'a> {
    /// At a place, by the author of a network or of the Site.
    At(Place),
    /// At a place of the Site, where an uplink that nothing stands on is called nearly so.
    Otherwise(Place),
    /// Nowhere: it is a name of other node groups that this group does not define.
    Undefined {
        /// The group.
        group: usize,
        /// A name that this group alone has, and that is nearly the one.
        misspelt: Option<&'a str>,
    },
}

impl Missing<'_> {
    /// Adds the nodes of another policy. What is certain counts alone.
    fn add(&mut self, other: Self) {
        match (self.is_certain, other.is_certain) {
            (true, false) => {}
            (false, true) => (self.nodes, self.is_certain) = (other.nodes, true),
            _ => self.nodes.extend(other.nodes),
        }
    }
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut all: Vec<Missing<'a>> = Vec::new();
    let mut known: HashMap<(Written<'a>, &str), usize> = HashMap::new();
    let mut asked = Asked::new();
    let used = OnceCell::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        for name in needed(&policy.desired_state) {
            if !asked.is_new(name, &policy.nodes) {
                continue;
            }
            let is_missing = |number: &usize| !plan.inventory.node(*number).interfaces.contains_key(name);
            let nodes: Vec<usize> = policy.nodes.nodes.iter().copied().filter(is_missing).collect();
            let nodes = surest(plan, &policy.nodes, nodes);
            if nodes.is_empty() {
                continue;
            }
            let is_certain = nodes.iter().all(|number| plan.inventory.is_surely_in(&policy.nodes, *number));
            // A node that may be of another group lacks nothing, if the name is right on others, or the group has no node (WK246).
            if !is_certain && (nodes.len() < policy.nodes.nodes.len() || is_right_in_group(plan, policy.group, name)) {
                continue;
            }
            // What is written once is one slip, in however many policies and node groups it is found.
            let written = match unused_like(plan, policy.group, name, used.get_or_init(|| references(plan))) {
                Some(place) => Written::Otherwise(place),
                None => written(plan, policy, name),
            };
            let new = Missing { policy, name, written: written.clone(), nodes, is_certain };
            match known.entry((written, name)) {
                Entry::Occupied(first) => all[*first.get()].add(new),
                Entry::Vacant(vacant) => {
                    vacant.insert(all.len());
                    all.push(new);
                }
            }
        }
    }
    all.into_iter().filter_map(|missing| hit(plan, missing)).collect()
}

fn hit<'a>(plan: &'a Plan, missing: Missing<'a>) -> Option<Hit<'a>> {
    let Missing { policy, name, written, mut nodes, is_certain } = missing;
    nodes.sort_unstable();
    nodes.dedup();
    let first = *nodes.first()?;
    let hit = match written {
        Written::At(place) => Hit::new(place, move || {
            let node = plan.inventory.node(first);
            let help = match meant(plan, policy, name, first) {
                Some(meant) => format!("did you mean `{meant}`? If nodes differ, say so in the Site's `nodeGroups`"),
                None => "correct the name, or say in the Site's `nodeGroups` what it is called there".to_owned(),
            };
            Words::new(format!("there is no interface `{name}` on {}", name_nodes(plan, &nodes)), help)
                .with_related(node.origin.at("metadata/name"), "the state of the node")
                .about([name])
        }),
        Written::Otherwise(place) => Hit::new(place, move || {
            let message = format!(
                "no network uses this uplink, and there is no interface `{name}` on {}",
                name_nodes(plan, &nodes)
            );
            Words::new(message, format!("did you mean `{name}`?"))
                .with_related(policy.origin.at("physicalInterface"), format!("`{name}` is used here"))
                .about([name])
        }),
        Written::Undefined { group, misspelt } => {
            let of_group = plan.settings.origin.as_ref()?.child("nodeGroups").child(group);
            let names = of_group.child("physicalInterfaces");
            let place = misspelt.map_or_else(|| names.here(), |misspelt| names.key(misspelt));
            Hit::new(place, move || {
                let called = plan.settings.groups[group].name.as_deref().unwrap_or_default();
                let help = match misspelt {
                    Some(_) => format!("did you mean `{name}`?"),
                    None => format!("add `{name}` to its `physicalInterfaces`, with the NIC that it is there"),
                };
                let message = format!(
                    "the node group `{called}` does not say what `{name}` is, and there is no such interface on {}",
                    name_nodes(plan, &nodes)
                );
                Words::new(message, help).with_related(policy.origin.at("physicalInterface"), "used here").about([name])
            })
        }
    };
    Some(if is_certain { hit } else { hit.with_severity(Severity::Warning) })
}

/// The interfaces that must be there before: what is named, and not made.
fn needed(state: &NetworkState) -> BTreeSet<&str> {
    let made = |name: &str| {
        state.interfaces.iter().any(|it| it.name == name && it.interface_type != Some(InterfaceType::Ethernet))
    };
    let mut needed = BTreeSet::new();
    for interface in state.interfaces.iter().filter(|it| it.state == InterfaceState::Up) {
        needed.extend(interface.ports());
        needed.extend(interface.vlan.as_ref().map(|vlan| vlan.base_iface.as_str()));
        needed.extend(interface.copy_mac_from.as_deref());
        if interface.interface_type == Some(InterfaceType::Ethernet) {
            needed.insert(&interface.name);
        }
    }
    needed.extend(state.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings).filter_map(|it| it.bridge.as_deref()));
    needed.into_iter().filter(|name| !made(name)).collect()
}

/// Whether a node that is surely in a group has the interface, or it is known that none is in it.
fn is_right_in_group(plan: &Plan, group: usize, name: &str) -> bool {
    let group = &plan.settings.groups[group];
    let has = |labels: &NodeSelector| group.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let is_in = |number: &usize| plan.inventory.node(*number).labels.as_ref().is_some_and(has);
    group.is_empty || plan.inventory.with_interface(name).iter().any(is_in)
}

/// Who names what networks are on, by the groups and the names.
type References<'a> = HashMap<(usize, &'a str), Reference<'a>>;

/// Who names an interface.
#[derive(PartialEq, Eq)]
enum Reference<'a> {
    Network(&'a Origin),
    /// The Site, as what an alias is.
    Alias(&'a str),
    /// The Site, as the default or as the NIC of a bridge.
    Site,
    Several,
}

/// Who names the interfaces that networks, and VLAN interfaces of the Site, are on.
fn references<'a>(plan: &'a Plan) -> References<'a> {
    let mut references = References::new();
    let mut add = |key: (usize, &'a str), new: Reference<'a>| match references.entry(key) {
        Entry::Vacant(vacant) => drop(vacant.insert(new)),
        Entry::Occupied(mut known) if *known.get() != new => drop(known.insert(Reference::Several)),
        Entry::Occupied(_) => {}
    };
    for network in plan.networks() {
        for host in &network.hosts {
            let Some(uplink) = &host.uplink else { continue };
            let by = match &uplink.alias {
                Some(alias) => Reference::Alias(alias),
                None if network.is_nic_named => Reference::Network(&network.origin),
                None => Reference::Site,
            };
            add((host.group, &uplink.name), by);
        }
    }
    for (number, group) in plan.settings.groups.iter().enumerate() {
        for (name, definition) in &group.uplinks {
            if let Some(vlan) = definition.interfaces.last().and_then(|top| top.vlan.as_ref()) {
                add((number, &vlan.base_iface), Reference::Alias(name));
            }
        }
    }
    references
}

/// Where the Site has an uplink that nothing stands on, with nearly a name that several use: then it is the uplink's that is misspelt.
fn unused_like(plan: &Plan, group: usize, name: &str, references: &References<'_>) -> Option<Place> {
    let uplinks = &plan.settings.groups[group].uplinks;
    references.get(&(group, name)).filter(|by| **by == Reference::Several)?;
    let unused: Vec<&str> =
        uplinks.keys().map(String::as_str).filter(|it| !references.contains_key(&(group, *it))).collect();
    let meant = nearest(name, &unused)?;
    Some(uplinks.get(&meant)?.origin.at("name"))
}

/// Where the name of an interface that a policy needs is written.
fn written<'a>(plan: &'a Plan, policy: &'a Policy, name: &'a str) -> Written<'a> {
    let group = &plan.settings.groups[policy.group];
    if let Some(place) = group.uplinks.values().find_map(|definition| place_in(definition, name)) {
        return Written::At(place);
    }
    let network = policy.origin.network.and_then(|id| plan.network(id));
    let host = network.and_then(|network| network.hosts.iter().find(|host| host.group == policy.group));
    let (Some(network), Some(host)) = (network, host) else {
        return Written::At(policy.origin.at("physicalInterface"));
    };
    if let Some(place) =
        plan.settings.origin.as_ref().and_then(|origin| in_site(plan, policy, (network, host), name, origin))
    {
        return Written::At(place);
    }
    if is_undefined(plan, policy.group, name) {
        return Written::Undefined { group: policy.group, misspelt: misspelt_alias(plan, policy.group, name) };
    }
    Written::At(network.at(Key::PhysicalInterface))
}

/// Where an uplink of the Site names an interface.
fn place_in(definition: &UplinkDefinition, name: &str) -> Option<Place> {
    let ports = definition.origin.child("link-aggregation").child("port");
    let top = definition.interfaces.last();
    let bond = definition.ovs_bond.as_ref().or(top.and_then(|top| top.link_aggregation.as_ref()));
    if let Some(number) = bond.and_then(|bond| bond.port.iter().position(|port| port == name)) {
        return Some(ports.child(number).here());
    }
    let top = top.filter(|_| definition.ovs_bond.is_none())?;
    if top.vlan.as_ref().is_some_and(|vlan| vlan.base_iface == name) {
        Some(definition.origin.at("vlan/base-iface"))
    } else if top.name == name {
        Some(definition.origin.at("name"))
    } else if top.copy_mac_from.as_deref() == Some(name) {
        Some(definition.origin.at("copy-mac-from"))
    } else {
        None
    }
}

/// Where the Site names an interface that is not one of its uplinks: as what an alias is, as the NIC or the bridge of a localnet, as that of a
/// trunk bridge, or as the default.
fn in_site(
    plan: &Plan,
    policy: &Policy,
    (network, host): (&Network, &Host),
    name: &str,
    origin: &Origin,
) -> Option<Place> {
    let (settings, site) = (&plan.settings, &plan.settings.site);
    let of_group = origin.child("nodeGroups").child(policy.group);
    if let Some(alias) = host.uplink.as_ref().filter(|it| it.name == name).and_then(|it| it.alias.as_ref()) {
        return Some(of_group.child("physicalInterfaces").child(alias).here());
    }
    if let Some(localnet) = network.carrier.localnet() {
        let mappings = site.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings);
        let number = mappings.clone().position(|it| it.localnet == localnet)?;
        let mapping = mappings.clone().nth(number)?;
        let key = if mapping.bridge == name { "bridge" } else { "physicalInterface" };
        return Some(origin.child("ovn").child("bridge-mappings").child(number).at(key));
    }
    if network.is_nic_named {
        return None;
    }
    if let Some(trunk) = settings.trunks.iter().find(|trunk| network.carrier.bridge_name() == Some(&trunk.bridge)) {
        return Some(trunk.origin.at("physicalInterface"));
    }
    let own = site.node_groups.iter().flatten().nth(policy.group).and_then(|group| group.default_nic.as_deref());
    if own == Some(name) {
        Some(of_group.at("defaultNIC"))
    } else {
        site.default_nic.as_deref().filter(|nic| *nic == name).map(|_| origin.at("defaultNIC"))
    }
}

/// Whether a name is one that other node groups define and this one does not.
fn is_undefined(plan: &Plan, group: usize, name: &str) -> bool {
    let groups = &plan.settings.groups;
    !groups[group].physical_interfaces.contains_key(name)
        && groups.iter().any(|group| group.physical_interfaces.contains_key(name))
}

/// The name that a group alone has, and that is nearly this one.
fn misspelt_alias<'a>(plan: &'a Plan, group: usize, name: &str) -> Option<&'a str> {
    let groups = &plan.settings.groups;
    let others = || groups.iter().enumerate().filter(|(number, _)| *number != group);
    let is_elsewhere = |alias: &str| others().any(|(_, other)| other.physical_interfaces.contains_key(alias));
    let own = groups[group].physical_interfaces.keys().map(String::as_str);
    let own: Vec<&str> = own.filter(|alias| !is_elsewhere(alias)).collect();
    let misspelt = nearest(name, &own)?;
    own.into_iter().find(|alias| *alias == misspelt)
}

/// The name that was meant: what node groups define, an uplink of the Site, or an interface of the node, first one that the node is not reached
/// through. The other ports of a bond are not meant.
fn meant(plan: &Plan, policy: &Policy, name: &str, node: usize) -> Option<String> {
    let group = &plan.settings.groups[policy.group];
    let node = plan.inventory.node(node);
    let bond = group.uplinks.values().find_map(|definition| {
        let top = || definition.interfaces.last()?.link_aggregation.as_ref();
        definition.ovs_bond.as_ref().or_else(top).filter(|bond| bond.port.iter().any(|port| port == name))
    });
    let is_sibling = |other: &str| bond.is_some_and(|bond| bond.port.iter().any(|port| port == other));
    let aliases = group.physical_interfaces.keys();
    let defined: Vec<&str> =
        aliases.chain(group.uplinks.keys()).map(String::as_str).filter(|it| *it != name && bond.is_none()).collect();
    let there: Vec<&str> = node.interfaces.keys().map(String::as_str).filter(|it| !is_sibling(it)).collect();
    let free: Vec<&str> = there.iter().copied().filter(|it| !node.depends_on(it)).collect();
    nearest(name, &defined).or_else(|| nearest(name, &free)).or_else(|| nearest(name, &there))
}
