//! The rules that look at the plan: one file per rule, whose doc comment is its manual, and a line in the list below.
//!
//! A rule says of itself what it needs and before which others it gives way ([`Rule`]), and returns [hits](hit); the
//! [collector](collect) does the rest. The order of the list means nothing. Stages that find a mistake themselves (YAML, schema, one
//! network's fields, templates, the output tree) declare their rules beside their own code; `registry` has every rule there is.

mod acceptance;
mod blaming;
mod collect;
mod conflict;
mod hit;
mod moving;
mod names_collide;
mod no_wukong;
mod nodes;
mod slip;

pub use acceptance::{INVALID_ACCEPTANCE, UNUSED_ACCEPTANCE, acceptances};
pub use collect::check;
pub use no_wukong::{NO_WUKONG, empty_folder, no_wukong};

use collect::Blame;
use hit::Hit;

use crate::base::rule::Rule;
use crate::model::Plan;

/// A rule's question to the plan.
type Check = for<'a> fn(&'a Plan, &Blame<'_>) -> Vec<Hit<'a>>;

/// The modules of the rules, and their list. `rustfmt` does not look into it: `.ci/run` names the files.
macro_rules! rules {
    ($($module:ident::$rule:ident,)+) => {
        $(mod $module;)+

        /// The rules over the plan, each with its question.
        static RULES: &[(&Rule, Check)] = &[$((&$module::$rule, $module::check),)+];
    };
}

rules! {
    absent_in_use::ABSENT_IN_USE,
    attachment_name_collision::ATTACHMENT_NAME_COLLISION,
    bond_mode_under_bridge::BOND_MODE_UNDER_BRIDGE,
    bridge_conflict::BRIDGE_CONFLICT,
    bridge_not_everywhere::BRIDGE_NOT_EVERYWHERE,
    bridge_on_bridge::BRIDGE_ON_BRIDGE,
    bridge_on_nic::BRIDGE_ON_NIC,
    changes_under_node::CHANGES_UNDER_NODE,
    control_plane_reached::CONTROL_PLANE_REACHED,
    control_planes_at_once::CONTROL_PLANES_AT_ONCE,
    default_nic_assumed::DEFAULT_NIC_ASSUMED,
    dns_cannot_answer::DNS_CANNOT_ANSWER,
    dns_differs::DNS_DIFFERS,
    duplicate_address::DUPLICATE_ADDRESS,
    equal_policies::EQUAL_POLICIES,
    guest_is_gateway::GUEST_IS_GATEWAY,
    half_unavailable::HALF_UNAVAILABLE,
    interface_taken::INTERFACE_TAKEN,
    kubevirt_cannot_bind::KUBEVIRT_CANNOT_BIND,
    localnet_conflict::LOCALNET_CONFLICT,
    localnet_gives_no_address::LOCALNET_GIVES_NO_ADDRESS,
    localnet_moves::LOCALNET_MOVES,
    nad_does_not_fit::NAD_DOES_NOT_FIT,
    nad_in_another_namespace::NAD_IN_ANOTHER_NAMESPACE,
    nad_not_found::NAD_NOT_FOUND,
    nad_used_twice::NAD_USED_TWICE,
    namespace_nearly_another::NAMESPACE_NEARLY_ANOTHER,
    nic_in_two_bridges::NIC_IN_TWO_BRIDGES,
    nic_in_use::NIC_IN_USE,
    nic_limit::NIC_LIMIT,
    nic_not_found::NIC_NOT_FOUND,
    node_address_changes::NODE_ADDRESS_CHANGES,
    node_address_lost::NODE_ADDRESS_LOST,
    node_address_moves::NODE_ADDRESS_MOVES,
    node_ip_on_many_nodes::NODE_IP_ON_MANY_NODES,
    node_ip_without_routes::NODE_IP_WITHOUT_ROUTES,
    node_labels_unknown::NODE_LABELS_UNKNOWN,
    node_not_found::NODE_NOT_FOUND,
    ovn_network_differs::OVN_NETWORK_DIFFERS,
    policies_depend::POLICIES_DEPEND,
    policy_name_collision::POLICY_NAME_COLLISION,
    port_taken_out::PORT_TAKEN_OUT,
    reserved_range::RESERVED_RANGE,
    selector_selects_nothing::SELECTOR_SELECTS_NOTHING,
    stale_inventory::STALE_INVENTORY,
    subnet_of_one_guest::SUBNET_OF_ONE_GUEST,
    subnet_on_two_wires::SUBNET_ON_TWO_WIRES,
    subnets_differ::SUBNETS_DIFFER,
    system_interface::SYSTEM_INTERFACE,
    tag_put_on_twice::TAG_PUT_ON_TWICE,
    trunk_bridge_of_another_type::TRUNK_BRIDGE_OF_ANOTHER_TYPE,
    two_default_gateways::TWO_DEFAULT_GATEWAYS,
    untagged_on_trunk::UNTAGGED_ON_TRUNK,
    virtual_functions_on_port::VIRTUAL_FUNCTIONS_ON_PORT,
    vlan_in_two_bridges::VLAN_IN_TWO_BRIDGES,
    vlan_not_in_trunk::VLAN_NOT_IN_TRUNK,
    vlan_on_bridge_port::VLAN_ON_BRIDGE_PORT,
    vlan_one::VLAN_ONE,
}

/// The rules over the plan.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().map(|(rule, _)| *rule)
}
