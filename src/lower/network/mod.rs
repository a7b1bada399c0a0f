//! Networks into the plan: one file per network type.
//!
//! Each Wukong is lowered by itself: its networks are [read](read), then placed on the nodes of every group where it can run. A type's
//! file says what the network needs on those nodes and in the pod ([`fields`], [`address`] and [`uplink`] have what types share). What
//! all of them [claim](claims) of the nodes and of each other is for the rules: types know nothing of each other.

pub mod address;
mod attachment;
mod bridge;
pub mod fields;
mod ipvlan;
mod macvlan;
mod ovs;
mod places;
mod read;
mod sriov;
mod uplink;

pub use attachment::ATTACHMENT_DIFFERS;
pub use ipvlan::IPVLAN_WITHOUT_ADDRESS;
pub use places::NODE_SELECTOR_CONFLICT;
pub use sriov::SRIOV_WITHOUT_RESOURCE;
pub use uplink::UPLINK_DOES_NOT_FIT;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use rayon::prelude::*;

use crate::api::site::IpamMode;
use crate::api::{NetworkConfig, NetworkType};
use crate::base::diagnostic::{Diagnostic, Findings, Origin, Place};
use crate::lower::claims;
use crate::model::cni::Plugin;
use crate::model::inventory::Selections;
use crate::model::{
    Attachment, Carrier, Claim, Claimed, Holder, Host, Identity, Inventory, Need, Network, NodeGroup, Selection,
    Settings, StaticIp, Uplink, Wire, Wukong,
};
use crate::read::load::{LoadedWukong, Object, Objects};
use crate::read::source::Sources;
use crate::rule;

use address::NoIp;
use places::{GroupNodes, places, policy_nodes};
use read::{ReadNetwork, read};

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
    /// The tag of the VLAN interface that is made on the uplink.
    vlan: Option<u16>,
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
    network: &'a ReadNetwork<'a>,
    config: &'a Object<NetworkConfig>,
    /// Whether the pod's interface gets addresses from IPAM.
    has_ipam: bool,
}

/// What all Wukongs are lowered with.
struct Around<'a> {
    settings: &'a Settings,
    inventory: &'a Inventory,
    /// Whether the selector of a node group surely selects no node.
    has_empty_group: bool,
}

/// What a Wukong comes to: a function of itself and of the settings.
struct LoweredWukong {
    wukong: Wukong,
    attachments: Vec<Attachment>,
    claims: Vec<Claim>,
    mismatches: Vec<Mismatch>,
    /// Whether something was dropped because of an error.
    is_partial: bool,
    findings: Findings,
}

/// A network whose gateway does not go with its address.
struct Mismatch {
    origin: Origin,
    ip: StaticIp,
    /// The wires that it would be on.
    wires: Vec<Wire>,
}

/// What all networks come to.
#[derive(Debug, Default)]
pub struct Networks {
    /// The virtual machines with their networks.
    pub wukongs: Vec<Wukong>,
    /// Their attachments.
    pub attachments: Vec<Attachment>,
    /// What they claim.
    pub claims: Vec<Claim>,
    /// Whether something was dropped because of an error.
    pub is_partial: bool,
}

/// Lowers every network of every Wukong. What is wrong with one is a finding, and the others are still lowered.
pub fn lower(objects: &mut Objects, settings: &Settings, sources: &Sources, findings: &mut Findings) -> Networks {
    let is_partial = objects.wukong_count != objects.wukongs.len();
    let wukongs = distinct(std::mem::take(&mut objects.wukongs), sources, findings);
    let has_vlans = settings.groups.iter().any(|group| !group.vlan_uplinks.is_empty());
    let others = claims::Others {
        define_interfaces: has_vlans || !objects.policies.is_empty(),
        attachments: &objects.attachments,
        ovn_mtus: claims::ovn_mtus(&objects.attachments),
    };
    // A group whose own selector selects no node is in the wrong, and not the Wukongs that select the nodes which it should have.
    let has_empty_group = settings.groups.iter().any(|group| group.is_empty);
    let around = Around { settings, inventory: &objects.inventory, has_empty_group };
    let lowered: Vec<LoweredWukong> =
        wukongs.into_par_iter().map(|(identity, loaded)| lower_wukong(&identity, &loaded, &around, &others)).collect();
    let mut networks = Networks { is_partial, ..Networks::default() };
    let mut selections = Selections::new(&objects.inventory);
    let mut mismatches = Vec::new();
    for one in lowered {
        let LoweredWukong { mut wukong, attachments, claims, mismatches: own_mismatches, is_partial, findings: own } =
            one;
        for host in wukong.networks.iter_mut().flat_map(|network| &mut network.hosts) {
            host.selected = selections.of(&host.nodes);
        }
        networks.wukongs.push(wukong);
        networks.attachments.extend(attachments);
        networks.claims.extend(claims);
        networks.is_partial |= is_partial;
        findings.extend(own);
        mismatches.extend(own_mismatches);
    }
    findings.extend(mismatches_of(&mismatches, &networks.claims));
    networks
}

