//! The needs of networks into policies: one for each network, or for each bridge, or, where a node's own address moves, for
//! each node.
//!
//! Everything that a network needs on a node is in one policy: kubernetes-nmstate applies policies in no order, so none may
//! need another (its documentation, "Configuration").

mod moves;
mod state;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::api::kinds;
use crate::api::nmstate::NetworkState;
use crate::api::site::PolicyScope;
use crate::base::diagnostic::Findings;
use crate::base::names::{MAX_POLICY_BYTES, policy_name};
use crate::lower::names::fits;
use crate::model::{
    Claim, Claimant, Claimed, HOSTNAME, Holder, Host, Inventory, Key, Manifest, Need, Network, NodeSelector, Policy,
    Selection, Settings, SourceFiles, Subject, Wukong, everywhere,
};

use state::{OwnAddress, desired};

/// A network's need on the nodes of one group.
struct Request<'a> {
    wukong: &'a Wukong,
    network: &'a Network,
    host: &'a Host,
    need: &'a Need,
    subject: About<'a>,
}

/// What a policy will be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum About<'a> {
    Localnet(&'a str),
    Bridge(&'a str),
    Nic(&'a str),
}

impl<'a> About<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Localnet(name) | Self::Bridge(name) | Self::Nic(name) => name,
        }
    }
}

impl From<About<'_>> for Subject {
    fn from(about: About<'_>) -> Self {
        match about {
            About::Localnet(name) => Self::Localnet(name.to_owned()),
            About::Bridge(name) => Self::Bridge(name.to_owned()),
            About::Nic(name) => Self::Nic(name.to_owned()),
        }
    }
}

/// What policies are about, in a node group.
type InGroup<'a> = (usize, About<'a>);

/// What becomes of one bridge of a group whose nodes' own addresses move to it: the state of each node, and whether the node
/// is surely selected.
type PerNode = BTreeMap<usize, (bool, NetworkState)>;

/// The policies of all networks.
#[derive(Debug, Default)]
pub struct Policies {
    /// The policies.
    pub policies: Vec<Policy>,
    /// What they claim: their names, and the nodes' DNS servers.
    pub claims: Vec<Claim>,
    /// Whether something was dropped because of an error.
    pub is_partial: bool,
}

/// Plans the policies of every network.
pub fn policies(wukongs: &[Wukong], inventory: &Inventory, settings: &Settings, findings: &mut Findings) -> Policies {
    let requests: Vec<Request<'_>> = wukongs.iter().flat_map(requests).collect();
    let per_node = per_node(&requests, inventory);
    let mut planner = Planner::new(settings, inventory);
    for request in &requests {
        match (per_node.get(&request.in_group()), settings.site.policy_scope()) {
            (Some(nodes), _) => planner.for_nodes(request, nodes),
            (None, PolicyScope::Network) => planner.for_network(request, findings),
            (None, PolicyScope::Bridge) => planner.for_bridge(request),
        }
    }
    let Planner { policies, claims, is_partial, .. } = planner;
    Policies { policies, claims, is_partial }
}

/// The policies so far, and what has one already.
struct Planner<'a> {
    settings: &'a Settings,
    inventory: &'a Inventory,
    policies: Vec<Policy>,
    claims: Vec<Claim>,
    /// The policies of a bridge, by the nodes that its own address is for if it has one.
    known: HashMap<(InGroup<'a>, Option<&'a NodeSelector>), Range<usize>>,
    is_partial: bool,
}

impl<'a> Planner<'a> {
    fn new(settings: &'a Settings, inventory: &'a Inventory) -> Self {
        let (policies, claims, known) = (Vec::new(), Vec::new(), HashMap::new());
        Self { settings, inventory, policies, claims, known, is_partial: false }
    }

