use serde_json::Value;

use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{Carrier, ExistingAttachment, Network, Plan, Tagging, Uplink};
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
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let Some((namespace, name)) = &network.nad_name else { continue };
            let namespace = namespace.as_ref().or(wukong.identity.namespace.as_ref());
            let Some(existing) = plan.existing_attachments.get(&(namespace.cloned(), name.clone())) else { continue };
            if let Some(problem) = existing.config.as_ref().and_then(|config| problem(network, config)) {
                report.push(does_not_fit(network, name, existing, &problem));
            }
        }
    }
}

fn does_not_fit(network: &Network, name: &str, existing: &ExistingAttachment, problem: &str) -> Diagnostic {
    Diagnostic::new(
        &NAD_DOES_NOT_FIT,
        network.origin.at("nadName"),
        format!("the attachment `{name}` does not fit the network `{}`: {problem}", network.name),
        "let the two agree, or name another attachment",
    )
    .with_related(existing.origin.at("spec/config"), "its configuration")
}

fn problem(network: &Network, config: &Value) -> Option<String> {
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    // OpenShift's names for the same plugins.
    let types: &[&str] = match &network.carrier {
        Carrier::Pod => return None,
        Carrier::LinuxBridge(_) => &["bridge", "cnv-bridge"],
        Carrier::OvsBridge(_) => &["ovs", "ovn-k8s-cni-overlay"],
        Carrier::Localnet { .. } => &["ovn-k8s-cni-overlay"],
        Carrier::Macvlan => &["macvlan"],
        Carrier::Ipvlan => &["ipvlan"],
        Carrier::Sriov => &["sriov", "ib-sriov"],
    };
    if let Some(other) = text("type").filter(|it| !types.contains(it)) {
        return Some(format!("it is of type `{other}`, not `{}`", types[0]));
    }
    if let (Some(theirs), Some(ours)) = (text("bridge"), network.carrier.bridge_name())
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
    let tag = ["vlan", "vlanID"].iter().find_map(|key| config.get(*key)).and_then(Value::as_u64);
    let theirs = tag.filter(|tag| *tag != 0);
    let ours = network.carrier.vlan().map(u64::from);
    if let Some(bridge) = network.carrier.bridge().filter(|bridge| bridge.tagging == Tagging::Interface) {
        let theirs = theirs?;
        return Some(match ours {
            Some(_) => format!("it puts on VLAN {theirs}, and the VLAN interface under `{}` tags already", bridge.name),
            None => format!("it asks for VLAN {theirs}, and `{}` has no VLAN filtering", bridge.name),
        });
    }
    let is_tagged_there =
        matches!(network.carrier, Carrier::LinuxBridge(_) | Carrier::OvsBridge(_) | Carrier::Localnet { .. });
    let word = |tag: Option<u64>| tag.map_or_else(|| "no VLAN".to_owned(), |tag| format!("VLAN {tag}"));
    (is_tagged_there && theirs != ours).then(|| format!("it has {}, the network {}", word(theirs), word(ours)))
}
