use std::collections::HashSet;

use super::conflict::{meetings, port};
use crate::diagnostic::{Diagnostic, Report, others};
use crate::plan::{Claim, Claimed, Plan};
use crate::rule;

rule! {
    /// A NIC is a port of a bridge or bond, and has VLAN interfaces too.
    ///
    /// The kernel hands tagged frames to the VLAN interface before the bridge sees them. The bridge's guests lose these VLANs without a word,
    /// untagged traffic still works, and a moved bridge moves only half of the traffic. It can be meant: a bridge for what is untagged
    /// beside VLANs of their own.
    ///
    /// ## Example
    /// ```yaml
    /// - {name: all, type: bridge, physicalInterface: ens224}              # every frame of ens224 ...
    /// - {name: lab, type: bridge, physicalInterface: ens224, vlanId: 100} # ... but those of VLAN 100
    /// ```
    ///
    /// ## Way out
    /// Give every network on the NIC a `vlanId`, or put them all on one trunk bridge (`trunkBridges` in the Site). If it is meant, accept it.
    pub(super) VLAN_ON_BRIDGE_PORT = "WK309", "vlan-on-bridge-port", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let whole = |claim: &'_ Claim| port(claim).map(|nic| (nic.to_owned(), claim.holder.clone()));
    let whole: HashSet<(String, String)> = plan.claims.iter().filter_map(whole).collect();
    let tag = |claim: &Claim| match &claim.what {
        // The tags of a bridge that has the NIC whole are no VLAN interfaces.
        Claimed::VlanTag { base, .. } => {
            let key = (base.clone(), claim.holder.clone());
            (!whole.contains(&key)).then_some(key.0)
        }
        _ => None,
    };
    for meeting in meetings(plan, report, &VLAN_ON_BRIDGE_PORT, port, tag) {
        let (Claimed::VlanTag { id, .. }, nic) = (&meeting.second.what, &meeting.interface) else { continue };
        let others = others(meeting.more, " (and one more network)", " (and # more networks)");
        let holder = &meeting.first.holder;
        let diagnostic = Diagnostic::new(
            &VLAN_ON_BRIDGE_PORT,
            meeting.second.place.clone(),
            format!(
                "VLAN {id} of `{nic}` has an interface of its own{others}: its frames do not reach `{holder}`, which has `{nic}` as a port"
            ),
            "give each network on the NIC a `vlanId`, or use one trunk bridge for all; accept it if it is meant",
        );
        report.push(diagnostic.with_related(meeting.first.place.clone(), format!("a port of `{holder}`")));
    }
}
