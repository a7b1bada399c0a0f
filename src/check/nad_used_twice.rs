use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nad_does_not_fit::NAD_DOES_NOT_FIT;
use crate::model::{Key, NadName, Network, Plan};
use crate::rule;

rule! {
    /// Two networks of one virtual machine use the same attachment.
    ///
    /// Both interfaces are on one wire, in one subnet: the guest answers for either address on both, and static addresses of the attachment
    /// are given twice. Most often one of the names was copied and not changed.
    ///
    /// ## Way out
    /// Name another attachment, or delete one of the networks.
    pub(super) NAD_USED_TWICE = "WK237", "nad-used-twice", Warning, yields_to: &[&NAD_DOES_NOT_FIT];
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    for wukong in &plan.wukongs {
        let identity = &wukong.identity;
        let own = identity.namespace.as_deref();
        let mut seen: HashMap<(Option<&str>, &str), &Network> = HashMap::new();
        for network in &wukong.networks {
            let Some(NadName { namespace, name }) = &network.nad_name else { continue };
            let Some(first) = seen.insert((namespace.as_deref().or(own), name), network) else { continue };
            hits.push(Hit::new(network.at(Key::NadName), move || {
                Words::new(
                    format!("`{}` uses the attachment `{name}` twice", identity.name),
                    "name another attachment, or delete one of the networks",
                )
                .with_related(first.at(Key::NadName), "the first one")
            }));
        }
    }
    hits
}
