use super::conflict::Blamed;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::base::spelling::nearest;
use crate::model::{DEFAULT_NIC, Network, Plan};
use crate::rule;

rule! {
    /// Nobody names a NIC, so `ens160` was taken.
    ///
    /// It is the operator's own default, and right on many VMware guests; elsewhere nodes have no such NIC, and the policy fails
    /// on them. Reported once for a run, with the number of networks.
    ///
    /// ## Way out
    /// Set `physicalInterface` in the network, `spec.defaultNIC` in the Site, or `--default-nic`.
    pub(super) DEFAULT_NIC_ASSUMED = "WK216", "default-nic-assumed", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let blamed = Blamed::of(report);
    let is_assumed = |it: &&Network| it.uplink().is_some_and(|uplink| uplink.is_assumed);
    let is_left_out =
        |it: &&Network| blamed.has(&it.origin.here()) || report.accepts(&DEFAULT_NIC_ASSUMED, &it.origin.here());
    let assumed: Vec<&Network> = plan.networks().filter(is_assumed).filter(|it| !is_left_out(it)).collect();
    // What is nearly called like a trunk bridge was most often meant to be on it.
    let trunks: Vec<&str> = plan.trunks.iter().map(|trunk| trunk.bridge.as_str()).collect();
    let trunk = |network: &Network| network.carrier.bridge_name().and_then(|bridge| nearest(bridge, &trunks));
    let (misspelt, assumed): (Vec<&Network>, Vec<&Network>) = assumed.into_iter().partition(|it| trunk(it).is_some());
    let misspelt = misspelt.into_iter().filter_map(|network| {
        let (bridge, trunk) = (network.carrier.bridge_name()?, trunk(network)?);
        Some(Diagnostic::new(
            &DEFAULT_NIC_ASSUMED,
            network.at("bridgeName"),
            format!("nobody names the NIC of `{bridge}`, so it is `{DEFAULT_NIC}`"),
            format!("did you mean the trunk bridge `{trunk}`?"),
        ))
    });
    let misspelt: Vec<Diagnostic> = misspelt.collect();
    report.extend(misspelt);
    let Some(first) = assumed.first() else { return };
    let message = match assumed.len() {
        1 => format!("nobody names the NIC of this network, so it is `{DEFAULT_NIC}`"),
        count => format!("nobody names the NIC of {count} networks, this one the first, so it is `{DEFAULT_NIC}`"),
    };
    report.push(Diagnostic::new(
        &DEFAULT_NIC_ASSUMED,
        first.origin.at("name"),
        message,
        "set `physicalInterface` here, `spec.defaultNIC` in the Site, or --default-nic",
    ));
}
