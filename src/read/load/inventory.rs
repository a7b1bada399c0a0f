//! NodeNetworkStates (`kubectl get nns -o yaml`) and Nodes (`kubectl get nodes -o yaml`): the nodes as they are.
//!
//! Read leniently, because every release of nmstate adds keys and some have dropped them: what is used is looked for, and the
//! rest is passed over. What is used and cannot be read is a finding, for a node that seems to have no address may be cut off.
//! Source of the keys: nmstate `rust/src/lib/ifaces/base.rs`; kubernetes-nmstate `pkg/state/type.go`. `jiff` is at home here.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::str::FromStr;

use serde_json::Value;

use crate::api::nmstate::{BondMode, DnsConfig, InterfaceAddress, InterfaceIp, InterfaceType, Route, Vlan};
use crate::base::address::{net_of, parse_net};
use crate::base::diagnostic::{Diagnostic, Findings, Origin};
use crate::model::Inventory;
use crate::model::inventory::{
    InterfaceKind, Interfaces, MAIN_TABLE, Node, NodeInterface, NodeObject, RouteRule, Taint,
};
use crate::rule;

rule! {
    /// A NodeNetworkState that does not say what it is asked for.
    ///
    /// It has no interfaces, or one of them has no name or an address that cannot be read. A node of which something is not known
    /// is not taken for a node that does not have it: a policy might cut it off.
    ///
    /// ## Way out
    /// Export it again: `kubectl get nns -o yaml`. A node whose handler is not running has no state: leave it out with
    /// `--exclude`, or name it by another `nodeSelector`.
    pub INVALID_INVENTORY = "WK113", "invalid-inventory", Error;
}

rule! {
    /// The inputs have two states of one node.
    ///
    /// Which of the two holds would depend on the order of the files.
    ///
    /// ## Way out
    /// Keep the later export, and leave the other out with `--exclude`.
    pub DUPLICATE_NODE = "WK114", "duplicate-node", Error;
}

/// A Node; none if it has no name.
pub(super) fn node(value: &Value) -> Option<NodeObject> {
    let metadata = value.get("metadata")?;
    let labels = metadata.get("labels").and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let list = value.pointer("/spec/taints").and_then(Value::as_array);
    let taint = |value: &Value| {
        let effect = text_at(value, "effect").filter(|effect| effect != "PreferNoSchedule")?;
        Some(Taint { key: text_at(value, "key")?, value: text_at(value, "value").unwrap_or_default(), effect })
    };
    Some(NodeObject {
        name: text_at(metadata, "name")?,
        labels: labels.into_iter().flatten().filter_map(text).collect(),
        taints: list.into_iter().flatten().filter_map(taint).collect(),
    })
}

/// The inventory of these states, with what these Nodes tell.
pub(super) fn put_together(
    states: Vec<Node>,
    mut objects: BTreeMap<String, NodeObject>,
    findings: &mut Findings,
) -> Inventory {
    let mut nodes: Vec<Node> = Vec::with_capacity(states.len());
    let mut seen: HashMap<String, Origin> = HashMap::new();
    for mut node in states {
        if let Some(first) = seen.get(&node.name) {
            findings.push(
                Diagnostic::new(
                    &DUPLICATE_NODE,
                    node.origin.at("metadata/name"),
                    format!("a second state of the node `{}`", node.name),
                    "keep the later export, and leave the other out with --exclude",
                )
                .with_related(first.at("metadata/name"), "the first one"),
            );
            continue;
        }
        seen.insert(node.name.clone(), node.origin.clone());
        if let Some(object) = objects.remove(&node.name) {
            node.labels = Some(object.labels);
            node.taints = object.taints;
        }
        nodes.push(node);
    }
    Inventory::new(nodes, objects.into_values().collect())
}

