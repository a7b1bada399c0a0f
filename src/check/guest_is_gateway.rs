use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::collect::Blame;
use super::duplicate_address::DUPLICATE_ADDRESS;
use super::hit::{Hit, Words};
use crate::base::place::Place;
use crate::model::{Carrier, Claim, Claimed, Holder, NodeSelector, Owner, Plan, Wire, Wukong};
use crate::rule;

rule! {
    /// A guest has the address that others on its wire name as their gateway.
    ///
    /// If the router has that address too, guests of the subnet send their packets to one or the other at random, and lose their way out.
    /// A virtual machine that is on two or more wires counts as the router itself, and the rule reports nothing. The pod network is not a
    /// wire.
    ///
    /// ## Example
    /// ```yaml
    /// - name: lan
    ///   type: bridge
    ///   vlanId: 100
    ///   ipConfig: {mode: static, address: 192.0.2.1/24}      # others have `gateway: 192.0.2.1`
    /// ```
    ///
    /// ## Way out
    /// Give the guest another address. If it is the router, accept the warning with a reason (`explain WK118`).
    pub(super) GUEST_IS_GATEWAY = "WK318", "guest-is-gateway", Warning,
        yields_to: &[&DUPLICATE_ADDRESS];
}

/// A wire on the nodes of one group.
type There<'a> = (&'a NodeSelector, &'a Wire);

/// Those that name one gateway.
struct Named<'a> {
    subnet: &'a IpNet,
    first: &'a Claim,
    count: usize,
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut named: HashMap<(There<'_>, IpAddr), Named<'_>> = HashMap::new();
    for claim in plan.claims.iter().filter(|claim| !blame.has(&claim.place)) {
        if let (Claimed::Subnet { wire, subnet }, Holder::Gateway(Some(gateway))) = (&claim.what, &claim.holder) {
            let there = (&*claim.nodes, wire);
            named.entry((there, *gateway)).or_insert(Named { subnet, first: claim, count: 0 }).count += 1;
        }
    }
    // Where gateways differ, one that fewer name is a slip in the gateway, which is another rule's business.
    let mut most: HashMap<(There<'_>, &IpNet), BTreeMap<usize, usize>> = HashMap::new();
    for ((there, _), gateway) in &named {
        *most.entry((*there, gateway.subnet)).or_default().entry(gateway.count).or_default() += 1;
    }
    let mut hits = Vec::new();
    let mut seen: HashSet<&Place> = HashSet::new();
    for claim in &plan.claims {
        let (Claimed::Address { wire, address }, Holder::Owner(Owner::Guest(id))) = (&claim.what, &claim.holder) else {
            continue;
        };
        let there = (&*claim.nodes, wire);
        let Some(gateway) = named.get(&(there, *address)) else { continue };
        let is_agreed =
            most.get(&(there, gateway.subnet)).and_then(BTreeMap::last_key_value) == Some((&gateway.count, &1));
        let Some((wukong, _)) = plan.find(*id).filter(|_| is_agreed) else { continue };
        if !is_on_two_wires(wukong) && seen.insert(&claim.place) {
            let (first, count) = (gateway.first, gateway.count);
            hits.push(Hit::new(claim.place.clone(), move || words(plan, wukong, (wire, *address), first, count)));
        }
    }
    hits
}

/// Whether a virtual machine is on two or more wires, so that it can be a router. The pod network is not a wire; one of which nothing is known
/// is another.
pub(super) fn is_on_two_wires(wukong: &Wukong) -> bool {
    let attached = || wukong.networks.iter().filter(|network| network.carrier != Carrier::Pod);
    let wires: HashSet<Wire> =
        attached().filter_map(|network| network.hosts.first().and_then(|host| network.wire(host))).collect();
    let is_unknown = attached().any(|network| network.hosts.first().is_none_or(|host| network.wire(host).is_none()));
    wires.len() > 1 || is_unknown && attached().count() > 1
}

fn words(plan: &Plan, wukong: &Wukong, (wire, address): (&Wire, IpAddr), first: &Claim, count: usize) -> Words {
    let name = &wukong.identity.name;
    let others = if count == 1 { "one network".to_owned() } else { format!("{count} networks") };
    let message = format!("`{name}` has the address {address}, the gateway of {others} on {wire}");
    let place =
        plan.network_of(first).map_or_else(|| first.place.clone(), |network| network.origin.at("ipConfig/gateway"));
    let help = format!("give `{name}` another address; accept it if `{name}` is the router");
    Words::new(message, help).with_related(place, "the gateway").about([&wire.base])
}
