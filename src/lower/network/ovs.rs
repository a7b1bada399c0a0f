//! `type: ovs`: an Open vSwitch bridge on the nodes, attached by the CNI `ovs` plugin, or by OVN-Kubernetes.
//!
//! ```yaml
//! networks:
//!   - name: storage
//!     type: ovs
//!     physicalInterface: ens224
//!     vlanId: 300
//! ```
//!
//! The NIC is a port without a tag, which makes it a trunk; the tag is in the NAD (ovs-cni,
//! `docs/cni-plugin.md`). A `nodeIP` stands
//! on an internal port with the bridge's own name, because an OVS bridge takes no address (nmstate#278).
//!
//! If `physicalInterface` names a localnet of the Site, OVN-Kubernetes attaches the virtual machine: the NAD speaks of the
//! localnet, and the node policy tells OVN which bridge that is (OVN-Kubernetes, "Multiple networks", localnet topology).

use super::{Context, Lowered};
use crate::base::diagnostic::Findings;
use crate::model::cni::Plugin;
use crate::model::{Carrier, Localnet, Need};

pub(super) fn lower(context: &Context<'_>, findings: &mut Findings) -> Option<Lowered> {
    if let Some(localnet) = context.localnet() {
        return lower_localnet(context, localnet, findings);
    }
    let (bridge, uplink) = context.ovs_bridge(findings).ok()?;
    let resource_name =
        context.settings.site.asks_for_bridges().then(|| format!("ovs-cni.network.kubevirt.io/{}", bridge.name));
    let plugin = Plugin::Ovs { bridge: bridge.name.clone(), vlan: bridge.vlan };
    Some(Lowered {
        carrier: Carrier::OvsBridge(bridge),
        uplink: Some(uplink),
        vlan: None,
        need: Some(Need::Bridge),
        plugin: Some(plugin),
        resource_name,
    })
}

fn lower_localnet(context: &Context<'_>, localnet: &Localnet, findings: &mut Findings) -> Option<Lowered> {
    let config = &context.config.value;
    context.ignore("bridgeName", config.bridge_name.is_some(), "the Site names the bridge of a localnet", findings);
    context.ignore("nodeIP", config.node_ip.is_some(), "a localnet does not take the node's address", findings);
    context.check_namespace(findings).ok()?;
    let uplink = localnet.physical_interface.as_deref().map(|nic| context.group.uplink(Some(nic)));
    let need = if uplink.is_some() { Need::MappedBridge } else { Need::Mapping };
    let plugin = Plugin::OvnLocalnet {
        topology: "localnet",
        physical_network_name: localnet.name.clone(),
        vlan_id: config.vlan_id,
    };
    Some(Lowered {
        carrier: Carrier::Localnet {
            localnet: localnet.name.clone(),
            bridge: localnet.bridge.clone(),
            vlan: config.vlan_id,
        },
        uplink,
        vlan: None,
        need: Some(need),
        plugin: Some(plugin),
        resource_name: None,
    })
}
