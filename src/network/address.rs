//! Addresses: from text to numbers, and whether a host can have them. `ipnet` is at home here and in the plan's types.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::api::{IpMode, NetworkConfig};
use crate::diagnostic::{Diagnostic, Place, Report};
use crate::load::Object;
use crate::plan::StaticIp;
use crate::plan::cni::{IpamAddress, IpamDns, IpamRoute, StaticIpam};
use crate::rule;
use crate::schema::MISSING_KEY;

rule! {
    /// A text is no IP address, or no address with a prefix length where one is needed.
    ///
    /// `address` and `nodeIP` need the length of the prefix (`192.168.1.10/24`), because nothing else says how large the
    /// subnet is; `gateway` and `dnsServers` are plain addresses. IPv6 is fine everywhere. Leading zeros are not: `010` is 8 to
    /// some programs and 10 to others.
    ///
    /// ## Way out
    /// Write the address as the message shows it.
    pub INVALID_ADDRESS = "WK201", "invalid-address", Error;
}

rule! {
    /// An address that no host can have: the network's own, its broadcast address, loopback, multicast, or none at all.
    ///
    /// Neither the CNI plugins nor nmstate refuse it (tried with nmstate 2.2.62); the interface just does not work.
    ///
    /// ## Example
    /// ```yaml
    /// address: 192.168.1.0/24      # the network itself
    /// address: 192.168.1.255/24    # broadcast
    /// ```
    ///
    /// ## Way out
    /// Choose an address between the two.
    pub UNUSABLE_ADDRESS = "WK202", "unusable-address", Error;
}

rule! {
    /// A gateway that the address cannot reach, or that is the address itself.
    ///
    /// A gateway must be in the subnet of the address and of the same IP version; an IPv6 gateway may also be link-local
    /// (`fe80::1`). CNI and nmstate accept anything else without a word, and then there is no route.
    ///
    /// ## Way out
    /// Correct the gateway, or the prefix length of the address.
    pub UNUSABLE_GATEWAY = "WK203", "unusable-gateway", Error;
}

rule! {
    /// Address, gateway or DNS servers stand beside `mode: dhcp`, where they have no effect.
    ///
    /// With `dhcp` the guest asks the network for all of them.
    ///
    /// ## Way out
    /// Write `mode: static` if they are meant, or delete them.
    pub IP_CONFIG_IGNORED = "WK204", "ip-config-ignored", Warning;
}

/// Something was wrong and has been reported.
pub struct Reported;

/// The guest's static addresses; none for `dhcp` and for no `ipConfig` at all.
pub fn static_ip(config: &Object<NetworkConfig>, report: &mut Report) -> Result<Option<StaticIp>, Reported> {
    let Some(ip) = &config.value.ip_config else { return Ok(None) };
    let origin = config.origin.child("ipConfig");
    if ip.mode == IpMode::Dhcp {
        let ignored: Vec<&str> = [
            ("address", ip.address.is_some()),
            ("gateway", ip.gateway.is_some()),
            ("dnsServers", ip.dns_servers.as_ref().is_some_and(|servers| !servers.is_empty())),
        ]
        .into_iter()
        .filter_map(|(key, is_there)| is_there.then_some(key))
        .collect();
        if let Some(first) = ignored.first() {
            report.push(Diagnostic::new(
                &IP_CONFIG_IGNORED,
                origin.key(first),
                format!("no effect with `mode: dhcp`: `{}`", ignored.join("`, `")),
                "write `mode: static` if it is meant, or delete it",
            ));
        }
        return Ok(None);
    }
    let Some(text) = &ip.address else {
        report.push(Diagnostic::new(
            &MISSING_KEY,
            origin.at("address"),
            "`mode: static` has no `address`",
            "add `address` with its prefix length, such as `192.168.1.10/24`, or write `mode: dhcp`",
        ));
        return Err(Reported);
    };
    let address = host_address(text, origin.at("address"), "address", report);
    let gateway = ip.gateway.as_ref().map(|text| plain_address(text, origin.at("gateway"), "gateway", report));
    let servers_origin = origin.child("dnsServers");
    let servers: Vec<Result<IpAddr, Reported>> = ip
        .dns_servers
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, text)| plain_address(text, servers_origin.child(index).here(), "DNS server", report))
        .collect();

    let address = address?;
    let gateway = gateway.transpose()?;
    if let Some(gateway) = gateway {
        check_gateway(gateway, address, origin.at("gateway"), origin.at("address"), report)?;
    }
    let dns_servers = servers.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Some(StaticIp { address, gateway, dns_servers }))
}

