use super::conflict::conflicts;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// One address is given to two on the same wire.
    ///
    /// Two virtual machines, or a virtual machine and a node, have one address on the same NIC and VLAN. Both answer for it, and
    /// connections break at random (kubevirt#4910, multus-cni#1150). A virtual machine with the address of another's gateway is taken
    /// for the router that it may well be.
    ///
    /// ## Way out
    /// Give one of them another address.
    pub(super) DUPLICATE_ADDRESS = "WK307", "duplicate-address", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::Address { .. })) {
        let Claimed::Address { address, uplink, vlan } = conflict.what else { continue };
        let wire = vlan.map_or_else(|| format!("`{uplink}`"), |vlan| format!("VLAN {vlan} of `{uplink}`"));
        report.push(
            Diagnostic::new(
                &DUPLICATE_ADDRESS,
                conflict.second.place.clone(),
                format!(
                    "{address} on {wire} belongs to {}, and to {} already",
                    conflict.second.holder, conflict.first.holder
                ),
                "give one of them another address",
            )
            .with_related(conflict.first.place.clone(), conflict.first.holder.clone()),
        );
    }
}
