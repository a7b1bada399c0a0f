use std::collections::{BTreeSet, HashMap, HashSet};

use super::collect::Blame;
use super::control_planes_at_once::quorum_lost;
use super::hit::{Hit, Words};
use super::nodes::name_nodes;
use crate::api::Toleration;
use crate::model::{Identity, NodeSelector, Plan, Policy, Subject};
use crate::rule;

rule! {
    /// Policies reach control-plane nodes where none of their virtual machines can run.
    ///
    /// kubernetes-nmstate configures every node that a policy selects, tainted or not. A policy without a node selector selects all. A bridge
    /// that no virtual machine there uses puts the control plane at risk for nothing. The Nodes of the inventory tell: they have the label
    /// `node-role.kubernetes.io/control-plane` (or `master`), and a taint of that name that no virtual machine on the bridge tolerates. Reported once
    /// for a run. A control plane without the taint is not reported.
    ///
    /// ## Example
    /// ```yaml
    /// # in the Site
    /// policy:
    ///   nodeSelector: {node-role.kubernetes.io/worker: ""}
    /// ```
    ///
    /// ## Way out
    /// Select the workers in the Site: `policy.nodeSelector`, or the selectors of its node groups.
    pub(super) CONTROL_PLANE_REACHED = "WK247", "control-plane-reached", Warning, inventory: Needed;
}

/// The label that many clusters give their workers.
const WORKER: &str = "node-role.kubernetes.io/worker";

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let numbered = || plan.inventory.nodes().iter().enumerate();
    let closed: Vec<usize> = numbered().filter(|(_, node)| node.is_closed_control_plane()).map(|(it, _)| it).collect();
    // That several of them are to move at once is the graver half of the same mistake.
    if closed.is_empty() || plan.is_partial || quorum_lost(plan).is_some() {
        return Vec::new();
    }
    let open = open(plan, &closed);
    let is_idle = |policy: &Policy, number: &usize| {
        let key = (policy.group, policy.subject.name());
        policy.nodes.nodes.binary_search(number).is_ok()
            && !open.get(&key).is_some_and(|numbers| numbers.contains(number))
    };
    let reached = |policy: &Policy| closed.iter().copied().filter(|number| is_idle(policy, number)).collect::<Vec<_>>();
    let policies = plan.policies.iter().filter(|policy| !matches!(policy.subject, Subject::Nic(_)));
    let mut first: Option<&Policy> = None;
    let mut numbers: BTreeSet<usize> = BTreeSet::new();
    for policy in policies {
        let own = reached(policy);
        if !own.is_empty() {
            first.get_or_insert(policy);
            numbers.extend(own);
        }
    }
    let Some(first) = first else { return Vec::new() };
    let numbers: Vec<usize> = numbers.into_iter().collect();
    let site = plan.settings.origin.as_ref();
    let place = site.map_or_else(|| first.origin.at("name"), |origin| origin.at("policy/nodeSelector"));
    let are_workers_labelled = numbered().all(|(number, node)| {
        let labels = node.labels.as_ref();
        let is_worker = labels.is_some_and(|labels| labels.get(WORKER).is_some_and(String::is_empty));
        is_worker != closed.contains(&number)
    });
    vec![Hit::new(place, move || {
        let nodes = name_nodes(plan, &numbers);
        let (role, is) =
            if numbers.len() == 1 { ("a control-plane node", "it") } else { ("control-plane nodes", "them") };
        let which =
            if are_workers_labelled { format!("`{WORKER}: \"\"`") } else { "a label of the workers".to_owned() };
        let whose =
            if site.is_some() { "as the Site's `policy.nodeSelector`" } else { "as `policy.nodeSelector` of a Site" };
        let words = Words::new(
            format!("policies reach {nodes}, {role}, and no virtual machine that needs them can run on {is}"),
            format!("set {which} {whose}"),
        );
        // Without a Site, the policy is what is shown.
        match site {
            Some(_) => words.with_related(first.origin.at("name"), format!("`{}` is one of them", first.name)),
            None => words,
        }
    })]
}

/// The nodes of these on which a virtual machine of each bridge can run, by the node group and the name of the bridge.
fn open<'a>(plan: &'a Plan, closed: &[usize]) -> HashMap<(usize, &'a str), HashSet<usize>> {
    let mut open: HashMap<(usize, &str), HashSet<usize>> = HashMap::new();
    let mut known: HashMap<(&NodeSelector, &[Toleration]), Vec<usize>> = HashMap::new();
    for wukong in &plan.wukongs {
        let identity: &Identity = &wukong.identity;
        let key = (&identity.node_selector, identity.tolerations.as_slice());
        let numbers = known.entry(key).or_insert_with(|| {
            let can_run = |number: &usize| {
                let node = plan.inventory.node(*number);
                let labels = node.labels.as_ref();
                let has =
                    |(key, value): (&String, &String)| labels.is_some_and(|labels| labels.get(key) == Some(value));
                identity.node_selector.iter().all(has)
                    && node.taints.iter().all(|taint| identity.tolerations.iter().any(|it| taint.is_tolerated(it)))
            };
            closed.iter().copied().filter(can_run).collect()
        });
        if numbers.is_empty() {
            continue;
        }
        for network in &wukong.networks {
            let subjects = [network.carrier.localnet(), network.carrier.bridge_name()];
            for host in &network.hosts {
                for subject in subjects.into_iter().flatten() {
                    open.entry((host.group, subject)).or_default().extend(numbers.iter());
                }
            }
        }
    }
    open
}