/// Says of each gateway and address that do not go together which is wrong: the address, if others on the wire have that gateway.
fn mismatches_of(mismatches: &[Mismatch], claims: &[Claim]) -> Vec<Diagnostic> {
    let mut others: HashMap<(&Wire, IpAddr), (IpNet, HashSet<&Place>)> = HashMap::new();
    for claim in claims.iter().filter(|_| !mismatches.is_empty()) {
        if let (Claimed::Subnet { wire, subnet }, Holder::Gateway(Some(gateway))) = (&claim.what, &claim.holder) {
            others.entry((wire, *gateway)).or_insert((*subnet, HashSet::new())).1.insert(&claim.place);
        }
    }
    let finding = |Mismatch { origin, ip, wires }: &Mismatch| {
        let gateway = ip.gateway?;
        let others = wires.iter().find_map(|wire| others.get(&(wire, gateway)));
        address::mismatch(origin, ip, others.map(|(subnet, places)| (*subnet, places.len())))
    };
    mismatches.iter().filter_map(finding).collect()
}

/// Says what is wrong with Wukongs by themselves, when there is no Site to go by: nothing that another NIC, group or resource would
/// change.
pub fn check_without_site(objects: Objects, sources: &Sources, findings: &mut Findings) {
    for (_, loaded) in distinct(objects.wukongs, sources, findings) {
        for network in read(&loaded.networks, findings) {
            if let Err(NoIp::Mismatch(ip)) = &network.ip {
                findings.extend(address::mismatch(&network.config.origin, ip, None));
            }
        }
    }
}

/// The Wukongs, each once, with what their manifests have in common.
fn distinct(
    wukongs: Vec<LoadedWukong>,
    sources: &Sources,
    findings: &mut Findings,
) -> Vec<(Arc<Identity>, LoadedWukong)> {
    let mut seen: HashMap<(Option<String>, String), Arc<Identity>> = HashMap::with_capacity(wukongs.len());
    let mut distinct = Vec::with_capacity(wukongs.len());
    for mut loaded in wukongs {
        let wukong = &mut loaded.wukong;
        let availability = wukong.value.spec.high_availability.take().unwrap_or_default();
        let identity = Arc::new(Identity {
            source: sources.get(wukong.origin.document.source).label.clone(),
            origin: wukong.origin.clone(),
            name: std::mem::take(&mut wukong.value.metadata.name),
            namespace: wukong.value.metadata.namespace.take(),
            node_selector: availability.node_selector.unwrap_or_default(),
            tolerations: availability.tolerations.unwrap_or_default(),
        });
        match seen.entry((identity.namespace.clone(), identity.name.clone())) {
            Entry::Occupied(first) => findings.push(duplicate_wukong(first.get(), &identity)),
            Entry::Vacant(vacant) => {
                vacant.insert(Arc::clone(&identity));
                distinct.push((identity, loaded));
            }
        }
    }
    distinct
}

fn lower_wukong(
    identity: &Arc<Identity>,
    loaded: &LoadedWukong,
    around: &Around<'_>,
    others: &claims::Others<'_>,
) -> LoweredWukong {
    let settings = around.settings;
    let wukong = Wukong { identity: Arc::clone(identity), networks: Vec::with_capacity(loaded.networks.len()) };
    let (attachments, claims, mismatches, findings) = (Vec::new(), Vec::new(), Vec::new(), Findings::default());
    let mut lowered =
        LoweredWukong { wukong, attachments, claims, mismatches, is_partial: loaded.is_partial, findings };
    let (places, conflicts) = places(identity, settings);
    if places.is_empty() {
        let needs_policies = |config: &Object<NetworkConfig>| {
            matches!(config.value.network_type, Some(NetworkType::Bridge | NetworkType::Ovs))
        };
        let is_groups_slip = || around.has_empty_group && !around.inventory.selects_none(&identity.node_selector);
        if !settings.skip_nncp && loaded.networks.iter().any(needs_policies) && !is_groups_slip() {
            lowered.findings.extend(conflicts);
        }
    }
    for network in read(&loaded.networks, &mut lowered.findings) {
        match lower_network(identity, &network, &places, settings, others, &mut lowered) {
            Some(network) => {
                // Where nothing is made on the nodes, nothing is taken there.
                claims::of_network(identity, &network, settings, others, &mut lowered.claims);
                lowered.wukong.networks.push(network);
            }
            None => lowered.is_partial = true,
        }
    }
    lowered
}

