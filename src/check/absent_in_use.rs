use std::collections::HashSet;

use super::conflict::meetings;
use crate::base::diagnostic::{Diagnostic, Report, others};
use crate::base::names::vlan_interface;
use crate::model::{Claim, Claimant, Claimed, Plan};
use crate::rule;

rule! {
    /// A policy among the inputs takes away what a network needs.
    ///
    /// Somebody else's NodeNetworkConfigurationPolicy has the interface, or what it stands on, with `state: absent`, on nodes that can be the same. The policy
    /// that is applied last wins, and both stay "Available".
    ///
    /// ## Way out
    /// Delete the interface from that policy, or choose another name here.
    pub(super) ABSENT_IN_USE = "WK311", "absent-in-use", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let needed = |claim: &Claim| match &claim.what {
        Claimed::Interface(name) | Claimed::Port(name) if claim.by != Claimant::Others => Some(name.clone()),
        Claimed::VlanTag { base, id } if claim.by != Claimant::Others => Some(vlan_interface(base, *id)),
        _ => None,
    };
    let base = |claim: &Claim| match &claim.what {
        Claimed::VlanTag { base, .. } if claim.by != Claimant::Others => Some(base.clone()),
        _ => None,
    };
    let mut found = meetings(plan, report, &ABSENT_IN_USE, absent, needed);
    found.extend(meetings(plan, report, &ABSENT_IN_USE, absent, base));
    // A bridge goes with its VLAN interface, and that with its NIC: one of them says it.
    let mut seen = HashSet::new();
    found.retain(|meeting| seen.insert((meeting.first.place.clone(), meeting.interface.clone())));
    for meeting in found {
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
