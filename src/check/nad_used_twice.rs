use std::collections::HashMap;

use super::nad_does_not_fit::NAD_DOES_NOT_FIT;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Network, Plan};
use crate::rule;

rule! {
    /// Two networks of one virtual machine use the same attachment.
    ///
    /// Both interfaces are on one wire, in one subnet: the guest answers for either address on both, and static addresses of the attachment
    /// are given twice. Most often one of the names was copied and not changed.
    ///
    /// ## Way out
    /// Name another attachment, or delete one of the networks.
    pub(super) NAD_USED_TWICE = "WK237", "nad-used-twice", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let unfit = report.places_of(&NAD_DOES_NOT_FIT);
    for wukong in &plan.wukongs {
        let own = wukong.identity.namespace.as_deref();
        let mut seen: HashMap<(Option<&str>, &str), &Network> = HashMap::new();
        for network in &wukong.networks {
            let Some((namespace, name)) = &network.nad_name else { continue };
            let Some(first) = seen.insert((namespace.as_deref().or(own), name), network) else { continue };
            // A name that was copied leads to an attachment that does not fit, too.
            if unfit.contains(&network.origin.at("nadName")) {
                continue;
            }
            let diagnostic = Diagnostic::new(
                &NAD_USED_TWICE,
                network.origin.at("nadName"),
                format!("`{}` uses the attachment `{name}` twice", wukong.identity.name),
                "name another attachment, or delete one of the networks",
            );
            report.push(diagnostic.with_related(first.origin.at("nadName"), "the first one"));
        }
    }
}
