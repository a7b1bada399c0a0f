use std::collections::HashSet;

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::name_nodes;
use crate::base::place::Place;
use crate::base::rule::Severity;
use crate::model::{HOSTNAME, Host, Key, Network, Plan};
use crate::rule;

rule! {
    /// A node's own address without a selector that picks one node.
    ///
    /// The policy puts the address on every node that it selects, and without a selector on all of them. On a cluster of one
    /// node that is what is meant; on any other, the nodes fight over one address. An error once the inventory or the Site's node groups
    /// show that there are more. The same is true of a static address that the Site gives an uplink.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   highAvailability:
    ///     nodeSelector:
    ///       kubernetes.io/hostname: node-1
    /// ```
    ///
    /// ## Way out
    /// Select the node by `kubernetes.io/hostname`, in the Wukong or in the Site. On a cluster of one node, `--allow WK213`.
    pub(super) NODE_IP_ON_MANY_NODES = "WK213", "node-ip-on-many-nodes", Warning, inventory: Absent;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut seen = HashSet::new();
    for network in plan.networks() {
        let hosts: Vec<&Host> = network.hosts.iter().filter(|host| host.need.is_some()).collect();
        if let Some(address) = network.carrier.bridge().and_then(|bridge| bridge.node_ip)
            && let Some(receivers) = Receivers::of(plan, &hosts)
        {
            hits.push(hit(plan, network.at(Key::NodeIp), receivers, move || address.to_string()));
        }
        for host in hosts {
            check_uplink(plan, network, host, &mut seen, &mut hits);
        }
    }
    hits
}

/// A Site's static address is as particular to a node as a network's `nodeIP`.
fn check_uplink<'a>(
    plan: &'a Plan,
    network: &Network,
    host: &'a Host,
    seen: &mut HashSet<Place>,
    hits: &mut Vec<Hit<'a>>,
) {
    let Some(definition) = host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref()) else { return };
    // The bridge that takes the uplink gets the network's address instead.
    if host.vlan.is_none() && network.carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some()) {
        return;
    }
    for (key, ip) in [("ipv4", &definition.ipv4), ("ipv6", &definition.ipv6)] {
        let Some(address) = ip.as_ref().and_then(|ip| ip.address.first()) else { continue };
        let place = definition.origin.child(key).child("address").child(0).at("ip");
        if seen.insert(place.clone())
            && let Some(receivers) = Receivers::of(plan, &[host])
        {
            hits.push(hit(plan, place, receivers, move || format!("{}/{}", address.ip, address.prefix_length)));
        }
    }
}

fn hit<'a>(
    plan: &'a Plan,
    place: Place,
    receivers: Receivers,
    address: impl Fn() -> String + Send + Sync + 'a,
) -> Hit<'a> {
    let severity = match receivers {
        Receivers::Known(_) | Receivers::EveryGroup => Severity::Error,
        Receivers::Everywhere | Receivers::Selected => Severity::Warning,
    };
    let hit = Hit::new(place, move || {
        let nodes = match &receivers {
            Receivers::Known(numbers) => name_nodes(plan, numbers),
            Receivers::EveryGroup => "the nodes of every group".to_owned(),
            Receivers::Everywhere => "every node".to_owned(),
            Receivers::Selected => "every node of its selector".to_owned(),
        };
        Words::new(
            format!("{nodes} would get the address {}", address()),
            format!("select one node by `{HOSTNAME}`, in the Wukong's `highAvailability.nodeSelector` or in the Site"),
        )
    });
    hit.with_severity(severity)
}

/// The nodes that would get one address, where that may be several.
enum Receivers {
    /// Nodes of the inventory.
    Known(Vec<usize>),
    EveryGroup,
    Everywhere,
    /// Whatever a selector selects.
    Selected,
}

impl Receivers {
    fn of(plan: &Plan, hosts: &[&Host]) -> Option<Self> {
        let is_certain = hosts.iter().all(|host| host.selected.is_certain && host.selected.stateless == 0);
        // Of the others it is not known whether they would, which makes these no fewer.
        let is_sure = |host: &Host, number: &usize| plan.inventory.is_surely_in(&host.selected, *number);
        let numbers: Vec<usize> = hosts
            .iter()
            .flat_map(|host| host.selected.nodes.iter().copied().filter(|number| is_sure(host, number)))
            .collect();
        let is_pinned = hosts.iter().all(|host| host.nodes.contains_key(HOSTNAME));
        match (numbers.len(), hosts) {
            (_, []) => None,
            (2.., _) => Some(Self::Known(numbers)),
            // One node, though nobody knows in which group.
            _ if is_pinned => None,
            (0 | 1, _) if is_certain => None,
            (_, [_, _, ..]) => Some(Self::EveryGroup),
            (_, [host]) if host.nodes.is_empty() => Some(Self::Everywhere),
            _ => Some(Self::Selected),
        }
    }
}
