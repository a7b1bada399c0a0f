//! What a policy makes of the nodes: everything that one network needs there, in one desired state.

use ipnet::IpNet;

use crate::api::nmstate::{
    BridgeConfig, BridgeMapping, BridgePort, DnsResolver, Interface, InterfaceAddress, InterfaceIp, InterfaceType,
    MappingState, NetworkState, Ovn, OvsBond, OvsBondPort, Route, Routes, Vlan,
};
use crate::base::names::vlan_interface;
use crate::model::{BridgeKind, Host, Need, Network, Tagging, Uplink, Use};

/// What a bridge in the place of a NIC has of the node's own: addresses, and what goes with them.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnAddress {
    pub(super) ipv4: InterfaceIp,
    pub(super) ipv6: InterfaceIp,
    pub(super) mac_address: Option<String>,
    pub(super) copy_mac_from: Option<String>,
    /// The MTU, in bytes, where it is not the usual one and the Site does not say.
    pub(super) mtu: Option<u32>,
    /// That of the NIC, in bytes, likewise.
    pub(super) nic_mtu: Option<u32>,
    /// The routes that go through the bridge.
    pub(super) routes: Vec<Route>,
    pub(super) dns_resolver: Option<DnsResolver>,
    /// The type of the NIC, where the inventory knows it.
    pub(super) nic_type: Option<InterfaceType>,
}

impl OwnAddress {
    fn has_ip(&self) -> bool {
        self.ipv4.enabled || self.ipv6.enabled
    }

    /// What the network and the Site say; nothing, if they do not.
    pub(super) fn written(network: &Network, host: &Host) -> Self {
        let mut own = Self::default();
        let definition = host.uplink.as_ref().and_then(|uplink| uplink.definition.as_deref());
        if let (Some(bridge), Some(definition)) = (network.bridge_on_uplink(host), definition) {
            own.ipv4 = definition.ipv4.clone().unwrap_or_default();
            own.ipv6 = definition.ipv6.clone().unwrap_or_default();
            own.routes = definition.routes.iter().cloned().map(|route| route.through(bridge)).collect();
            own.copy_mac_from = definition.mac_source.clone().filter(|_| definition.has_ip());
        }
        // On a VLAN, which is a network of its own, only the network can say what the node's address is.
        match network.carrier.bridge().and_then(|bridge| bridge.node_ip) {
            Some(address @ IpNet::V4(_)) => own.ipv4 = static_ip(address),
            Some(address @ IpNet::V6(_)) => own.ipv6 = static_ip(address),
            None => {}
        }
        own
    }
}

fn static_ip(address: IpNet) -> InterfaceIp {
    let address = InterfaceAddress { ip: address.addr().to_string(), prefix_length: address.prefix_len() };
    InterfaceIp { enabled: true, dhcp: Some(false), address: vec![address], ..InterfaceIp::default() }
}

/// The desired state of a network on the nodes of one group.
pub(super) fn desired(network: &Network, host: &Host, need: &Need, own: &OwnAddress) -> NetworkState {
    let mut state = NetworkState::default();
    let mut routes = Vec::new();
    let takes_uplink = network.bridge_on_uplink(host).is_some();
    if let Some(uplink) = host.uplink.as_ref().filter(|_| *need != Need::Mapping) {
        below(uplink, takes_uplink, own, &mut state, &mut routes);
    }
    let carrier = &network.carrier;
    if let (Use::Bridge(kind, name), Some(uplink), true) = (carrier.uses(), &host.uplink, need.makes_bridge()) {
        match kind {
            BridgeKind::Linux => {
                let tagging = carrier.bridge().map(|bridge| &bridge.tagging);
                linux_bridge(name, tagging, uplink, host.vlan, own, &mut state);
            }
            // OVN connects its own bridge to this one by patch ports.
            BridgeKind::Ovs => ovs_bridge(name, uplink, own, carrier.localnet().map(|_| true), &mut state),
        }
    }
    if let Some(localnet) = carrier.localnet() {
        state.ovn = Some(Ovn {
            bridge_mappings: vec![BridgeMapping {
                localnet: localnet.to_owned(),
                bridge: carrier.bridge_name().map(str::to_owned),
                state: MappingState::Present,
            }],
        });
    }
    routes.extend(own.routes.iter().cloned());
    if own.dns_resolver.is_some() {
        state.dns_resolver.clone_from(&own.dns_resolver);
    }
    state.routes = (!routes.is_empty()).then_some(Routes { config: routes });
    state
}

