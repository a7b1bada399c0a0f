use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::conflicts;
use super::hit::{Hit, Words, and_networks};
use crate::model::{Claimed, Holder, Plan};
use crate::rule;

rule! {
    /// A localnet leads to two bridges.
    ///
    /// Somebody else's policy among the inputs maps the same localnet to another bridge, on nodes that can be the same. OVN-Kubernetes knows one
    /// for a node; the policy that is applied last wins.
    ///
    /// ## Way out
    /// Give one of them another name, or let both name the same bridge.
    pub(super) LOCALNET_CONFLICT = "WK316", "localnet-conflict", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let conflicts = conflicts(plan, blame, |claim| matches!(claim.what, Claimed::Localnet(_)));
    let hit = |conflict: super::conflict::Conflict<'a>| {
        let Claimed::Localnet(localnet) = conflict.what else { return None };
        let (Holder::Interface(here), Holder::Interface(elsewhere)) = (&conflict.second.holder, &conflict.first.holder)
        else {
            return None;
        };
        Some(Hit::in_group(conflict.second.place.clone(), conflict.group, move |more| {
            let others = and_networks(more);
            Words::new(
                format!("the localnet `{localnet}` is `{here}` here{others}, and `{elsewhere}` elsewhere"),
                "give one of them another name in `ovn.bridge-mappings`, or let both name the same bridge",
            )
            .with_related(conflict.first.place.clone(), format!("`{elsewhere}`"))
            .about([here, elsewhere])
        }))
    };
    conflicts.into_iter().filter_map(hit).collect()
}
