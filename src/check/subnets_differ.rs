use std::collections::{BTreeMap, BTreeSet, HashSet};

use ipnet::IpNet;

use super::conflict::{agreed, conflicts};
use crate::base::diagnostic::{Diagnostic, Place, Report};
use crate::model::{Claim, Claimed, Plan};
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
        report.push(diagnostic.with_related(conflict.first.place.clone(), conflict.first.holder.clone()));
    }
    check_prefixes(plan, report);
}

/// A wire: the NIC that leads to it, and its tag.
type Wire<'a> = (&'a str, Option<u16>);

fn check_prefixes(plan: &Plan, report: &mut Report) {
    let mut by_wire: BTreeMap<Wire<'_>, BTreeMap<IpNet, Vec<&Claim>>> = BTreeMap::new();
    for claim in &plan.claims {
        let Claimed::Subnet { uplink, vlan, subnet } = &claim.what else { continue };
        // A prefix of one or two addresses is a point-to-point link, whatever lies around it.
        if subnet.max_prefix_len() - subnet.prefix_len() > 1 {
            by_wire.entry((uplink, *vlan)).or_default().entry(*subnet).or_default().push(claim);
        }
    }
    let mut seen: HashSet<&Place> = HashSet::new();
    for subnets in by_wire.values().filter(|subnets| subnets.len() > 1) {
        let around = neighbours(subnets);
        // As among conflicts: what contradicts the fewest comes first.
        let against =
            |subnet: &IpNet| around.get(subnet).into_iter().flatten().map(|other| subnets[other].len()).sum::<usize>();
        let mut order: Vec<&IpNet> = around.keys().collect();
        order.sort_by_key(|subnet| against(subnet));
        let mut good: HashSet<&IpNet> = HashSet::new();
        for subnet in order {
            let Some(other) = around[subnet].iter().find(|other| good.contains(other)) else {
                good.insert(subnet);
                continue;
            };
            for claim in &subnets[subnet] {
                let right = subnets[other].iter().find(|right| plan.can_meet(&right.nodes, &claim.nodes));
                if let Some(right) = right.filter(|_| seen.insert(&claim.place)) {
                    report.push(prefix_differs(claim, *subnet, right, *other, subnets[other].len()));
                }
            }
        }
    }
}

/// For each subnet those that it lies in, and those that lie in it.
fn neighbours(subnets: &BTreeMap<IpNet, Vec<&Claim>>) -> BTreeMap<IpNet, Vec<IpNet>> {
    let lengths: BTreeSet<(bool, u8)> = subnets.keys().map(|it| (it.addr().is_ipv4(), it.prefix_len())).collect();
    let mut around: BTreeMap<IpNet, Vec<IpNet>> = BTreeMap::new();
    for narrow in subnets.keys() {
        let version = narrow.addr().is_ipv4();
        let shorter = lengths.range((version, 0)..(version, narrow.prefix_len()));
        let wider = shorter.filter_map(|(_, length)| IpNet::new(narrow.addr(), *length).ok()).map(|net| net.trunc());
        for wide in wider.filter(|net| subnets.contains_key(net)) {
            around.entry(*narrow).or_default().push(wide);
            around.entry(wide).or_default().push(*narrow);
        }
    }
    around
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
