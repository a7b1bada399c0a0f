//! Networks into the plan: one file per network type.
//!
//! [`lower`] fills in the defaults of every network ([`fields`], [`address`]), lets its type's file say, for every node
//! group, what it needs on the nodes and in the pod, and files the result in the [`Plan`] together with what it claims. Types
//! know nothing of each other: conflicts between them are the rules' business.

pub mod address;
mod attachment;
mod bridge;
mod claims;
mod existing;
pub mod fields;
mod ipvlan;
mod macvlan;
mod ovs;
mod sriov;
mod uplink;

pub use attachment::ATTACHMENT_DIFFERS;
pub use ipvlan::IPVLAN_WITHOUT_ADDRESS;
pub use sriov::SRIOV_WITHOUT_RESOURCE;
pub use uplink::{UPLINK_DOES_NOT_FIT, VLAN_NOT_IN_TRUNK};

use std::collections::HashMap;
use std::sync::Arc;

use crate::api::site::{IpamMode, PolicyScope};
use crate::api::{NetworkConfig, NetworkType};
use crate::base::address::{INVALID_ADDRESS, UNUSABLE_ADDRESS};
use crate::base::diagnostic::{Diagnostic, Distinct, Origin, Report, Rule};
use crate::model::cni::Plugin;
use crate::model::inventory::Selections;
use crate::model::{
    Attachment, Carrier, Claimed, Host, Identity, Need, Network, NodeGroup, NodeSelector, Plan, Settings, Uplink,
    Wukong,
};
use crate::read::load::{LoadedWukong, Object, Objects};
use crate::read::schema::{INVALID_VALUE, MISSING_KEY};
use crate::read::source::Sources;
use crate::rule;

rule! {
    /// Two networks of one Wukong have the same name.
    ///
    /// They would be one interface of the virtual machine, and one NNCP and one NAD that overwrite each other.
    ///
    /// ## Way out
    /// Rename one of them.
    pub DUPLICATE_NETWORK = "WK212", "duplicate-network", Error;
}

rule! {
    /// The node selector of a Wukong and that of the Site exclude each other.
    ///
    /// A node policy gets both. If they give one label different values, it selects no node, and the virtual machine starts
    /// where its bridge is not. With node groups, one that fits is enough.
    ///
    /// ## Way out
    /// Agree on the label's value, or leave it to one of the two.
    pub NODE_SELECTOR_CONFLICT = "WK222", "node-selector-conflict", Error;
}

rule! {
    /// The same Wukong stands in the inputs twice.
    ///
    /// Only one of them can be in the cluster; which one depends on the order in which they are applied.
    ///
    /// ## Way out
    /// Delete one, or leave its file out with `--exclude GLOB`.
    pub DUPLICATE_WUKONG = "WK301", "duplicate-wukong", Error;
}

/// What a network needs: the answer of its type for the nodes of one group.
struct Lowered {
    carrier: Carrier,
    /// What it is on there; none for a type that needs no interface by name.
    uplink: Option<Uplink>,
    /// What must be made there.
    need: Option<Need>,
    /// The plugin that attaches the pod; none for the pod network.
    plugin: Option<Plugin>,
    /// The node resource that the attachment asks for.
    resource_name: Option<String>,
}

/// What a type's file gets to work with.
struct Context<'a> {
    settings: &'a Settings,
    group: &'a NodeGroup,
    identity: &'a Identity,
    config: &'a Object<NetworkConfig>,
    /// Whether the pod's interface gets addresses from IPAM.
    has_ipam: bool,
}

/// A node group where a virtual machine can run.
struct Place {
    group: usize,
    /// The group's nodes on which the virtual machine can run.
    nodes: Arc<NodeSelector>,
}

/// What is known of the nodes.
struct Nodes<'a> {
    settings: &'a Settings,
    selections: Selections<'a>,
    /// What the Site's bonds occupy there.
    bonds: claims::Bonds,
}

