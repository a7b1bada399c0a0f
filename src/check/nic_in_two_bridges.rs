use std::collections::HashSet;

use super::conflict::{bridge, conflicts, is_of_pods};
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// One NIC is a port of two bridges, or of a bridge and a bond.
    ///
    /// A NIC has one controller. The second bridge takes it from the first, and all virtual machines there lose the network; across
    /// policies nothing notices (nmstate, `ifaces/inter_ifaces_controller.rs`, refuses it within one policy only). macvlan and ipvlan want
    /// the NIC to themselves as well: on one that is a port, or that the other of the two has, the kernel refuses them (`EBUSY`,
    /// `netdev_rx_handler_register`; tried with iproute2), and the pod does not start.
    ///
    /// ## Way out
    /// Use one bridge for both networks (the same `bridgeName`), a NIC for each, or a `vlanId` for each.
    pub(super) NIC_IN_TWO_BRIDGES = "WK305", "nic-in-two-bridges", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let conflicts = conflicts(plan, report, |claim| matches!(claim.what, Claimed::Port(_)));
    if conflicts.is_empty() {
        return;
    }
    let bridges: HashSet<&str> = plan.claims.iter().filter_map(bridge).collect();
    for conflict in conflicts {
        let Claimed::Port(nic) = conflict.what else { continue };
        let (first, second) = (&conflict.first.holder, &conflict.second.holder);
        let has_it = |holder: &str| {
            if is_of_pods(holder) { format!("under {holder}") } else { format!("a port of `{holder}`") }
        };
        let help = if [first, second].iter().any(|holder| is_of_pods(holder)) {
            "use `type: bridge` and one `bridgeName` for both, or another NIC".to_owned()
        } else if bridges.contains(first.as_str()) {
            "use one `bridgeName` for both, or a NIC for each; with `type: bridge`, a `vlanId` for each will do"
                .to_owned()
        } else {
            format!("use the bond (`physicalInterface: {first}`), or another NIC")
        };
        let diagnostic = Diagnostic::new(
            &NIC_IN_TWO_BRIDGES,
            conflict.second.place.clone(),
            format!("`{nic}` cannot be {}{}: it is {} already", has_it(second), conflict.others(), has_it(first)),
            help,
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), has_it(first)));
    }
}
