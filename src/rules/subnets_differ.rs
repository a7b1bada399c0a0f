use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ipnet::IpNet;

use super::conflict::{agreed, conflicts};
use crate::diagnostic::{Diagnostic, Place, Report};
use crate::plan::{Claim, Claimed, Plan, can_overlap};
use crate::rule;

rule! {
    /// Networks on one wire disagree about the subnet or its gateway.
    ///
    /// On the same NIC and VLAN, one has a prefix of another length for overlapping addresses, or another gateway for the same subnet. With
    /// `/16` here and `/24` there, one side asks the wire and the other the router for the same neighbour, and answers get lost; a
    /// gateway that differs is most often a slip. Two routers on one subnet are possible.
    ///
    /// ## Way out
    /// Correct the one that differs. If both are meant, accept it with a reason.
    pub(super) SUBNETS_DIFFER = "WK313", "subnets-differ", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let is_meant = |claim: &Claim| matches!(claim.what, Claimed::Subnet { .. }) && !claim.holder.is_empty();
    for conflict in conflicts(plan, report, is_meant) {
        let Claimed::Subnet { subnet, .. } = conflict.what else { continue };
        let agreed = agreed(conflict.agreed);
        let diagnostic = Diagnostic::new(
            &SUBNETS_DIFFER,
            conflict.second.place.clone(),
            format!(
                "the gateway of {subnet} is {} here, and {} elsewhere{agreed}",
                conflict.second.holder, conflict.first.holder
            ),
            "correct the one that is wrong; accept it if there are two routers",
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), "another gateway"));
    }
    check_prefixes(plan, report);
}

/// A wire: the NIC that leads to it, and its tag.
type Wire<'a> = (&'a str, Option<u16>);

fn check_prefixes(plan: &Plan, report: &mut Report) {
    let mut by_wire: BTreeMap<Wire<'_>, HashMap<IpNet, Vec<&Claim>>> = BTreeMap::new();
    for claim in &plan.claims {
        let Claimed::Subnet { uplink, vlan, subnet } = &claim.what else { continue };
        // A prefix of one or two addresses is a point-to-point link, whatever lies around it.
        if subnet.max_prefix_len() - subnet.prefix_len() > 1 {
            by_wire.entry((uplink, *vlan)).or_default().entry(*subnet).or_default().push(claim);
        }
    }
    let mut seen: HashSet<(&Place, IpNet)> = HashSet::new();
    for subnets in by_wire.values().filter(|subnets| subnets.len() > 1) {
        let lengths: BTreeSet<(bool, u8)> = subnets.keys().map(|it| (it.addr().is_ipv4(), it.prefix_len())).collect();
        for (narrow, claims) in subnets {
            let shorter = lengths.range((narrow.addr().is_ipv4(), 0)..(narrow.addr().is_ipv4(), narrow.prefix_len()));
            let wider =
                shorter.filter_map(|(_, length)| IpNet::new(narrow.addr(), *length).ok()).map(|net| net.trunc());
            for (wide, others) in wider.filter_map(|net| subnets.get_key_value(&net)) {
                // The one that fewer have is the one in the wrong.
                let (wrong, right) = if claims.len() > others.len() {
                    ((wide, others), (narrow, claims))
                } else {
                    ((narrow, claims), (wide, others))
                };
                for claim in wrong.1 {
                    let other = right.1.iter().find(|other| can_overlap(&other.nodes, &claim.nodes));
                    if let Some(other) = other.filter(|_| seen.insert((&claim.place, *right.0))) {
                        report.push(prefix_differs(claim, *wrong.0, other, *right.0, right.1.len()));
                    }
                }
            }
        }
    }
}

fn prefix_differs(claim: &Claim, here: IpNet, other: &Claim, elsewhere: IpNet, count: usize) -> Diagnostic {
    let agreed = agreed(count);
    Diagnostic::new(
        &SUBNETS_DIFFER,
        claim.place.clone(),
        format!("the subnet is {here} here, and {elsewhere} elsewhere on the same wire{agreed}"),
        "correct the length of the prefix that is wrong",
    )
    .with_related(other.place.clone(), elsewhere.to_string())
}
