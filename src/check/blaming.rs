//! The rules that say which network is in the wrong.

use super::bridge_conflict::BRIDGE_CONFLICT;
use super::bridge_on_bridge::BRIDGE_ON_BRIDGE;
use super::nic_in_two_bridges::NIC_IN_TWO_BRIDGES;
use super::vlan_in_two_bridges::VLAN_IN_TWO_BRIDGES;
use crate::base::rule::Rule;
use crate::lower::network::DUPLICATE_NETWORK;

/// The rules by which a network is known to be in the wrong. What else it runs into is most often the same mistake: one that names another's
/// bridge has its NIC and its VLAN under that bridge, too.
pub(super) static BLAMING: [&Rule; 5] =
    [&DUPLICATE_NETWORK, &BRIDGE_CONFLICT, &BRIDGE_ON_BRIDGE, &NIC_IN_TWO_BRIDGES, &VLAN_IN_TWO_BRIDGES];
