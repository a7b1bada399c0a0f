use super::conflict::{meetings, port};
use crate::base::diagnostic::{Diagnostic, Report, others};
use crate::model::{Claim, Claimed, Plan};
use crate::rule;

rule! {
    /// A NIC whose virtual functions are used is a port of a bridge or bond as well.
    ///
    /// The NIC's own switch knows the addresses of its virtual functions, not those of guests behind a bridge: frames between the two are
    /// lost unless the NIC is promiscuous. And what resets the NIC to change the number of functions (the SR-IOV operator, NMState) takes
    /// the bridge down with it (sriov-network-operator, `doc/design/externally-manage-pf.md`).
    ///
    /// ## Way out
    /// Use another NIC for one of the two.
    pub(super) VIRTUAL_FUNCTIONS_ON_PORT = "WK310", "virtual-functions-on-port", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let functions = |claim: &Claim| match &claim.what {
        Claimed::VirtualFunctions(nic) => Some(nic.clone()),
        _ => None,
    };
    for meeting in meetings(plan, report, &VIRTUAL_FUNCTIONS_ON_PORT, port, functions) {
        let others = others(meeting.more, " (and one more network)", " (and # more networks)");
        let holder = &meeting.first.holder;
        let diagnostic = Diagnostic::new(
            &VIRTUAL_FUNCTIONS_ON_PORT,
            meeting.second.place.clone(),
            format!(
                "virtual functions of `{}` are used here{others}, and it is a port of `{holder}`",
                meeting.interface
            ),
            "use another NIC for one of the two",
        );
        report.push(diagnostic.with_related(meeting.first.place.clone(), format!("a port of `{holder}`")));
    }
}
