use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::nodes::name_nodes;
use crate::base::diagnostic::{Diagnostic, Report, Severity, others};
use crate::model::inventory::Node;
use crate::model::{Claimant, Claimed, Host, Identity, Need, Network, NodeSelector, Plan};
use crate::rule;

rule! {
    /// A virtual machine can start on a node where no policy makes its bridge.
    ///
    /// The scheduler knows nothing of bridges. Where the bridge is missing, CNI's `bridge` plugin makes one that leads nowhere, and the
    /// machine runs without its network; `ovs` fails. Nodes come from the inventory: those that the Wukong selects, that no taint keeps it off,
    /// and that KubeVirt uses (`kubevirt.io/schedulable`). An error if the bridge is on none of them.
    ///
    /// ## Way out
    /// Select the policy's nodes in the Wukong too (`highAvailability.nodeSelector`), or let the Site's `policy.nodeSelector` or a node group select
    /// them. With `attachment.bridgeResources` in the Site, the scheduler looks for the bridge itself.
    pub(super) BRIDGE_NOT_EVERYWHERE = "WK239", "bridge-not-everywhere", Warning;
}

/// The label by which KubeVirt tells the nodes that it uses (user guide, "Node assignment").
const SCHEDULABLE: &str = "kubevirt.io/schedulable";

pub(super) fn check(plan: &Plan, report: &mut Report) {
    // A node without labels may be any; and bridges that are asked for as a resource are found by the scheduler.
    if !plan.inventory.has_all_labels() || plan.is_partial {
        return;
    }
    let mut coverage = Coverage::of(plan);
    let mut missing: Vec<(&Network, &Identity, Rc<[usize]>, usize)> = Vec::new();
    // One node that is left out is one mistake, however many bridges are not on it.
    let mut known: HashMap<Rc<[usize]>, usize> = HashMap::new();
    for wukong in &plan.wukongs {
        for network in &wukong.networks {
            let is_asked_for = plan.attachments_ask_for_bridges && network.nad_name.is_none();
            let Some(bridge) = made(network).filter(|_| !is_asked_for) else { continue };
            let nodes = coverage.missing(bridge, &wukong.identity);
            let is_nowhere = nodes.len() == coverage.candidates(&wukong.identity).len();
            let is_accepted = || report.accepts(&BRIDGE_NOT_EVERYWHERE, &network.origin.here());
            if nodes.is_empty() || (!is_nowhere && is_accepted()) {
                continue;
            }
            match known.get(&nodes) {
                Some(number) => missing[*number].3 += 1,
                None => {
                    known.insert(Rc::clone(&nodes), missing.len());
                    missing.push((network, &wukong.identity, nodes, 0));
                }
            }
        }
    }
    for (network, identity, nodes, more) in missing {
        let others = others(more, " (and one more network)", " (and # more networks)");
        let bridge = made(network).unwrap_or_default();
        let mut diagnostic = Diagnostic::new(
            &BRIDGE_NOT_EVERYWHERE,
            network.at("bridgeName"),
            format!(
                "`{}` can start on {}, where no policy makes `{bridge}`{others}",
                identity.name,
                name_nodes(plan, &nodes)
            ),
            "select the policy's nodes in `highAvailability.nodeSelector`, or let the Site's node selector select these too",
        );
        if coverage.candidates(identity).len() == nodes.len() {
            diagnostic.severity = Severity::Error;
        }
        report.push(diagnostic);
    }
}

/// The bridge that a policy makes for a network.
fn made(network: &Network) -> Option<&str> {
    let makes = |host: &Host| matches!(host.need, Some(Need::Bridge | Need::MappedBridge));
    network.carrier.bridge_name().filter(|_| network.hosts.iter().any(makes))
}

/// On which nodes bridges are, and virtual machines can be. Thousands of bridges and machines have the same few answers.
struct Coverage<'a> {
    plan: &'a Plan,
    uses_schedulable: bool,
    /// The number of each bridge's nodes in `covered`.
    of_bridge: HashMap<&'a str, usize>,
    covered: Vec<HashSet<usize>>,
    candidates: HashMap<(&'a NodeSelector, String), Rc<[usize]>>,
    missing: HashMap<(usize, *const usize), Rc<[usize]>>,
}

