use super::conflict::conflicts;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// A localnet leads to two bridges.
    ///
    /// Somebody else's policy among the inputs maps the same localnet to another bridge, on nodes that can be the same. OVN-Kubernetes knows one
    /// for a node; the policy that is applied last wins.
    ///
    /// ## Way out
    /// Give one of them another name, or let both name the same bridge.
    pub(super) LOCALNET_CONFLICT = "WK316", "localnet-conflict", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::Localnet(_))) {
        let Claimed::Localnet(localnet) = conflict.what else { continue };
        let (here, elsewhere) = (&conflict.second.holder, &conflict.first.holder);
        let diagnostic = Diagnostic::new(
            &LOCALNET_CONFLICT,
            conflict.second.place.clone(),
            format!("the localnet `{localnet}` is `{here}` here{}, and `{elsewhere}` elsewhere", conflict.others()),
            "give one of them another name in `ovn.bridge-mappings`, or let both name the same bridge",
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), format!("`{elsewhere}`")));
    }
}
