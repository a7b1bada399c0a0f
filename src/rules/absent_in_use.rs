use super::conflict::meetings;
use crate::diagnostic::{Diagnostic, Report, others};
use crate::names::vlan_interface;
use crate::plan::{Claim, Claimed, Plan};
use crate::rule;

rule! {
    /// A policy among the inputs takes away what a network needs.
    ///
    /// Somebody else's NodeNetworkConfigurationPolicy has the interface with `state: absent`, on nodes that can be the same. The policy
    /// that is applied last wins, and both stay "Available".
    ///
    /// ## Way out
    /// Delete the interface from that policy, or choose another name here.
    pub(super) ABSENT_IN_USE = "WK311", "absent-in-use", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let needed = |claim: &Claim| match &claim.what {
        Claimed::Bridge(name) | Claimed::Port(name) if !claim.is_given => Some(name.clone()),
        Claimed::VlanTag { base, id } if !claim.is_given => Some(vlan_interface(base, *id)),
        _ => None,
    };
    for meeting in meetings(plan, report, &ABSENT_IN_USE, absent, needed) {
        let others = others(meeting.more, " (and by one more network)", " (and by # more networks)");
        let diagnostic = Diagnostic::new(
            &ABSENT_IN_USE,
            meeting.second.place.clone(),
            format!("`{}` is needed here{others}, and {} takes it away", meeting.interface, meeting.first.holder),
            "delete the interface from that policy, or choose another name here",
        );
        report.push(diagnostic.with_related(meeting.first.place.clone(), "taken away"));
    }
}

fn absent(claim: &Claim) -> Option<&str> {
    match &claim.what {
        Claimed::Absent(name) => Some(name),
        _ => None,
    }
}
