use super::conflict::conflicts;
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{Claimed, Plan};
use crate::rule;

rule! {
    /// One VLAN of one NIC is under two bridges.
    ///
    /// There is one VLAN interface for a tag on a NIC, and it is a port of one bridge. The second bridge takes it from the first
    /// (nmstate, `ifaces/inter_ifaces_controller.rs`, refuses it within one policy only).
    ///
    /// ## Way out
    /// Use the same `bridgeName` for both networks: they are on the same wire.
    pub(super) VLAN_IN_TWO_BRIDGES = "WK306", "vlan-in-two-bridges", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, |what| matches!(what, Claimed::VlanTag { .. })) {
        let Claimed::VlanTag { base, id } = conflict.what else { continue };
        let (first, second) = (&conflict.first.holder, &conflict.second.holder);
        report.push(
            Diagnostic::new(
                &VLAN_IN_TWO_BRIDGES,
                conflict.second.place.clone(),
                format!("VLAN {id} of `{base}` cannot be under `{second}`: it is under `{first}` already"),
                format!("use one bridge for both: `bridgeName: {first}`"),
            )
            .with_related(conflict.first.place.clone(), format!("under `{first}`")),
        );
    }
}
