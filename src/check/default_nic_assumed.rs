use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::slip::misspelt_trunks;
use crate::base::diagnostic::More;
use crate::base::spelling::nearest;
use crate::model::{DEFAULT_NIC, Key, Network, Plan, Trunk};
use crate::rule;

rule! {
    /// Nobody names a NIC, so `ens160` was taken.
    ///
    /// It is the operator's own default, and right on many VMware guests; elsewhere nodes have no such NIC, and the policy fails
    /// on them. Reported once for a run, with the number of networks.
    ///
    /// On vSphere, `ens160` is most often the first virtual NIC of a virtual machine and `ens192` the second. Nodes that are virtual machines
    /// there need port groups that let the guests' frames through: set promiscuous mode, or MAC learning on a distributed switch, and accept
    /// forged transmits and MAC address changes. For VLANs the port group must be a trunk (VLAN 4095 on a standard switch). The tool cannot see
    /// any of this.
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
    let slips = misspelt_trunks(plan);
    let hit = |network: &'a Network| {
        if let Some((bridge, (trunk, tags))) = network.carrier.bridge_name().and_then(|it| slips.get_key_value(it)) {
            // Networks with several tags contradict each other, which is told of the same name.
            let (bridge, group) = (*bridge, slips.keys().position(|it| it == bridge).map_or(RUN, |index| index + 1));
            return (tags.len() == 1).then(|| of_site(bridge, trunk, group));
        }
        // What is nearly called like a trunk bridge was most often meant to be on it.
        let misspelt = network.carrier.bridge_name().and_then(|bridge| Some((bridge, nearest(bridge, &trunks)?)));
        Some(match misspelt {
            Some((bridge, trunk)) => Hit::new(network.at(Key::BridgeName), move || {
                Words::new(
                    format!("nobody names the NIC of `{bridge}`, so it is `{DEFAULT_NIC}`"),
                    format!("did you mean the trunk bridge `{trunk}`?"),
                )
                .about([bridge, DEFAULT_NIC])
            }),
            None => Hit::in_group(network.at(Key::Name), RUN, words),
        })
    };
    plan.networks().filter(is_assumed).filter_map(hit).collect()
}

/// Networks that name a trunk bridge as the Site does not spell it.
fn of_site<'a>(bridge: &'a str, trunk: &'a Trunk, group: usize) -> Hit<'a> {
    Hit::in_group(trunk.origin.at("name"), group, move |More(more)| {
        let count = more + 1;
        let message = format!("the trunk bridge is `{}` here, and {count} networks name `{bridge}`", trunk.bridge);
        let help =
            format!("did you mean `{bridge}`? If not, correct the `bridgeName` of the networks, which have no NIC");
        Words::new(message, help).about([bridge, DEFAULT_NIC])
    })
}

fn words(More(more): More) -> Words {
    let message = match more + 1 {
        1 => format!("nobody names the NIC of this network, so it is `{DEFAULT_NIC}`"),
        count => format!("nobody names the NIC of {count} networks, this one the first, so it is `{DEFAULT_NIC}`"),
    };
    Words::new(message, "set `physicalInterface` here, `spec.defaultNIC` in the Site, or --default-nic")
        .about([DEFAULT_NIC])
}
