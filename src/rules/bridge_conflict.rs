use super::conflict::{agreed, conflicts};
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{Claimed, Plan};
use crate::rule;

rule! {
    /// One bridge is defined in two ways.
    ///
    /// Two networks make a bridge of one name with another uplink, VLAN, type or node address, on nodes that can be the same. Nothing
    /// in a cluster notices: the policy that is applied last wins, both stay "Available", and the other virtual machines
    /// are on the wrong network (tried with nmstate 2.2.62: the port list is replaced). Of several networks, the one that differs from
    /// most is shown; a policy of somebody else's among the inputs counts as right.
    ///
    /// ## Way out
    /// Give one of the bridges another `bridgeName`, or make the networks agree. If they are meant for different nodes, select
    /// these by one label with different values.
    pub(super) BRIDGE_CONFLICT = "WK304", "bridge-conflict", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::Bridge(_))) {
        let Claimed::Bridge(bridge) = conflict.what else { continue };
        let (here, elsewhere) = (&conflict.second.holder, &conflict.first.holder);
        let agreed = agreed(conflict.agreed);
        let diagnostic = Diagnostic::new(
            &BRIDGE_CONFLICT,
            conflict.second.place.clone(),
            format!("the bridge `{bridge}` is {here} here{}, and {elsewhere} elsewhere{agreed}", conflict.others()),
            "give one of them another `bridgeName`, or make them agree",
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), elsewhere.clone()));
    }
}
