//! The addresses of a network: the guest's, its gateway's, the node's.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::api::{IpMode, NetworkConfig};
use crate::base::address::{AddressOf, Reported, all_addresses, host_address, plain_address, unusable};
use crate::base::diagnostic::{Diagnostic, Findings, Origin, Place};
use crate::model::StaticIp;
use crate::model::cni::{IpamAddress, IpamDns, IpamRoute, StaticIpam};
use crate::read::load::Object;
use crate::read::schema::MISSING_KEY;
use crate::rule;

rule! {
    /// A gateway that the address cannot reach, or that is the address itself.
    ///
    /// A gateway must be in the subnet of the address and of the same IP version; an IPv6 gateway may also be link-local
    /// (`fe80::1`). CNI and nmstate accept anything else without a word, and then there is no route. Where other networks on the wire have
    /// the same gateway, the address is shown as the one that is wrong.
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

/// Why a network has no static addresses that it can have.
pub(super) enum NoIp {
    Reported,
    /// Gateway and address do not go together. Which of the two is wrong, other networks tell: nothing has been reported.
    Mismatch(StaticIp),
}

impl From<Reported> for NoIp {
    fn from(_: Reported) -> Self {
        Self::Reported
    }
}

/// The guest's static addresses; none for `dhcp` and for no `ipConfig` at all.
pub(super) fn static_ip(config: &Object<NetworkConfig>, findings: &mut Findings) -> Result<Option<StaticIp>, NoIp> {
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
            findings.push(Diagnostic::new(
                &IP_CONFIG_IGNORED,
                origin.key(first),
                format!("no effect with `mode: dhcp`: `{}`", ignored.join("`, `")),
                "write `mode: static` if it is meant, or delete it",
            ));
        }
        return Ok(None);
    }
    let Some(text) = &ip.address else {
        findings.push(Diagnostic::new(
            &MISSING_KEY,
            origin.at("address"),
            "`mode: static` has no `address`",
            "add `address` with its prefix length, such as `192.168.1.10/24`, or write `mode: dhcp`",
        ));
        return Err(NoIp::Reported);
    };
    let address = host_address(text, origin.at("address"), AddressOf::Guest, findings);
    let gateway =
        ip.gateway.as_ref().map(|text| plain_address(text, origin.at("gateway"), AddressOf::Gateway, findings));
    let servers_origin = origin.child("dnsServers");
    let servers: Vec<Result<IpAddr, Reported>> = ip
        .dns_servers
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, text)| plain_address(text, servers_origin.child(index).here(), AddressOf::DnsServer, findings))
        .collect();

    let address = address?;
    let gateway = gateway.transpose()?;
    if let Some(gateway) = gateway {
        check_gateway(gateway, address, origin.at("gateway"), origin.at("address"), findings)?;
    }
    let servers = servers.into_iter().collect::<Result<Vec<_>, _>>();
    let is_outside = |gateway: IpAddr| !is_link_local(gateway) && !address.trunc().contains(&gateway);
    if gateway.is_some_and(|gateway| gateway == address.addr() || is_outside(gateway)) {
        return Err(NoIp::Mismatch(StaticIp { address, gateway, dns_servers: servers.unwrap_or_default() }));
    }
    Ok(Some(StaticIp { address, gateway, dns_servers: servers? }))
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// A gateway that does not go with the address: it is outside the subnet, or the address itself. `others` are those who have the same gateway on
/// the wire, with their subnet.
pub(super) fn mismatch(origin: &Origin, ip: &StaticIp, others: Option<(IpNet, usize)>) -> Option<Diagnostic> {
    let (gateway, subnet) = (ip.gateway?, ip.address.trunc());
    let is_itself = gateway == ip.address.addr();
    let origin = origin.child("ipConfig");
    let message = if is_itself {
        format!("the gateway is the address itself, `{gateway}`")
    } else {
        format!("gateway `{gateway}` is outside the address's subnet `{subnet}`")
    };
    let (at_address, at_gateway) = (origin.at("address"), origin.at("gateway"));
    Some(match others {
        Some((right, count)) => {
            let networks = if count == 1 {
                "one network on the wire has".to_owned()
            } else {
                format!("{count} networks on the wire have")
            };
            let message = format!("{message}, and {networks} it in `{right}`");
            let help =
                if is_itself { "correct the address" } else { "correct the address, or the length of its prefix" };
            Diagnostic::new(&UNUSABLE_GATEWAY, at_address, message, help).with_related(at_gateway, "the gateway")
        }
        None => {
            let help = if is_itself {
                "write the router's address, or leave `gateway` out"
            } else {
                "correct the gateway, or the prefix length of the address"
            };
            Diagnostic::new(&UNUSABLE_GATEWAY, at_gateway, message, help)
                .with_related(at_address, format!("its subnet is `{subnet}`"))
        }
    })
}

/// The node's own address.
pub fn node_ip(config: &Object<NetworkConfig>, findings: &mut Findings) -> Result<Option<IpNet>, Reported> {
    let text = config.value.node_ip.as_ref();
    text.map(|text| host_address(text, config.origin.at("nodeIP"), AddressOf::Node, findings)).transpose()
}

fn check_gateway(
    gateway: IpAddr,
    address: IpNet,
    place: Place,
    address_place: Place,
    findings: &mut Findings,
) -> Result<(), Reported> {
    let subnet = address.trunc();
    let is_link_local = is_link_local(gateway);
    let problem = if gateway.is_ipv4() != address.addr().is_ipv4() {
        Some((
            format!("gateway `{gateway}` and address `{address}` are not of the same IP version"),
            "give each address a gateway of its own version".to_owned(),
        ))
    } else if gateway == address.addr() || !subnet.contains(&gateway) && !is_link_local {
        // Reported once it is known which of the two is wrong.
        None
    } else {
        let bits = subnet.max_prefix_len();
        let as_host = IpNet::new(gateway, if is_link_local { bits } else { subnet.prefix_len() }).ok();
        as_host
            .and_then(unusable)
            .filter(|_| gateway.is_ipv4())
            .map(|(problem, _)| (format!("gateway `{gateway}` is {problem}"), "write the router's address".to_owned()))
    };
    let Some((message, help)) = problem else { return Ok(()) };
    findings.push(
        Diagnostic::new(&UNUSABLE_GATEWAY, place, message, help)
            .with_related(address_place, format!("its subnet is `{subnet}`")),
    );
    Err(Reported)
}

impl StaticIpam {
    /// The `static` plugin's configuration for these addresses: with a gateway, the default route goes through it.
    pub(super) fn of(ip: &StaticIp) -> Self {
        let gateway = ip.gateway.map(|gateway| gateway.to_string());
        let dst = all_addresses(ip.address.addr().is_ipv4());
        let nameservers: Vec<String> = ip.dns_servers.iter().map(IpAddr::to_string).collect();
        Self {
            plugin: "static",
            addresses: vec![IpamAddress { address: ip.address.to_string(), gateway: gateway.clone() }],
            routes: gateway.map(|gw| IpamRoute { dst, gw }).into_iter().collect(),
            dns: (!nameservers.is_empty()).then_some(IpamDns { nameservers }),
        }
    }
}
