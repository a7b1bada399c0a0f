//! `type: ovs`: an Open vSwitch bridge on the nodes, attached by the CNI `ovs` plugin.
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

use super::fields::nic;
use super::{Context, Lowered};
use crate::diagnostic::Report;
use crate::plan::Carrier;
use crate::plan::cni::Plugin;
use crate::plan::nmstate::{BridgeConfig, Interface, InterfaceType};

pub(super) fn lower(context: &Context<'_>, report: &mut Report) -> Option<Lowered> {
    let bridge = context.bridge(report).ok()?;
    let mut interfaces = Vec::new();
    let mut ports = vec![bridge.uplink.name.as_str()];
    if bridge.node_ip.is_some() {
        interfaces.push(nic(&bridge.uplink.name).with_only_ip(None));
        ports.push(&bridge.name);
    }
    let mut interface = Interface::up(&bridge.name, Some(InterfaceType::OvsBridge));
    interface.bridge = Some(BridgeConfig::of(&ports));
    interfaces.push(interface);
    if bridge.node_ip.is_some() {
        let internal = Interface::up(&bridge.name, Some(InterfaceType::OvsInterface));
        interfaces.push(internal.with_only_ip(bridge.node_ip));
    }

    let resource_name =
        context.settings.bridge_resources.then(|| format!("ovs-cni.network.kubevirt.io/{}", bridge.name));
    let plugin = Plugin::Ovs { bridge: bridge.name.clone(), vlan: bridge.vlan };
    Some(Lowered { carrier: Carrier::OvsBridge(bridge), interfaces, plugin: Some(plugin), resource_name })
}