/// Lowers every network of every Wukong. What is wrong with one is a finding, and the others are still lowered.
pub fn lower(objects: Objects, settings: &Settings, sources: &Sources, report: &mut Report) -> Plan {
    let mut plan = Plan {
        groups: settings.groups.clone(),
        trunks: settings.trunks.clone(),
        existing_attachments: objects.attachments,
        existing_policies: objects.policies,
        attachments_ask_for_bridges: settings.bridge_resources,
        namespace_isolation: settings.namespace_isolation,
        is_partial: objects.wukong_count != objects.wukongs.len(),
        ..Plan::default()
    };
    let mut nodes =
        Nodes { settings, selections: Selections::new(&objects.inventory), bonds: claims::Bonds::default() };
    let mut seen = HashMap::new();
    for loaded in objects.wukongs {
        let LoadedWukong { wukong, networks, is_partial } = loaded;
        let availability = wukong.value.spec.high_availability.unwrap_or_default();
        let identity = Arc::new(Identity {
            source: sources.get(wukong.origin.document.source).label.clone(),
            origin: wukong.origin,
            name: wukong.value.metadata.name,
            namespace: wukong.value.metadata.namespace,
            node_selector: availability.node_selector.unwrap_or_default(),
            tolerations: availability.tolerations.unwrap_or_default(),
        });
        let key = (identity.namespace.clone(), identity.name.clone());
        if let Some(first) = seen.insert(key, Arc::clone(&identity)) {
            report.push(duplicate_wukong(&first, &identity));
            seen.insert((first.namespace.clone(), first.name.clone()), first);
            continue;
        }
        plan.is_partial |= is_partial;
        lower_wukong(identity, networks, &mut nodes, &mut plan, report);
    }
    let mut claims = nodes.bonds.claims;
    claims.extend(plan.existing_policies.iter().flat_map(existing::of_policy));
    claims.extend(existing::of_attachments(&plan.existing_attachments));
    claims.append(&mut plan.claims);
    plan.claims = claims;
    plan.inventory = objects.inventory;
    plan
}

/// Says what is wrong with networks by themselves, when there is no Site to go by: nothing that another NIC, group or
/// resource would change.
pub fn check_without_site(objects: Objects, sources: &Sources, report: &mut Report) {
    let alone: [&Rule; 8] = [
        &INVALID_ADDRESS,
        &UNUSABLE_ADDRESS,
        &address::UNUSABLE_GATEWAY,
        &address::IP_CONFIG_IGNORED,
        &DUPLICATE_NETWORK,
        &DUPLICATE_WUKONG,
        &INVALID_VALUE,
        &MISSING_KEY,
    ];
    let mut all = Report::default();
    lower(objects, &Settings::default(), sources, &mut all);
    report.extend(all.diagnostics().iter().filter(|finding| alone.contains(&finding.rule)).cloned());
}

fn lower_wukong(
    identity: Arc<Identity>,
    configs: Vec<Object<NetworkConfig>>,
    nodes: &mut Nodes<'_>,
    plan: &mut Plan,
    report: &mut Report,
) {
    let settings = nodes.settings;
    let (places, conflicts) = places(&identity, settings);
    if places.is_empty() {
        let needs_policies = |config: &Object<NetworkConfig>| {
            matches!(config.value.network_type, Some(NetworkType::Bridge | NetworkType::Ovs))
        };
        if !settings.skip_nncp && configs.iter().any(needs_policies) {
            report.extend(conflicts);
        }
    }
    let mut names: HashMap<String, Origin> = HashMap::new();
    let mut networks = Vec::with_capacity(configs.len());
    for config in configs {
        if let Some(first) = names.get(&config.value.name) {
            let message = format!("a second network is called `{}`", config.value.name);
            report.push(
                Diagnostic::new(&DUPLICATE_NETWORK, config.origin.at("name"), message, "rename one of the two")
                    .with_related(first.at("name"), "the first one"),
            );
            continue;
        }
        names.insert(config.value.name.clone(), config.origin.clone());
        match lower_network(&identity, &config, &places, nodes, plan, report) {
            Some(network) => networks.push(network),
            None => plan.is_partial = true,
        }
    }
    plan.wukongs.push(Wukong { identity, networks });
}

