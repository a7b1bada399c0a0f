//! What holds for a whole run: the Site, with the command line before it and the defaults behind it.

use std::collections::BTreeMap;

use crate::api::site::{IntOrPercent, IpamMode, Site, Skip};

/// The NIC where nobody names one: the operator's own default (its document, "5.3").
pub const DEFAULT_NIC: &str = "ens160";
const CNI_VERSION: &str = "0.3.1";

/// The NIC for networks that name none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultNic {
    /// Its name.
    pub name: String,
    /// Whether neither the command line nor the Site names it.
    pub is_assumed: bool,
}

/// What holds for a whole run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The NIC for networks that name none.
    pub default_nic: DefaultNic,
    /// `cniVersion` of every NAD.
    pub cni_version: String,
    /// `spec.nodeSelector` of every NNCP.
    pub node_selector: BTreeMap<String, String>,
    /// `spec.maxUnavailable` of every NNCP.
    pub max_unavailable: Option<IntOrPercent>,
    /// The SR-IOV resource where none is given by NIC.
    pub sriov_default: Option<String>,
    /// The SR-IOV resource by NIC.
    pub sriov_by_nic: BTreeMap<String, String>,
    /// Whether to write Argo CD's sync-wave annotations.
    pub sync_waves: bool,
    /// What becomes of a static address.
    pub ipam: IpamMode,
    /// Whether the bridge plugin checks MAC addresses.
    pub mac_spoof_check: bool,
    /// Whether attachments ask for their bridge as a node resource.
    pub bridge_resources: bool,
    /// Whether to leave out the NNCPs.
    pub skip_nncp: bool,
    /// Whether to leave out the NADs.
    pub skip_nad: bool,
}

impl Settings {
    /// The settings of a Site, with the command line's default NIC and skips.
    pub fn new(site: Option<&Site>, default_nic: Option<&str>, skip: &[Skip]) -> Self {
        let spec = site.and_then(|site| site.spec.clone()).unwrap_or_default();
        let policy = spec.policy.unwrap_or_default();
        let attachment = spec.attachment.unwrap_or_default();
        let sriov = spec.sriov.unwrap_or_default();
        let named_nic = default_nic.map(str::to_owned).or(spec.default_nic);
        let skipped: Vec<Skip> = skip.iter().copied().chain(spec.skip.unwrap_or_default()).collect();
        Self {
            default_nic: DefaultNic {
                is_assumed: named_nic.is_none(),
                name: named_nic.unwrap_or_else(|| DEFAULT_NIC.to_owned()),
            },
            cni_version: attachment.cni_version.unwrap_or_else(|| CNI_VERSION.to_owned()),
            node_selector: policy.node_selector.unwrap_or_default(),
            max_unavailable: policy.max_unavailable,
            sriov_default: sriov.default_resource_name,
            sriov_by_nic: sriov.resource_names.unwrap_or_default(),
            sync_waves: spec.sync_waves.unwrap_or(true),
            ipam: attachment.ipam.unwrap_or_default(),
            mac_spoof_check: attachment.mac_spoof_check.unwrap_or(true),
            bridge_resources: attachment.bridge_resources.unwrap_or(false),
            skip_nncp: skipped.contains(&Skip::Nncp),
            skip_nad: skipped.contains(&Skip::Nad),
        }
    }
}
