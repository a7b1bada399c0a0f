use std::collections::{HashMap, HashSet};

use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::bridge;
use super::hit::{Hit, Words};
use crate::model::{Claim, Claimant, Claimed, Host, Key, Need, Network, NodeSelector, Plan};
use crate::rule;

rule! {
    /// A policy needs an interface that another policy makes.
    ///
    /// kubernetes-nmstate applies policies in no order (its documentation, "Configuration"; kubernetes-nmstate#1101). On a new node the one
    /// that needs the interface may come first, fails, and is rolled back; whether it is tried again depends on the release.
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, physicalInterface: bond0}     # and bond0 is made by a policy of its own
    /// ```
    ///
    /// ## Way out
    /// List the interface among the Site's `uplinks`: every policy then brings what it stands on. For the bridge of a localnet, give its
    /// `physicalInterface` in the Site.
    pub(super) POLICIES_DEPEND = "WK312", "policies-depend", Warning, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    // Thousands of networks need a few names.
    let all = plan.networks().flat_map(|network| network.hosts.iter().filter_map(|host| needed(network, host)));
    let all: HashSet<&str> = all.collect();
    let mut made: HashMap<&str, Vec<&Claim>> = HashMap::new();
    let mut seen = HashSet::new();
    for claim in &plan.claims {
        if let Claimed::Interface(name) = &claim.what
            && claim.by != Claimant::Site
            && all.contains(name.as_str())
            && seen.insert((name, &claim.nodes))
        {
            made.entry(name).or_default().push(claim);
        }
    }
    if made.is_empty() {
        return Vec::new();
    }
    let mut groups: HashMap<(&str, &NodeSelector), usize> = HashMap::new();
    let mut hits = Vec::new();
    for network in plan.networks().filter(|network| !blame.has(&network.at(Key::Name))) {
        let mut own = HashSet::new();
        for host in &network.hosts {
            let Some(needed) = needed(network, host) else { continue };
            // A bridge cannot be a port: that is another finding.
            let is_possible = |it: &&Claim| !(network.bridge_on_uplink(host).is_some() && bridge(it).is_some());
            let mut makers = made.get(needed).into_iter().flatten().copied().filter(is_possible);
            let Some(maker) = makers.find(|it| plan.can_meet(&it.nodes, &host.nodes)) else { continue };
            if is_mapped_there(plan, network, host, maker) {
                continue;
            }
            // In several node groups it is still one network.
            if !own.insert((needed, &maker.place)) {
                continue;
            }
            let count = groups.len();
            let group = *groups.entry((needed, &host.nodes)).or_insert(count);
            hits.push(Hit::in_group(network.at(Key::PhysicalInterface), group, move |_| {
                let by = if maker.by == Claimant::Others { "another policy" } else { "the policy of another network" };
                let message =
                    format!("`{needed}`, which is needed here, is made by {by}, and policies are applied in no order");
                Words::new(message, help(maker)).with_related(maker.place.clone(), "made here").about([needed])
            }));
        }
    }
    hits
}

/// Whether the policy that makes the bridge of a localnet maps the localnet to it as well: then ours adds nothing, and needs nothing.
fn is_mapped_there(plan: &Plan, network: &Network, host: &Host, maker: &Claim) -> bool {
    let (Some(Need::Mapping), Some(localnet), Some(bridge)) =
        (&host.need, network.carrier.localnet(), network.carrier.bridge_name())
    else {
        return false;
    };
    maker.by == Claimant::Others
        && plan.policies_of_others.iter().any(|policy| {
            let is_same = |(name, to): &(String, String)| name == localnet && to == bridge;
            policy.origin.path_to(&maker.place).is_some() && policy.bridge_mappings.iter().any(is_same)
        })
}

fn help(maker: &Claim) -> &'static str {
    if bridge(maker).is_some() {
        "name a NIC; or let the Site make the bridge of a localnet by its `physicalInterface`"
    } else {
        "list it among the Site's `uplinks`, so that this policy brings it along"
    }
}

/// The interface of which the policy of a network only knows the name.
fn needed<'a>(network: &'a Network, host: &'a Host) -> Option<&'a str> {
    match host.need.as_ref()? {
        Need::Mapping => network.carrier.bridge_name(),
        Need::Bridge | Need::MappedBridge | Need::VirtualFunctions => {
            let uplink = host.uplink.as_ref().filter(|uplink| uplink.definition.is_none());
            uplink.map(|uplink| uplink.name.as_str())
        }
    }
}
