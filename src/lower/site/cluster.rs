//! The address ranges that the cluster uses itself.

use super::SiteFindings;
use crate::api::site::SiteSpec;
use crate::base::address::{INVALID_ADDRESS, parse_net};
use crate::base::diagnostic::{Findings, Origin};
use crate::model::{ClusterRange, RangeOf};

/// The ranges of a Site.
pub(super) fn ranges(spec: &SiteSpec, origin: &Origin, findings: &mut Findings) -> Vec<ClusterRange> {
    let Some(network) = &spec.cluster_network else { return Vec::new() };
    let origin = origin.child("clusterNetwork");
    let lists = [
        ("pods", &network.pods, RangeOf::Pods),
        ("services", &network.services, RangeOf::Services),
        ("internal", &network.internal, RangeOf::Internal),
    ];
    let mut ranges = Vec::new();
    for (key, list, of) in lists {
        let origin = origin.child(key);
        for (index, text) in list.iter().flatten().enumerate() {
            let place = origin.child(index).here();
            match parse_net(text) {
                Some(net) if net.trunc() == net => ranges.push(ClusterRange { net, of, place }),
                Some(net) => {
                    let message = format!("the range `{text}` begins with the address of a host");
                    findings.say(&INVALID_ADDRESS, place, message, format!("write `{}`", net.trunc()));
                }
                None => {
                    let message = format!("the range `{text}` is not an IP network");
                    let help = "write the network and the length of its prefix, such as `10.128.0.0/14`";
                    findings.say(&INVALID_ADDRESS, place, message, help);
                }
            }
        }
    }
    ranges
}
