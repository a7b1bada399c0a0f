//! The rules that say which network is in the wrong.

use super::bridge_conflict::BRIDGE_CONFLICT;
use super::bridge_on_bridge::BRIDGE_ON_BRIDGE;
use super::nic_in_two_bridges::NIC_IN_TWO_BRIDGES;
use super::system_interface::SYSTEM_INTERFACE;
use super::trunk_bridge_of_another_type::TRUNK_BRIDGE_OF_ANOTHER_TYPE;
use super::untagged_on_trunk::UNTAGGED_ON_TRUNK;
use super::vlan_in_two_bridges::VLAN_IN_TWO_BRIDGES;
use super::vlan_not_in_trunk::VLAN_NOT_IN_TRUNK;
use crate::base::rule::Rule;
use crate::lower::network::DUPLICATE_NETWORK;

/// The rules by which a network is known to be in the wrong. What else it runs into is most often the same mistake: one that names another's
/// bridge has its NIC and its VLAN under that bridge, too.
pub(super) static BLAMING: [&Rule; 9] = [
    &DUPLICATE_NETWORK,
    &SYSTEM_INTERFACE,
    &TRUNK_BRIDGE_OF_ANOTHER_TYPE,
    &UNTAGGED_ON_TRUNK,
    &VLAN_NOT_IN_TRUNK,
    &BRIDGE_CONFLICT,
    &BRIDGE_ON_BRIDGE,
    &NIC_IN_TWO_BRIDGES,
    &VLAN_IN_TWO_BRIDGES,
];
