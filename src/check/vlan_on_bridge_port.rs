use std::collections::HashSet;

use super::conflict::{bridge, meetings, port};
use crate::base::diagnostic::{Diagnostic, Report, others};
use crate::model::{Claim, Claimed, Plan, Trunk};
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
    let holders = plan.claims.iter().filter_map(|claim| Some((port(claim)?, claim.holder.as_str())));
    let whole: HashSet<(&str, &str)> = holders.collect();
    let tag = |claim: &Claim| match &claim.what {
        // The tags of a bridge that has the NIC whole are no VLAN interfaces.
        Claimed::VlanTag { base, id } => {
            let is_whole = whole.contains(&(base.as_str(), claim.holder.as_str()));
            (!is_whole && !is_left_out(plan, *id, base)).then(|| base.clone())
        }
        _ => None,
    };
    let bridges: HashSet<&str> = plan.claims.iter().filter_map(bridge).collect();
    for meeting in meetings(plan, report, &VLAN_ON_BRIDGE_PORT, port, tag) {
        let (Claimed::VlanTag { id, .. }, nic) = (&meeting.second.what, &meeting.interface) else { continue };
        let others =
            others(meeting.more, "; the same goes for one more network", "; the same goes for # more networks");
        let holder = &meeting.first.holder;
        let is_bond = !bridges.contains(holder.as_str());
        let diagnostic = Diagnostic::new(
            &VLAN_ON_BRIDGE_PORT,
            meeting.second.place.clone(),
            format!(
                "`{holder}` has `{nic}` as a port and does not get the frames of VLAN {id}, which has an interface of its own{others}"
            ),
            if is_bond {
                "put the VLAN on the bond"
            } else {
                "put all networks of the NIC on one bridge that carries their tags, or give each a `vlanId`; accept it if it is meant"
            },
        );
        report.push(diagnostic.with_related(meeting.first.place.clone(), format!("a port of `{holder}`")));
    }
}

/// Whether the trunk bridge of a NIC does not carry a tag anyway.
fn is_left_out(plan: &Plan, id: u16, nic: &str) -> bool {
    let is_on =
        |trunk: &&Trunk| plan.groups.iter().any(|group| group.interface(Some(&trunk.physical_interface)) == nic);
    let trunks: Vec<&Trunk> = plan.trunks.iter().filter(is_on).collect();
    let filtering = plan
        .existing_policies
        .iter()
        .flat_map(|policy| policy.bridges.iter().filter(|(_, it)| **it).map(move |(name, _)| (policy, name)));
    let others = filtering.filter(|(policy, name)| {
        policy.interfaces.iter().any(|(it, interface)| it == *name && interface.ports.iter().any(|port| port == nic))
    });
    // Of others' trunks nobody knows which tags they carry.
    (!trunks.is_empty() && trunks.iter().all(|trunk| !trunk.carries(id))) || others.count() > 0
}
