//! `type: macvlan`: a macvlan interface on a NIC, attached by the CNI `macvlan` plugin; nothing is made on the nodes.
//!
//! ```yaml
//! networks:
//!   - name: external
//!     type: macvlan
//!     physicalInterface: ens160
//! ```
//!
//! The NIC may stand in `bridgeName` too, as the operator's own samples have it.

use super::{Context, Lowered};
use crate::base::diagnostic::Findings;
use crate::model::Carrier;
use crate::model::cni::Plugin;

pub(super) fn lower(context: &Context<'_>, findings: &mut Findings) -> Option<Lowered> {
    let master = context.master(findings).ok()?;
    let plugin = Plugin::Macvlan { master: master.name.clone(), mode: "bridge" };
    Some(Lowered {
        carrier: Carrier::Macvlan,
        uplink: Some(master),
        vlan: None,
        need: None,
        plugin: Some(plugin),
        resource_name: None,
    })
}
