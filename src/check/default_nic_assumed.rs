use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::base::diagnostic::More;
use crate::base::spelling::nearest;
use crate::model::{DEFAULT_NIC, Key, Network, Plan};
use crate::rule;

rule! {
    /// Nobody names a NIC, so `ens160` was taken.
    ///
    /// It is the operator's own default, and right on many VMware guests; elsewhere nodes have no such NIC, and the policy fails
    /// on them. Reported once for a run, with the number of networks.
    ///
    /// On vSphere, `ens160` is most often the first virtual NIC of a virtual machine and `ens192` the second. Nodes that are virtual machines
    /// there need port groups that let the guests' frames through: set promiscuous mode, or MAC learning on a distributed switch, and accept
    /// forged transmits and MAC address changes. For VLANs the port group must be a trunk (VLAN 4095 on a standard switch). Nothing of this is
    /// seen from here.
    ///
    /// ## Way out
    /// Set `physicalInterface` in the network, `spec.defaultNIC` in the Site, or `--default-nic`.
    pub(super) DEFAULT_NIC_ASSUMED = "WK216", "default-nic-assumed", Warning, yields_to: &BLAMING;
}

/// All networks of a run are one finding.
const RUN: usize = 0;

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let is_assumed = |it: &&Network| it.uplink().is_some_and(|uplink| uplink.is_assumed);
    let trunks: Vec<&str> = plan.settings.trunks.iter().map(|trunk| trunk.bridge.as_str()).collect();
    let hit = |network: &'a Network| {
        // What is nearly called like a trunk bridge was most often meant to be on it.
        let misspelt = network.carrier.bridge_name().and_then(|bridge| Some((bridge, nearest(bridge, &trunks)?)));
        match misspelt {
            Some((bridge, trunk)) => Hit::new(network.at(Key::BridgeName), move || {
                Words::new(
                    format!("nobody names the NIC of `{bridge}`, so it is `{DEFAULT_NIC}`"),
                    format!("did you mean the trunk bridge `{trunk}`?"),
                )
                .about([bridge, DEFAULT_NIC])
            }),
            None => Hit::in_group(network.at(Key::Name), RUN, words),
        }
    };
    plan.networks().filter(is_assumed).map(hit).collect()
}

fn words(More(more): More) -> Words {
    let message = match more + 1 {
        1 => format!("nobody names the NIC of this network, so it is `{DEFAULT_NIC}`"),
        count => format!("nobody names the NIC of {count} networks, this one the first, so it is `{DEFAULT_NIC}`"),
    };
    Words::new(message, "set `physicalInterface` here, `spec.defaultNIC` in the Site, or --default-nic")
        .about([DEFAULT_NIC])
}
