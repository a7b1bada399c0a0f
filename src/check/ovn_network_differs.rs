use std::collections::BTreeMap;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::conflicts;
use super::hit::{Hit, Words};
use crate::model::{Claimed, Holder, Plan};
use crate::rule;

rule! {
    /// One network of OVN-Kubernetes is configured in two ways.
    ///
    /// Attachments to a localnet name a network that is one in the whole cluster, and all of them must say the same of it: the localnet, the
    /// VLAN, the MTU. OVN-Kubernetes takes one of the two, and does not say which ("Multiple networks", its documentation).
    ///
    /// ## Way out
    /// Let the MTU of the localnet's uplink be the same in all node groups; give a NetworkAttachmentDefinition of your own another `name` in its
    /// configuration.
    pub(super) OVN_NETWORK_DIFFERS = "WK314", "ovn-network-differs", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let conflicts = conflicts(plan, blame, |claim| matches!(claim.what, Claimed::OvnNetwork(_)));
    let hit = |conflict: super::conflict::Conflict<'a>| {
        let Claimed::OvnNetwork(name) = conflict.what else { return None };
        let (Holder::OvnNetwork(here), Holder::OvnNetwork(elsewhere)) =
            (&conflict.second.holder, &conflict.first.holder)
        else {
            return None;
        };
        Some(Hit::in_group(conflict.second.place.clone(), conflict.group, move |_| {
            let (here, elsewhere) = (only(here, elsewhere), only(elsewhere, here));
            let message = format!("OVN's network `{name}` has {here} here, and {elsewhere} elsewhere");
            Words::new(message, "let both say the same, or give one of them another name")
                .with_related(conflict.first.place.clone(), elsewhere)
        }))
    };
    conflicts.into_iter().filter_map(hit).collect()
}

/// What one says and the other does not.
fn only(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> String {
    let own = one.iter().filter(|(key, value)| other.get(*key) != Some(value));
    let own: Vec<String> = own.map(|(key, value)| format!("`{key}: {value}`")).collect();
    if own.is_empty() { "nothing of that".to_owned() } else { own.join(", ") }
}
