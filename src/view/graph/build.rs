//! The plan and the findings into a topology.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::places::{NetworkNodes, Places};
use super::{Thing, ThingKind, Topology};
use crate::api::nmstate::{BondMode, Interface, InterfaceType};
use crate::base::diagnostic::{Diagnostic, Origin, Severity};
use crate::base::names::{vlan_interface, vlan_of_name};
use crate::model::cni::Plugin;
use crate::model::{
    Attachment, BridgeKind, Carrier, Host, Need, Network, NodeSelector, Plan, Tagging, Uplink, Use, Wukong,
};
use crate::view::resolve::Resolved;

/// The topology of a plan, with the findings where they sit. `findings` are those of the run, each with its position.
pub fn topology(title: String, plan: &Plan, findings: &[(&Diagnostic, Resolved)]) -> Topology {
    let mut builder = Builder::new(plan);
    for wukong in &plan.wukongs {
        builder.add(wukong);
    }
    let Builder { nodes, edges, networks, machines, uplinks, .. } = builder;
    let mut topology = Topology { title, nodes, edges: edges.into_iter().collect(), findings: Vec::new() };
    let places = Places::new(networks, machines, uplinks);
    let mut seen: HashMap<&Resolved, usize> = HashMap::new();
    for (diagnostic, resolved) in findings {
        let number = *seen.entry(resolved).or_insert_with(|| {
            topology.findings.push(resolved.clone());
            topology.findings.len() - 1
        });
        let all = std::iter::once(&diagnostic.place).chain(diagnostic.related.iter().map(|(place, _)| place));
        let mut nodes: BTreeSet<usize> =
            all.flat_map(|place| places.nodes(place, diagnostic, &topology.nodes)).collect();
        if diagnostic.severity == Severity::Error {
            nodes.extend(places.owner(&diagnostic.place));
        }
        for node in nodes {
            // The same may be found twice.
            if !topology.nodes[node].findings.contains(&number) {
                topology.nodes[node].findings.push(number);
            }
        }
    }
    sort(topology)
}

