//! Networks into the plan: one file per network type.
//!
//! [`lower`] fills in the defaults of every network ([`fields`], [`address`]), lets its type's file say what it needs on
//! the node and in the pod, and files the result in the [`Plan`] together with what it claims. Types know nothing of each
//! other: conflicts between them are the rules' business.

pub mod address;
mod bridge;
mod claims;
pub mod fields;
mod ipvlan;
mod macvlan;
mod ovs;
mod sriov;

pub use ipvlan::IPVLAN_WITHOUT_ADDRESS;
pub use sriov::SRIOV_WITHOUT_RESOURCE;

use std::collections::HashMap;
use std::sync::Arc;

use crate::api::site::IpamMode;
use crate::api::{NetworkConfig, NetworkType};
use crate::diagnostic::{Diagnostic, Origin, Report};
use crate::load::{LoadedWukong, Object, Objects};
use crate::plan::cni::{NetConf, Plugin, StaticIpam};
use crate::plan::nmstate::{Interface, NetworkState};
use crate::plan::{Attachment, Carrier, Claimed, Identity, Network, NodeSelector, Plan, Policy, Settings, Wukong};
use crate::rule;
use crate::source::Sources;

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
    /// where its bridge is not.
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

/// What a network needs: the answer of its type.
struct Lowered {
    carrier: Carrier,
    /// What the nodes need, base before what stands on it; none for a type that needs nothing there.
    interfaces: Vec<Interface>,
    /// The plugin that attaches the pod; none for the pod network.
    plugin: Option<Plugin>,
    /// The node resource that the attachment asks for.
    resource_name: Option<String>,
}

/// What a type's file gets to work with.
struct Context<'a> {
    settings: &'a Settings,
    config: &'a Object<NetworkConfig>,
    /// Whether the pod's interface gets addresses from IPAM.
    has_ipam: bool,
}

/// Lowers every network of every Wukong. What is wrong with one is a finding, and the others are still lowered.
pub fn lower(objects: Objects, settings: &Settings, sources: &Sources, report: &mut Report) -> Plan {
    let mut plan = Plan {
        existing_attachments: objects.attachments,
        is_partial: objects.wukong_count != objects.wukongs.len(),
        ..Plan::default()
    };
    let mut seen = HashMap::new();
    for loaded in objects.wukongs {
        let LoadedWukong { wukong, networks, is_partial } = loaded;
        let identity = Arc::new(Identity {
            source: sources.get(wukong.origin.document.source).label.clone(),
            origin: wukong.origin,
            name: wukong.value.metadata.name,
            namespace: wukong.value.metadata.namespace,
            node_selector: wukong.value.spec.high_availability.and_then(|it| it.node_selector).unwrap_or_default(),
        });
        let key = (identity.namespace.clone(), identity.name.clone());
        if let Some(first) = seen.insert(key, Arc::clone(&identity)) {
            report.push(duplicate_wukong(&first, &identity));
            seen.insert((first.namespace.clone(), first.name.clone()), first);
            continue;
        }
        plan.is_partial |= is_partial;
        lower_wukong(identity, networks, settings, &mut plan, report);
    }
    plan
}

fn lower_wukong(
    identity: Arc<Identity>,
    configs: Vec<Object<NetworkConfig>>,
    settings: &Settings,
    plan: &mut Plan,
    report: &mut Report,
) {
    let nodes = match policy_nodes(&identity, settings) {
        Ok(nodes) => Some(Arc::new(nodes)),
        Err(conflicts) => {
            let needs_policies = |config: &Object<NetworkConfig>| {
                matches!(config.value.network_type, Some(NetworkType::Bridge | NetworkType::Ovs))
            };
            if !settings.skip_nncp && configs.iter().any(needs_policies) {
                report.extend(conflicts);
            }
            None
        }
    };
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
        match lower_network(&identity, &config, nodes.as_ref(), settings, plan, report) {
            Some(network) => networks.push(network),
            None => plan.is_partial = true,
        }
    }
    plan.wukongs.push(Wukong { identity, networks });
}