/// A node's state.
pub(super) fn node_state(origin: Origin, value: &Value, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let Some(name) = value.get("metadata").and_then(|metadata| text_at(metadata, "name")) else {
        let help = "export it again: `kubectl get nns -o yaml`";
        let message = "this NodeNetworkState has no name, so nobody knows which node it is";
        diagnostics.push(Diagnostic::new(&INVALID_INVENTORY, origin.at("metadata/name"), message, help));
        return None;
    };
    let state = value.pointer("/status/currentState");
    let interfaces = state.and_then(|state| state.get("interfaces")).and_then(Value::as_array);
    let Some(interfaces) = interfaces.filter(|interfaces| !interfaces.is_empty()) else {
        diagnostics.push(Diagnostic::new(
            &INVALID_INVENTORY,
            origin.at("status/currentState/interfaces"),
            format!("the state of the node `{name}` has no interfaces"),
            "export it again: `kubectl get nns -o yaml`; leave out a node whose handler is not running",
        ));
        return None;
    };
    let list = origin.child("status").child("currentState").child("interfaces");
    let mut found: HashMap<String, NodeInterface> = HashMap::with_capacity(interfaces.len());
    let before = diagnostics.len();
    for (index, value) in interfaces.iter().enumerate() {
        match interface(value, index) {
            Ok((name, interface)) => add(&mut found, name, interface),
            Err(key) => diagnostics.push(Diagnostic::new(
                &INVALID_INVENTORY,
                list.child(index).at(key),
                format!("the `{key}` of an interface of the node `{name}` cannot be read"),
                "export it again: `kubectl get nns -o yaml`",
            )),
        }
    }
    for (pointer, destination) in unreadable_routes(state) {
        diagnostics.push(Diagnostic::new(
            &INVALID_INVENTORY,
            origin.below("/status/currentState").below(&pointer).at("destination"),
            format!("a route of the node `{name}` leads to {destination}, which is no network"),
            "export it again: `kubectl get nns -o yaml`",
        ));
    }
    if diagnostics.len() > before {
        return None;
    }
    let recorded = value.pointer("/status/lastSuccessfulUpdateTime").and_then(Value::as_str);
    let routes = |kind: &str| {
        let list = state.and_then(|state| state.pointer(&format!("/routes/{kind}"))).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(route).collect::<Vec<Route>>()
    };
    let is_main = |route: &Route| route.table_id.is_none_or(|table| table == 0 || table == MAIN_TABLE);
    let asked = state.and_then(|state| state.pointer("/dns-resolver/running")).and_then(dns);
    let rules = state.and_then(|state| state.pointer("/route-rules/config")).and_then(Value::as_array);
    let (config, running) = (routes("config"), routes("running"));
    let defaults = running.iter().chain(&config).filter(|route| route.is_default() && is_main(route));
    let mappings = state.and_then(|state| state.pointer("/ovn/bridge-mappings")).and_then(Value::as_array);
    let mapping = |value: &Value| Some((text_at(value, "localnet")?, text_at(value, "bridge")?));
    Some(Node {
        name,
        labels: None,
        taints: Vec::new(),
        bridge_mappings: mappings.into_iter().flatten().filter_map(mapping).collect(),
        recorded: recorded.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second),
        interfaces: Interfaces::new(found),
        default_routes: defaults.cloned().collect(),
        routes: config,
        route_rules: rules.into_iter().flatten().filter_map(route_rule).collect(),
        dns: state.and_then(|state| state.pointer("/dns-resolver/config")).and_then(dns),
        name_servers: asked.map(|asked| asked.server).unwrap_or_default(),
        origin,
    })
}

/// An OVS bridge and its internal port have one name, and the port has the address.
fn add(interfaces: &mut HashMap<String, NodeInterface>, name: String, interface: NodeInterface) {
    match interfaces.entry(name) {
        std::collections::hash_map::Entry::Vacant(vacant) => drop(vacant.insert(interface)),
        std::collections::hash_map::Entry::Occupied(mut occupied) => {
            let first = occupied.get_mut();
            let (mut bridge, mut port) = (std::mem::take(first), interface);
            if port.kind.is(InterfaceType::OvsBridge) {
                std::mem::swap(&mut bridge, &mut port);
            }
            *first = NodeInterface { kind: bridge.kind, ports: bridge.ports, ..port };
        }
    }
}