impl<'a> Coverage<'a> {
    fn of(plan: &'a Plan) -> Self {
        let is_schedulable = |node: &Node| node.labels.as_ref().is_some_and(|labels| labels.contains_key(SCHEDULABLE));
        let mut coverage = Self {
            plan,
            uses_schedulable: plan.inventory.nodes().iter().any(is_schedulable),
            of_bridge: HashMap::new(),
            covered: Vec::new(),
            candidates: HashMap::new(),
            missing: HashMap::new(),
        };
        // Equal selectors share their list of nodes: most bridges are told apart by a few lists.
        let mut lists: HashMap<&str, BTreeMap<*const usize, &[usize]>> = HashMap::new();
        for network in plan.networks() {
            let Some(bridge) = made(network) else { continue };
            let own = lists.entry(bridge).or_default();
            own.extend(network.hosts.iter().map(|host| (host.selected.nodes.as_ptr(), &*host.selected.nodes)));
        }
        let mut known: HashMap<Vec<*const usize>, usize> = HashMap::new();
        for (bridge, lists) in lists {
            let number = *known.entry(lists.keys().copied().collect()).or_insert_with(|| {
                coverage.covered.push(lists.values().flat_map(|list| list.iter().copied()).collect());
                coverage.covered.len() - 1
            });
            coverage.of_bridge.insert(bridge, number);
        }
        coverage
    }

    /// The nodes where a virtual machine can start.
    fn candidates(&mut self, identity: &'a Identity) -> Rc<[usize]> {
        let key = (&identity.node_selector, format!("{:?}", identity.tolerations));
        if let Some(known) = self.candidates.get(&key) {
            return Rc::clone(known);
        }
        let can_start = |number: &usize| {
            let node = self.plan.inventory.node(*number);
            let is_used = !self.uses_schedulable
                || node.labels.as_ref().is_some_and(|labels| labels.get(SCHEDULABLE).is_some_and(|it| it == "true"));
            is_used && node.taints.iter().all(|taint| identity.tolerations.iter().any(|it| taint.is_tolerated(it)))
        };
        let selected = self.plan.inventory.select(&identity.node_selector);
        let candidates: Rc<[usize]> = selected.nodes.iter().copied().filter(can_start).collect();
        self.candidates.insert(key, Rc::clone(&candidates));
        candidates
    }

    /// Those of them where no policy makes the bridge, and where it is not either.
    fn missing(&mut self, bridge: &'a str, identity: &'a Identity) -> Rc<[usize]> {
        let candidates = self.candidates(identity);
        let Some(covered) = self.of_bridge.get(bridge) else { return candidates };
        let missing = self.missing.entry((*covered, candidates.as_ptr())).or_insert_with(|| {
            candidates.iter().copied().filter(|number| !self.covered[*covered].contains(number)).collect()
        });
        let missing = Rc::clone(missing);
        let is_there = |number: &usize| self.is_there(bridge, *number);
        if missing.iter().any(is_there) {
            return missing.iter().copied().filter(|number| !is_there(number)).collect();
        }
        missing
    }

    /// Whether a node has the bridge, or gets it by a policy of somebody else's.
    fn is_there(&self, bridge: &str, number: usize) -> bool {
        let node = self.plan.inventory.node(number);
        let by_others = |claim: &crate::model::Claim| {
            let is_bridge = matches!(&claim.what, Claimed::Interface(name) if name == bridge);
            let has =
                |(key, value): (&String, &String)| node.labels.as_ref().is_some_and(|it| it.get(key) == Some(value));
            is_bridge && claim.nodes.iter().all(has)
        };
        node.interfaces.contains_key(bridge)
            || self.plan.claims.iter().filter(|claim| claim.by == Claimant::Others).any(by_others)
    }
}
