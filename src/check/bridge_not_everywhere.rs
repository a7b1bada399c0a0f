use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use super::nodes::{SelectionId, name_nodes};
use crate::api::Toleration;
use crate::base::rule::Severity;
use crate::model::inventory::Node;
use crate::model::{Claimant, Claimed, Host, Identity, Key, Need, Network, NodeSelector, Plan};
use crate::rule;

rule! {
    /// A virtual machine can start on a node where no policy makes its bridge.
    ///
    /// The scheduler knows nothing of bridges. Where the bridge is missing, CNI's `bridge` plugin makes one that leads nowhere, and the
    /// machine runs without its network; `ovs` fails. Nodes come from the inventory: those that the Wukong selects, that no taint keeps it off,
    /// and that KubeVirt uses (`kubevirt.io/schedulable`). An error if the bridge is on none of them, and no node's labels or state are missing.
    ///
    /// ## Way out
    /// Select the policy's nodes in the Wukong too (`highAvailability.nodeSelector`), or let the Site's `policy.nodeSelector` or a node group select
    /// them. With `attachment.bridgeResources` in the Site, the scheduler looks for the bridge itself.
    pub(super) BRIDGE_NOT_EVERYWHERE = "WK239", "bridge-not-everywhere", Warning,
        inventory: Needed, yields_to: &BLAMING;
}

/// The label by which KubeVirt tells the nodes that it uses (user guide, "Node assignment").
const SCHEDULABLE: &str = "kubevirt.io/schedulable";

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    if plan.is_partial {
        return Vec::new();
    }
    // A node of which something is not known may be the one that has the bridge.
    let is_complete = plan.inventory.has_all_labels() && plan.inventory.stateless().is_empty();
    let mut coverage = Coverage::of(plan);
    let mut hits = Vec::new();
    // One node that is left out is one mistake, however many bridges are not on it.
    let mut groups: HashMap<(Arc<[usize]>, bool), usize> = HashMap::new();
    for wukong in &plan.wukongs {
        let identity: &Identity = &wukong.identity;
        let mut candidates = None;
        for network in &wukong.networks {
            // Bridges that are asked for as a resource are found by the scheduler.
            let is_asked_for = plan.settings.site.asks_for_bridges() && network.nad_name.is_none();
            // A group whose selector selects nothing is told by itself.
            let is_told = || network.hosts.iter().any(|host| plan.settings.groups[host.group].is_empty);
            let Some(bridge) = made(network).filter(|_| !is_asked_for && !is_told()) else { continue };
            let candidates = *candidates.get_or_insert_with(|| coverage.candidates(identity));
            let nodes = coverage.missing(bridge, candidates);
            if nodes.is_empty() {
                continue;
            }
            let is_nowhere = is_complete && nodes.len() == coverage.candidates[candidates].len();
            let next = groups.len();
            let group = *groups.entry((Arc::clone(&nodes), is_nowhere)).or_insert(next);
            let hit = Hit::in_group(network.at(Key::BridgeName), group, move |more| {
                let others = and_networks(more);
                let nodes = name_nodes(plan, &nodes);
                Words::new(
                    format!("`{}` can start on {nodes}, where no policy makes `{bridge}`{others}", identity.name),
                    "select the policy's nodes in `highAvailability.nodeSelector`, or let the Site's node selector select these too",
                )
                .about([bridge])
            });
            hits.push(if is_nowhere { hit.with_severity(Severity::Error) } else { hit });
        }
    }
    hits
}

/// The bridge that a policy makes for a network.
fn made(network: &Network) -> Option<&str> {
    let makes = |host: &Host| host.need.as_ref().is_some_and(Need::makes_bridge);
    network.carrier.bridge_name().filter(|_| network.hosts.iter().any(makes))
}

/// On which nodes bridges are, and virtual machines can be. Thousands of bridges and machines have the same few answers.
struct Coverage<'a> {
    plan: &'a Plan,
    uses_schedulable: bool,
    /// The number of each bridge's nodes in `covered`.
    of_bridge: HashMap<&'a str, usize>,
    covered: Vec<HashSet<usize>>,
    /// Where the policies of others have an interface, by its name.
    of_others: HashMap<&'a str, Vec<&'a NodeSelector>>,
    /// The number of a virtual machine's nodes in `candidates`.
    of_machine: HashMap<(&'a NodeSelector, &'a [Toleration]), usize>,
    candidates: Vec<Arc<[usize]>>,
    /// By the numbers of the bridge's nodes and the machine's.
    missing: HashMap<(usize, usize), Arc<[usize]>>,
}