/// The node's own address.
pub fn node_ip(config: &Object<NetworkConfig>, report: &mut Report) -> Result<Option<IpNet>, Reported> {
    let text = config.value.node_ip.as_ref();
    text.map(|text| host_address(text, config.origin.at("nodeIP"), "nodeIP", report)).transpose()
}

/// An address with its prefix length, that a host can have.
fn host_address(text: &str, place: Place, what: &str, report: &mut Report) -> Result<IpNet, Reported> {
    let Some(address) = parse_net(text) else {
        let (message, help) = explain(text, what);
        report.push(Diagnostic::new(&INVALID_ADDRESS, place, message, help));
        return Err(Reported);
    };
    if let Some((problem, help)) = unusable(address) {
        report.push(Diagnostic::new(&UNUSABLE_ADDRESS, place, format!("{what} `{text}` is {problem}"), help));
        return Err(Reported);
    }
    Ok(address)
}

/// Strictly one spelling: `ipnet` alone would take leading zeros, which some programs read as octal.
fn parse_net(text: &str) -> Option<IpNet> {
    let (address, prefix) = text.split_once('/')?;
    let is_number = prefix.bytes().all(|digit| digit.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    IpNet::new(address.parse().ok()?, prefix.parse().ok().filter(|_| is_number)?).ok()
}

/// Why a text is no address with a prefix length.
fn explain(text: &str, what: &str) -> (String, String) {
    let shape = "write the address and the length of its prefix, such as `192.168.1.10/24` or `2001:db8::10/64`";
    let Some((address, prefix)) = text.split_once('/') else {
        return match text.parse::<IpAddr>() {
            Ok(address) => {
                let usual = if address.is_ipv4() { 24 } else { 64 };
                (
                    format!("{what} `{text}` has no prefix length"),
                    format!("say how large the subnet is; if it is the usual size, write `{text}/{usual}`"),
                )
            }
            Err(_) => (format!("{what} `{text}` is no IP address"), shape.to_owned()),
        };
    };
    match address.parse::<IpAddr>() {
        Ok(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            (
                format!("{what} `{text}` has no valid prefix length: `{prefix}`"),
                format!("write a length from 1 to {bits}, not a mask"),
            )
        }
        Err(_) => (format!("{what} `{text}` is no IP address"), shape.to_owned()),
    }
}

/// Why no host can have an address, and what to do.
fn unusable(network: IpNet) -> Option<(String, String)> {
    let address = network.addr();
    let usable = || {
        // An IPv6 subnet's hosts begin with its anycast address.
        let host = network.hosts().find(|host| *host != network.network());
        host.map_or_else(String::new, |host| format!("choose another in the subnet, such as `{host}`"))
    };
    if network.prefix_len() == 0 {
        return Some((
            "in a subnet of every address there is: its prefix length is 0".to_owned(),
            "write the length of the subnet's prefix, such as 24".to_owned(),
        ));
    }
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
        let kind = if address.is_multicast() {
            "a multicast address"
        } else if address.is_loopback() {
            "a loopback address"
        } else {
            "no address at all"
        };
        return Some((kind.to_owned(), "use the address of one host".to_owned()));
    }
    // A point-to-point subnet (/31, /127) and a single host (/32, /128) have no network address to keep free.
    let host_bits = network.max_prefix_len() - network.prefix_len();
    if host_bits < 2 {
        return None;
    }
    if address == network.network() {
        let what = if address.is_ipv4() { "the network itself" } else { "the subnet's router anycast address" };
        return Some((format!("{what}, not one of its hosts"), usable()));
    }
    if address.is_ipv4() && address == network.broadcast() {
        return Some(("the broadcast address of its subnet".to_owned(), usable()));
    }
    None
}

