use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::api::site::IpamMode;
use crate::model::{Key, Network, Plan};
use crate::rule;

rule! {
    /// A localnet does not give a guest the address of its `ipConfig`.
    ///
    /// OVN-Kubernetes manages the addresses of a localnet by `subnets` of the network, not for each attachment, and its documentation wants
    /// none for virtual machines (OpenShift, "Connecting a virtual machine to an OVN-Kubernetes secondary network"). The guest starts without the address,
    /// unless it sets it itself. The address is still compared with those of others. Reported once for a run, with the number of networks.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   attachment:
    ///     ipam: none     # the Site: guests set their addresses themselves, and `ipConfig` tells which
    /// ```
    ///
    /// ## Way out
    /// Let the guest set the address (cloud-init), and say so in the Site: `attachment.ipam: none`. Or use `type: bridge`.
    pub(super) LOCALNET_GIVES_NO_ADDRESS = "WK256", "localnet-gives-no-address", Warning;
}

/// All networks of a run are one finding.
const RUN: usize = 0;

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    // Without IPAM every address is the guest's business, and written down to be checked.
    if plan.settings.site.ipam() != IpamMode::Static {
        return Vec::new();
    }
    let is_meant = |network: &&Network| network.carrier.localnet().is_some() && network.ip.is_some();
    let hit = |network: &'a Network| {
        Hit::in_group(network.at(Key::IpConfig), RUN, move |more| {
            let others = and_networks(more);
            Words::new(
                format!("OVN gives `{}`{others} no address, because it is on a localnet", network.name),
                "set the address in the guest, and write `attachment.ipam: none` in the Site",
            )
        })
    };
    plan.networks().filter(is_meant).map(hit).collect()
}
