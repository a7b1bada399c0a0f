use std::collections::HashMap;
use std::fmt;

use serde_json::{Value, json};

use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::base::place::Place;
use crate::model::cni::OVN_PLUGIN;
use crate::model::{
    Attachment, AttachmentOfOthers, BridgeKind, Filtering, Host, Key, NadName, Network, Plan, Tagging, Uplink, Use,
};
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

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let own: HashMap<(Option<&str>, &str), &Attachment> =
        plan.attachments.iter().map(|it| ((it.wukong.namespace.as_deref(), it.name.as_str()), it)).collect();
    let mut hits = Vec::new();
    // Many networks name one attachment: what is wrong with it is reported once.
    let mut groups: HashMap<(NadName, Problem<'_>), usize> = HashMap::new();
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let Some(written) = &network.nad_name else { continue };
            let nad = written.or_in(wukong.identity.namespace.as_deref());
            let existing = plan.attachments_of_others.get(&nad);
            let found = match (existing, own.get(&(nad.namespace.as_deref(), nad.name.as_str()))) {
                (Some(existing), _) => problem_of_others(network, existing),
                (None, Some(own)) => {
                    problem(network, &json!(own.config)).map(|problem| (problem, own.origin.at("name")))
                }
                (None, None) => None,
            };
            let Some((problem, place)) = found else { continue };
            let next = groups.len();
            let group = *groups.entry((nad, problem.clone())).or_insert(next);
            hits.push(Hit::in_group(network.at(Key::NadName), group, move |more| {
                let others = more.words(" (and one more)", |more| format!(" (and {more} more)"));
                let Network { name, .. } = network;
                Words::new(
                    format!("the attachment `{}` does not fit the network `{name}`{others}: {problem}", written.name),
                    "let the two agree, or name another attachment",
                )
                .with_related(place.clone(), "the attachment")
                .about(problem.interfaces())
            }));
        }
    }
    hits
}

