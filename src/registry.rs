//! Every rule there is, in the order of the codes: `explain`, `docs/rules.md` and the completeness tests read it.

use std::sync::LazyLock;

use crate::base::rule::Rule;
use crate::base::{address, few};
use crate::check;
use crate::lower::{names, network, site};
use crate::read::{document, load, schema, source};
use crate::write::{guests, render, retire, tree};

/// The rules that stages find broken while they work, declared beside their code.
static OF_STAGES: &[&Rule] = &[
    &source::UNREADABLE_INPUT,
    &source::NOT_UTF8,
    &source::TOO_LARGE,
    &document::INVALID_YAML,
    &document::DUPLICATE_KEY,
    &document::ALIAS_LIMIT,
    &document::NESTED_TOO_DEEP,
    &few::TOO_MANY_FINDINGS,
    &schema::UNKNOWN_KEY,
    &schema::WRONG_TYPE,
    &schema::MISSING_KEY,
    &schema::INVALID_VALUE,
    &schema::EMPTY_SECTION,
    &load::UNKNOWN_KIND,
    &load::INVALID_NAME,
    &load::SITE_NOT_LOCAL,
    &load::SECOND_SITE,
    &site::DUPLICATE_SITE_NAME,
    &site::NODE_GROUPS_OVERLAP,
    &site::INVALID_UPLINK,
    &site::UNSOUND_BOND,
    &load::INVALID_INVENTORY,
    &load::DUPLICATE_NODE,
    &site::SRIOV_OPERATOR,
    &check::NO_WUKONG,
    &check::INVALID_ACCEPTANCE,
    &check::UNUSED_ACCEPTANCE,
    &address::INVALID_ADDRESS,
    &address::UNUSABLE_ADDRESS,
    &network::address::UNUSABLE_GATEWAY,
    &network::address::IP_CONFIG_IGNORED,
    &network::fields::INVALID_INTERFACE_NAME,
    &network::fields::RESERVED_INTERFACE_NAME,
    &network::fields::BRIDGE_IS_UPLINK,
    &network::fields::VLAN_NOT_CARRIED,
    &network::fields::FIELD_IGNORED,
    &names::MANIFEST_NAME_TOO_LONG,
    &network::fields::DOTTED_NAD_NAME,
    &network::DUPLICATE_NETWORK,
    &network::SRIOV_WITHOUT_RESOURCE,
    &network::IPVLAN_WITHOUT_ADDRESS,
    &network::NODE_SELECTOR_CONFLICT,
    &network::ATTACHMENT_DIFFERS,
    &network::UPLINK_DOES_NOT_FIT,
    &network::DUPLICATE_WUKONG,
    &render::TEMPLATE_ERROR,
    &render::UNKNOWN_TEMPLATE,
    &render::TEMPLATE_BROKE_MANIFEST,
    &render::TEMPLATE_ADDS_CAPTURE,
    &tree::FOREIGN_FILE,
    &retire::STILL_IN_USE,
    &retire::CANNOT_RETIRE,
    &retire::ADDRESS_DROPPED,
    &guests::BRIDGE_CHANGES_UNDER_GUESTS,
    &guests::ATTACHMENT_CHANGES,
];

static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all: Vec<&Rule> = OF_STAGES.iter().copied().chain(check::rules()).collect();
    all.sort_by_key(|rule| rule.code);
    all
});

/// Every rule, in the order of the codes.
pub fn all() -> &'static [&'static Rule] {
    &ALL
}

/// The rule of a code or a name.
pub fn find(word: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.is_named(word))
}
