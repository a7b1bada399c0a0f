use std::net::IpAddr;

use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Carrier, Network, Plan};
use crate::rule;

rule! {
    /// A virtual machine has two default gateways.
    ///
    /// Every `gateway` becomes a default route, and the pod network (`default`) has one of its own. With two of one IP version,
    /// answers leave by another way than the questions came, and connections break at random (multus-cni#1507, #847).
    ///
    /// ## Way out
    /// Keep `gateway` on one network only, and leave `default` out if that network is the way to the world.
    pub(super) TWO_DEFAULT_GATEWAYS = "WK217", "two-default-gateways", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for wukong in &plan.wukongs {
        for is_ipv4 in [true, false] {
            let gateway = |network: &Network| {
                network.ip.as_ref().and_then(|ip| ip.gateway).filter(|gateway| gateway.is_ipv4() == is_ipv4)
            };
            let with_gateway: Vec<(&Network, IpAddr)> =
                wukong.networks.iter().filter_map(|network| Some((network, gateway(network)?))).collect();
            // The pod network of a single-stack cluster is IPv4; whether it is IPv6 too cannot be told from here.
            let pod = wukong.networks.iter().find(|network| is_ipv4 && network.carrier == Carrier::Pod);
            let first = with_gateway.first().map(|(network, _)| *network);
            let (earlier, network, address) = match (pod, with_gateway.as_slice()) {
                (Some(pod), [(network, address), ..]) => (pod, *network, *address),
                (None, [_, (network, address), ..]) => (first.unwrap_or(network), *network, *address),
                _ => continue,
            };
            let diagnostic = Diagnostic::new(
                &TWO_DEFAULT_GATEWAYS,
                network.origin.at("ipConfig/gateway"),
                format!(
                    "`{}` gets a second default route, through {address}; the first is that of `{}`",
                    wukong.identity.name, earlier.name
                ),
                "keep one default route for each virtual machine: leave out this `gateway`, or the other network's",
            );
            let text =
                if earlier.carrier == Carrier::Pod { "the pod network has a default route" } else { "the first one" };
            let place = if earlier.carrier == Carrier::Pod { "name" } else { "ipConfig/gateway" };
            report.push(diagnostic.with_related(earlier.origin.at(place), text));
        }
    }
}
