use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::collect::Blame;
use super::guest_is_gateway::is_on_two_wires;
use super::hit::{Hit, Words};
use super::subnet_on_two_wires::SUBNET_ON_TWO_WIRES;
use super::subnets_differ::SUBNETS_DIFFER;
use crate::base::place::Place;
use crate::base::spelling::is_within;
use crate::model::{Claim, Claimant, Claimed, Key, Network, NodeSelector, Plan, Wire};
use crate::rule;

rule! {
    /// One guest has a subnet of its own on a wire, nearly that of all others there.
    ///
    /// An address with a slip in one of its numbers is in another subnet than its neighbours. The guest starts, and reaches none of them:
    /// it looks for them behind a router. With a `gateway` this is an error (WK203); without one nothing else tells.
    ///
    /// The rule reports a guest without a `gateway` on one wire, if four networks or more share one subnet there, and the two subnets differ
    /// in one number by one digit or by two that are exchanged. It reports nothing where a node, the Site or others have the subnet on the wire.
    ///
    /// ## Example
    /// ```yaml
    /// ipConfig:
    ///   mode: static
    ///   address: 10.20.102.41/24     # the others on this VLAN are in 10.20.120.0/24
    /// ```
    ///
    /// ## Way out
    /// Correct the address. If the wire has both subnets, accept it with a reason (`explain WK118`).
    pub(super) SUBNET_OF_ONE_GUEST = "WK320", "subnet-of-one-guest", Warning, yields_to: &[&SUBNETS_DIFFER, &SUBNET_ON_TWO_WIRES];
}

/// So many networks share a subnet that one beside them is more likely a slip.
const SEVERAL: usize = 4;

/// The guests of each subnet of a wire, in the order of the files.
type Subnets<'a> = BTreeMap<IpNet, Vec<(&'a Claim, &'a Network)>>;

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut by_wire: BTreeMap<(&Wire, &NodeSelector), Subnets<'_>> = BTreeMap::new();
    // What a node, the Site or others have there.
    let mut given: HashSet<(&Wire, IpNet)> = HashSet::new();
    for claim in &plan.claims {
        let Claimed::Subnet { wire, subnet } = &claim.what else { continue };
        let network = plan.network_of(claim).filter(|it| it.key_at(&claim.place) == Some(Key::IpConfig));
        match network {
            // A tag of an existing attachment is not known.
            Some(network) if claim.by == Claimant::Network => {
                if network.nad_name.is_none() && !blame.has(&claim.place) {
                    let subnets = by_wire.entry((wire, &claim.nodes)).or_default();
                    subnets.entry(*subnet).or_default().push((claim, network));
                }
            }
            _ => drop(given.insert((wire, *subnet))),
        }
    }
    let mut hits = Vec::new();
    let mut seen: HashSet<&Place> = HashSet::new();
    for ((wire, _), subnets) in by_wire.into_iter().filter(|(_, subnets)| subnets.len() > 1) {
        let most = subnets.iter().max_by_key(|(subnet, guests)| (guests.len(), *subnet));
        let Some((most, others)) = most.filter(|(_, guests)| guests.len() >= SEVERAL) else { continue };
        for (subnet, guests) in &subnets {
            let [(claim, network)] = guests.as_slice() else { continue };
            let is_given = given.contains(&(wire, *subnet));
            let has_gateway = network.ip.as_ref().is_some_and(|ip| ip.gateway.is_some());
            let is_alone =
                claim.place.network().and_then(|id| plan.find(id)).is_some_and(|(it, _)| !is_on_two_wires(it));
            if has_gateway || is_given || !is_alone || !is_nearly(*subnet, *most) || !seen.insert(&claim.place) {
                continue;
            }
            let (first, count, most, subnet) = (others[0].0, others.len(), *most, *subnet);
            hits.push(Hit::new(claim.place.clone(), move || {
                let message = format!("{subnet} on {wire} has this guest alone, and {count} are in {most} there");
                Words::new(message, "correct the address; accept it if the wire has both subnets")
                    .with_related(first.place.clone(), most.to_string())
                    .about([&wire.base])
            }));
        }
    }
    hits
}

/// Whether two subnets of one length differ in one of the numbers of their addresses, by a slip of the pen.
fn is_nearly(subnet: IpNet, other: IpNet) -> bool {
    let numbers = |subnet: IpNet| -> Vec<String> {
        match subnet.addr() {
            IpAddr::V4(address) => address.octets().iter().map(u8::to_string).collect(),
            IpAddr::V6(address) => address.segments().iter().map(|it| format!("{it:x}")).collect(),
        }
    };
    let (own, others) = (numbers(subnet), numbers(other));
    let mut differing = own.iter().zip(&others).filter(|(own, other)| own != other);
    let is_one = matches!((differing.next(), differing.next()), (Some((own, other)), None) if is_within(own, other, 1));
    own.len() == others.len() && subnet.prefix_len() == other.prefix_len() && is_one
}
