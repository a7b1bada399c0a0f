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
//! the port, and `nodeIP` moves the node's address to the bridge.

use super::fields::nic;
use super::{Context, Lowered};
use crate::diagnostic::Report;
use crate::plan::cni::Plugin;
use crate::plan::nmstate::{BridgeConfig, Interface, InterfaceType, Vlan};
use crate::plan::{Bridge, Carrier};

pub(super) fn lower(context: &Context<'_>, report: &mut Report) -> Option<Lowered> {
    let bridge = context.bridge(report).ok()?;
    let mut interfaces = Vec::new();
    let port = match bridge.vlan {
        Some(vlan) => {
            let name = context.vlan_interface(&bridge.uplink.name, vlan, report).ok()?;
            let mut interface = Interface::up(&name, Some(InterfaceType::Vlan));
            interface.vlan = Some(Vlan { base_iface: bridge.uplink.name.clone(), id: vlan });
            interfaces.push(interface);
            name
        }
        None => {
            if bridge.node_ip.is_some() {
                interfaces.push(nic(&bridge.uplink.name).with_only_ip(None));
            }
            bridge.uplink.name.clone()
        }
    };
    interfaces.push(linux_bridge(&bridge, &port));

    let resource_name =
        context.settings.bridge_resources.then(|| format!("bridge.network.kubevirt.io/{}", bridge.name));
    let plugin = Plugin::Bridge {
        bridge: bridge.name.clone(),
        macspoofchk: context.settings.mac_spoof_check,
        disable_container_interface: (!context.has_ipam).then_some(true),
    };
    Some(Lowered { carrier: Carrier::LinuxBridge(bridge), interfaces, plugin: Some(plugin), resource_name })
}

fn linux_bridge(bridge: &Bridge, port: &str) -> Interface {
    let mut interface = Interface::up(&bridge.name, Some(InterfaceType::LinuxBridge)).with_only_ip(bridge.node_ip);
    interface.bridge = Some(BridgeConfig::of(&[port]));
    interface
}