    /// Whether there are policies of this key already, which then name the request's file among their sources.
    fn has(&mut self, key: (InGroup<'a>, Option<&'a NodeSelector>), request: &Request<'a>) -> bool {
        let Some(range) = self.known.get_mut(&key) else { return false };
        let policies = &mut self.policies[range.clone()];
        let mut has_others = false;
        for policy in policies {
            has_others = policy.source.add(&request.wukong.identity.source);
        }
        if has_others {
            // Nothing changes any more: thousands of networks must not ask thousands of policies.
            range.end = range.start;
        }
        true
    }

    fn add(&mut self, request: &Request<'a>, name: String, policy: impl FnOnce(String) -> Policy) {
        self.claims.push(request.claim(&name, self.policies.len()));
        let policy = policy(name);
        self.claims.extend(dns_claim(&policy));
        self.policies.push(policy);
    }

    /// One policy for each node, because a node's own address moves.
    fn for_nodes(&mut self, request: &Request<'a>, nodes: &PerNode) {
        let key = (request.in_group(), None);
        if self.has(key, request) {
            return;
        }
        let first = self.policies.len();
        for (number, (is_certain, state)) in nodes {
            let node = self.inventory.node(*number);
            let mut selector = (*self.settings.groups[request.host.group].node_selector).clone();
            selector.insert(HOSTNAME.to_owned(), node.hostname().to_owned());
            let selected = Selection { nodes: Arc::from([*number]), is_certain: *is_certain, stateless: 0 };
            self.add(request, policy_name(&[request.subject.name(), &node.name]), |name| Policy {
                is_per_node: true,
                ..request.policy(name, Arc::new(selector), selected, state.clone())
            });
        }
        self.known.insert(key, first..self.policies.len());
    }

    /// One policy for the network in its group.
    fn for_network(&mut self, request: &Request<'a>, findings: &mut Findings) {
        let name = format!("{}-{}-bridge", request.wukong.identity.name, request.network.name);
        if !fits(&name, MAX_POLICY_BYTES, kinds::NNCP, &request.network.origin, findings) {
            self.is_partial = true;
            return;
        }
        let group = self.settings.groups[request.host.group].name.as_deref();
        let name = group.map_or_else(|| name.clone(), |group| policy_name(&[&name, group]));
        self.add(request, name, |name| request.own_policy(name));
    }

    /// One policy for the bridge in its group. A node's own address is for the nodes that the Wukong selects.
    fn for_bridge(&mut self, request: &Request<'a>) {
        let has_node_ip = request.network.carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some());
        let pinned = Some(&*request.host.nodes).filter(|_| has_node_ip);
        let key = (request.in_group(), pinned);
        if self.has(key, request) {
            return;
        }
        let number = self.policies.len();
        self.known.insert(key, number..number + 1);
        let group = self.settings.groups[request.host.group].name.as_deref();
        let node = pinned.and_then(|nodes| nodes.get(HOSTNAME)).map(String::as_str);
        let parts: Vec<&str> = [Some(request.subject.name()), group, node].into_iter().flatten().collect();
        self.add(request, policy_name(&parts), |name| request.own_policy(name));
    }
}

fn requests(wukong: &Wukong) -> impl Iterator<Item = Request<'_>> {
    wukong.networks.iter().flat_map(move |network| {
        network.hosts.iter().filter_map(move |host| {
            let need = host.need.as_ref()?;
            let carrier = &network.carrier;
            let of_bridge = carrier.localnet().map(About::Localnet).or(carrier.bridge_name().map(About::Bridge));
            let of_nic = || Some(About::Nic(&host.uplink.as_ref()?.name));
            let subject = of_bridge.or_else(of_nic)?;
            Some(Request { wukong, network, host, need, subject })
        })
    })
}