fn lower_network(
    identity: &Arc<Identity>,
    config: &Object<NetworkConfig>,
    places: &[Place],
    nodes: &mut Nodes<'_>,
    plan: &mut Plan,
    report: &mut Report,
) -> Option<Network> {
    let settings = nodes.settings;
    let ip = address::static_ip(config, report);
    let nad_name = fields::nad_name(config, report);
    let has_ipam = settings.ipam == IpamMode::Static && matches!(&ip, Ok(Some(_)));
    // Where it can run nowhere, it is still read: what is wrong with it is a finding of its own.
    let groups: Vec<usize> = match places {
        [] => (0..settings.groups.len()).collect(),
        places => places.iter().map(|place| place.group).collect(),
    };
    let lowered = lower_in_groups(identity, config, &groups, has_ipam, settings, report);
    let (Ok(ip), Ok(nad_name), Some(lowered)) = (ip, nad_name, lowered) else { return None };

    let mtu = lowered.iter().map(|it| it.uplink.as_ref().and_then(Uplink::mtu)).min().flatten();
    let mut network = Network {
        origin: config.origin.clone(),
        name: config.value.name.clone(),
        carrier: Carrier::Pod,
        ip,
        nad_name,
        hosts: Vec::with_capacity(lowered.len()),
    };
    let mut attached = None;
    for (number, Lowered { carrier, uplink, need, plugin, resource_name }) in lowered.into_iter().enumerate() {
        network.carrier = carrier;
        attached = plugin.map(|plugin| (plugin, resource_name));
        if let Some(place) = places.get(number) {
            let selector = policy_nodes(place, &network.carrier, settings);
            let selected = nodes.selections.of(&selector);
            let need = need.filter(|_| !settings.skip_nncp);
            network.hosts.push(Host { group: place.group, nodes: selector, selected, uplink, need });
        }
    }
    if let Some((plugin, resource_name)) = attached
        && network.nad_name.is_none()
        && !settings.skip_nad
    {
        let name = fields::attachment_name(identity, config, report)?;
        let what = Claimed::AttachmentName { namespace: identity.namespace.clone(), name: name.clone() };
        plan.claims.push(claims::name(identity, config, what));
        let ip = network.ip.as_ref().filter(|_| has_ipam);
        let conf = attachment::net_conf(identity, &name, plugin, mtu, ip, settings);
        plan.claims.extend(claims::of_ovn_network(&network, &conf));
        plan.attachments.push(Attachment {
            wukong: Arc::clone(identity),
            origin: config.origin.clone(),
            config: conf,
            name,
            resource_name,
        });
    }
    // Only others' policies define interfaces one by one: without them ten thousand claims would meet nobody.
    let has_others = !plan.existing_policies.is_empty();
    claims::of_network(identity, &network, settings, has_others, &mut plan.claims);
    nodes.bonds.of_network(&network, settings);
    Some(network)
}

/// What the network needs in each of these groups. What its attachment says must be the same in all of them.
fn lower_in_groups(
    identity: &Identity,
    config: &Object<NetworkConfig>,
    groups: &[usize],
    has_ipam: bool,
    settings: &Settings,
    report: &mut Report,
) -> Option<Vec<Lowered>> {
    let mut lowered: Vec<Lowered> = Vec::with_capacity(groups.len());
    // Where no attachment is made, the one that exists still meets one kind of bridge.
    let is_attached = config.value.nad_name.is_none() && !settings.skip_nad;
    // What is wrong in one group is most often wrong in all, and said once.
    let mut findings = Distinct::default();
    let mut is_good = true;
    for number in groups {
        let group = &settings.groups[*number];
        let context = Context { settings, group, identity, config, has_ipam };
        let mut own = Report::default();
        let one = lower_in_group(&context, &mut own);
        own.diagnostics().iter().for_each(|finding| findings.add(finding.clone()));
        let Some(one) = one else {
            is_good = false;
            continue;
        };
        let differs = |first: &Lowered| {
            if is_attached {
                first.plugin != one.plugin || first.resource_name != one.resource_name
            } else {
                first.carrier != one.carrier
            }
        };
        if let Some(first) = lowered.first().filter(|first| differs(first)) {
            findings.add(attachment::differs(config, (&settings.groups[groups[0]], first), (group, &one)));
            is_good = false;
            break;
        }
        lowered.push(one);
    }
    report.extend(findings.list);
    is_good.then_some(lowered)
}

