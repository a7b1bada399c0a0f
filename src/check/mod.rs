//! The rules that look at the whole plan: one file per rule, whose doc comment is its manual.
//!
//! Stages that find a mistake themselves (YAML, schema, one network's fields, templates, the output tree) declare their
//! rules beside their own code. `registry` has every rule there is.

mod absent_in_use;
mod acceptance;
mod attachment_name_collision;
mod bridge_conflict;
mod bridge_not_everywhere;
mod bridge_on_bridge;
mod bridge_on_nic;
mod conflict;
mod default_nic_assumed;
mod dns_differs;
mod duplicate_address;
mod equal_policies;
mod interface_taken;
mod kubevirt_cannot_bind;
mod localnet_conflict;
mod localnet_moves;
mod nad_does_not_fit;
mod nad_in_another_namespace;
mod nad_not_found;
mod nad_used_twice;
mod nic_in_two_bridges;
mod nic_in_use;
mod nic_limit;
mod nic_not_found;
mod no_wukong;
mod node_address_lost;
mod node_address_moves;
mod node_ip_on_many_nodes;
mod node_ip_without_routes;
mod node_labels_unknown;
mod node_not_found;
mod nodes;
mod ovn_network_differs;
mod policies_depend;
mod policy_name_collision;
mod port_taken_out;
mod stale_inventory;
mod subnets_differ;
mod two_default_gateways;
mod virtual_functions_on_port;
mod vlan_in_two_bridges;
mod vlan_on_bridge_port;

pub use acceptance::accept;
pub use no_wukong::no_wukong;

use conflict::{Blamed, conflicts};

use crate::base::diagnostic::{Diagnostic, Report, Rule};
use crate::model::{Claimant, Claimed, Plan};

/// A rule's check of the whole plan.
type Check = fn(&Plan, &mut Report);

const CHECKS: &[Check] = &[
    // What a network is blamed for by one of these four, the others do not say again.
    bridge_conflict::check,
    bridge_on_bridge::check,
    nic_in_two_bridges::check,
    vlan_in_two_bridges::check,
    stale_inventory::check,
    node_labels_unknown::check,
    node_not_found::check,
    node_address_moves::check,
    node_address_lost::check,
    nic_not_found::check,
    nic_in_use::check,
    nic_limit::check,
    interface_taken::check,
    port_taken_out::check,
    equal_policies::check,
    node_ip_on_many_nodes::check,
    node_ip_without_routes::check,
    bridge_on_nic::check,
    default_nic_assumed::check,
    two_default_gateways::check,
    kubevirt_cannot_bind::check,
    nad_not_found::check,
    nad_does_not_fit::check,
    nad_in_another_namespace::check,
    nad_used_twice::check,
    localnet_moves::check,
    bridge_not_everywhere::check,
    policy_name_collision::check,
    attachment_name_collision::check,
    vlan_on_bridge_port::check,
    virtual_functions_on_port::check,
    absent_in_use::check,
    policies_depend::check,
    duplicate_address::check,
    subnets_differ::check,
    ovn_network_differs::check,
    localnet_conflict::check,
    dns_differs::check,
    // The last: by now it is known what is accepted.
    acceptance::check,
];

