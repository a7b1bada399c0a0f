use std::collections::HashSet;

use super::nodes::name_nodes;
use crate::base::diagnostic::{Diagnostic, Place, Report, Severity};
use crate::model::{HOSTNAME, Host, Network, Plan};
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
    pub(super) NODE_IP_ON_MANY_NODES = "WK213", "node-ip-on-many-nodes", Warning;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut seen = HashSet::new();
    for network in plan.networks() {
        if let Some(address) = network.carrier.bridge().and_then(|bridge| bridge.node_ip) {
            let hosts: Vec<&Host> = network.hosts.iter().filter(|host| host.need.is_some()).collect();
            check_address(plan, &address.to_string(), network.origin.at("nodeIP"), &hosts, report);
        }
        for host in network.hosts.iter().filter(|host| host.need.is_some()) {
            check_uplink(plan, network, host, &mut seen, report);
        }
    }
}

/// A Site's static address is as particular to a node as a network's `nodeIP`.
fn check_uplink(plan: &Plan, network: &Network, host: &Host, seen: &mut HashSet<Place>, report: &mut Report) {
    let Some(definition) = host.uplink.as_ref().and_then(|uplink| uplink.definition.as_ref()) else { return };
    if network.carrier.bridge_on_nic().is_some_and(|bridge| bridge.node_ip.is_some()) {
        return;
    }
    for (key, ip) in [("ipv4", &definition.ipv4), ("ipv6", &definition.ipv6)] {
        let Some(address) = ip.as_ref().and_then(|ip| ip.address.first()) else { continue };
        let place = definition.origin.child(key).child("address").child(0).at("ip");
        if seen.insert(place.clone()) {
            check_address(plan, &format!("{}/{}", address.ip, address.prefix_length), place, &[host], report);
        }
    }
}

fn check_address(plan: &Plan, address: &str, place: Place, hosts: &[&Host], report: &mut Report) {
    let is_certain = hosts.iter().all(|host| host.selected.is_certain);
    let numbers: Vec<usize> = hosts.iter().flat_map(|host| host.selected.nodes.iter().copied()).collect();
    let is_pinned = hosts.iter().all(|host| host.nodes.contains_key(HOSTNAME));
    let (nodes, severity) = match (numbers.len(), hosts) {
        (_, []) => return,
        (2.., _) if is_certain => (name_nodes(plan, &numbers), Severity::Error),
        // One node, though nobody knows in which group.
        _ if is_pinned => return,
        (1, _) if is_certain => return,
        (_, [_, _, ..]) => ("the nodes of every group".to_owned(), Severity::Error),
        (_, [host]) if host.nodes.is_empty() => ("every node".to_owned(), Severity::Warning),
        _ => ("every node of its selector".to_owned(), Severity::Warning),
    };
    let mut diagnostic = Diagnostic::new(
        &NODE_IP_ON_MANY_NODES,
        place,
        format!("{nodes} would get the address {address}"),
        format!("select one node by `{HOSTNAME}`, in the Wukong's `highAvailability.nodeSelector` or in the Site"),
    );
    diagnostic.severity = severity;
    report.push(diagnostic);
}
