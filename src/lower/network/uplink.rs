//! What a network is on: the NIC, bond or VLAN interface of one node group, and whether it fits the type.

use super::Context;
use crate::api::uplink::UplinkType;
use crate::base::address::Reported;
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::model::{Bridge, Localnet, Tagging, Trunk, Uplink};
use crate::rule;

rule! {
    /// A network is on an uplink that its type cannot use.
    ///
    /// A localnet is OVN's, and only a `type: ovs` network is attached to it. An `ovs-bond` is a port of an OVS bridge and
    /// nothing that anything else could stand on. Virtual functions belong to a NIC. A trunk bridge has the uplink that the Site
    /// says.
    ///
    /// ## Way out
    /// Change the `type`, or name another uplink as `physicalInterface`.
    pub UPLINK_DOES_NOT_FIT = "WK224", "uplink-does-not-fit", Error;
}

impl Context<'_> {
    /// The localnet that the network is on.
    pub(super) fn localnet(&self) -> Option<&Localnet> {
        let physical_interface = self.config.value.physical_interface.as_deref();
        self.settings.localnets.get(self.group.interface(physical_interface))
    }

    /// The uplink of the network: its own, or the default.
    pub(super) fn uplink(&self, findings: &mut Findings) -> Result<Uplink, Reported> {
        let written = self.config.value.physical_interface.as_deref();
        if let Some(name) = written {
            self.check_interface(name, "physicalInterface", findings)?;
        }
        if let Some(localnet) = self.localnet() {
            let message = format!(
                "`{}` is a localnet of OVN, to which a `{}` network cannot be attached",
                localnet.name,
                self.type_word()
            );
            return self.unfit(message, "use `type: ovs`, or name a NIC", findings);
        }
        Ok(self.group.uplink(written))
    }

    /// The uplink of the network, which is to carry something of the kernel.
    pub(super) fn kernel_uplink(&self, findings: &mut Findings) -> Result<Uplink, Reported> {
        let uplink = self.uplink(findings)?;
        if uplink.definition.as_ref().is_some_and(|it| it.kind == UplinkType::OvsBond) {
            let message =
                format!("`{}` is an OVS bond, on which a `{}` network cannot be", uplink.name, self.type_word());
            return self.unfit(message, "use `type: ovs`, or make it `type: bond` in the Site", findings);
        }
        Ok(uplink)
    }

    /// The NIC of a macvlan or ipvlan network, which may stand in `bridgeName` too.
    pub(super) fn master(&self, findings: &mut Findings) -> Result<Uplink, Reported> {
        self.refuse_vlan(findings)?;
        self.ignore("nodeIP", self.config.value.node_ip.is_some(), "only a bridge takes the node's address", findings);
        let bridge_name = self.config.value.bridge_name.as_deref();
        match (&self.config.value.physical_interface, bridge_name) {
            (None, Some(name)) => {
                self.check_interface(name, "bridgeName", findings)?;
                Ok(self.group.uplink(Some(name)))
            }
            (physical, bridge_name) => {
                self.ignore(
                    "bridgeName",
                    physical.is_some() && bridge_name.is_some() && physical.as_deref() != bridge_name,
                    "`physicalInterface` names the NIC",
                    findings,
                );
                self.kernel_uplink(findings)
            }
        }
    }

    /// The Linux bridge of the network and its uplink: a trunk bridge of the Site, or one of its own.
    pub(super) fn linux_bridge(&self, findings: &mut Findings) -> Result<(Bridge, Uplink), Reported> {
        let config = &self.config.value;
        let named = |trunk: &&Trunk| config.bridge_name.as_ref() == Some(&trunk.bridge);
        if let Some(trunk) = self.settings.trunks.iter().find(named) {
            let uplink = self.group.uplink(Some(&trunk.physical_interface));
            if let Some(written) = &config.physical_interface
                && self.uplink(findings)?.name != uplink.name
            {
                // By what the files call them, which is the same in every node group. A trunk bridge needs no NIC, so that the NIC tells of
                // another bridge.
                let message = format!(
                    "the trunk bridge `{}` is on `{}`, and this network names `{written}`",
                    trunk.bridge, trunk.physical_interface
                );
                findings.push(
                    Diagnostic::new(
                        &UPLINK_DOES_NOT_FIT,
                        self.config.origin.at("bridgeName"),
                        message,
                        "correct the `bridgeName`; or delete `physicalInterface` to be on the trunk bridge",
                    )
                    .with_related(trunk.origin.at("physicalInterface"), "what the trunk bridge is on"),
                );
                return Err(Reported);
            }
            return self.on_trunk(trunk, uplink, findings);
        }
        let uplink = self.kernel_uplink(findings)?;
        let is_on = |trunk: &&Trunk| self.group.uplink(Some(&trunk.physical_interface)).name == uplink.name;
        match self.settings.trunks.iter().find(is_on).filter(|_| config.bridge_name.is_none()) {
            Some(trunk) => self.on_trunk(trunk, uplink, findings),
            None => Ok((self.bridge(&uplink, Tagging::Interface, findings)?, uplink)),
        }
    }

    fn on_trunk(&self, trunk: &Trunk, uplink: Uplink, findings: &mut Findings) -> Result<(Bridge, Uplink), Reported> {
        if uplink.name == trunk.bridge {
            let message = format!("the trunk bridge `{}` cannot be on `{}`", trunk.bridge, uplink.name);
            return self.unfit(message, "correct the bridge's `physicalInterface` in the Site", findings);
        }
        let node_ip = self.network.node_ip?;
        let vlan = self.config.value.vlan_id;
        let tagging = Tagging::Filtering(trunk.vlan.clone());
        Ok((Bridge { name: trunk.bridge.clone(), vlan, tagging, node_ip }, uplink))
    }

    /// The OVS bridge of the network and its uplink.
    pub(super) fn ovs_bridge(&self, findings: &mut Findings) -> Result<(Bridge, Uplink), Reported> {
        let uplink = self.uplink(findings)?;
        Ok((self.bridge(&uplink, Tagging::Attachment, findings)?, uplink))
    }

    /// Whether virtual functions can be taken from an uplink.
    pub(super) fn check_virtual_functions(
        &self,
        uplink: Option<&Uplink>,
        findings: &mut Findings,
    ) -> Result<(), Reported> {
        let Some(uplink) = uplink else { return Ok(()) };
        self.check_interface(&uplink.name, "physicalInterface", findings)?;
        match uplink.definition.as_ref().map(|it| it.kind) {
            None | Some(UplinkType::Ethernet) => Ok(()),
            Some(kind) => {
                let message =
                    format!("`{}` is of `type: {}`, which has no virtual functions", uplink.name, kind.as_str());
                self.unfit(message, "name the NIC", findings)
            }
        }
    }

    fn unfit<T>(&self, message: String, help: &str, findings: &mut Findings) -> Result<T, Reported> {
        let key = if self.config.value.physical_interface.is_some() { "physicalInterface" } else { "type" };
        findings.push(Diagnostic::new(&UPLINK_DOES_NOT_FIT, self.config.origin.at(key), message, help));
        Err(Reported)
    }

    fn type_word(&self) -> &'static str {
        self.config.value.network_type.map_or("pod", |it| it.as_str())
    }
}
