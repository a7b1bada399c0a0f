use std::collections::{HashMap, HashSet};

use super::conflict::{Blamed, is_bridge};
use crate::base::diagnostic::{Diagnostic, Distinct, Report};
use crate::model::{Claim, Claimant, Claimed, Host, Need, Network, Plan};
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
    pub(super) POLICIES_DEPEND = "WK312", "policies-depend", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
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
        return;
    }
    let blamed = Blamed::of(report);
    let mut findings = Distinct::default();
    let mut said = HashSet::new();
    for network in plan.networks().filter(|network| !blamed.has(&network.origin.here())) {
        for host in &network.hosts {
            let Some(needed) = needed(network, host) else { continue };
            // A bridge cannot be a port: that is another finding.
            let is_possible = |it: &&&Claim| !(takes_it(network, host) && is_bridge(&it.holder));
            let mut makers = made.get(needed).into_iter().flatten().filter(is_possible);
            let maker = makers.find(|it| plan.can_meet(&it.nodes, &host.nodes));
            let is_accepted = || report.accepts(&POLICIES_DEPEND, &network.origin.here());
            let maker = maker.filter(|_| !is_accepted());
            if let Some(maker) = maker.filter(|_| said.insert((needed, &host.nodes))) {
                let by = if maker.by == Claimant::Others { "another policy" } else { "the policy of another network" };
                let diagnostic = Diagnostic::new(
                    &POLICIES_DEPEND,
                    network.at("physicalInterface"),
                    format!("`{needed}`, which is needed here, is made by {by}, and policies are applied in no order"),
                    help(maker),
                );
                findings.add(diagnostic.with_related(maker.place.clone(), "made here"));
            }
        }
    }
    report.extend(findings.list);
}

fn help(maker: &Claim) -> &'static str {
    if is_bridge(&maker.holder) {
        "name a NIC; or let the Site make the bridge of a localnet by its `physicalInterface`"
    } else {
        "list it among the Site's `uplinks`, so that this policy brings it along"
    }
}

/// Whether the network puts its uplink into its bridge.
fn takes_it(network: &Network, host: &Host) -> bool {
    network.bridge_on_uplink(host).is_some() && host.need != Some(Need::Mapping)
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