impl<'a> Request<'a> {
    /// The bridge in its group.
    fn in_group(&self) -> InGroup<'a> {
        (self.host.group, self.subject)
    }

    /// The bridge that the network needs, and the interface that becomes its port.
    fn bridge_and_port(&self) -> Option<(&'a str, Cow<'a, str>)> {
        let bridge = self.network.carrier.bridge_name()?;
        Some((bridge, self.host.port()?)).filter(|_| *self.need != Need::Mapping)
    }

    /// The policy for the nodes of the host, with what network and Site say.
    fn own_policy(&self, name: String) -> Policy {
        let own = OwnAddress::written(self.network, self.host);
        let state = desired(self.network, self.host, self.need, &own);
        self.policy(name, Arc::clone(&self.host.nodes), self.host.selected.clone(), state)
    }

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
            source: SourceFiles::of(&self.wukong.identity.source),
            node_selector,
            nodes,
            group: self.host.group,
            subject: self.subject.into(),
            uplink: self.host.uplink.as_ref().and_then(|uplink| uplink.definition.clone()),
            is_per_node: false,
            desired_state,
        }
    }

    /// The claim of a policy's name; `number` is the policy's.
    fn claim(&self, name: &str, number: usize) -> Claim {
        Claim {
            place: self.network.at(Key::Name),
            what: Claimed::PolicyName(name.to_owned()),
            holder: Holder::Manifest(Manifest::Policy(number)),
            nodes: everywhere(),
            by: Claimant::Network,
        }
    }
}

/// The claim of the nodes' DNS servers, if a policy sets them: nmstate has one list for a node.
fn dns_claim(policy: &Policy) -> Option<Claim> {
    let dns = policy.desired_state.dns_resolver.as_ref()?;
    let place = match policy.uplink.as_ref().filter(|uplink| uplink.dns_resolver.is_some()) {
        Some(uplink) => uplink.origin.at("dns-resolver"),
        None => policy.origin.at("physicalInterface"),
    };
    let nodes = Arc::clone(&policy.node_selector);
    Some(Claim {
        place,
        what: Claimed::DnsResolver,
        holder: Holder::Servers(dns.config.server.clone()),
        nodes,
        by: Claimant::Network,
    })
}

/// The bridges to which a node's own address moves. Their policies are for one node each, those of the nodes that have
/// nothing to move included: a selector cannot say "all but these".
fn per_node<'a>(requests: &[Request<'a>], inventory: &Inventory) -> HashMap<InGroup<'a>, PerNode> {
    let mut per_node = HashMap::new();
    if inventory.is_empty() {
        return per_node;
    }
    let mut by_subject: HashMap<InGroup<'a>, Vec<&Request<'a>>> = HashMap::new();
    for request in requests {
        // Most bridges are on VLAN interfaces that no node has yet: nothing is asked of the nodes for them.
        let is_there = |(bridge, port): (&str, Cow<'_, str>)| {
            !(inventory.with_interface(bridge).is_empty() && inventory.with_interface(&port).is_empty())
        };
        if request.bridge_and_port().is_some_and(is_there) && !is_decided_by_site(request) {
            by_subject.entry(request.in_group()).or_default().push(request);
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
                    *is_certain |= inventory.is_surely_in(selection, *number);
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
    if request.network.bridge_on_uplink(request.host).is_none() {
        return false;
    }
    let definition = request.host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref());
    definition.is_some_and(|definition| definition.says_ip())
}

/// What of a node's own moves to the bridge; none if there is nothing, or if the network's `nodeIP` says something else.
fn moved(request: &Request<'_>, inventory: &Inventory, number: usize) -> Option<OwnAddress> {
    let node = inventory.node(number);
    let (bridge, port) = request.bridge_and_port()?;
    let holder = moves::holder(node, &port, bridge)?;
    let node_ip = request.network.carrier.bridge().and_then(|bridge| bridge.node_ip);
    let is_meant = node_ip.is_none_or(|node_ip| holder.addresses().contains(&node_ip.to_string()));
    let own = moves::own_address(node, &port, bridge)?;
    is_meant.then_some(own)
}
