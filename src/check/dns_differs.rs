use super::conflict::conflicts;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// Policies give one node different DNS servers.
    ///
    /// nmstate's `dns-resolver` is one list for the whole node, and replaces what is there. With two policies, the one that is
    /// applied last wins.
    ///
    /// ## Way out
    /// Let every uplink of the nodes have the same `dns-resolver`, or only one of them.
    pub(super) DNS_DIFFERS = "WK315", "dns-differs", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::DnsResolver)) {
        let (here, elsewhere) = (&conflict.second.holder, &conflict.first.holder);
        let diagnostic = Diagnostic::new(
            &DNS_DIFFERS,
            conflict.second.place.clone(),
            format!("the DNS servers of the nodes are {here} here, and {elsewhere} elsewhere: the last policy wins"),
            "give all uplinks of the nodes the same servers, or only one of them",
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), elsewhere.clone()));
    }
}