/// An interface and its name, or the key that cannot be read.
pub(super) fn interface(value: &Value, index: usize) -> Result<(String, NodeInterface), &'static str> {
    let name = text_at(value, "name").filter(|name| !name.is_empty()).ok_or("name")?;
    let vlan = value.get("vlan").and_then(|vlan| {
        let id = number_at(vlan, "id").and_then(|id| u16::try_from(id).ok())?;
        Some(Vlan { base_iface: text_at(vlan, "base-iface")?, id })
    });
    // `slaves` and `master` are the words of nmstate before 1.0.
    let bonded = ["link-aggregation", "bond"].iter().find_map(|key| value.get(*key));
    let bond_mode = bonded.and_then(|bond| bond.get("mode")).and_then(bond_mode);
    let bonded = bonded.and_then(|bond| ["port", "ports", "slaves"].iter().find_map(|key| bond.get(*key)));
    let bridged = value.get("bridge").and_then(|bridge| ["port", "ports"].iter().find_map(|key| bridge.get(*key)));
    let vrf = value.get("vrf").and_then(|vrf| vrf.get("port"));
    let ports = [bonded, bridged, vrf].into_iter().flatten().filter_map(Value::as_array).flatten();
    let ports = ports.flat_map(nics_of_port);
    let interface = NodeInterface {
        index,
        kind: InterfaceKind::of_word(value.get("type").and_then(Value::as_str).unwrap_or_default()),
        alt_names: alt_names(value),
        mtu: number_at(value, "mtu").filter(|mtu| *mtu > 0),
        mac_address: text_at(value, "mac-address"),
        max_mtu: number_at(value, "max-mtu").filter(|mtu| *mtu > 0),
        bond_mode,
        controller: text_at(value, "controller").or_else(|| text_at(value, "master")).filter(|it| !it.is_empty()),
        ipv4: ip(value, "ipv4")?,
        ipv6: ip(value, "ipv6")?,
        expiring: ["ipv4", "ipv6"].into_iter().flat_map(|key| expiring(value, key)).collect(),
        vlan,
        ports: ports.collect(),
        max_vfs: value.pointer("/ethernet/sr-iov").and_then(|sr_iov| number_at(sr_iov, "max-vfs")),
        total_vfs: value.pointer("/ethernet/sr-iov").and_then(|sr_iov| number_at(sr_iov, "total-vfs")),
    };
    Ok((name, interface))
}

/// The other names of an interface: `alt-names: [{name: enp3s0}]` (nmstate, `ifaces/alt_name.rs`).
fn alt_names(value: &Value) -> Vec<String> {
    let list = value.get("alt-names").and_then(Value::as_array);
    let is_there = |name: &&Value| name.get("state").and_then(Value::as_str) != Some("absent");
    list.into_iter().flatten().filter(is_there).filter_map(|name| text_at(name, "name")).collect()
}

/// The mode of a bond, by its name or by the kernel's number (the kernel's `bonding.rst`; nmstate, `ifaces/bond.rs`, takes both).
fn bond_mode(mode: &Value) -> Option<BondMode> {
    const BY_NUMBER: [BondMode; 7] = [
        BondMode::BalanceRr,
        BondMode::ActiveBackup,
        BondMode::BalanceXor,
        BondMode::Broadcast,
        BondMode::Ieee8023ad,
        BondMode::BalanceTlb,
        BondMode::BalanceAlb,
    ];
    let number = mode.as_u64().or_else(|| mode.as_str()?.parse().ok());
    match number {
        Some(number) => BY_NUMBER.get(usize::try_from(number).ok()?).copied(),
        None => BondMode::named(mode.as_str()?),
    }
}

/// The interfaces that a port takes: itself, or its NICs, where it is a bond of an OVS bridge.
pub(super) fn nics_of_port(port: &Value) -> Vec<String> {
    let name = |port: &Value| port.as_str().map(str::to_owned).or_else(|| text_at(port, "name"));
    match port.pointer("/link-aggregation/port").and_then(Value::as_array) {
        Some(nics) => nics.iter().filter_map(name).collect(),
        None => name(port).into_iter().collect(),
    }
}

/// The addresses of an IP version, link-local ones left out; or the key, if they cannot be read.
fn ip(interface: &Value, key: &'static str) -> Result<Option<InterfaceIp>, &'static str> {
    let Some(value) = interface.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let switch = |key: &str| value.get(key).and_then(Value::as_bool);
    let list = match value.as_object().ok_or(key)?.get("address") {
        None | Some(Value::Null) => &[][..],
        Some(list) => list.as_array().ok_or(key)?.as_slice(),
    };
    let read: Option<Vec<InterfaceAddress>> = list.iter().map(|it| address(it, key == "ipv4")).collect();
    let is_link_local = |it: &InterfaceAddress| {
        it.ip.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.is_unicast_link_local())
    };
    let addresses: Vec<InterfaceAddress> = read.ok_or(key)?.into_iter().filter(|it| !is_link_local(it)).collect();
    Ok(Some(InterfaceIp {
        enabled: switch("enabled").unwrap_or(!addresses.is_empty()),
        dhcp: switch("dhcp"),
        autoconf: switch("autoconf"),
        dhcp_client_id: text_at(value, "dhcp-client-id"),
        dhcp_duid: text_at(value, "dhcp-duid"),
        dhcp_send_hostname: switch("dhcp-send-hostname"),
        dhcp_custom_hostname: text_at(value, "dhcp-custom-hostname").filter(|name| !name.is_empty()),
        addr_gen_mode: text_at(value, "addr-gen-mode"),
        token: text_at(value, "token").filter(|token| token != "::"),
        auto_dns: switch("auto-dns"),
        auto_gateway: switch("auto-gateway"),
        auto_routes: switch("auto-routes"),
        // 0 and -1 are nmstate's words for "not set".
        auto_route_table_id: number_at(value, "auto-route-table-id").filter(|table| *table != 0),
        auto_route_metric: metric_at(value, "auto-route-metric"),
        prefix_route_metric: metric_at(value, "prefix-route-metric"),
        address: addresses,
    }))
}

