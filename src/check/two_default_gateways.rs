use std::collections::HashMap;
use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;

use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::base::place::Place;
use crate::model::{Carrier, Identity, Key, NadName, Network, Plan};
use crate::rule;

rule! {
    /// A virtual machine has two default gateways.
    ///
    /// Every `gateway` becomes a default route, an attachment that `nadName` leads to may have one (`ipam.routes`), and the pod network
    /// (`default`) has one of its own. With two of one IP version,
    /// answers leave by another way than the questions came, and connections break at random (multus-cni#1507, #847).
    ///
    /// Reported once for each pair of ways: fifty guests with `default` and a network with a `gateway` are one finding, with their number.
    ///
    /// ## Way out
    /// Leave `gateway` out, so that the pod network keeps the only default route, and set routes to other subnets in the guest. Between two
    /// networks with a `gateway`, keep it on one. If the images ignore the route of the pod network, accept it in the Site (`explain WK118`).
    pub(super) TWO_DEFAULT_GATEWAYS = "WK217", "two-default-gateways", Warning;
}

/// The ways of a virtual machine's first and second default route, by their kinds and the IP version: those alike are one finding.
type Ways = (Discriminant<Route>, Discriminant<Route>, bool);

/// By what a network gives its virtual machine a default route.
enum Route {
    Pod,
    Gateway(IpAddr),
    Attachment(NadName),
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut groups: HashMap<Ways, usize> = HashMap::new();
    for wukong in &plan.wukongs {
        for is_ipv4 in [true, false] {
            let route = |network: &'a Network| Some((network, route(plan, &wukong.identity, network, is_ipv4)?));
            let mut routes: Vec<(&Network, Route)> = wukong.networks.iter().filter_map(route).collect();
            // The pod network is there before all others.
            routes.sort_by_key(|(_, route)| !matches!(route, Route::Pod));
            let mut routes = routes.into_iter();
            let (Some((earlier, first)), Some((network, second))) = (routes.next(), routes.next()) else { continue };
            let name = wukong.identity.name.as_str();
            let next = groups.len();
            let group = *groups.entry((discriminant(&first), discriminant(&second), is_ipv4)).or_insert(next);
            hits.push(Hit::in_group(second.place(network), group, move |more| {
                let others = more.words("; one more virtual machine has two as well", |more| {
                    format!("; {more} more virtual machines have two as well")
                });
                let message = format!(
                    "`{name}` gets a second default route, through {second}; the first is that of `{}`{others}",
                    earlier.name
                );
                let help = match (&first, &second) {
                    (Route::Pod, Route::Gateway(_)) => {
                        "leave out this `gateway`, and the pod network's route stays the only one; or accept it in the Site"
                    }
                    (Route::Pod, _) => "use an attachment without a default route; or accept it in the Site",
                    _ => {
                        "keep one default route for each virtual machine: leave out this `gateway`, or the other network's"
                    }
                };
                let text = match first {
                    Route::Pod => "the pod network has a default route",
                    Route::Gateway(_) | Route::Attachment(_) => "the first one",
                };
                Words::new(message, help).with_related(first.place(earlier), text)
            }));
        }
    }
    hits
}

/// The default route of an IP version that a network gives.
fn route(plan: &Plan, identity: &Identity, network: &Network, is_ipv4: bool) -> Option<Route> {
    if network.carrier == Carrier::Pod {
        // The pod network of a single-stack cluster is IPv4; whether it is IPv6 too cannot be told from here.
        return is_ipv4.then_some(Route::Pod);
    }
    let gateway = network.ip.as_ref().and_then(|ip| ip.gateway).filter(|gateway| gateway.is_ipv4() == is_ipv4);
    let by_attachment = || {
        let name = network.nad_name.as_ref()?.or_in(identity.namespace.as_deref());
        let attachment = plan.attachments_of_others.get(&name)?;
        attachment.has_default_route(is_ipv4).then_some(Route::Attachment(name))
    };
    gateway.map(Route::Gateway).or_else(by_attachment)
}

impl Route {
    fn place(&self, network: &Network) -> Place {
        match self {
            Self::Pod => network.at(Key::Name),
            Self::Gateway(_) => network.origin.at("ipConfig/gateway"),
            Self::Attachment(_) => network.at(Key::NadName),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pod => formatter.write_str("the pod network"),
            Self::Gateway(address) => address.fmt(formatter),
            Self::Attachment(name) => write!(formatter, "the attachment `{name}`"),
        }
    }
}
