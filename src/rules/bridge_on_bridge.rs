use super::conflict::{meetings, port};
use crate::diagnostic::{Diagnostic, Report, others};
use crate::names::vlan_interface;
use crate::plan::{Claim, Claimed, Plan};
use crate::rule;

rule! {
    /// An interface is a bridge for one network and an uplink for another.
    ///
    /// The name that one network gives to its bridge is what another one puts into a bridge, as a NIC or as the VLAN interface that
    /// its `vlanId` makes. There is one interface of a name on a node, and the kernel takes no bridge into a bridge (`ELOOP`).
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, bridgeName: br-lan, physicalInterface: ens224}
    /// - {name: dmz, type: bridge, physicalInterface: br-lan}     # ens224, or another network on br-lan
    /// ```
    ///
    /// ## Way out
    /// To be on the same wire, name the bridge as `bridgeName`. Otherwise give it another name, or name a NIC.
    pub(super) BRIDGE_ON_BRIDGE = "WK308", "bridge-on-bridge", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let becomes_port = |claim: &Claim| match &claim.what {
        Claimed::VlanTag { base, id } => Some(vlan_interface(base, *id)),
        _ => port(claim).map(str::to_owned),
    };
    for meeting in meetings(plan, report, &BRIDGE_ON_BRIDGE, bridge, becomes_port) {
        let others = others(meeting.more, " (and of one more)", " (and of # more)");
        let diagnostic = Diagnostic::new(
            &BRIDGE_ON_BRIDGE,
            meeting.second.place.clone(),
            format!(
                "`{}` cannot be a port of `{}`{others}: it is a bridge itself",
                meeting.interface, meeting.second.holder
            ),
            "name a NIC; or to be on the same wire, name the bridge as `bridgeName`",
        );
        report.push(diagnostic.with_related(meeting.first.place.clone(), meeting.first.holder.clone()));
    }
}

fn bridge(claim: &Claim) -> Option<&str> {
    match &claim.what {
        Claimed::Bridge(name) => Some(name),
        _ => None,
    }
}