fn lower_network(
    identity: &Arc<Identity>,
    read: &ReadNetwork<'_>,
    places: &[GroupNodes],
    settings: &Settings,
    others: &claims::Others<'_>,
    all: &mut LoweredWukong,
) -> Option<Network> {
    let config = read.config;
    let has_ipam = settings.site.ipam() == IpamMode::Static && matches!(&read.ip, Ok(Some(_)));
    // Where it can run nowhere, it is still read: what is wrong with it is a finding of its own.
    let groups: Vec<usize> = match places {
        [] => (0..settings.groups.len()).collect(),
        places => places.iter().map(|place| place.group).collect(),
    };
    let lowered = lower_in_groups(identity, read, &groups, has_ipam, settings, &mut all.findings);
    if let Err(NoIp::Mismatch(ip)) = &read.ip {
        let wires = places.iter().zip(lowered.iter().flatten()).filter_map(|(place, it)| {
            // Where only the bridge is known, that stands for what it leads to.
            let wire = it.uplink.as_ref().map(|uplink| settings.groups[place.group].wire(uplink));
            let wire = wire.or_else(|| it.carrier.bridge_name().map(Wire::untagged))?;
            Some(wire.maybe_tagged(it.vlan).maybe_tagged(it.carrier.tag_above()))
        });
        all.mismatches.push(Mismatch { origin: config.origin.clone(), ip: ip.clone(), wires: wires.collect() });
    }
    let (Ok(ip), Ok(nad_name), Some(lowered)) = (&read.ip, &read.nad_name, lowered) else { return None };

    let mtu = lowered.iter().map(|it| it.uplink.as_ref().and_then(Uplink::mtu)).min().flatten();
    let mut network = Network {
        origin: config.origin.clone(),
        name: config.value.name.clone(),
        carrier: Carrier::Pod,
        ip: ip.clone(),
        nad_name: nad_name.clone(),
        is_bridge_named: config.value.bridge_name.is_some(),
        is_nic_named: config.value.physical_interface.is_some(),
        hosts: Vec::with_capacity(lowered.len()),
    };
    let mut attached = None;
    for (number, Lowered { carrier, uplink, vlan, need, plugin, resource_name }) in lowered.into_iter().enumerate() {
        network.carrier = carrier;
        attached = plugin.map(|plugin| (plugin, resource_name));
        if let Some(place) = places.get(number) {
            let group = &settings.groups[place.group];
            network.hosts.push(Host {
                group: place.group,
                nodes: policy_nodes(place, &network.carrier, settings),
                selected: Selection::default(),
                base: uplink.as_ref().map(|uplink| group.wire(uplink)),
                uplink,
                vlan,
                need: need.filter(|_| !settings.skip_nncp),
            });
        }
    }
    if let Some((plugin, resource_name)) = attached
        && network.nad_name.is_none()
        && !settings.skip_nad
    {
        let name = fields::attachment_name(identity, config, &mut all.findings)?;
        all.claims.push(claims::of_attachment_name(identity, &network, &name));
        let mtu = match network.carrier.localnet().and_then(|name| settings.localnets.get(name)) {
            Some(localnet) => {
                let of_others = plugin.ovn_network().and_then(|name| others.ovn_mtus.get(&name).copied());
                localnet.attachment_mtu(mtu, of_others)
            }
            None => mtu,
        };
        let ip = network.ip.as_ref().filter(|_| has_ipam);
        let conf = attachment::net_conf(identity, &name, plugin, mtu, ip, settings);
        all.claims.extend(claims::of_ovn_network(&network, &conf));
        all.attachments.push(Attachment {
            wukong: Arc::clone(identity),
            origin: config.origin.clone(),
            config: conf,
            name,
            resource_name,
        });
    }
    Some(network)
}

/// What the network needs in each of these groups. What its attachment says must be the same in all of them.
fn lower_in_groups(
    identity: &Identity,
    network: &ReadNetwork<'_>,
    groups: &[usize],
    has_ipam: bool,
    settings: &Settings,
    findings: &mut Findings,
) -> Option<Vec<Lowered>> {
    let config = network.config;
    let mut lowered: Vec<Lowered> = Vec::with_capacity(groups.len());
    // Where no attachment is made, the one that exists still meets one kind of bridge.
    let is_attached = config.value.nad_name.is_none() && !settings.skip_nad;
    // What is wrong in one group is most often wrong in all, and said once.
    let mut said = Findings::default();
    let mut is_good = true;
    for number in groups {
        let group = &settings.groups[*number];
        let context = Context { settings, group, identity, network, config, has_ipam };
        let mut own = Findings::default();
        let one = lower_in_group(&context, &mut own);
        own.into_iter().for_each(|finding| said.push_once(finding));
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
            said.push_once(attachment::differs(config, (&settings.groups[groups[0]], first), (group, &one)));
            is_good = false;
            break;
        }
        lowered.push(one);
    }
    findings.extend(said);
    is_good.then_some(lowered)
}

fn lower_in_group(context: &Context<'_>, findings: &mut Findings) -> Option<Lowered> {
    match context.config.value.network_type.filter(|_| !context.config.is_pod_network()) {
        None => Some(fields::lower_pod_network(context.config, findings)),
        Some(NetworkType::Bridge) => bridge::lower(context, findings),
        Some(NetworkType::Ovs) => ovs::lower(context, findings),
        Some(NetworkType::Macvlan) => macvlan::lower(context, findings),
        Some(NetworkType::Ipvlan) => ipvlan::lower(context, findings),
        Some(NetworkType::Sriov) => sriov::lower(context, findings),
    }
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
