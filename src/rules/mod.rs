//! The rules that look at the whole plan: one file per rule, whose doc comment is its manual.
//!
//! Stages that find a mistake themselves (YAML, schema, one network's fields, templates, the output tree) declare their
//! rules beside their own code. [`ALL`] lists every rule there is: `explain`, `docs/rules.md` and the completeness tests
//! read it.

mod attachment_name_collision;
mod bridge_on_nic;
mod default_nic_assumed;
mod kubevirt_cannot_bind;
mod nad_not_found;
mod no_wukong;
mod node_ip_on_many_nodes;
mod node_ip_without_routes;
mod policy_name_collision;
mod two_default_gateways;

pub use no_wukong::no_wukong;

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Origin, Report, Rule};
use crate::plan::{Claimed, Plan};
use crate::{document, load, network, render, schema, source, tree};

/// A rule's check of the whole plan.
type Check = fn(&Plan, &mut Report);

const CHECKS: &[Check] = &[
    node_ip_on_many_nodes::check,
    node_ip_without_routes::check,
    bridge_on_nic::check,
    default_nic_assumed::check,
    two_default_gateways::check,
    kubevirt_cannot_bind::check,
    nad_not_found::check,
    policy_name_collision::check,
    attachment_name_collision::check,
];

/// Every rule, in the order of the codes.
pub static ALL: &[&Rule] = &[
    &source::UNREADABLE_INPUT,
    &source::NOT_UTF8,
    &source::TOO_LARGE,
    &document::INVALID_YAML,
    &document::DUPLICATE_KEY,
    &document::ALIAS_LIMIT,
    &no_wukong::NO_WUKONG,
    &schema::UNKNOWN_KEY,
    &schema::WRONG_TYPE,
    &schema::MISSING_KEY,
    &schema::INVALID_VALUE,
    &schema::EMPTY_SECTION,
    &load::UNKNOWN_KIND,
    &load::INVALID_NAME,
    &load::SITE_NOT_LOCAL,
    &load::SECOND_SITE,
    &network::address::INVALID_ADDRESS,
    &network::address::UNUSABLE_ADDRESS,
    &network::address::UNUSABLE_GATEWAY,
    &network::address::IP_CONFIG_IGNORED,
    &network::fields::INVALID_INTERFACE_NAME,
    &network::fields::RESERVED_INTERFACE_NAME,
    &network::fields::BRIDGE_IS_UPLINK,
    &network::fields::VLAN_NOT_CARRIED,
    &network::fields::FIELD_IGNORED,
    &network::fields::MANIFEST_NAME_TOO_LONG,
    &network::fields::DOTTED_NAD_NAME,
    &network::DUPLICATE_NETWORK,
    &node_ip_on_many_nodes::NODE_IP_ON_MANY_NODES,
    &node_ip_without_routes::NODE_IP_WITHOUT_ROUTES,
    &bridge_on_nic::BRIDGE_ON_NIC,
    &default_nic_assumed::DEFAULT_NIC_ASSUMED,
    &two_default_gateways::TWO_DEFAULT_GATEWAYS,
    &kubevirt_cannot_bind::KUBEVIRT_CANNOT_BIND,
    &nad_not_found::NAD_NOT_FOUND,
    &network::SRIOV_WITHOUT_RESOURCE,
    &network::IPVLAN_WITHOUT_ADDRESS,
    &network::NODE_SELECTOR_CONFLICT,
    &network::DUPLICATE_WUKONG,
    &policy_name_collision::POLICY_NAME_COLLISION,
    &attachment_name_collision::ATTACHMENT_NAME_COLLISION,
    &render::TEMPLATE_ERROR,
    &render::UNKNOWN_TEMPLATE,
    &render::TEMPLATE_BROKE_MANIFEST,
    &tree::FOREIGN_FILE,
];

/// The rule of a code or a name.
pub fn find(word: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.is_named(word))
}

/// Applies every rule to the plan.
pub fn check(plan: &Plan, report: &mut Report) {
    for check in CHECKS {
        check(plan, report);
    }
}

/// Reports every network but the first that claims a name already taken. `name_of` picks the claims that matter.
fn report_collisions<'a>(
    plan: &'a Plan,
    rule: &'static Rule,
    what: &str,
    name_of: impl Fn(&'a Claimed) -> Option<(Option<&'a str>, &'a str)>,
    report: &mut Report,
) {
    let mut first: BTreeMap<(Option<&str>, &str), &Origin> = BTreeMap::new();
    for claim in &plan.claims {
        let Some(key) = name_of(&claim.what) else { continue };
        if let Some(earlier) = first.get(&key) {
            report.push(
                Diagnostic::new(
                    rule,
                    claim.origin.at("name"),
                    format!("a second network makes the {what} `{}`", key.1),
                    "rename one of the networks or Wukongs: names are joined with `-`, so `a` and `b-c` meet `a-b` and `c`",
                )
                .with_related(earlier.at("name"), "the first one"),
            );
        } else {
            first.insert(key, &claim.origin);
        }
    }
}
