//! `type: bridge`: a Linux bridge on the nodes, attached by the CNI `bridge` plugin.
//!
//! ```yaml
//! networks:
//!   - name: external
//!     type: bridge
//!     physicalInterface: ens192
//!     vlanId: 100
//! ```
//!
//! With a VLAN, NMState makes the VLAN interface `ens192.100` first and the bridge on it; the NIC keeps its own address, and
//! the NAD has no `vlan`, which would tag a second time (openshift/release#84864). Without a VLAN the NIC itself is
//! the port, and `nodeIP` moves the node's address to the bridge. On a trunk bridge of the Site the NIC is the port too, and the
//! tag is in the NAD.

use super::{Context, Lowered};
use crate::base::diagnostic::Findings;
use crate::model::cni::Plugin;
use crate::model::{Carrier, Need};

pub(super) fn lower(context: &Context<'_>, findings: &mut Findings) -> Option<Lowered> {
    let (bridge, uplink) = context.linux_bridge(findings).ok()?;
    let tag_above = bridge.tag_above();
    let tag = bridge.vlan.filter(|_| tag_above.is_none());
    // There is one interface for a tag: where the Site has it, with an address perhaps, the bridge is on that.
    let (uplink, vlan) = match tag.and_then(|id| context.group.tagged(&uplink, id)) {
        Some(of_site) => (of_site, None),
        None => (uplink, tag),
    };
    if let Some(id) = vlan {
        context.check_vlan_interface(&uplink.name, id, findings).ok()?;
    }
    let resource_name =
        context.settings.site.asks_for_bridges().then(|| format!("bridge.network.kubevirt.io/{}", bridge.name));
    let plugin = Plugin::Bridge {
        bridge: bridge.name.clone(),
        vlan: tag_above,
        preserve_default_vlan: tag_above.map(|_| false),
        macspoofchk: context.settings.site.checks_mac_addresses(),
        disable_container_interface: (!context.has_ipam).then_some(true),
    };
    Some(Lowered {
        carrier: Carrier::LinuxBridge(bridge),
        uplink: Some(uplink),
        vlan,
        need: Some(Need::Bridge),
        plugin: Some(plugin),
        resource_name,
    })
}
