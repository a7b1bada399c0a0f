use std::collections::{HashMap, HashSet};

use super::conflict::{agreed, bridge, meetings, port};
use crate::base::diagnostic::{Diagnostic, Place, Report, others};
use crate::base::names::vlan_interface;
use crate::model::{Claim, Claimant, Claimed, Plan};
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
    let meetings = meetings(plan, report, &BRIDGE_ON_BRIDGE, bridge, becomes_port);
    if meetings.is_empty() {
        return;
    }
    let (mut users, mut bridges) = (HashMap::new(), HashMap::new());
    for claim in &plan.claims {
        if let Some(interface) = becomes_port(claim) {
            users.entry(interface).or_insert_with(HashSet::new).insert(&claim.place);
        }
        if let Some(name) = bridge(claim) {
            bridges.entry(name).or_insert_with(HashSet::new).insert(&claim.place);
        }
    }
    for meeting in meetings {
        let name = &meeting.interface;
        let count = |places: Option<&HashSet<&Place>>| places.map_or(0, HashSet::len);
        let (users, bridges) = (count(users.get(name)), count(bridges.get(name.as_str())));
        let is_port = meeting.second.by == Claimant::Site || users > bridges;
        let agreed = agreed(users.max(bridges));
        // The one that fewer say is the one in the wrong.
        let (wrong, right, message, help) = if is_port && meeting.first.by == Claimant::Network {
            let message = format!("`{name}` cannot be a bridge: it is a port of `{}`{agreed}", meeting.second.holder);
            (meeting.first, meeting.second, message, "give the bridge another `bridgeName`")
        } else {
            let others = others(meeting.more, " (and of one more)", " (and of # more)");
            let holder = &meeting.second.holder;
            let message = format!("`{name}` cannot be a port of `{holder}`{others}: it is a bridge itself{agreed}");
            let help = "name a NIC; or to be on the same wire, name the bridge as `bridgeName`";
            (meeting.second, meeting.first, message, help)
        };
        let diagnostic = Diagnostic::new(&BRIDGE_ON_BRIDGE, wrong.place.clone(), message, help);
        let words = if is_port { format!("a port of `{}`", right.holder) } else { right.holder.clone() };
        report.push(diagnostic.with_related(right.place.clone(), words));
    }
}
