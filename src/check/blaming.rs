//! The rules that say which network is in the wrong.

use super::vlan_in_two_bridges::VLAN_IN_TWO_BRIDGES;
use crate::base::rule::Rule;

/// The rules by which a network is known to be in the wrong. What else it runs into is most often the same mistake: one that names another's
/// bridge has its NIC and its VLAN under that bridge, too. The rule that is named is the last of them, and gives way before all others.
pub(super) static BLAMING: [&Rule; 1] = [&VLAN_IN_TWO_BRIDGES];
