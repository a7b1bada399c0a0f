//! The needs of networks into policies: one for each network, or for each bridge, or, where a node's own address moves, for
//! each node.
//!
//! Everything that a network needs on a node is in one policy: kubernetes-nmstate applies policies in no order, so none may
//! need another (its documentation, "Configuration").

mod moves;
mod state;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use crate::api::nmstate::NetworkState;
use crate::api::site::PolicyScope;
use crate::diagnostic::Report;
use crate::names::{MAX_POLICY_BYTES, policy_name};
use crate::network::fields::fits;
use crate::plan::{
    Carrier, Claim, Claimed, HOSTNAME, Host, Inventory, Need, Network, NodeSelector, Plan, Policy, Selection, Settings,
    Wukong,
};

use state::{OwnAddress, desired};

pub use state::guessed_type;

/// A network's need on the nodes of one group.
struct Request<'a> {
    wukong: &'a Wukong,
    network: &'a Network,
    host: &'a Host,
    need: &'a Need,
    /// The bridge, or OVN's name for it, or the NIC whose virtual functions are wanted.
    subject: &'a str,
}

/// A bridge in a node group.
type Subject<'a> = (usize, &'a str);

/// What becomes of one bridge of a group whose nodes' own addresses move to it: the state of each node, and whether the node
/// is surely selected.
type PerNode = BTreeMap<usize, (bool, NetworkState)>;

/// Plans the policies of every network.
pub fn plan(plan: &mut Plan, settings: &Settings, report: &mut Report) {
    let requests: Vec<Request<'_>> = plan.wukongs.iter().flat_map(requests).collect();
    let per_node = per_node(&requests, &plan.inventory);
    let mut policies: Vec<Policy> = Vec::new();
    let mut claims = Vec::new();
    let mut is_partial = false;
    let mut known: HashMap<(Subject<'_>, Option<&NodeSelector>), usize> = HashMap::new();
    let mut done: HashMap<Subject<'_>, Range<usize>> = HashMap::new();
    for request in &requests {
        let group = &settings.groups[request.host.group];
        let subject = (request.host.group, request.subject);
        if let Some(nodes) = per_node.get(&subject) {
            if let Some(range) = done.get(&subject) {
                for policy in &mut policies[range.clone()] {
                    policy.add_source(&request.wukong.identity.source);
                }
            } else {
                let first = policies.len();
                for (number, (is_certain, state)) in nodes {
                    let node = plan.inventory.node(*number);
                    let mut selector = (*group.node_selector).clone();
                    selector.insert(HOSTNAME.to_owned(), node.hostname().to_owned());
                    let name = policy_name(&[request.subject, &node.name]);
                    claims.push(request.claim(&name, policies.len()));
                    let nodes = Selection { nodes: Arc::from([*number]), is_certain: *is_certain };
                    let mut policy = request.policy(name, Arc::new(selector), nodes, state.clone());
                    policy.is_per_node = true;
                    policies.push(policy);
                }
                done.insert(subject, first..policies.len());
            }
            continue;
        }
        let own = OwnAddress::written(request.network, request.host);
        let nodes = request.host.selected.clone();
        match settings.scope {
            PolicyScope::Network => {
                let name = format!("{}-{}-bridge", request.wukong.identity.name, request.network.name);
                let kind = "NodeNetworkConfigurationPolicy";
                if !fits(&name, MAX_POLICY_BYTES, kind, &request.network.origin, report) {
                    is_partial = true;
                    continue;
                }
                let name = group.name.as_ref().map_or_else(|| name.clone(), |group| policy_name(&[&name, group]));
                claims.push(request.claim(&name, policies.len()));
                let state = desired(request.network, request.host, request.need, &own);
                policies.push(request.policy(name, Arc::clone(&request.host.nodes), nodes, state));
            }
            PolicyScope::Bridge => {
                let has_node_ip = request.network.carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some());
                let pinned = Some(&*request.host.nodes).filter(|_| has_node_ip);
                if let Some(number) = known.get(&(subject, pinned)) {
                    policies[*number].add_source(&request.wukong.identity.source);
                    continue;
                }
                known.insert((subject, pinned), policies.len());
                let pin = pinned.and_then(|nodes| nodes.get(HOSTNAME));
                let parts: Vec<&str> = [Some(request.subject), group.name.as_deref(), pin.map(String::as_str)]
                    .into_iter()
                    .flatten()
                    .collect();
                let name = policy_name(&parts);
                claims.push(request.claim(&name, policies.len()));
                let state = desired(request.network, request.host, request.need, &own);
                policies.push(request.policy(name, Arc::clone(&request.host.nodes), nodes, state));
            }
        }
    }
    plan.policies = policies;
    plan.claims.extend(claims);
    plan.is_partial |= is_partial;
}

