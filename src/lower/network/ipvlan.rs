//! `type: ipvlan`: an ipvlan interface on a NIC, attached by the CNI `ipvlan` plugin; nothing is made on the nodes.
//!
//! ```yaml
//! networks:
//!   - name: external
//!     type: ipvlan
//!     physicalInterface: ens160
//!     ipConfig: {mode: static, address: 192.168.1.20/24}
//! ```
//!
//! The plugin asks IPAM in any case and fails without it (containernetworking/plugins, `plugins/main/ipvlan`, `cmdAdd`).

use super::{Context, Lowered};
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::model::Carrier;
use crate::model::cni::Plugin;
use crate::rule;

rule! {
    /// An ipvlan network without an address.
    ///
    /// The `ipvlan` plugin asks IPAM in any case and fails without it, so that the pod never starts; DHCP by the guest does
    /// not work either, since all interfaces of an ipvlan have the NIC's own MAC address.
    ///
    /// ## Way out
    /// Set `ipConfig` with `mode: static` (and `attachment.ipam: static` in the Site), or use `type: bridge`.
    pub IPVLAN_WITHOUT_ADDRESS = "WK221", "ipvlan-without-address", Warning;
}

pub(super) fn lower(context: &Context<'_>, findings: &mut Findings) -> Option<Lowered> {
    let master = context.master(findings).ok()?;
    // An attachment that exists has its own IPAM.
    if !context.has_ipam && context.config.value.nad_name.is_none() {
        findings.push(Diagnostic::new(
            &IPVLAN_WITHOUT_ADDRESS,
            context.config.origin.at("type"),
            format!(
                "the ipvlan network `{}` has no static address, without which its plugin fails",
                context.config.value.name
            ),
            "set `ipConfig` with `mode: static`, or use `type: bridge`",
        ));
    }
    let plugin = Plugin::Ipvlan { master: master.name.clone(), mode: "l2" };
    Some(Lowered {
        carrier: Carrier::Ipvlan,
        uplink: Some(master),
        vlan: None,
        need: None,
        plugin: Some(plugin),
        resource_name: None,
    })
}
