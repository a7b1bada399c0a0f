use super::conflict::HOSTNAME;
use crate::diagnostic::{Diagnostic, Report};
use crate::plan::Plan;
use crate::rule;

rule! {
    /// A `nodeIP` without a selector that picks one node.
    ///
    /// The policy puts the address on every node that it selects, and without a selector on all of them. On a cluster of one
    /// node that is what is meant; on any other, the nodes fight over one address.
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
    for policy in plan.policies.iter().filter(|policy| !policy.node_selector.contains_key(HOSTNAME)) {
        let interfaces = &policy.desired_state.interfaces;
        let addresses = interfaces.iter().flat_map(|it| [&it.ipv4, &it.ipv6]).flatten().flat_map(|ip| &ip.address);
        for address in addresses {
            let nodes = if policy.node_selector.is_empty() { "every node" } else { "every node of its selector" };
            report.push(Diagnostic::new(
                &NODE_IP_ON_MANY_NODES,
                policy.origin.at("nodeIP"),
                format!("{nodes} would get the address {}/{}", address.ip, address.prefix_length),
                format!(
                    "select one node by `{HOSTNAME}`, in the Wukong's `highAvailability.nodeSelector` or in the Site"
                ),
            ));
        }
    }
}
