use std::collections::{HashMap, HashSet};

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use super::namespace_nearly_another::NAMESPACE_NEARLY_ANOTHER;
use crate::model::{Key, NadName, Plan};
use crate::rule;

rule! {
    /// A `nadName` that names a NetworkAttachmentDefinition which is not among the inputs.
    ///
    /// It may well be in the cluster. If it is not, the virtual machine stays pending. Reported once for each name; once for the run, if no
    /// NetworkAttachmentDefinition is among the inputs at all.
    ///
    /// ## Way out
    /// Correct the name, name the file with the NetworkAttachmentDefinition as a further input, or accept it in the Site (`explain WK118`).
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
    let mut groups: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let Some(NadName { namespace, name }) = &network.nad_name else { continue };
            let namespace = namespace.as_deref().or(wukong.identity.namespace.as_deref());
            // A manifest without a namespace goes wherever it is applied, so it may be the one.
            if [namespace, None].iter().any(|namespace| known.contains(&(*namespace, name.as_str()))) {
                continue;
            }
            // Where there is none at all, none of the names is more suspicious than the others.
            let is_alone = !plan.attachments_of_others.is_empty();
            let next = groups.len();
            let key = if is_alone { (namespace, name.as_str()) } else { (None, "") };
            let group = *groups.entry(key).or_insert(next);
            hits.push(Hit::in_group(network.at(Key::NadName), group, move |more| {
                let place = namespace.map_or_else(String::new, |namespace| format!(" in the namespace `{namespace}`"));
                let others = if is_alone {
                    and_networks(more)
                } else {
                    more.words(", nor is that of one more network", |more| {
                        format!(", nor are those of {more} more networks")
                    })
                };
                Words::new(
                    format!("the NetworkAttachmentDefinition `{name}`{place} is not among the inputs{others}"),
                    "check that the cluster has it, or name its file as a further input",
                )
            }));
        }
    }
    hits
}
