use std::collections::HashSet;

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::namespace_nearly_another::NAMESPACE_NEARLY_ANOTHER;
use crate::model::{Key, NadName, Plan};
use crate::rule;

rule! {
    /// A `nadName` that names a NetworkAttachmentDefinition which is not among the inputs.
    ///
    /// It may well be in the cluster. If it is not, the virtual machine stays pending.
    ///
    /// ## Way out
    /// Correct the name, name the file with the NetworkAttachmentDefinition as a further input, or `--allow WK219`.
    pub(super) NAD_NOT_FOUND = "WK219", "nad-not-found", Warning, yields_to: &[&NAMESPACE_NEARLY_ANOTHER];
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    // What was dropped because of an error may be what the name stands for.
    if plan.is_partial {
        return Vec::new();
    }
    let made = plan.attachments.iter().map(|it| (it.wukong.namespace.as_deref(), it.name.as_str()));
    let existing = plan.attachments_of_others.keys().map(|it| (it.namespace.as_deref(), it.name.as_str()));
    let known: HashSet<(Option<&str>, &str)> = made.chain(existing).collect();
    let mut hits = Vec::new();
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let Some(NadName { namespace, name }) = &network.nad_name else { continue };
            let namespace = namespace.as_deref().or(wukong.identity.namespace.as_deref());
            // A manifest without a namespace goes wherever it is applied, so it may be the one.
            if [namespace, None].iter().any(|namespace| known.contains(&(*namespace, name.as_str()))) {
                continue;
            }
            hits.push(Hit::new(network.at(Key::NadName), move || {
                let place = namespace.map_or_else(String::new, |namespace| format!(" in the namespace `{namespace}`"));
                Words::new(
                    format!("the NetworkAttachmentDefinition `{name}`{place} is not among the inputs"),
                    "check that the cluster has it, or name its file as a further input",
                )
            }));
        }
    }
    hits
}
