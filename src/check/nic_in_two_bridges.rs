use std::collections::HashSet;

use super::bridge_on_bridge::BRIDGE_ON_BRIDGE;
use super::collect::Blame;
use super::conflict::{bridge, conflicts, controller};
use super::hit::{Hit, Words, and_networks};
use super::slip::meant_bridge;
use crate::model::{Claim, Claimed, Controller, Plan};
use crate::rule;

rule! {
    /// One NIC is a port of two bridges, or of a bridge and a bond.
    ///
    /// A NIC has one controller. The second bridge takes it from the first, and all virtual machines there lose the network; across
    /// policies nothing notices (nmstate, `ifaces/inter_ifaces_controller.rs`, refuses it within one policy only). macvlan and ipvlan want
    /// the NIC to themselves as well: on one that is a port, or that the other of the two has, the kernel refuses them (`EBUSY`,
    /// `netdev_rx_handler_register`; tried with iproute2), and the pod does not start.
    ///
    /// ## Way out
    /// Use one bridge for both networks (the same `bridgeName`), a NIC for each, or a `vlanId` for each.
    pub(super) NIC_IN_TWO_BRIDGES = "WK305", "nic-in-two-bridges", Error,
        yields_to: &[&BRIDGE_ON_BRIDGE];
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let is_whole = |claim: &Claim| matches!(&claim.what, Claimed::Wire(wire) if wire.tag().is_none());
    let conflicts = conflicts(plan, blame, is_whole);
    if conflicts.is_empty() {
        return Vec::new();
    }
    let bridges: HashSet<&str> = plan.claims.iter().filter_map(bridge).collect();
    let hit = |conflict: super::conflict::Conflict<'a>| {
        let Claimed::Wire(wire) = conflict.what else { return None };
        let (first, second) = (controller(conflict.first)?, controller(conflict.second)?);
        let meant = meant_bridge(plan, &conflict);
        let help = match (&meant, first, second) {
            (Some((bridge, _)), ..) => format!("did you mean `bridgeName: {bridge}`? If not, use another NIC"),
            (_, Controller::Macvlan | Controller::Ipvlan, _) | (.., Controller::Macvlan | Controller::Ipvlan) => {
                "use `type: bridge` and one `bridgeName` for both, or another NIC".to_owned()
            }
            (_, Controller::Interface(name), _) if bridges.contains(name.as_str()) => {
                "use one `bridgeName` for both, or a NIC for each; with `type: bridge`, a `vlanId` for each will do"
                    .to_owned()
            }
            (_, Controller::Interface(name), _) => {
                format!("use the bond (`physicalInterface: {name}`), or another NIC")
            }
        };
        let place = meant.map_or_else(|| conflict.second.place.clone(), |(_, place)| place);
        Some(Hit::in_group(place, conflict.group, move |more| {
            let others = and_networks(more);
            let message = format!("{wire} cannot be {}{others}: it is {} already", has_it(second), has_it(first));
            Words::new(message, help.clone())
                .with_related(conflict.first.place.clone(), has_it(first))
                .about([&wire.base])
                .about([first, second].into_iter().filter_map(Controller::interface))
        }))
    };
    conflicts.into_iter().filter_map(hit).collect()
}

fn has_it(controller: &Controller) -> String {
    match controller {
        Controller::Macvlan | Controller::Ipvlan => format!("under {controller}"),
        Controller::Interface(_) => format!("a port of {controller}"),
    }
}