fn lower_network(
    identity: &Arc<Identity>,
    config: &Object<NetworkConfig>,
    nodes: Option<&Arc<NodeSelector>>,
    settings: &Settings,
    plan: &mut Plan,
    report: &mut Report,
) -> Option<Network> {
    let ip = address::static_ip(config, report);
    let nad_name = fields::nad_name(config, report);
    let has_ipam = settings.ipam == IpamMode::Static && matches!(&ip, Ok(Some(_)));
    let context = Context { settings, config, has_ipam };
    // `default` is the pod network, whatever its type says.
    let network_type = config.value.network_type.filter(|_| config.value.name != "default");
    let lowered = match network_type {
        None => Some(fields::lower_pod_network(config, report)),
        Some(NetworkType::Bridge) => bridge::lower(&context, report),
        Some(NetworkType::Ovs) => ovs::lower(&context, report),
        Some(NetworkType::Macvlan) => macvlan::lower(&context, report),
        Some(NetworkType::Ipvlan) => ipvlan::lower(&context, report),
        Some(NetworkType::Sriov) => sriov::lower(&context, report),
    };
    let (Ok(ip), Ok(nad_name), Some(lowered)) = (ip, nad_name, lowered) else { return None };

    let Lowered { carrier, interfaces, plugin, resource_name } = lowered;
    if !interfaces.is_empty() && !settings.skip_nncp {
        let name = fields::policy_name(identity, config, report)?;
        plan.claims.push(claims::name(identity, config, Claimed::PolicyName(name.clone())));
        plan.policies.push(Policy {
            wukong: Arc::clone(identity),
            origin: config.origin.clone(),
            name,
            node_selector: Arc::clone(nodes?),
            desired_state: NetworkState { interfaces },
        });
    }
    if let Some(plugin) = plugin.filter(|_| nad_name.is_none() && !settings.skip_nad) {
        let name = fields::attachment_name(identity, config, report)?;
        let namespace = identity.namespace.clone();
        let network_name = namespace.as_ref().map_or_else(|| name.clone(), |namespace| format!("{namespace}-{name}"));
        let what = Claimed::AttachmentName { namespace, name: name.clone() };
        plan.claims.push(claims::name(identity, config, what));
        plan.attachments.push(Attachment {
            wukong: Arc::clone(identity),
            origin: config.origin.clone(),
            name,
            resource_name,
            config: NetConf {
                cni_version: settings.cni_version.clone(),
                name: network_name,
                plugin,
                ipam: ip.as_ref().filter(|_| has_ipam).map(StaticIpam::of),
            },
        });
    }
    let network = Network { origin: config.origin.clone(), name: config.value.name.clone(), carrier, ip, nad_name };
    if let Some(nodes) = nodes {
        claims::of_network(identity, &network, nodes, settings, &mut plan.claims);
    }
    Some(network)
}

/// The nodes of a Wukong's policies: those of the Site on which the virtual machine can run; or why there are none.
fn policy_nodes(identity: &Identity, settings: &Settings) -> Result<NodeSelector, Vec<Diagnostic>> {
    let mut nodes = settings.node_selector.clone();
    let mut conflicts = Vec::new();
    let selector = identity.origin.child("spec").child("highAvailability").child("nodeSelector");
    for (label, value) in &identity.node_selector {
        match nodes.insert(label.clone(), value.clone()) {
            Some(other) if other != *value => conflicts.push(Diagnostic::new(
                &NODE_SELECTOR_CONFLICT,
                selector.child(label).here(),
                format!("no node is selected: the Wukong wants `{label}: {value}`, the Site `{label}: {other}`"),
                "agree on the value, or leave the label to one of the two",
            )),
            _ => {}
        }
    }
    if conflicts.is_empty() { Ok(nodes) } else { Err(conflicts) }
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
