use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::collect::Blame;
use super::conflict::{agreed, conflicts};
use super::hit::{Hit, Words};
use super::node_address_lost::NODE_ADDRESS_LOST;
use crate::base::place::Place;
use crate::model::{Claim, Claimant, Claimed, Holder, Plan, Wire};
use crate::rule;

rule! {
    /// Networks on one wire disagree about the subnet or its gateway.
    ///
    /// On the same NIC and VLAN, whatever they are called, one has a prefix of another length for overlapping addresses, or another gateway for the same subnet. With
    /// `/16` here and `/24` there, one side asks the wire and the other the router for the same neighbour, and answers get lost; a
    /// gateway that differs is most often a slip. Two routers on one subnet are possible. An IPv6 gateway that is link-local (`fe80::1`) may be
    /// the same router as one with a global address. The subnets of the nodes' own addresses count as right.
    ///
    /// ## Way out
    /// Correct the one that differs. If both are meant, accept it with a reason.
    pub(super) SUBNETS_DIFFER = "WK313", "subnets-differ", Warning,
        yields_to: &[&NODE_ADDRESS_LOST];
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let hit = |conflict: super::conflict::Conflict<'a>| {
        let Claimed::Subnet { subnet, .. } = conflict.what else { return None };
        let (Holder::Gateway(Some(here)), Holder::Gateway(Some(elsewhere))) =
            (&conflict.second.holder, &conflict.first.holder)
        else {
            return None;
        };
        // A router has another gateway than those behind it.
        if address(plan, conflict.second) == Some(*elsewhere) || address(plan, conflict.first) == Some(*here) {
            return None;
        }
        Some(Hit::new(gateway_place(plan, conflict.second), move || {
            let agreed = agreed(conflict.agreed);
            let message = format!("the gateway of {subnet} is {here} here, and {elsewhere} elsewhere{agreed}");
            Words::new(message, "correct the one that is wrong; accept it if there are two routers")
                .with_related(gateway_place(plan, conflict.first), elsewhere.to_string())
        }))
    };
    let gateways_of = |is_meant: fn(&IpAddr) -> bool| {
        conflicts(plan, blame, |claim| matches!(&claim.holder, Holder::Gateway(Some(gateway)) if is_meant(gateway)))
    };
    // One router has a link-local address beside its global one: the two are never compared.
    let conflicts = gateways_of(|gateway| !is_link_local(gateway)).into_iter().chain(gateways_of(is_link_local));
    let mut hits: Vec<Hit<'_>> = conflicts.filter_map(hit).collect();
    hits.extend(prefixes(plan));
    hits
}

fn is_link_local(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// The address of the guest that claims a subnet.
fn address(plan: &Plan, claim: &Claim) -> Option<IpAddr> {
    plan.network_of(claim)?.ip.as_ref().map(|ip| ip.address.addr())
}

/// Where the gateway is written of a claim of a subnet, which is at the address.
fn gateway_place(plan: &Plan, claim: &Claim) -> Place {
    plan.network_of(claim).map_or_else(|| claim.place.clone(), |network| network.origin.at("ipConfig/gateway"))
}

fn prefixes(plan: &Plan) -> Vec<Hit<'_>> {
    let mut by_wire: BTreeMap<&Wire, BTreeMap<IpNet, Vec<&Claim>>> = BTreeMap::new();
    for claim in &plan.claims {
        let Claimed::Subnet { wire, subnet } = &claim.what else { continue };
        // A prefix of one or two addresses is a point-to-point link, whatever lies around it.
        if subnet.max_prefix_len() - subnet.prefix_len() > 1 {
            by_wire.entry(wire).or_default().entry(*subnet).or_default().push(claim);
        }
    }
    let mut hits = Vec::new();
    let mut seen: HashSet<&Place> = HashSet::new();
    for subnets in by_wire.into_values().filter(|subnets| subnets.len() > 1) {
        let around = neighbours(&subnets);
        let is_given = |subnet: &IpNet| subnets[subnet].iter().any(|claim| claim.by != Claimant::Network);
        // As among conflicts: what is given comes first, then what contradicts the fewest.
        let counts: BTreeMap<&IpNet, usize> =
            around.keys().map(|subnet| (subnet, networks(&subnets[subnet]))).collect();
        let against = |subnet: &IpNet| around[subnet].iter().map(|other| counts[other]).sum::<usize>();
        let mut order: Vec<&IpNet> = around.keys().collect();
        order.sort_by_key(|subnet| (!is_given(subnet), against(subnet)));
        let mut good: HashSet<&IpNet> = HashSet::new();
        for subnet in order {
            let other = around[subnet].iter().find(|other| good.contains(other));
            let Some(other) = other.filter(|_| !is_given(subnet)) else {
                good.insert(subnet);
                continue;
            };
            for claim in subnets[subnet].iter().copied() {
                let right = subnets[other].iter().copied().find(|right| plan.can_meet(&right.nodes, &claim.nodes));
                if let Some(right) = right.filter(|_| seen.insert(&claim.place)) {
                    hits.push(prefix_differs(claim, *subnet, right, *other, counts[other]));
                }
            }
        }
    }
    hits
}

/// How many say so: a network is one, in however many node groups it says it.
fn networks(claims: &[&Claim]) -> usize {
    claims.iter().map(|claim| &claim.place).collect::<HashSet<_>>().len()
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

fn prefix_differs<'a>(claim: &'a Claim, here: IpNet, other: &'a Claim, elsewhere: IpNet, count: usize) -> Hit<'a> {
    Hit::new(claim.place.clone(), move || {
        let agreed = agreed(count);
        let message = format!("the subnet is {here} here, and {elsewhere} elsewhere on the same wire{agreed}");
        Words::new(message, "correct the length of the prefix that is wrong")
            .with_related(other.place.clone(), elsewhere.to_string())
    })
}
