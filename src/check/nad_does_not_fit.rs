use std::collections::HashMap;

use serde_json::{Value, json};

use crate::base::diagnostic::{Diagnostic, Place, Report, others};
use crate::model::cni::OVN_PLUGIN;
use crate::model::{Attachment, Carrier, ExistingAttachment, Network, Plan, Tagging, Uplink};
use crate::rule;

rule! {
    /// A `nadName` leads to an attachment that is not what the network says.
    ///
    /// The NetworkAttachmentDefinition decides where the virtual machine is attached; what the Wukong says is only made on the nodes. If it
    /// names another bridge, type or VLAN, the machine is on another network than its file tells. A `vlan` on top of the VLAN
    /// interface that `vlanId` makes would tag twice; on a bridge without VLAN filtering the plugin passes over it without a word.
    ///
    /// ## Way out
    /// Let the two agree: the tag in one place, the same bridge in both.
    pub(super) NAD_DOES_NOT_FIT = "WK235", "nad-does-not-fit", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let own: HashMap<(Option<&str>, &str), &Attachment> =
        plan.attachments.iter().map(|it| ((it.wukong.namespace.as_deref(), it.name.as_str()), it)).collect();
    // Many networks name one attachment: what is wrong with it is said once.
    let mut found: Vec<(&Network, &str, String, Place, usize)> = Vec::new();
    let mut known: HashMap<(Option<&str>, &str, String), usize> = HashMap::new();
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let Some((namespace, name)) = &network.nad_name else { continue };
            let namespace = namespace.as_ref().or(wukong.identity.namespace.as_ref());
            let existing = plan.existing_attachments.get(&(namespace.cloned(), name.clone()));
            let (problem, place) = match (existing, own.get(&(namespace.map(String::as_str), name.as_str()))) {
                (Some(existing), _) => match problem_of_others(network, existing) {
                    Some(found) => found,
                    None => continue,
                },
                (None, Some(own)) => match problem(network, &json!(own.config)) {
                    Some(problem) => (problem, own.origin.at("name")),
                    None => continue,
                },
                (None, None) => continue,
            };
            let key = (namespace.map(String::as_str), name.as_str(), problem.clone());
            match known.get(&key) {
                Some(number) => found[*number].4 += 1,
                None => {
                    known.insert(key, found.len());
                    found.push((network, name, problem, place, 0));
                }
            }
        }
    }
    for (network, name, problem, place, more) in found {
        let others = others(more, " (and one more)", " (and # more)");
        let diagnostic = Diagnostic::new(
            &NAD_DOES_NOT_FIT,
            network.origin.at("nadName"),
            format!("the attachment `{name}` does not fit the network `{}`{others}: {problem}", network.name),
            "let the two agree, or name another attachment",
        );
        report.push(diagnostic.with_related(place, "the attachment"));
    }
}

/// What is wrong with an attachment that others wrote, and where that is.
fn problem_of_others(network: &Network, existing: &ExistingAttachment) -> Option<(String, Place)> {
    if let Some(second) = &existing.second {
        return Some(("the inputs have two of that name".to_owned(), second.at("metadata/name")));
    }
    if existing.is_broken {
        return Some(("its configuration is no JSON object".to_owned(), existing.origin.at("spec/config")));
    }
    Some((problem(network, existing.config.as_ref()?)?, existing.origin.at("spec/config")))
}

fn problem(network: &Network, config: &Value) -> Option<String> {
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    // OpenShift's names for the same plugins.
    let types: &[&str] = match &network.carrier {
        Carrier::Pod => return None,
        Carrier::LinuxBridge(_) => &["bridge", "cnv-bridge"],
        Carrier::OvsBridge(_) => &["ovs", OVN_PLUGIN],
        Carrier::Localnet { .. } => &[OVN_PLUGIN],
        Carrier::Macvlan => &["macvlan"],
        Carrier::Ipvlan => &["ipvlan"],
        Carrier::Sriov { .. } => &["sriov", "ib-sriov"],
    };
    let kind = text("type").unwrap_or_default();
    if !kind.is_empty() && !types.contains(&kind) {
        return Some(format!("it is of type `{kind}`, not `{}`", types[0]));
    }
    if kind == OVN_PLUGIN && text("topology").is_some_and(|topology| topology != "localnet") {
        let topology = text("topology").unwrap_or_default();
        return Some(format!("its topology is `{topology}`, which never reaches a NIC of the nodes"));
    }
    if let (Some(theirs), Carrier::Localnet { localnet, .. }) = (text("physicalNetworkName"), &network.carrier)
        && theirs != localnet
    {
        return Some(format!("it is on the localnet `{theirs}`, not on `{localnet}`"));
    }
    // The plugin's own default.
    let theirs = text("bridge").or_else(|| (kind == "bridge").then_some("cni0"));
    if let (Some(theirs), Some(ours)) = (theirs, network.carrier.bridge_name())
        && theirs != ours
    {
        return Some(format!("it is on the bridge `{theirs}`, not on `{ours}`"));
    }
    if let (Some(theirs), Some(ours)) = (text("master"), network.uplink())
        && theirs != ours.name
    {
        return Some(format!("it is on `{theirs}`, not on `{}`", ours.name));
    }
    vlan_problem(network, config).or_else(|| {
        let mtu = network.hosts.iter().filter_map(|host| host.uplink.as_ref().and_then(Uplink::mtu)).min()?;
        let theirs = config.get("mtu").and_then(Value::as_u64).filter(|theirs| *theirs > u64::from(mtu))?;
        Some(format!("its MTU is {theirs}, and that of the uplink {mtu}"))
    })
}

fn vlan_problem(network: &Network, config: &Value) -> Option<String> {
    let tag = ["vlan", "vlanID"].iter().find_map(|key| config.get(*key)).filter(|tag| !tag.is_null());
    if let Some(other) = tag.filter(|tag| tag.as_u64().is_none()) {
        return Some(format!("its VLAN is {other}, which is no number"));
    }
    let theirs = tag.and_then(Value::as_u64).filter(|tag| *tag != 0);
    let ours = network.carrier.vlan().map(u64::from);
    if let Some(bridge) = network.carrier.bridge().filter(|bridge| bridge.tagging == Tagging::Interface) {
        let theirs = theirs?;
        return Some(match ours {
            Some(_) => format!("it puts on VLAN {theirs}, and the VLAN interface under `{}` tags already", bridge.name),
            None => format!("it asks for VLAN {theirs}, and `{}` has no VLAN filtering", bridge.name),
        });
    }
    let is_tagged_there = matches!(
        network.carrier,
        Carrier::LinuxBridge(_) | Carrier::OvsBridge(_) | Carrier::Localnet { .. } | Carrier::Sriov { .. }
    );
    let word = |tag: Option<u64>| tag.map_or_else(|| "no VLAN".to_owned(), |tag| format!("VLAN {tag}"));
    (is_tagged_there && theirs != ours).then(|| format!("it has {}, the network {}", word(theirs), word(ours)))
}