/// The rules over the plan.
pub static RULES: &[&Rule] = &[
    &no_wukong::NO_WUKONG,
    &stale_inventory::STALE_INVENTORY,
    &node_labels_unknown::NODE_LABELS_UNKNOWN,
    &acceptance::INVALID_ACCEPTANCE,
    &acceptance::UNUSED_ACCEPTANCE,
    &node_ip_on_many_nodes::NODE_IP_ON_MANY_NODES,
    &node_ip_without_routes::NODE_IP_WITHOUT_ROUTES,
    &bridge_on_nic::BRIDGE_ON_NIC,
    &default_nic_assumed::DEFAULT_NIC_ASSUMED,
    &two_default_gateways::TWO_DEFAULT_GATEWAYS,
    &kubevirt_cannot_bind::KUBEVIRT_CANNOT_BIND,
    &nad_not_found::NAD_NOT_FOUND,
    &node_address_moves::NODE_ADDRESS_MOVES,
    &node_address_lost::NODE_ADDRESS_LOST,
    &nic_not_found::NIC_NOT_FOUND,
    &nic_in_use::NIC_IN_USE,
    &nic_limit::NIC_LIMIT,
    &interface_taken::INTERFACE_TAKEN,
    &equal_policies::EQUAL_POLICIES,
    &port_taken_out::PORT_TAKEN_OUT,
    &node_not_found::NODE_NOT_FOUND,
    &nad_does_not_fit::NAD_DOES_NOT_FIT,
    &nad_in_another_namespace::NAD_IN_ANOTHER_NAMESPACE,
    &nad_used_twice::NAD_USED_TWICE,
    &localnet_moves::LOCALNET_MOVES,
    &bridge_not_everywhere::BRIDGE_NOT_EVERYWHERE,
    &policy_name_collision::POLICY_NAME_COLLISION,
    &attachment_name_collision::ATTACHMENT_NAME_COLLISION,
    &bridge_conflict::BRIDGE_CONFLICT,
    &nic_in_two_bridges::NIC_IN_TWO_BRIDGES,
    &vlan_in_two_bridges::VLAN_IN_TWO_BRIDGES,
    &duplicate_address::DUPLICATE_ADDRESS,
    &bridge_on_bridge::BRIDGE_ON_BRIDGE,
    &vlan_on_bridge_port::VLAN_ON_BRIDGE_PORT,
    &virtual_functions_on_port::VIRTUAL_FUNCTIONS_ON_PORT,
    &absent_in_use::ABSENT_IN_USE,
    &policies_depend::POLICIES_DEPEND,
    &subnets_differ::SUBNETS_DIFFER,
    &ovn_network_differs::OVN_NETWORK_DIFFERS,
    &dns_differs::DNS_DIFFERS,
    &localnet_conflict::LOCALNET_CONFLICT,
];

/// What nodes are found to be like where a network is wrong already: there it is most often the same mistake.
const OF_NODES: [&Rule; 8] = [
    &node_address_moves::NODE_ADDRESS_MOVES,
    &node_address_lost::NODE_ADDRESS_LOST,
    &nic_not_found::NIC_NOT_FOUND,
    &nic_in_use::NIC_IN_USE,
    &nic_limit::NIC_LIMIT,
    &interface_taken::INTERFACE_TAKEN,
    &port_taken_out::PORT_TAKEN_OUT,
    &bridge_not_everywhere::BRIDGE_NOT_EVERYWHERE,
];

/// Applies every rule to the plan.
pub fn check(plan: &Plan, report: &mut Report) {
    for check in CHECKS {
        check(plan, report);
    }
    let blamed = Blamed::of(report);
    let is_same = |finding: &Diagnostic| OF_NODES.contains(&finding.rule) && blamed.has(&finding.place);
    let kept: Vec<bool> = report.diagnostics().iter().map(|finding| !is_same(finding)).collect();
    report.keep(&kept);
}

/// Reports networks that make manifests of one name. `name_of` picks the names that matter.
fn report_name_collisions(
    plan: &Plan,
    rule: &'static Rule,
    kind: &str,
    name_of: impl Fn(&Claimed) -> Option<&String>,
    report: &mut Report,
) {
    // Policy and attachment of a network are named alike: that they collide is said once.
    let said = report.places_of(&policy_name_collision::POLICY_NAME_COLLISION);
    for conflict in conflicts(plan, report, |claim| name_of(&claim.what).is_some()) {
        if said.contains(&conflict.second.place) {
            continue;
        }
        let name = name_of(conflict.what).map_or("", String::as_str);
        let (message, help) = if conflict.first.by == Claimant::Others {
            let message = format!("this network makes the {kind} `{name}`, which another file has already");
            (
                message,
                "rename the network or the Wukong, or leave the other file out with --exclude if this one replaces it",
            )
        } else {
            let help =
                "rename one of the networks or Wukongs: names are joined with `-`, so `a` and `b-c` meet `a-b` and `c`";
            (format!("a second network makes the {kind} `{name}`"), help)
        };
        let diagnostic = Diagnostic::new(rule, conflict.second.place.clone(), message, help);
        report.push(diagnostic.with_related(conflict.first.place.clone(), "the first one"));
    }
}
