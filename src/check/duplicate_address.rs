use std::collections::HashSet;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::contested;
use super::hit::{Hit, Words};
use crate::base::rule::Severity;
use crate::model::{Claim, Claimant, Claimed, Holder, NodeOwner, Owner, Plan};
use crate::rule;

rule! {
    /// One address is given to two on the same wire.
    ///
    /// Two virtual machines, a virtual machine and a node, or two nodes have one address on the same NIC and VLAN, whatever these are called
    /// and on whichever nodes the machines run. Both answer for it, and connections break at random (kubevirt#4910, multus-cni#1150).
    /// Addresses of nodes are those of the Site, of `nodeIP`, of other policies and of the inventory; those of static attachments count,
    /// too. In different node groups it is a warning, because these may be layer 2 networks of their own. A virtual machine with the
    /// address of another's gateway may be the router, which is WK318's question.
    ///
    /// ## Way out
    /// Give one of them another address.
    pub(super) DUPLICATE_ADDRESS = "WK307", "duplicate-address", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut seen = HashSet::new();
    for (what, claims) in contested(plan, blame, |claim| owned(claim).is_some()) {
        for (first, second, is_together) in doubles(plan, claims.into_iter().filter_map(owned).collect()) {
            if seen.insert(&second.0.place) {
                hits.push(hit(plan, what, first, second, is_together));
            }
        }
    }
    hits
}

/// A claim of an address, and whose it is.
type Owned<'a> = (&'a Claim, &'a Owner);

fn owned(claim: &Claim) -> Option<Owned<'_>> {
    match (&claim.what, &claim.holder) {
        (Claimed::Address { .. }, Holder::Owner(owner)) => Some((claim, owner)),
        _ => None,
    }
}

/// Networks that have an address which another owner has; whether surely on one layer 2. What is given comes first, then the order of
/// the files.
fn doubles<'a>(plan: &Plan, mut claims: Vec<Owned<'a>>) -> Vec<(Owned<'a>, Owned<'a>, bool)> {
    claims.sort_by_key(|(claim, _)| claim.by);
    let mut known: Vec<Owned<'_>> = Vec::new();
    let mut seen = HashSet::new();
    let mut doubles = Vec::new();
    for claim in claims {
        let meets = |other: &&Owned<'_>| plan.can_meet(&other.0.nodes, &claim.0.nodes);
        let is_network = claim.0.by == Claimant::Network;
        let mut rivals = known.iter().filter(|other| is_network && differ(plan, **other, claim));
        let first = rivals.clone().find(meets).map(|first| (*first, true));
        match first.or_else(|| rivals.next().map(|first| (*first, false))) {
            Some((first, is_together)) => doubles.push((first, claim, is_together)),
            None => {
                if seen.insert((claim.1, &claim.0.nodes)) {
                    known.push(claim);
                }
            }
        }
    }
    doubles
}

/// Whether two owners are surely two.
fn differ(plan: &Plan, a: Owned<'_>, b: Owned<'_>) -> bool {
    match (a.1, b.1) {
        (Owner::Node(a), Owner::Node(b)) => nodes_differ(plan, a, b),
        // The guest of an attachment has its address.
        (Owner::Attachment(name), Owner::Guest(guest)) | (Owner::Guest(guest), Owner::Attachment(name)) => {
            let Some((wukong, network)) = plan.find(*guest) else { return true };
            let namespace = wukong.identity.namespace.as_deref();
            network.nad_name.as_ref().is_none_or(|own| own.or_in(namespace) != *name)
        }
        (a, b) => a != b,
    }
}

fn nodes_differ(plan: &Plan, a: &NodeOwner, b: &NodeOwner) -> bool {
    match (a, b) {
        (NodeOwner::Known(a, _), NodeOwner::Known(b, _)) => a != b,
        (NodeOwner::Selected(a, _), NodeOwner::Selected(b, _)) => !plan.can_meet(a, b),
        (NodeOwner::Known(number, _), NodeOwner::Selected(nodes, _))
        | (NodeOwner::Selected(nodes, _), NodeOwner::Known(number, _)) => {
            plan.inventory.select(nodes).nodes.binary_search(number).is_err()
        }
    }
}

fn hit<'a>(plan: &'a Plan, what: &'a Claimed, first: Owned<'a>, second: Owned<'a>, is_together: bool) -> Hit<'a> {
    // A node whose labels are not known may be in any group.
    let is_doubtful = match first.1 {
        Owner::Node(NodeOwner::Known(number, _)) => {
            plan.settings.groups.len() > 1 && plan.inventory.node(*number).labels.is_none()
        }
        _ => false,
    };
    let hit = Hit::new(second.0.place.clone(), move || {
        let Claimed::Address { wire, address } = what else { return Words::new("", "") };
        let (here, elsewhere) = (plan.words_of(second.1), plan.words_of(first.1));
        let words = if is_together {
            Words::new(
                format!("{address} on {wire} belongs to {here}, and to {elsewhere} already"),
                "give one of them another address",
            )
        } else {
            Words::new(
                format!("{address} on {wire} belongs to {here}, and to {elsewhere} in another node group"),
                "give one of them another address; accept it if the groups are layer 2 networks of their own",
            )
        };
        let words = words.about([&wire.base]).about(second.1.interface()).about(first.1.interface());
        words.with_related(first.0.place.clone(), elsewhere)
    });
    if is_together && !is_doubtful { hit } else { hit.with_severity(Severity::Warning) }
}
