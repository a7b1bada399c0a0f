use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::conflicts;
use super::hit::{Hit, Words};
use crate::model::{Claimed, Holder, Plan};
use crate::rule;

rule! {
    /// Policies give one node different DNS servers.
    ///
    /// nmstate's `dns-resolver` is one list for the whole node, and replaces what is there. With two policies, the one that is
    /// applied last wins.
    ///
    /// ## Way out
    /// Let every uplink of the nodes have the same `dns-resolver`, or only one of them.
    pub(super) DNS_DIFFERS = "WK315", "dns-differs", Warning, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let conflicts = conflicts(plan, blame, |claim| matches!(claim.what, Claimed::DnsResolver));
    let hit = |conflict: super::conflict::Conflict<'a>| {
        let (Holder::Servers(here), Holder::Servers(elsewhere)) = (&conflict.second.holder, &conflict.first.holder)
        else {
            return None;
        };
        Some(Hit::in_group(conflict.second.place.clone(), conflict.group, move |_| {
            let (here, elsewhere) = (here.join(", "), elsewhere.join(", "));
            let message = format!(
                "the DNS servers of the nodes are {here} here, and {elsewhere} elsewhere: the last policy wins"
            );
            Words::new(message, "give all uplinks of the nodes the same servers, or only one of them")
                .with_related(conflict.first.place.clone(), elsewhere)
        }))
    };
    conflicts.into_iter().filter_map(hit).collect()
}