/// What a bridge or a guest stands on: the uplink, and what that stands on.
fn below(uplink: &Uplink, is_port: bool, own: &OwnAddress, state: &mut NetworkState, routes: &mut Vec<Route>) {
    let Some(definition) = &uplink.definition else {
        // Of a NIC of which the Site says nothing there is nothing to say, unless it gives its address away.
        if is_port && own.has_ip() {
            // A bond or VLAN interface that is there has no section here, without which nmstate takes its type for a new one's.
            let nic_type = match own.nic_type {
                Some(known) => (known == InterfaceType::Ethernet).then_some(known),
                None => InterfaceType::guessed(&uplink.name),
            };
            let mut nic = Interface::up(&uplink.name, nic_type).without_ip();
            nic.mtu = own.nic_mtu;
            state.interfaces.push(nic);
        }
        return;
    };
    state.interfaces.extend(definition.interfaces.iter().cloned());
    routes.extend(definition.base_routes.iter().cloned());
    state.dns_resolver.clone_from(&definition.dns_resolver);
    let Some(top) = state.interfaces.last_mut().filter(|_| definition.ovs_bond.is_none()) else { return };
    if is_port {
        (top.ipv4, top.ipv6) = (Some(InterfaceIp::disabled()), Some(InterfaceIp::disabled()));
    } else {
        top.ipv4.clone_from(&definition.ipv4);
        top.ipv6.clone_from(&definition.ipv6);
        routes.extend(definition.routes.iter().cloned().map(|route| route.through(&uplink.name)));
    }
}

fn linux_bridge(
    name: &str,
    tagging: Option<&Tagging>,
    uplink: &Uplink,
    vlan: Option<u16>,
    own: &OwnAddress,
    state: &mut NetworkState,
) {
    let mut port = BridgePort::of(&uplink.name);
    if let Some(id) = vlan {
        port.name = vlan_interface(&uplink.name, id);
        let mut interface = Interface::up(&port.name, Some(InterfaceType::Vlan));
        interface.vlan = Some(Vlan { base_iface: uplink.name.clone(), id });
        interface.mtu = uplink.mtu().or(own.nic_mtu);
        // A VLAN interface that is there may have the node's address, which goes to the bridge.
        state.interfaces.push(if own.nic_type.is_some() { interface.without_ip() } else { interface });
    } else if let Some(Tagging::Filtering(vlan)) = tagging {
        port.vlan = Some(vlan.clone());
    }
    let mut interface = Interface::up(name, Some(InterfaceType::LinuxBridge));
    interface.mtu = uplink.mtu().or(own.mtu);
    interface.bridge = Some(BridgeConfig::of(vec![port]));
    give(&mut interface, own);
    state.interfaces.push(interface);
}

fn give(interface: &mut Interface, own: &OwnAddress) {
    interface.mac_address.clone_from(&own.mac_address);
    interface.copy_mac_from.clone_from(&own.copy_mac_from);
    interface.ipv4 = Some(own.ipv4.clone());
    interface.ipv6 = Some(own.ipv6.clone());
}

fn ovs_bridge(
    name: &str,
    uplink: &Uplink,
    own: &OwnAddress,
    allow_extra_patch_ports: Option<bool>,
    state: &mut NetworkState,
) {
    let bond = uplink.definition.as_ref().and_then(|definition| definition.ovs_bond.as_ref());
    let mut port = BridgePort::of(&uplink.name);
    port.link_aggregation = bond.map(|bond| OvsBond {
        mode: bond.mode,
        port: bond.port.iter().map(|name| OvsBondPort { name: name.clone() }).collect(),
    });
    let mut config = BridgeConfig::of(vec![port]);
    config.allow_extra_patch_ports = allow_extra_patch_ports;
    let internal = own.has_ip().then(|| {
        config.port.push(BridgePort::of(name));
        let mut internal = Interface::up(name, Some(InterfaceType::OvsInterface));
        internal.mtu = uplink.mtu().or(own.mtu);
        give(&mut internal, own);
        internal
    });
    let mut interface = Interface::up(name, Some(InterfaceType::OvsBridge));
    interface.bridge = Some(config);
    state.interfaces.push(interface);
    state.interfaces.extend(internal);
}
