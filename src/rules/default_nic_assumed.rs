use crate::diagnostic::{Diagnostic, Report};
use crate::plan::{DEFAULT_NIC, Network, Plan};
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
    let is_assumed = |it: &&Network| it.uplink().is_some_and(|uplink| uplink.is_assumed);
    let is_accepted = |it: &&Network| report.accepts(&DEFAULT_NIC_ASSUMED, &it.origin.here());
    let assumed: Vec<_> = plan.networks().filter(is_assumed).filter(|it| !is_accepted(it)).collect();
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