/// What is wrong with an attachment. What stands in it comes first, then what the network has.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Problem<'a> {
    IsTwice,
    IsBroken,
    Type(String, &'static str),
    Topology(String),
    Localnet(String, &'a str),
    Bridge(String, &'a str),
    Nic(String, &'a str),
    VlanIsNoNumber(Value),
    /// On top of the VLAN interface under the bridge.
    VlanIsTwice(u64, &'a str),
    /// A tag that the port of a plain bridge does not let through.
    VlanIsDropped(u64, &'a str),
    Vlan(Option<u64>, Option<u64>),
    Mtu(u64, u32),
}

impl Problem<'_> {
    /// The interfaces of the nodes that it is about.
    fn interfaces(&self) -> Vec<&str> {
        match self {
            Self::Bridge(theirs, ours) | Self::Nic(theirs, ours) => vec![theirs, ours],
            Self::VlanIsTwice(_, bridge) | Self::VlanIsDropped(_, bridge) => vec![bridge],
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |tag: &Option<u64>| tag.map_or_else(|| "no VLAN".to_owned(), |tag| format!("VLAN {tag}"));
        match self {
            Self::IsTwice => write!(f, "the inputs have two of that name"),
            Self::IsBroken => write!(f, "its configuration is no JSON object"),
            Self::Type(theirs, ours) => write!(f, "it is of type `{theirs}`, not `{ours}`"),
            Self::Topology(theirs) => write!(f, "its topology is `{theirs}`, which never reaches a NIC of the nodes"),
            Self::Localnet(theirs, ours) => write!(f, "it is on the localnet `{theirs}`, not on `{ours}`"),
            Self::Bridge(theirs, ours) => write!(f, "it is on the bridge `{theirs}`, not on `{ours}`"),
            Self::Nic(theirs, ours) => write!(f, "it is on `{theirs}`, not on `{ours}`"),
            Self::VlanIsNoNumber(theirs) => write!(f, "its VLAN is {theirs}, which is no number"),
            Self::VlanIsTwice(theirs, bridge) => {
                write!(f, "it puts on VLAN {theirs}, and the VLAN interface under `{bridge}` tags already")
            }
            Self::VlanIsDropped(theirs, bridge) => {
                write!(f, "it asks for VLAN {theirs}, which the port of `{bridge}` does not let through")
            }
            Self::Vlan(theirs, ours) => write!(f, "it has {}, the network {}", word(theirs), word(ours)),
            Self::Mtu(theirs, ours) => write!(f, "its MTU is {theirs}, and that of the uplink {ours}"),
        }
    }
}

/// What is wrong with an attachment that others wrote, and where that is.
fn problem_of_others<'a>(network: &'a Network, existing: &AttachmentOfOthers) -> Option<(Problem<'a>, Place)> {
    if let Some(second) = &existing.second {
        return Some((Problem::IsTwice, second.at("metadata/name")));
    }
    if existing.is_broken {
        return Some((Problem::IsBroken, existing.origin.at("spec/config")));
    }
    Some((problem(network, existing.config.as_ref()?)?, existing.origin.at("spec/config")))
}

fn problem<'a>(network: &'a Network, config: &Value) -> Option<Problem<'a>> {
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    let types = network.carrier.plugins();
    let ours = types.first()?;
    let kind = text("type").unwrap_or_default();
    if !kind.is_empty() && !types.contains(&kind) {
        return Some(Problem::Type(kind.to_owned(), ours));
    }
    if let Some(theirs) = text("topology").filter(|theirs| kind == OVN_PLUGIN && *theirs != "localnet") {
        return Some(Problem::Topology(theirs.to_owned()));
    }
    if let (Some(theirs), Some(localnet)) = (text("physicalNetworkName"), network.carrier.localnet())
        && theirs != localnet
    {
        return Some(Problem::Localnet(theirs.to_owned(), localnet));
    }
    // The plugin's own default.
    let theirs = text("bridge").or_else(|| (kind == "bridge").then_some("cni0"));
    if let (Some(theirs), Some(ours)) = (theirs, network.carrier.bridge_name())
        && theirs != ours
    {
        return Some(Problem::Bridge(theirs.to_owned(), ours));
    }
    if let (Some(theirs), Some(ours)) = (text("master"), network.uplink())
        && theirs != ours.name
    {
        return Some(Problem::Nic(theirs.to_owned(), &ours.name));
    }
    vlan_problem(network, config).or_else(|| {
        let mtu = network.hosts.iter().filter_map(|host| host.uplink.as_ref().and_then(Uplink::mtu)).min()?;
        let theirs = config.get("mtu").and_then(Value::as_u64).filter(|theirs| *theirs > u64::from(mtu))?;
        Some(Problem::Mtu(theirs, mtu))
    })
}

fn vlan_problem<'a>(network: &'a Network, config: &Value) -> Option<Problem<'a>> {
    let tag = ["vlan", "vlanID"].iter().find_map(|key| config.get(*key)).filter(|tag| !tag.is_null());
    if let Some(other) = tag.filter(|tag| tag.as_u64().is_none()) {
        return Some(Problem::VlanIsNoNumber(other.clone()));
    }
    let theirs = tag.and_then(Value::as_u64).filter(|tag| *tag != 0);
    let ours = network.carrier.vlan().map(u64::from);
    let bridge_kind = network.carrier.bridge_kind();
    if let Some(bridge) = network.carrier.bridge().filter(|bridge| bridge.tagging == Tagging::Interface) {
        let theirs = theirs?;
        let is_tagged_below = |host: &Host| host.port_wire().is_some_and(|wire| wire.tag().is_some());
        if ours.is_some() || network.hosts.iter().any(is_tagged_below) {
            return Some(Problem::VlanIsTwice(theirs, &bridge.name));
        }
        // On a plain bridge the plugin tags, because kubernetes-nmstate turns filtering on.
        let is_carried = u16::try_from(theirs).is_ok_and(|tag| Filtering::Plain.carries(tag));
        return (!is_carried && bridge_kind == Some(BridgeKind::Linux))
            .then_some(Problem::VlanIsDropped(theirs, &bridge.name));
    }
    let is_tagged_there = match network.carrier.uses() {
        Use::Bridge(..) | Use::Functions => true,
        Use::Pods(_) | Use::Nothing => false,
    };
    (is_tagged_there && theirs != ours).then_some(Problem::Vlan(theirs, ours))
}
