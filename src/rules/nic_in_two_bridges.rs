use std::collections::HashSet;

use super::conflict::conflicts;
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{Claim, Claimed, Plan};
use crate::rule;

rule! {
    /// One NIC is a port of two bridges, or of a bridge and a bond.
    ///
    /// A NIC has one controller. The second bridge takes it from the first, and all virtual machines there lose the network; across
    /// policies nothing notices (nmstate, `ifaces/inter_ifaces_controller.rs`, refuses it within one policy only).
    ///
    /// ## Way out
    /// Use one bridge for both networks (the same `bridgeName`), a NIC for each, or a `vlanId` for each.
    pub(super) NIC_IN_TWO_BRIDGES = "WK305", "nic-in-two-bridges", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let conflicts = conflicts(plan, |what| matches!(what, Claimed::Port(_)));
    if conflicts.is_empty() {
        return;
    }
    let bridge = |claim: &Claim| match &claim.what {
        Claimed::Bridge(name) => Some(name.clone()),
        _ => None,
    };
    let bridges: HashSet<String> = plan.claims.iter().filter_map(bridge).collect();
    for conflict in conflicts {
        let Claimed::Port(nic) = conflict.what else { continue };
        let (first, second) = (&conflict.first.holder, &conflict.second.holder);
        let help = if bridges.contains(first) {
            "use one `bridgeName` for both, a NIC for each, or a `vlanId` for each".to_owned()
        } else {
            format!("use the bond (`physicalInterface: {first}`), or another NIC")
        };
        report.push(
            Diagnostic::new(
                &NIC_IN_TWO_BRIDGES,
                conflict.second.place.clone(),
                format!("`{nic}` cannot be a port of `{second}`: it is one of `{first}` already"),
                help,
            )
            .with_related(conflict.first.place.clone(), format!("a port of `{first}`")),
        );
    }
}
