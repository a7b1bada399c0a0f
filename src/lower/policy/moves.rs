//! A node's own address, taken from where the inventory shows it to the bridge that takes its NIC.
//!
//! A port of a bridge has no address (nmstate, `ifaces/base.rs`, `can_have_ip`), so what a NIC has goes to the bridge: the MAC
//! address, by which a DHCP server knows the node; the addresses, or the word that DHCP gives them; the MTU; the static routes,
//! and static DNS servers. What nmstate and NetworkManager would make of the type or the name of the interface is written out.
//! An export made after the move shows all of that on the bridge, and gives the same policy again.

use crate::api::nmstate::{DnsResolver, InterfaceAddress, InterfaceIp, Route};
use crate::model::inventory::{MAIN_TABLE, Node, NodeInterface};

use super::state::OwnAddress;

/// The MTU of Ethernet, which every interface has that is not told another.
const USUAL_MTU: u32 = 1500;

/// The MAC address as what a DHCP server knows the node by. nmstate sets it where a state has none (`nm/settings/ip.rs`).
const BY_MAC_ADDRESS: &str = "ll";

/// What the node has on a NIC that becomes a port of `bridge`; none if it has no address there.
pub(super) fn own_address(node: &Node, nic: &str, bridge: &str) -> Option<OwnAddress> {
    let holder = holder(node, nic, bridge)?;
    // The state has an interface by its own name, whatever the network calls it.
    let own_name = node.interfaces.name_of(nic);
    let leads_through = |route: &Route| {
        let interface = route.next_hop_interface.as_deref();
        interface == Some(own_name) || interface == Some(bridge)
    };
    let metric = |is_ipv4: bool| automatic_metric(node, is_ipv4, &leads_through);
    let ipv4 = kept(holder, holder.ipv4.as_ref(), true, metric(true));
    let ipv6 = kept(holder, holder.ipv6.as_ref(), false, metric(false));
    let family = |route: &Route| if route.is_ipv4() { &ipv4 } else { &ipv6 };
    // A default route that is in no configuration and comes from no network was set by hand, and would not come back.
    let is_by_hand = |route: &&Route| {
        !family(route).is_automatic()
            && route.next_hop_address.is_some()
            && !node.routes.iter().any(|it| it.destination == route.destination)
    };
    let by_hand = node.default_routes.iter().filter(is_by_hand);
    let leading = node.routes.iter().chain(by_hand).filter(|route| leads_through(route) && family(route).enabled);
    let routes = leading.cloned().map(|mut route| {
        route.metric = route.metric.filter(|metric| *metric >= 0);
        route.table_id = route.table_id.filter(|table| *table != 0 && *table != MAIN_TABLE);
        route.through(bridge)
    });
    let port = node.interfaces.get(nic);
    let mtu = |interface: &NodeInterface| interface.mtu.filter(|mtu| *mtu != USUAL_MTU);
    Some(OwnAddress {
        routes: routes.collect(),
        mac_address: port.and_then(|port| port.mac_address.clone()),
        copy_mac_from: None,
        // A bridge without one takes the least of its ports, the guests' among them (Linux, `net/bridge/br_if.c`, `br_mtu_auto_adjust`).
        mtu: mtu(holder),
        // The NIC may have it from the lease that it gives up.
        nic_mtu: port.and_then(mtu),
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

/// The metric of the default route that DHCP or a router has given. NetworkManager has another for each type of interface (100 for
/// a NIC, 425 for a bridge: `nm_device_get_route_metric_default`), and the route would leave by whatever else has one.
fn automatic_metric(node: &Node, is_ipv4: bool, leads_through: &impl Fn(&Route) -> bool) -> Option<i64> {
    let is_configured = |route: &Route| {
        let has_metric = |it: &Route| it.metric.is_none_or(|metric| metric < 0) || it.metric == route.metric;
        let is_same = |it: &Route| it.destination == route.destination && it.next_hop_address == route.next_hop_address;
        node.routes.iter().any(|it| leads_through(it) && is_same(it) && has_metric(it))
    };
    let routes = node.default_routes.iter().filter(|route| route.is_ipv4() == is_ipv4 && leads_through(route));
    routes.filter(|route| !is_configured(route)).filter_map(|route| route.metric).filter(|metric| *metric >= 0).min()
}

/// An IP version as the bridge gets it: what comes from the network is asked for again, not copied.
fn kept(holder: &NodeInterface, ip: Option<&InterfaceIp>, is_ipv4: bool, metric: Option<i64>) -> InterfaceIp {
    let Some(ip) = ip.filter(|ip| ip.enabled) else { return InterfaceIp::disabled() };
    let is_automatic = ip.is_automatic();
    let only_no = |switch: Option<bool>| switch.filter(|is_on| !*is_on && is_automatic);
    let by = |word: &Option<String>| Some(word.clone().unwrap_or_else(|| BY_MAC_ADDRESS.to_owned()));
    let address: Vec<InterfaceAddress> = holder.configured(ip).cloned().collect();
    if is_ipv4 && address.is_empty() && !is_automatic {
        return InterfaceIp::disabled();
    }
    // nmstate has no metric for DHCPv6 alone, which gives no routes (`ip.rs`, `sanitize`).
    let has_metric = is_automatic && (is_ipv4 || ip.autoconf == Some(true));
    // NetworkManager has one metric for both, and nmstate prints it twice.
    let set = ip.auto_route_metric.or(ip.prefix_route_metric);
    InterfaceIp {
        enabled: true,
        // NetworkManager has no router advertisements without DHCPv6, and nmstate refuses them (`nm/settings/ip.rs`); whether
        // DHCPv6 is asked is for the advertisement to say.
        dhcp: Some(is_automatic),
        autoconf: (!is_ipv4).then_some(ip.autoconf == Some(true)),
        // By these the server, or the node itself, comes to the same address again.
        dhcp_client_id: by(&ip.dhcp_client_id).filter(|_| is_ipv4 && is_automatic),
        dhcp_duid: by(&ip.dhcp_duid).filter(|_| !is_ipv4 && is_automatic),
        dhcp_send_hostname: only_no(ip.dhcp_send_hostname),
        dhcp_custom_hostname: ip.dhcp_custom_hostname.clone().filter(|_| is_automatic),
        addr_gen_mode: ip.addr_gen_mode.clone().filter(|_| !is_ipv4 && is_automatic),
        token: ip.token.clone().filter(|_| !is_ipv4 && is_automatic),
        auto_dns: only_no(ip.auto_dns),
        auto_gateway: only_no(ip.auto_gateway),
        auto_routes: only_no(ip.auto_routes),
        auto_route_table_id: ip.auto_route_table_id.filter(|_| is_automatic),
        auto_route_metric: set.or(metric).filter(|_| has_metric),
        prefix_route_metric: ip.prefix_route_metric.filter(|_| is_ipv4 && !is_automatic),
        address,
    }
}
