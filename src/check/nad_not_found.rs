use std::collections::HashSet;

use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::Plan;
use crate::rule;

rule! {
    /// A `nadName` that names a NetworkAttachmentDefinition which is not among the inputs.
    ///
    /// It may well be in the cluster. If it is not, the virtual machine stays pending.
    ///
    /// ## Way out
    /// Correct the name, name the file with the NetworkAttachmentDefinition as a further input, or `--allow WK219`.
    pub(super) NAD_NOT_FOUND = "WK219", "nad-not-found", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let made: HashSet<(Option<&str>, &str)> =
        plan.attachments.iter().map(|it| (it.wukong.namespace.as_deref(), it.name.as_str())).collect();
    let existing: HashSet<(Option<&str>, &str)> =
        plan.existing_attachments.keys().map(|(namespace, name)| (namespace.as_deref(), name.as_str())).collect();
    // What was dropped because of an error may be what the name stands for.
    if plan.is_partial {
        return;
    }
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let Some((namespace, name)) = &network.nad_name else { continue };
            let namespace = namespace.as_deref().or(wukong.identity.namespace.as_deref());
            // A manifest without a namespace goes wherever it is applied, so it may be the one.
            let is_known = [namespace, None].iter().any(|namespace| {
                let key = (*namespace, name.as_str());
                made.contains(&key) || existing.contains(&key)
            });
            if is_known {
                continue;
            }
            let place = namespace.map_or_else(String::new, |namespace| format!(" in the namespace `{namespace}`"));
            report.push(Diagnostic::new(
                &NAD_NOT_FOUND,
                network.origin.at("nadName"),
                format!("the NetworkAttachmentDefinition `{name}`{place} is not among the inputs"),
                "check that the cluster has it, or name its file as a further input",
            ));
        }
    }
}