/// The addresses of an IP version that have a life time.
fn expiring(interface: &Value, key: &str) -> Vec<InterfaceAddress> {
    let list = interface.get(key).and_then(|ip| ip.get("address")).and_then(Value::as_array);
    let has_end = |it: &&Value| text_at(it, "valid-life-time").is_some_and(|time| time != "forever");
    list.into_iter().flatten().filter(has_end).filter_map(|it| address(it, key == "ipv4")).collect()
}

fn address(value: &Value, is_ipv4: bool) -> Option<InterfaceAddress> {
    let ip = text_at(value, "ip")?;
    let prefix_length = number_at(value, "prefix-length").and_then(|length| u8::try_from(length).ok())?;
    let parsed = net_of(&ip, prefix_length)?;
    (parsed.addr().is_ipv4() == is_ipv4).then_some(InterfaceAddress { ip, prefix_length })
}

/// The static routes that cannot be read, by their pointers, with what stands for a destination.
fn unreadable_routes(state: Option<&Value>) -> Vec<(String, String)> {
    let list = state.and_then(|state| state.pointer("/routes/config")).and_then(Value::as_array);
    let problem = |(index, route): (usize, &Value)| {
        let destination = route.get("destination").unwrap_or(&Value::Null);
        let is_network = destination.as_str().is_some_and(|text| parse_net(text).is_some());
        (!is_network)
            .then(|| (format!("/routes/config/{index}"), format!("`{}`", destination.to_string().trim_matches('"'))))
    };
    list.into_iter().flatten().enumerate().filter_map(problem).collect()
}

fn route(value: &Value) -> Option<Route> {
    // Exports of nmstate before 1.0 have empty next hops, which its successors refuse.
    let hop = text_at(value, "next-hop-address").filter(|hop| !hop.is_empty());
    Some(Route {
        destination: text_at(value, "destination")?,
        next_hop_address: hop,
        next_hop_interface: text_at(value, "next-hop-interface"),
        metric: value.get("metric").and_then(Value::as_i64),
        table_id: number_at(value, "table-id"),
    })
}

/// A rule for policy routing; none if it says neither table nor address that could be read.
fn route_rule(value: &Value) -> Option<RouteRule> {
    let net = |key: &str| {
        let text = text_at(value, key)?;
        // A single address is one that nmstate takes as well.
        parse_net(&text).or_else(|| Some(IpAddr::from_str(&text).ok()?.into()))
    };
    let (from, to) = (net("ip-from"), net("ip-to"));
    let family = text_at(value, "family").map(|family| family == "ipv4");
    Some(RouteRule {
        is_ipv4: family.or_else(|| Some(from.or(to)?.addr().is_ipv4()))?,
        from,
        to,
        interface: text_at(value, "iif"),
        table: number_at(value, "route-table").filter(|table| *table != 0).unwrap_or(MAIN_TABLE),
    })
}

pub(super) fn dns(value: &Value) -> Option<DnsConfig> {
    let texts = |key: &str| -> Vec<String> {
        let list = value.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let config = DnsConfig { server: texts("server"), search: texts("search") };
    (!config.server.is_empty()).then_some(config)
}

pub(super) fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A number, or a text that is one: nmstate writes both.
fn number_at(value: &Value, key: &str) -> Option<u32> {
    let value = value.get(key)?;
    value.as_u64().and_then(|it| u32::try_from(it).ok()).or_else(|| value.as_str()?.parse().ok())
}

/// A metric that is set: nmstate prints -1 for NetworkManager's own.
fn metric_at(value: &Value, key: &str) -> Option<i64> {
    number_at(value, key).map(i64::from)
}
