use super::conflict::{conflicts, is_of_pods, named};
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// One VLAN of one NIC is under two bridges, or has two interfaces.
    ///
    /// There is one VLAN interface for a tag on a NIC, and it is a port of one bridge. The second bridge takes it from the first
    /// (nmstate, `ifaces/inter_ifaces_controller.rs`, refuses it within one policy only). An OVS bridge or a trunk bridge that has the
    /// NIC whole does not see the tag any more once there is a VLAN interface for it: the kernel hands the frames to that first. macvlan and
    /// ipvlan cannot be on a VLAN interface that is a port (`EBUSY`).
    ///
    /// ## Way out
    /// Use the same `bridgeName` for both networks: they are on the same wire.
    pub(super) VLAN_IN_TWO_BRIDGES = "WK306", "vlan-in-two-bridges", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::VlanTag { .. })) {
        let Claimed::VlanTag { base, id } = conflict.what else { continue };
        let (first, second) = (&conflict.first.holder, &conflict.second.holder);
        let help = if [first, second].iter().any(|holder| is_of_pods(holder)) {
            "use `type: bridge` and one `bridgeName` for both".to_owned()
        } else {
            format!("put both on one bridge (the same `type`, and `bridgeName: {first}`), or use another VLAN")
        };
        let diagnostic = Diagnostic::new(
            &VLAN_IN_TWO_BRIDGES,
            conflict.second.place.clone(),
            format!(
                "VLAN {id} of `{base}` cannot be under {}{}: it is under {} already",
                named(second),
                conflict.others(),
                named(first)
            ),
            help,
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), format!("under {}", named(first))));
    }
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::VlanInterface { .. })) {
        let Claimed::VlanInterface { base, id } = conflict.what else { continue };
        let (first, second) = (&conflict.first.holder, &conflict.second.holder);
        let diagnostic = Diagnostic::new(
            &VLAN_IN_TWO_BRIDGES,
            conflict.second.place.clone(),
            format!("VLAN {id} of `{base}` cannot be `{second}`{}: it is `{first}` elsewhere", conflict.others()),
            format!("list `{first}` among the Site's `uplinks` and use it, or take it away"),
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), format!("`{first}`")));
    }
}