struct Builder<'a> {
    plan: &'a Plan,
    attachments: HashMap<&'a Origin, &'a Attachment>,
    nodes: Vec<Thing>,
    edges: BTreeSet<(usize, usize)>,
    /// Nodes by kind, node group and name; what is the same in all groups has none.
    known: HashMap<(ThingKind, Option<usize>, String), usize>,
    /// Bridges by group and name, and by their ports where several of a name are apart.
    bridges: HashMap<(usize, String, Option<usize>), usize>,
    /// The bridges of a group whose definitions differ, on nodes that are never the same.
    apart: HashSet<(usize, String)>,
    networks: Vec<NetworkNodes<'a>>,
    machines: Vec<(&'a Origin, usize)>,
    uplinks: Vec<(&'a Origin, usize)>,
}

impl<'a> Builder<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            attachments: plan.attachments.iter().map(|attachment| (&attachment.origin, attachment)).collect(),
            nodes: Vec::new(),
            edges: BTreeSet::new(),
            known: HashMap::new(),
            bridges: HashMap::new(),
            apart: apart(plan),
            networks: Vec::new(),
            machines: Vec::new(),
            uplinks: Vec::new(),
        }
    }

    fn add(&mut self, wukong: &'a Wukong) {
        let identity = &wukong.identity;
        let name = qualified(identity.namespace.as_deref(), &identity.name);
        let machine = self.node(ThingKind::Vm, None, name, || selector_words(&identity.node_selector));
        self.machines.push((&identity.origin, machine));
        for network in &wukong.networks {
            if network.carrier == Carrier::Pod {
                continue;
            }
            let attachment = self.attachment(wukong, network);
            if let Some(attachment) = attachment {
                self.edge(attachment, machine);
            }
            let mut below = Vec::new();
            for host in &network.hosts {
                if let Some(top) = self.host(network, host, &mut below) {
                    self.edge(top, attachment.unwrap_or(machine));
                }
            }
            self.networks.push(NetworkNodes { network, machine, attachment, below });
        }
    }

    fn attachment(&mut self, wukong: &Wukong, network: &Network) -> Option<usize> {
        let own = wukong.identity.namespace.as_deref();
        if let Some(nad) = &network.nad_name {
            let name = nad.or_in(own).to_string();
            return Some(self.node(ThingKind::Attachment, None, name, || vec!["exists already".to_owned()]));
        }
        let attachment = *self.attachments.get(&network.origin)?;
        let address = network.ip.as_ref().map(|ip| ip.address.to_string());
        let detail = || plugin_words(&attachment.config.plugin).into_iter().chain(address).collect();
        Some(self.node(ThingKind::Attachment, None, qualified(own, &attachment.name), detail))
    }

    /// What the network is on, on the nodes of one group: the uppermost of it.
    fn host(&mut self, network: &Network, host: &'a Host, below: &mut Vec<usize>) -> Option<usize> {
        let uplink = host.uplink.as_ref().map(|uplink| self.uplink(host.group, uplink, below));
        let Some(name) = network.carrier.bridge_name() else {
            let is_of_any_nic = network.carrier.uses() == Use::Functions;
            return uplink.or_else(|| is_of_any_nic.then(|| self.group(host.group)));
        };
        let port = match (uplink, &host.uplink, host.vlan) {
            (Some(base), Some(uplink), Some(id)) => {
                let vlan = self.vlan(host.group, vlan_interface(&uplink.name, id), id, uplink.mtu());
                self.edge(base, vlan);
                below.push(vlan);
                Some(vlan)
            }
            _ => uplink,
        };
        // Bridges of one name that never meet are several; those that do are a conflict, and one box shows it.
        let definition = if self.is_apart(host.group, name) { port } else { None };
        let bridge = self.bridge(host.group, name, definition, || bridge_words(&network.carrier, host));
        below.push(bridge);
        let on = port.unwrap_or_else(|| self.group(host.group));
        self.edge(on, bridge);
        Some(bridge)
    }

    /// An uplink with everything that it stands on.
    fn uplink(&mut self, group: usize, uplink: &'a Uplink, below: &mut Vec<usize>) -> usize {
        let top = match &uplink.definition {
            None => match vlan_of_name(&uplink.name) {
                Some((base, id)) => {
                    let base = self.interface(group, base);
                    below.push(base);
                    let vlan = self.vlan(group, uplink.name.clone(), id, None);
                    self.edge(base, vlan);
                    vlan
                }
                None => self.interface(group, &uplink.name),
            },
            Some(definition) => {
                for interface in &definition.interfaces {
                    below.push(self.defined(group, interface));
                }
                let top = match &definition.ovs_bond {
                    Some(bond) => self.bond(group, &uplink.name, "OVS bond", bond.mode, &bond.port),
                    None => self.interface(group, &uplink.name),
                };
                self.uplinks.push((&definition.origin, top));
                top
            }
        };
        below.push(top);
        top
    }

    /// An interface of which the Site says what it is.
    fn defined(&mut self, group: usize, interface: &Interface) -> usize {
        let mtu = || interface.mtu.map(|mtu| format!("MTU {mtu}"));
        match (interface.interface_type, &interface.link_aggregation, &interface.vlan) {
            (Some(InterfaceType::Bond), Some(bond), _) => {
                let number = self.bond(group, &interface.name, "bond", bond.mode, &bond.port);
                if let Some(mtu) = mtu().filter(|mtu| !self.nodes[number].detail.contains(mtu)) {
                    self.nodes[number].detail.push(mtu);
                }
                number
            }
            (_, _, Some(vlan)) => {
                let base = self.interface(group, &vlan.base_iface);
                let number = self.vlan(group, interface.name.clone(), vlan.id, interface.mtu);
                self.edge(base, number);
                number
            }
            _ => {
                let vfs = interface.ethernet.as_ref().map(|_| "SR-IOV".to_owned());
                let detail = || vfs.into_iter().chain(mtu()).collect();
                let number = self.node(ThingKind::Nic, Some(group), interface.name.clone(), detail);
                let on = self.group(group);
                self.edge(on, number);
                number
            }
        }
    }

    fn bond(&mut self, group: usize, name: &str, word: &str, mode: BondMode, ports: &[String]) -> usize {
        let number = self.node(ThingKind::Bond, Some(group), name.to_owned(), || vec![format!("{word}, {mode}")]);
        for port in ports {
            let nic = self.interface(group, port);
            self.edge(nic, number);
        }
        number
    }

    fn vlan(&mut self, group: usize, name: String, id: u16, mtu: Option<u32>) -> usize {
        let detail = || std::iter::once(format!("VLAN {id}")).chain(mtu.map(|mtu| format!("MTU {mtu}"))).collect();
        self.node(ThingKind::Vlan, Some(group), name, detail)
    }

    /// An interface by its name: what is known of it, or a NIC.
    fn interface(&mut self, group: usize, name: &str) -> usize {
        let mut known = [ThingKind::Bond, ThingKind::Vlan, ThingKind::Nic].into_iter();
        if let Some(number) = known.find_map(|kind| self.known.get(&(kind, Some(group), name.to_owned()))) {
            return *number;
        }
        let number = self.node(ThingKind::Nic, Some(group), name.to_owned(), Vec::new);
        let on = self.group(group);
        self.edge(on, number);
        number
    }

    fn group(&mut self, number: usize) -> usize {
        let group = &self.plan.settings.groups[number];
        let name = group.name.clone().unwrap_or_else(|| "nodes".to_owned());
        self.node(ThingKind::Group, Some(number), name, || match selector_words(&group.node_selector) {
            all if all.is_empty() => vec!["all of them".to_owned()],
            labels => labels,
        })
    }

    fn is_apart(&self, group: usize, bridge: &str) -> bool {
        self.apart.contains(&(group, bridge.to_owned()))
    }

    fn bridge(&mut self, group: usize, name: &str, port: Option<usize>, detail: impl FnOnce() -> Vec<String>) -> usize {
        *self.bridges.entry((group, name.to_owned(), port)).or_insert_with(|| {
            self.nodes.push(Thing {
                kind: ThingKind::Bridge,
                name: name.to_owned(),
                detail: detail(),
                findings: Vec::new(),
            });
            self.nodes.len() - 1
        })
    }

    fn node(
        &mut self,
        kind: ThingKind,
        group: Option<usize>,
        name: String,
        detail: impl FnOnce() -> Vec<String>,
    ) -> usize {
        *self.known.entry((kind, group, name.clone())).or_insert_with(|| {
            self.nodes.push(Thing { kind, name, detail: detail(), findings: Vec::new() });
            self.nodes.len() - 1
        })
    }

    /// An edge; between two of one kind (a VLAN in a VLAN) one from what the first stands on.
    fn edge(&mut self, from: usize, to: usize) {
        if self.nodes[from].kind < self.nodes[to].kind {
            self.edges.insert((from, to));
        } else if from != to {
            let below: Vec<usize> = self.edges.iter().filter(|(_, upper)| *upper == from).map(|(it, _)| *it).collect();
            self.edges.extend(below.into_iter().map(|it| (it, to)));
        }
    }
}

