//! A node's own address, taken from where the inventory shows it to the bridge that takes its NIC.
//!
//! A port of a bridge has no address (nmstate, `ifaces/base.rs`, `can_have_ip`), so what a NIC has goes to the bridge: the MAC
//! address, by which a DHCP server knows the node; the addresses, or the word that DHCP gives them; the static routes, and
//! static DNS servers. An export made after the move shows all of that on the bridge, and gives the same policy again.

use crate::api::nmstate::{DnsResolver, InterfaceAddress, InterfaceIp, Route};
use crate::model::inventory::{Node, NodeInterface};

use super::state::OwnAddress;

/// The table of ordinary routes, which is not worth writing.
const MAIN_TABLE: u32 = 254;

/// What the node has on a NIC that becomes a port of `bridge`; none if it has no address there.
pub(super) fn own_address(node: &Node, nic: &str, bridge: &str) -> Option<OwnAddress> {
    let holder = holder(node, nic, bridge)?;
    let (ipv4, ipv6) = (kept(holder.ipv4.as_ref(), true), kept(holder.ipv6.as_ref(), false));
    let family = |route: &Route| if route.is_ipv4() { &ipv4 } else { &ipv6 };
    // The state has an interface by its own name, whatever the network calls it.
    let own_name = node.interfaces.name_of(nic);
    let leads_through = |route: &&Route| {
        let interface = route.next_hop_interface.as_deref();
        (interface == Some(own_name) || interface == Some(bridge)) && family(route).enabled
    };
    // A default route that is in no configuration and comes from no network was set by hand, and would not come back.
    let is_by_hand = |route: &&Route| {
        !family(route).is_automatic()
            && route.next_hop_address.is_some()
            && !node.routes.iter().any(|it| it.destination == route.destination)
    };
    let by_hand = node.default_routes.iter().filter(is_by_hand);
    let routes = node.routes.iter().chain(by_hand).filter(leads_through).cloned().map(|mut route| {
        route.metric = route.metric.filter(|metric| *metric >= 0);
        route.table_id = route.table_id.filter(|table| *table != 0 && *table != MAIN_TABLE);
        route.through(bridge)
    });
    let port = node.interfaces.get(nic);
    Some(OwnAddress {
        routes: routes.collect(),
        mac_address: port.and_then(|port| port.mac_address.clone()),
        copy_mac_from: None,
        dns_resolver: node.dns.clone().map(|config| DnsResolver { config }),
        nic_type: port.and_then(|port| port.kind.known()),
        ipv4,
        ipv6,
    })
}

/// The interface that has the node's address: the NIC, or the bridge that has taken it already.
pub(super) fn holder<'a>(node: &'a Node, nic: &str, bridge: &str) -> Option<&'a NodeInterface> {
    if node.depends_on(nic) {
        return node.interfaces.get(nic);
    }
    let bridge = node.interfaces.get(bridge).filter(|_| node.depends_on(bridge))?;
    bridge.ports.iter().any(|port| port == node.interfaces.name_of(nic)).then_some(bridge)
}

/// An IP version as the bridge gets it: what comes from the network is asked for again, not copied.
fn kept(ip: Option<&InterfaceIp>, is_ipv4: bool) -> InterfaceIp {
    let Some(ip) = ip.filter(|ip| ip.enabled) else { return InterfaceIp::disabled() };
    let is_automatic = ip.is_automatic();
    let only_no = |switch: Option<bool>| switch.filter(|is_on| !*is_on && is_automatic);
    let address: Vec<InterfaceAddress> = if is_automatic { Vec::new() } else { ip.address.clone() };
    if is_ipv4 && address.is_empty() && !is_automatic {
        return InterfaceIp::disabled();
    }
    InterfaceIp {
        enabled: true,
        // NetworkManager has no router advertisements without DHCPv6, and nmstate refuses them (`nm/settings/ip.rs`); whether
        // DHCPv6 is asked is for the advertisement to say.
        dhcp: Some(is_automatic),
        autoconf: (!is_ipv4).then_some(ip.autoconf == Some(true)),
        // By these the server, or the node itself, comes to the same address again.
        dhcp_client_id: ip.dhcp_client_id.clone().filter(|_| is_ipv4 && is_automatic),
        dhcp_duid: ip.dhcp_duid.clone().filter(|_| !is_ipv4 && is_automatic),
        addr_gen_mode: ip.addr_gen_mode.clone().filter(|_| !is_ipv4 && is_automatic),
        token: ip.token.clone().filter(|_| !is_ipv4 && is_automatic),
        auto_dns: only_no(ip.auto_dns),
        auto_gateway: only_no(ip.auto_gateway),
        auto_routes: only_no(ip.auto_routes),
        address,
    }
}
