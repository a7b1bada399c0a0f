use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::model::{Key, Plan};
use crate::rule;

rule! {
    /// A macvlan or ipvlan network, which KubeVirt cannot bind to a virtual machine.
    ///
    /// KubeVirt's bridge binding gives the guest the pod interface's MAC address and the pod another one; macvlan and ipvlan
    /// only pass frames of their own address. The virtual machine starts, and nothing gets through (KubeVirt user guide,
    /// "Interfaces and Networks"; kubevirt#5483, #7001). Reported once for each type, with the number of networks.
    ///
    /// ## Way out
    /// Use `type: bridge`, on a VLAN or on a NIC of its own.
    pub(super) KUBEVIRT_CANNOT_BIND = "WK218", "kubevirt-cannot-bind", Warning;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut groups: HashMap<&str, usize> = HashMap::new();
    for network in plan.networks().filter(|network| !network.carrier.can_be_bound()) {
        let network_type = network.carrier.word();
        let next = groups.len();
        let group = *groups.entry(network_type).or_insert(next);
        hits.push(Hit::in_group(network.at(Key::Type), group, move |more| {
            let others = and_networks(more);
            Words::new(
                format!(
                    "KubeVirt cannot bind a virtual machine to {network_type}{others}: it starts, and no frame gets through"
                ),
                "use `type: bridge`, with a `vlanId` or on a NIC of its own",
            )
        }));
    }
    hits
}