fn requests(wukong: &Wukong) -> impl Iterator<Item = Request<'_>> {
    wukong.networks.iter().flat_map(move |network| {
        network.hosts.iter().filter_map(move |host| {
            let need = host.need.as_ref()?;
            let uplink = host.uplink.as_ref().map(|uplink| uplink.name.as_str());
            let localnet = match &network.carrier {
                Carrier::Localnet { localnet, .. } => Some(localnet.as_str()),
                _ => None,
            };
            let subject = localnet.or(network.carrier.bridge_name()).or(uplink)?;
            Some(Request { wukong, network, host, need, subject })
        })
    })
}

impl Request<'_> {
    fn policy(
        &self,
        name: String,
        node_selector: Arc<NodeSelector>,
        nodes: Selection,
        desired_state: NetworkState,
    ) -> Policy {
        Policy {
            origin: self.network.origin.clone(),
            name,
            source: self.wukong.identity.source.clone(),
            node_selector,
            nodes,
            subject: self.subject.to_owned(),
            uplink: self.host.uplink.as_ref().and_then(|uplink| uplink.definition.clone()),
            is_per_node: false,
            desired_state,
        }
    }

    /// The claim of a policy's name; `number` is the policy's.
    fn claim(&self, name: &str, number: usize) -> Claim {
        static EVERYWHERE: LazyLock<Arc<NodeSelector>> = LazyLock::new(Arc::default);
        Claim {
            place: self.network.origin.at("name"),
            what: Claimed::PolicyName(name.to_owned()),
            // Every policy is planned once: whoever comes second with its name is another.
            holder: number.to_string(),
            nodes: Arc::clone(&EVERYWHERE),
        }
    }
}

/// The bridges to which a node's own address moves. Their policies are for one node each, those of the nodes that have
/// nothing to move included: a selector cannot say "all but these".
fn per_node<'a>(requests: &[Request<'a>], inventory: &Inventory) -> HashMap<Subject<'a>, PerNode> {
    let mut per_node = HashMap::new();
    if inventory.is_empty() {
        return per_node;
    }
    let mut by_subject: HashMap<Subject<'a>, Vec<&Request<'a>>> = HashMap::new();
    for request in requests {
        if request.network.carrier.bridge_on_nic().is_some() && !is_decided_by_site(request) {
            by_subject.entry((request.host.group, request.subject)).or_default().push(request);
        }
    }
    for (subject, requests) in by_subject {
        let mut nodes: BTreeMap<usize, (bool, &Request<'_>)> = BTreeMap::new();
        let mut seen: HashSet<&NodeSelector> = HashSet::new();
        for request in requests {
            if seen.insert(&request.host.nodes) {
                let selection = &request.host.selected;
                for number in selection.nodes.iter() {
                    let (is_certain, _) = nodes.entry(*number).or_insert((false, request));
                    *is_certain |= selection.is_certain;
                }
            }
        }
        let is_moving =
            |(number, (_, request)): (&usize, &(bool, &Request<'_>))| moved(request, inventory, *number).is_some();
        if !nodes.iter().any(is_moving) {
            continue;
        }
        let state = |(number, (is_certain, request)): (&usize, &(bool, &Request<'_>))| {
            let own = moved(request, inventory, *number)
                .unwrap_or_else(|| OwnAddress::written(request.network, request.host));
            (*number, (*is_certain, desired(request.network, request.host, request.need, &own)))
        };
        per_node.insert(subject, nodes.iter().map(state).collect());
    }
    per_node
}

/// Whether the Site says what addresses the bridge gets.
fn is_decided_by_site(request: &Request<'_>) -> bool {
    let definition = request.host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref());
    definition.is_some_and(|definition| definition.says_ip())
}

/// What of a node's own moves to the bridge; none if there is nothing, or if the network's `nodeIP` says something else.
fn moved(request: &Request<'_>, inventory: &Inventory, number: usize) -> Option<OwnAddress> {
    let node = inventory.node(number);
    let uplink = request.host.uplink.as_ref()?;
    let holder = moves::holder(node, &uplink.name, request.subject)?;
    let node_ip = request.network.carrier.bridge().and_then(|bridge| bridge.node_ip);
    let is_meant = node_ip.is_none_or(|node_ip| holder.addresses().contains(&node_ip.to_string()));
    let own = moves::own_address(node, &uplink.name, request.subject)?;
    is_meant.then_some(own)
}
