use super::conflict::conflicts;
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{Claimed, Plan};
use crate::rule;

rule! {
    /// One bridge is defined in two ways.
    ///
    /// Two networks make a bridge of one name with another uplink, VLAN, type or node address, on nodes that can be the same. Nothing
    /// in a cluster notices: the policy that is applied last wins, both stay "Available", and the other virtual machines
    /// are on the wrong network (tried with nmstate 2.2.62: the port list is replaced).
    ///
    /// ## Way out
    /// Give one of the bridges another `bridgeName`, or make the networks agree. If they are meant for different nodes, select
    /// these by one label with different values.
    pub(super) BRIDGE_CONFLICT = "WK304", "bridge-conflict", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, |what| matches!(what, Claimed::Bridge(_))) {
        let Claimed::Bridge(bridge) = conflict.what else { continue };
        report.push(
            Diagnostic::new(
                &BRIDGE_CONFLICT,
                conflict.second.place.clone(),
                format!(
                    "the bridge `{bridge}` is {} here, and {} elsewhere",
                    conflict.second.holder, conflict.first.holder
                ),
                "give one of them another `bridgeName`, or make them agree",
            )
            .with_related(conflict.first.place.clone(), conflict.first.holder.clone()),
        );
    }
}
