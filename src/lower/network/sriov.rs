//! `type: sriov`: a virtual function of an SR-IOV NIC, attached by the CNI `sriov` plugin.
//!
//! ```yaml
//! networks:
//!   - name: fast
//!     type: sriov
//!     physicalInterface: ens2f0
//!     vlanId: 200
//! ```
//!
//! Nothing is made on the nodes: the virtual functions are the SR-IOV operator's (sriov-network-operator,
//! `doc/design/externally-manage-pf.md`). Only if the Site's uplink has `ethernet.sr-iov`, a policy makes them. The device plugin's
//! resource, which the NAD must name, comes from the Site, by what the network or the node calls the NIC.

use super::{Context, Lowered};
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::model::cni::Plugin;
use crate::model::{Carrier, Need};
use crate::rule;

rule! {
    /// An SR-IOV network whose resource nobody names.
    ///
    /// The annotation `k8s.v1.cni.cncf.io/resourceName` is what makes the scheduler reserve a virtual function. Without it
    /// the plugin gets no device, and the pod never starts. A Wukong has no place for it: it is the platform team's.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: render.novasphere.dev/v1alpha1
    /// kind: Site
    /// metadata:
    ///   name: rack-1
    ///   annotations: {config.kubernetes.io/local-config: "true"}
    /// spec:
    ///   sriov:
    ///     resourceNames:
    ///       ens2f0: openshift.io/ens2f0_vfs
    /// ```
    ///
    /// ## Way out
    /// Name the resource in the Site, by NIC or as `defaultResourceName`.
    pub SRIOV_WITHOUT_RESOURCE = "WK220", "sriov-without-resource", Error;
}

pub(super) fn lower(context: &Context<'_>, findings: &mut Findings) -> Option<Lowered> {
    let config = &context.config.value;
    context.ignore("bridgeName", config.bridge_name.is_some(), "SR-IOV has no bridge", findings);
    context.ignore("nodeIP", config.node_ip.is_some(), "only a bridge takes the node's address", findings);

    let settings = context.settings;
    let uplink = config.physical_interface.as_deref().map(|nic| context.group.uplink(Some(nic)));
    context.check_virtual_functions(uplink.as_ref(), findings).ok()?;
    let called = [config.physical_interface.as_deref(), uplink.as_ref().map(|uplink| uplink.name.as_str())];
    let resource_name = settings.site.sriov_resource(called.into_iter().flatten()).map(str::to_owned);
    if resource_name.is_none() && config.nad_name.is_none() {
        let key = if config.physical_interface.is_some() { "physicalInterface" } else { "type" };
        let nic = config.physical_interface.as_ref().map_or_else(String::new, |nic| format!(" for the NIC `{nic}`"));
        findings.push(Diagnostic::new(
            &SRIOV_WITHOUT_RESOURCE,
            context.config.origin.at(key),
            format!("nobody names the SR-IOV resource{nic}"),
            "name it in the Site: `spec.sriov.resourceNames` by NIC, or `spec.sriov.defaultResourceName`",
        ));
        return None;
    }
    let has_vfs = uplink.as_ref().and_then(|uplink| uplink.definition.as_ref()).is_some_and(|it| it.has_vfs());
    Some(Lowered {
        carrier: Carrier::Sriov { vlan: config.vlan_id },
        uplink,
        vlan: None,
        need: has_vfs.then_some(Need::VirtualFunctions),
        plugin: Some(Plugin::Sriov { vlan: config.vlan_id }),
        resource_name,
    })
}