fn plain_address(text: &str, place: Place, what: &str, report: &mut Report) -> Result<IpAddr, Reported> {
    let Ok(address) = text.parse::<IpAddr>() else {
        let help = match text.split_once('/') {
            Some((address, _)) if address.parse::<IpAddr>().is_ok() => {
                format!("write `{address}` without the prefix length")
            }
            _ => "write an address such as `192.168.1.1` or `2001:db8::1`".to_owned(),
        };
        report.push(Diagnostic::new(&INVALID_ADDRESS, place, format!("{what} `{text}` is no IP address"), help));
        return Err(Reported);
    };
    if address.is_unspecified() || address.is_multicast() || (what == "gateway" && address.is_loopback()) {
        let message = format!("{what} `{text}` is not the address of a host");
        report.push(Diagnostic::new(&UNUSABLE_ADDRESS, place, message, "use the address of one host"));
        return Err(Reported);
    }
    Ok(address)
}

fn check_gateway(
    gateway: IpAddr,
    address: IpNet,
    place: Place,
    address_place: Place,
    report: &mut Report,
) -> Result<(), Reported> {
    let subnet = address.trunc();
    let is_link_local = matches!(gateway, IpAddr::V6(gateway) if gateway.is_unicast_link_local());
    let problem = if gateway.is_ipv4() != address.addr().is_ipv4() {
        Some((
            format!("gateway `{gateway}` and address `{address}` are not of the same IP version"),
            "give each address a gateway of its own version".to_owned(),
        ))
    } else if gateway == address.addr() {
        Some((
            format!("the gateway is the address itself, `{gateway}`"),
            "write the router's address, or leave `gateway` out".to_owned(),
        ))
    } else if !subnet.contains(&gateway) && !is_link_local {
        Some((
            format!("gateway `{gateway}` is outside the address's subnet `{subnet}`"),
            "correct the gateway, or the prefix length of the address".to_owned(),
        ))
    } else {
        let bits = subnet.max_prefix_len();
        let as_host = IpNet::new(gateway, if is_link_local { bits } else { subnet.prefix_len() }).ok();
        as_host
            .and_then(unusable)
            .filter(|_| gateway.is_ipv4())
            .map(|(problem, _)| (format!("gateway `{gateway}` is {problem}"), "write the router's address".to_owned()))
    };
    let Some((message, help)) = problem else { return Ok(()) };
    report.push(
        Diagnostic::new(&UNUSABLE_GATEWAY, place, message, help)
            .with_related(address_place, format!("its subnet is `{subnet}`")),
    );
    Err(Reported)
}

impl StaticIpam {
    /// The `static` plugin's configuration for these addresses: with a gateway, the default route goes through it.
    pub(super) fn of(ip: &StaticIp) -> Self {
        let gateway = ip.gateway.map(|gateway| gateway.to_string());
        let dst = if ip.address.addr().is_ipv4() { "0.0.0.0/0" } else { "::/0" };
        let nameservers: Vec<String> = ip.dns_servers.iter().map(IpAddr::to_string).collect();
        Self {
            plugin: "static",
            addresses: vec![IpamAddress { address: ip.address.to_string(), gateway: gateway.clone() }],
            routes: gateway.map(|gw| IpamRoute { dst, gw }).into_iter().collect(),
            dns: (!nameservers.is_empty()).then_some(IpamDns { nameservers }),
        }
    }
}