impl<'a> Coverage<'a> {
    fn of(plan: &'a Plan) -> Self {
        let is_schedulable = |node: &Node| node.labels.as_ref().is_some_and(|labels| labels.contains_key(SCHEDULABLE));
        let mut coverage = Self {
            plan,
            uses_schedulable: plan.inventory.nodes().iter().any(is_schedulable),
            of_bridge: HashMap::new(),
            covered: Vec::new(),
            of_others: HashMap::new(),
            of_machine: HashMap::new(),
            candidates: Vec::new(),
            missing: HashMap::new(),
        };
        for claim in plan.claims.iter().filter(|claim| claim.by == Claimant::Others) {
            if let Claimed::Interface(name) = &claim.what {
                coverage.of_others.entry(name).or_default().push(&claim.nodes);
            }
        }
        // Most bridges are told apart by a few lists of nodes.
        let mut lists: Vec<&[usize]> = Vec::new();
        let mut numbers: HashMap<SelectionId<'_>, usize> = HashMap::new();
        let mut of_bridge: HashMap<&str, BTreeSet<usize>> = HashMap::new();
        for network in plan.networks() {
            let Some(bridge) = made(network) else { continue };
            let own = of_bridge.entry(bridge).or_default();
            for host in &network.hosts {
                own.insert(*numbers.entry(SelectionId::of(&host.selected)).or_insert_with(|| {
                    lists.push(&host.selected.nodes);
                    lists.len() - 1
                }));
            }
        }
        let mut known: HashMap<BTreeSet<usize>, usize> = HashMap::new();
        for (bridge, own) in of_bridge {
            let number = *known.entry(own.clone()).or_insert_with(|| {
                coverage.covered.push(own.iter().flat_map(|number| lists[*number].iter().copied()).collect());
                coverage.covered.len() - 1
            });
            coverage.of_bridge.insert(bridge, number);
        }
        coverage
    }

    /// The number of the nodes where a virtual machine can start.
    fn candidates(&mut self, identity: &'a Identity) -> usize {
        let key = (&identity.node_selector, identity.tolerations.as_slice());
        if let Some(known) = self.of_machine.get(&key) {
            return *known;
        }
        // What is not known of one node says nothing of those whose labels are known.
        let can_start = |number: &usize| {
            let node = self.plan.inventory.node(*number);
            let Some(labels) = &node.labels else { return false };
            let is_used = !self.uses_schedulable || labels.get(SCHEDULABLE).is_some_and(|it| it == "true");
            is_used && node.taints.iter().all(|taint| identity.tolerations.iter().any(|it| taint.is_tolerated(it)))
        };
        let selected = self.plan.inventory.select(&identity.node_selector);
        self.candidates.push(selected.nodes.iter().copied().filter(can_start).collect());
        let number = self.candidates.len() - 1;
        self.of_machine.insert(key, number);
        number
    }

    /// Those of them where no policy makes the bridge, and where it is not either.
    fn missing(&mut self, bridge: &str, candidates: usize) -> Arc<[usize]> {
        let nodes = &self.candidates[candidates];
        let Some(covered) = self.of_bridge.get(bridge) else { return Arc::clone(nodes) };
        let missing = self.missing.entry((*covered, candidates)).or_insert_with(|| {
            nodes.iter().copied().filter(|number| !self.covered[*covered].contains(number)).collect()
        });
        let missing = Arc::clone(missing);
        let is_there = |number: &usize| self.is_there(bridge, *number);
        if missing.iter().any(is_there) {
            return missing.iter().copied().filter(|number| !is_there(number)).collect();
        }
        missing
    }

    /// Whether a node has the bridge, or gets it by a policy of somebody else's.
    fn is_there(&self, bridge: &str, number: usize) -> bool {
        let node = self.plan.inventory.node(number);
        let has = |(key, value): (&String, &String)| node.labels.as_ref().is_some_and(|it| it.get(key) == Some(value));
        let by_others = || self.of_others.get(bridge).is_some_and(|all| all.iter().any(|it| it.iter().all(has)));
        node.interfaces.contains_key(bridge) || by_others()
    }
}