/// The bridges, by group and name, that have several ports and none of them on nodes of another's.
fn apart(plan: &Plan) -> HashSet<(usize, String)> {
    type Ports<'a> = HashSet<(Cow<'a, str>, &'a NodeSelector)>;
    let mut bridges: HashMap<(usize, &str), Ports<'_>> = HashMap::new();
    for network in plan.networks() {
        for host in &network.hosts {
            if let (Some(bridge), Some(port)) = (network.carrier.bridge_name(), host.port()) {
                bridges.entry((host.group, bridge)).or_default().insert((port, &host.nodes));
            }
        }
    }
    let is_apart = |ports: &Ports<'_>| {
        let ports: Vec<&(Cow<'_, str>, &NodeSelector)> = ports.iter().collect();
        let is_one = ports.iter().all(|(port, _)| *port == ports[0].0);
        let meets = |(number, (port, nodes)): (usize, &&(Cow<'_, str>, &NodeSelector))| {
            ports[number + 1..].iter().any(|(other, theirs)| port != other && plan.can_meet(nodes, theirs))
        };
        !is_one && ports.len() <= MANY && !ports.iter().enumerate().any(meets)
    };
    bridges
        .into_iter()
        .filter(|(_, ports)| is_apart(ports))
        .map(|((group, name), _)| (group, name.to_owned()))
        .collect()
}

/// Above so many ports and selectors of one bridge it is not told whether they are apart.
const MANY: usize = 500;

/// Sorts the nodes so that what hangs together stands together: along the edges from the left, names in their natural order.
fn sort(topology: Topology) -> Topology {
    let Topology { title, nodes, edges, findings } = topology;
    let mut right: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (from, to) in &edges {
        right[*from].push(*to);
    }
    // `e1` and `e01` are equals as people sort: their letters decide.
    let key = |number: &usize| {
        let Thing { kind, name, .. } = &nodes[*number];
        (*kind, natural(name), name.clone())
    };
    for list in &mut right {
        list.sort_by_cached_key(&key);
    }
    let mut starts: Vec<usize> = (0..nodes.len()).collect();
    starts.sort_by_cached_key(&key);
    let mut order = Vec::with_capacity(nodes.len());
    let mut is_seen = vec![false; nodes.len()];
    // By hand, because a chain of calls could become too deep.
    let mut waiting: Vec<usize> = starts.into_iter().rev().collect();
    while let Some(number) = waiting.pop() {
        if !std::mem::replace(&mut is_seen[number], true) {
            order.push(number);
            waiting.extend(right[number].iter().rev());
        }
    }
    order.sort_by_key(|number| nodes[*number].kind);
    let mut numbers = vec![0; nodes.len()];
    for (new, old) in order.iter().enumerate() {
        numbers[*old] = new;
    }
    let mut slots: Vec<Option<Thing>> = nodes.into_iter().map(Some).collect();
    let nodes = order.iter().filter_map(|old| slots[*old].take()).collect();
    let mut edges: Vec<(usize, usize)> = edges.into_iter().map(|(from, to)| (numbers[from], numbers[to])).collect();
    edges.sort_unstable();
    Topology { title, nodes, edges, findings }
}

/// A name as people sort it: `bond0.20` before `bond0.100`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(digits);
        let end = tail.find(|it: char| !it.is_ascii_digit()).unwrap_or(tail.len());
        parts.push((word.to_owned(), tail[..end].parse().unwrap_or(u64::MAX)));
        rest = &tail[end..];
    }
    parts
}

fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

fn selector_words(selector: &NodeSelector) -> Vec<String> {
    let label =
        |(key, value): (&String, &String)| if value.is_empty() { key.clone() } else { format!("{key}={value}") };
    selector.iter().map(label).collect()
}

fn bridge_words(carrier: &Carrier, host: &Host) -> Vec<String> {
    let bridge = carrier.bridge();
    let kind = match carrier.bridge_kind() {
        Some(BridgeKind::Linux) => "linux-bridge",
        Some(BridgeKind::Ovs) | None => "ovs-bridge",
    };
    let filtering = bridge.is_some_and(|it| matches!(it.tagging, Tagging::Filtering(_))).then_some(", VLAN filtering");
    let localnet = carrier.localnet().map(|localnet| format!("localnet {localnet}"));
    let existing = (host.need == Some(Need::Mapping)).then(|| "exists already".to_owned());
    let address = bridge.and_then(|bridge| bridge.node_ip).map(|address| format!("node {address}"));
    let kind = format!("{kind}{}", filtering.unwrap_or_default());
    std::iter::once(kind).chain(localnet).chain(existing).chain(address).collect()
}

fn plugin_words(plugin: &Plugin) -> Vec<String> {
    let word = plugin.word();
    let word = plugin.tag().map_or_else(|| word.to_owned(), |vlan| format!("{word}, VLAN {vlan}"));
    vec![word]
}
