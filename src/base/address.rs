//! Addresses: from text to numbers, and whether a host can have them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::base::diagnostic::{Diagnostic, Findings, Place};
use crate::rule;

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

/// Something was wrong and has been reported.
#[derive(Debug, Clone, Copy)]
pub struct Reported;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressOf {
    /// A guest's: `address`.
    Guest,
    /// A node's, where a network gives it: `nodeIP`.
    Node,
    /// A node's, where an uplink gives it.
    Uplink,
    /// The router of a guest.
    Gateway,
    /// A DNS server, which may be the host itself.
    DnsServer,
    /// The router of a static route.
    NextHop,
}

impl fmt::Display for AddressOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Guest => "address",
            Self::Node => "nodeIP",
            Self::Uplink => "the address",
            Self::Gateway => "gateway",
            Self::DnsServer => "DNS server",
            Self::NextHop => "next hop",
        })
    }
}

/// The destination of a default route: all addresses of an IP version.
pub fn all_addresses(is_ipv4: bool) -> &'static str {
    if is_ipv4 { "0.0.0.0/0" } else { "::/0" }
}

/// An address with its prefix length, that a host can have.
pub fn host_address(text: &str, place: Place, what: AddressOf, findings: &mut Findings) -> Result<IpNet, Reported> {
    let Some(address) = parse_net(text) else {
        let (message, help) = explain(text, what);
        findings.push(Diagnostic::new(&INVALID_ADDRESS, place, message, help));
        return Err(Reported);
    };
    if let Some((problem, help)) = unusable(address) {
        findings.push(Diagnostic::new(&UNUSABLE_ADDRESS, place, format!("{what} `{text}` is {problem}"), help));
        return Err(Reported);
    }
    Ok(address)
}

/// Strictly one spelling: `ipnet` alone would take leading zeros, which some programs read as octal.
pub fn parse_net(text: &str) -> Option<IpNet> {
    let (address, prefix) = text.split_once('/')?;
    let is_number = prefix.bytes().all(|digit| digit.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    IpNet::new(address.parse().ok()?, prefix.parse().ok().filter(|_| is_number)?).ok()
}

/// An address and the length of its prefix, as nmstate writes them apart; none if they are not an address.
pub fn net_of(ip: &str, prefix_length: u8) -> Option<IpNet> {
    IpNet::new(ip.parse().ok()?, prefix_length).ok()
}

/// Why a text is no address with a prefix length.
fn explain(text: &str, what: AddressOf) -> (String, String) {
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
pub fn unusable(network: IpNet) -> Option<(String, String)> {
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

/// An address of a host, without a prefix length.
pub fn plain_address(text: &str, place: Place, what: AddressOf, findings: &mut Findings) -> Result<IpAddr, Reported> {
    let Ok(address) = text.parse::<IpAddr>() else {
        let help = match text.split_once('/') {
            Some((address, _)) if address.parse::<IpAddr>().is_ok() => {
                format!("write `{address}` without the prefix length")
            }
            _ => "write an address such as `192.168.1.1` or `2001:db8::1`".to_owned(),
        };
        findings.push(Diagnostic::new(&INVALID_ADDRESS, place, format!("{what} `{text}` is no IP address"), help));
        return Err(Reported);
    };
    if address.is_unspecified() || address.is_multicast() || (what == AddressOf::Gateway && address.is_loopback()) {
        let message = format!("{what} `{text}` is not the address of a host");
        findings.push(Diagnostic::new(&UNUSABLE_ADDRESS, place, message, "use the address of one host"));
        return Err(Reported);
    }
    Ok(address)
}
