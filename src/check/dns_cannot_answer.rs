use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::base::address::net_of;
use crate::base::place::Place;
use crate::model::{Plan, UplinkDefinition};
use crate::rule;

rule! {
    /// A DNS server that cannot answer.
    ///
    /// A guest that asks a loopback address asks itself, the network's own and the broadcast address are not those of a host, and a link-local
    /// IPv6 address means nothing without the interface it is on. Names are then not found, or only after the resolver has waited for
    /// each such server. In the Site a loopback address is fine: nodes may have a resolver of their own.
    ///
    /// What no host can have at all (`0.0.0.0`, multicast) is an error, WK202.
    ///
    /// ## Example
    /// ```yaml
    /// ipConfig:
    ///   mode: static
    ///   address: 192.0.2.10/24
    ///   dnsServers: [192.0.2.0]      # the network itself
    /// ```
    ///
    /// ## Way out
    /// Write the address of the server, or leave it out.
    pub(super) DNS_CANNOT_ANSWER = "WK245", "dns-cannot-answer", Warning;
}

/// Why a server cannot answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Problem {
    Loopback,
    /// An IPv6 address without its interface.
    LinkLocal,
    /// That of all hosts of the wire.
    Broadcast,
    NetworkOf(IpNet),
    BroadcastOf(IpNet),
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    // A list that is copied from guest to guest is one mistake.
    let mut groups: HashMap<(IpAddr, Problem), usize> = HashMap::new();
    for network in plan.networks() {
        let Some(ip) = &network.ip else { continue };
        for (index, server) in ip.dns_servers.iter().enumerate() {
            let Some(problem) = problem(*server, [ip.address]).or_else(|| loopback(*server)) else { continue };
            let next = groups.len();
            let group = *groups.entry((*server, problem)).or_insert(next);
            let place = network.origin.child("ipConfig").child("dnsServers").child(index).here();
            hits.push(Hit::in_group(place, group, move |more| {
                let networks = and_networks(more);
                let message = format!("the DNS server {server} of `{}`{networks} {problem}", network.name);
                Words::new(message, problem.help())
            }));
        }
    }
    let mut seen: HashSet<Place> = HashSet::new();
    for (name, uplink) in plan.settings.groups.iter().flat_map(|group| &group.uplinks) {
        for (server, problem, place) in of_uplink(uplink) {
            if seen.insert(place.clone()) {
                hits.push(Hit::new(place, move || {
                    let message = format!("the DNS server {server} of `{name}` {problem}");
                    Words::new(message, problem.help()).about([name])
                }));
            }
        }
    }
    hits
}

/// The servers of an uplink that cannot answer. The nodes may have a resolver of their own at a loopback address.
fn of_uplink(uplink: &UplinkDefinition) -> Vec<(IpAddr, Problem, Place)> {
    let ips = || [&uplink.ipv4, &uplink.ipv6].into_iter().flatten().filter(|ip| ip.enabled && !ip.is_automatic());
    let subnets = || ips().flat_map(|ip| &ip.address).filter_map(|it| net_of(&it.ip, it.prefix_length));
    let servers = uplink.dns_resolver.iter().flat_map(|dns| &dns.config.server).enumerate();
    let of_server = |(index, text): (usize, &String)| {
        let server: IpAddr = text.parse().ok()?;
        let origin = uplink.origin.child("dns-resolver").child("config").child("server").child(index);
        Some((server, problem(server, subnets())?, origin.here()))
    };
    servers.filter_map(of_server).collect()
}

fn loopback(server: IpAddr) -> Option<Problem> {
    server.is_loopback().then_some(Problem::Loopback)
}

/// Why a server cannot answer one that has an address in these subnets.
fn problem(server: IpAddr, subnets: impl IntoIterator<Item = IpNet>) -> Option<Problem> {
    let of_subnet = |subnet: IpNet| {
        // A point-to-point link (RFC 3021) has neither; the first address of an IPv6 subnet is its routers' (RFC 4291, 2.6.1).
        let is_meant = subnet.addr().is_ipv4() && subnet.max_prefix_len() - subnet.prefix_len() > 1;
        match server {
            _ if !is_meant => None,
            _ if server == subnet.network() => Some(Problem::NetworkOf(subnet.trunc())),
            _ if server == subnet.broadcast() => Some(Problem::BroadcastOf(subnet.trunc())),
            _ => None,
        }
    };
    match server {
        IpAddr::V4(server) if server.is_broadcast() => Some(Problem::Broadcast),
        IpAddr::V6(server) if server.is_unicast_link_local() => Some(Problem::LinkLocal),
        _ => subnets.into_iter().find_map(of_subnet),
    }
}

impl Problem {
    fn help(self) -> &'static str {
        match self {
            Self::LinkLocal => "write a global address of the server, or delete it",
            Self::Loopback | Self::Broadcast | Self::NetworkOf(_) | Self::BroadcastOf(_) => {
                "write the address of the server, or delete it"
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => formatter.write_str("is a loopback address: the guest asks itself"),
            Self::LinkLocal => formatter.write_str("is link-local, and the interface that it is on is not given"),
            Self::Broadcast => formatter.write_str("is the broadcast address"),
            Self::NetworkOf(subnet) => write!(formatter, "is the network address of {subnet}"),
            Self::BroadcastOf(subnet) => write!(formatter, "is the broadcast address of {subnet}"),
        }
    }
}