fn lower_in_group(context: &Context<'_>, report: &mut Report) -> Option<Lowered> {
    let value = &context.config.value;
    // `default` is the pod network, whatever its type says.
    match value.network_type.filter(|_| value.name != "default") {
        None => Some(fields::lower_pod_network(context.config, report)),
        Some(NetworkType::Bridge) => bridge::lower(context, report),
        Some(NetworkType::Ovs) => ovs::lower(context, report),
        Some(NetworkType::Macvlan) => macvlan::lower(context, report),
        Some(NetworkType::Ipvlan) => ipvlan::lower(context, report),
        Some(NetworkType::Sriov) => sriov::lower(context, report),
    }
}

/// The nodes of a network's policy in one group. One policy for each bridge is for the whole group, whoever uses it; but a
/// node's own address belongs on the nodes that the Wukong selects.
fn policy_nodes(place: &Place, carrier: &Carrier, settings: &Settings) -> Arc<NodeSelector> {
    let has_node_ip = carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some());
    match settings.scope {
        PolicyScope::Bridge if !has_node_ip => Arc::clone(&settings.groups[place.group].node_selector),
        _ => Arc::clone(&place.nodes),
    }
}

/// The groups where a virtual machine can run, with their nodes; and why the others are none.
fn places(identity: &Identity, settings: &Settings) -> (Vec<Place>, Vec<Diagnostic>) {
    let mut places = Vec::with_capacity(settings.groups.len());
    let mut conflicts = Vec::new();
    for (number, group) in settings.groups.iter().enumerate() {
        if identity.node_selector.is_empty() {
            places.push(Place { group: number, nodes: Arc::clone(&group.node_selector) });
            continue;
        }
        let before = conflicts.len();
        let mut nodes = (*group.node_selector).clone();
        for (label, value) in &identity.node_selector {
            match nodes.insert(label.clone(), value.clone()) {
                Some(other) if other != *value => {
                    conflicts.push(node_selector_conflict(identity, label, value, group, &other));
                }
                _ => {}
            }
        }
        if conflicts.len() == before {
            places.push(Place { group: number, nodes: Arc::new(nodes) });
        } else {
            // One label tells why not this group.
            conflicts.truncate(before + 1);
        }
    }
    if places.is_empty() && settings.groups.len() > 1 {
        conflicts.truncate(1);
    }
    (places, conflicts)
}

fn node_selector_conflict(identity: &Identity, label: &str, value: &str, group: &NodeGroup, other: &str) -> Diagnostic {
    let selector = identity.origin.child("spec").child("highAvailability").child("nodeSelector");
    let whose = group.name.as_ref().map_or_else(|| "the Site".to_owned(), |name| format!("the node group `{name}`"));
    Diagnostic::new(
        &NODE_SELECTOR_CONFLICT,
        selector.child(label).here(),
        format!("no node is selected: the Wukong wants `{label}: {value}`, {whose} `{label}: {other}`"),
        "agree on the value, or leave the label to one of the two",
    )
}

fn duplicate_wukong(first: &Identity, second: &Identity) -> Diagnostic {
    let namespace = second.namespace.as_deref().map_or_else(String::new, |it| format!(" in the namespace `{it}`"));
    Diagnostic::new(
        &DUPLICATE_WUKONG,
        second.origin.at("metadata/name"),
        format!("the Wukong `{}`{namespace} stands in the inputs twice", second.name),
        "delete one of the two, or leave its file out with --exclude",
    )
    .with_related(first.origin.at("metadata/name"), "the first one")
}
