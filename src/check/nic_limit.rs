use super::nodes::{Asked, name_nodes, on_nodes, place_in_state, place_of, selected_with};
use crate::api::nmstate::{Interface, InterfaceType};
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::Plan;
use crate::model::inventory::NodeInterface;
use crate::rule;

rule! {
    /// A NIC cannot do what is asked of it: its largest MTU is smaller, or it has fewer virtual functions.
    ///
    /// The node's driver refuses it, and the policy fails there (nmstate compares the MTU with `max-mtu` before it applies anything).
    ///
    /// ## Way out
    /// Lower the `mtu` or `total-vfs` of the uplink, for the nodes that are named in a node group of their own.
    pub(super) NIC_LIMIT = "WK230", "nic-limit", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut asked = Asked::default();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        let is_nic = |it: &&Interface| it.interface_type == Some(InterfaceType::Ethernet);
        for interface in policy.desired_state.interfaces.iter().filter(is_nic) {
            let name = &interface.name;
            let vfs = interface.ethernet.as_ref().map(|ethernet| ethernet.sr_iov.total_vfs);
            let limits = [
                ("MTU", "mtu", interface.mtu, (|it| it.max_mtu) as fn(&NodeInterface) -> Option<u32>),
                ("number of virtual functions", "ethernet/sr-iov/total-vfs", vfs, |it| it.max_vfs),
            ];
            for (what, key, wanted, limit) in limits {
                let Some(wanted) = wanted else { continue };
                if !asked.is_new(format!("{what} {wanted} of {name}"), &policy.nodes) {
                    continue;
                }
                let limit = |number: &usize| {
                    plan.inventory.node(*number).interfaces.get(name).and_then(limit).filter(|limit| *limit < wanted)
                };
                let unable: Vec<usize> =
                    selected_with(plan, policy, name).filter(|number| limit(number).is_some()).collect();
                let Some((first, least)) = unable.first().and_then(|first| Some((*first, limit(first)?))) else {
                    continue;
                };
                let message = format!("the {what} of `{name}` cannot be {wanted} on {}", name_nodes(plan, &unable));
                let place = place_in_state(plan.inventory.node(first), name);
                let own = policy.uplink.as_ref().filter(|it| it.interfaces.last().is_some_and(|top| top.name == *name));
                // The ports of a bond have its MTU.
                let bond = policy.uplink.as_ref().filter(|it| it.mtu == Some(wanted) && key == "mtu");
                let written = own.or(bond).map_or_else(|| place_of(policy, name), |it| it.origin.at(key));
                let diagnostic = Diagnostic::new(&NIC_LIMIT, written, message, format!("use {least} at most"))
                    .with_related(place, format!("it takes {least} at most"));
                on_nodes(diagnostic, &policy.nodes, report);
            }
        }
    }
}
