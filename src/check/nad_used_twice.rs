use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nad_does_not_fit::NAD_DOES_NOT_FIT;
use crate::base::place::NetworkId;
use crate::model::{Key, NadName, Network, Plan};
use crate::rule;

rule! {
    /// Two networks of one virtual machine use the same attachment.
    ///
    /// Both interfaces are on one wire, in one subnet: the guest answers for either address on both, and static addresses of the attachment
    /// are given twice. Most often one of the names was copied and not changed. The attachment may also be the one that is made here for another
    /// network of the same machine.
    ///
    /// ## Way out
    /// Name another attachment, or delete one of the networks.
    pub(super) NAD_USED_TWICE = "WK237", "nad-used-twice", Warning, yields_to: &[&NAD_DOES_NOT_FIT];
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    if plan.networks().all(|network| network.nad_name.is_none()) {
        return Vec::new();
    }
    // Attachments that are made here may be named as well.
    let made: HashMap<NetworkId, &str> =
        plan.attachments.iter().filter_map(|made| Some((made.origin.network?, made.name.as_str()))).collect();
    let mut hits = Vec::new();
    for wukong in plan.wukongs.iter().filter(|wukong| wukong.networks.iter().any(|it| it.nad_name.is_some())) {
        let identity = &wukong.identity;
        let own = identity.namespace.as_deref();
        let generated = wukong.networks.iter().filter_map(|network| {
            let name = made.get(&network.origin.network?).filter(|_| network.nad_name.is_none())?;
            Some(((own, *name), network))
        });
        let mut seen: HashMap<(Option<&str>, &str), &Network> = generated.collect();
        for network in &wukong.networks {
            let Some(NadName { namespace, name }) = &network.nad_name else { continue };
            let Some(first) = seen.insert((namespace.as_deref().or(own), name), network) else { continue };
            hits.push(Hit::new(network.at(Key::NadName), move || {
                let (key, what) = match first.nad_name {
                    Some(_) => (Key::NadName, "the first one"),
                    None => (Key::Name, "the network for which it is made"),
                };
                Words::new(
                    format!("`{}` uses the attachment `{name}` twice", identity.name),
                    "name another attachment, or delete one of the networks",
                )
                .with_related(first.at(key), what)
            }));
        }
    }
    hits
}
