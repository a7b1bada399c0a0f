//! `Site`, ours and local only: what the platform team knows and the author of a virtual machine does not.
//!
//! A Wukong file must stay valid for the cluster's CRD, so none of this is ever added to it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::nmstate::TrunkTag;
use super::uplink::Uplink;
use super::{Metadata, Pattern, plain};

/// The API group of `Site`.
pub const GROUP: &str = "render.novasphere.dev";
/// The apiVersion of `Site`.
pub const API_VERSION: &str = "render.novasphere.dev/v1alpha1";
/// The kind of the platform team's file.
pub const KIND: &str = "Site";
/// The annotation that keeps kustomize and kpt from sending the file to a cluster.
pub const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// What holds for every Wukong of a run. Read by wukong-render only; never sent to a cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Site")]
pub struct Site {
    /// Always `render.novasphere.dev/v1alpha1`.
    #[schemars(extend("const" = API_VERSION))]
    pub api_version: String,
    /// Always `Site`.
    #[schemars(extend("const" = KIND))]
    pub kind: String,
    /// The name of the site, and the annotation `config.kubernetes.io/local-config: "true"`.
    pub metadata: Metadata,
    /// What holds.
    #[serde(default)]
    pub spec: Option<SiteSpec>,
}

/// What holds for every Wukong of a run.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SiteSpec {
    /// The NIC or uplink for networks that name none; `ens160` if left out. A network's `physicalInterface` and the flag
    /// `--default-nic` go before it.
    #[serde(default, rename = "defaultNIC")]
    #[schemars(length(min = 1))]
    pub default_nic: Option<String>,
    /// The bonds, VLAN interfaces and NICs that networks may name as `physicalInterface`. A NIC of which there is nothing to
    /// say need not be here.
    #[serde(default)]
    pub uplinks: Option<Vec<Uplink>>,
    /// Bridges that carry many VLANs over one uplink, with the tags in the NetworkAttachmentDefinitions (VLAN filtering).
    #[serde(default)]
    pub trunk_bridges: Option<Vec<TrunkBridge>>,
    /// What OVN-Kubernetes is told of OVS bridges.
    #[serde(default)]
    pub ovn: Option<SiteOvn>,
    /// The address ranges that the cluster uses itself, which guests and nodes on their networks must leave alone.
    #[serde(default)]
    pub cluster_network: Option<ClusterNetwork>,
    /// Nodes that differ in their NICs. Each network becomes one policy for each group; one for all nodes if left out.
    #[serde(default)]
    pub node_groups: Option<Vec<NodeGroup>>,
    /// What the node policies have in common.
    #[serde(default)]
    pub policy: Option<PolicyDefaults>,
    /// What the NetworkAttachmentDefinitions have in common.
    #[serde(default)]
    pub attachment: Option<AttachmentDefaults>,
    /// The resources of the SR-IOV device plugin.
    #[serde(default)]
    pub sriov: Option<Sriov>,
    /// Whether to write the sync-wave annotations by which Argo CD applies node policies first; `true` if left out.
    #[serde(default)]
    pub sync_waves: Option<bool>,
    /// What not to write: `nncp` for a cluster without NMState, `nad` for one without Multus.
    #[serde(default)]
    #[schemars(schema_with = "skip_list")]
    pub skip: Option<Vec<Skip>>,
    /// The warnings that the platform team accepts, each with its reason. Errors cannot be accepted. An annotation on a Wukong accepts a
    /// warning there.
    #[serde(default)]
    pub accept: Option<Vec<Accept>>,
}

/// What holds where a key is left out stands here, beside the key.
impl SiteSpec {
    /// What one policy is for.
    pub fn policy_scope(&self) -> PolicyScope {
        self.policy.as_ref().and_then(|policy| policy.scope).unwrap_or_default()
    }

    /// How many nodes may be reconfigured at a time, if the Site limits it.
    pub fn max_unavailable(&self) -> Option<&IntOrPercent> {
        self.policy.as_ref()?.max_unavailable.as_ref()
    }

    /// Whether policies that are no longer wanted are retired.
    pub fn retires(&self) -> bool {
        self.policy.as_ref().and_then(|policy| policy.retire).unwrap_or(false)
    }

    /// `cniVersion` of every NAD.
    pub fn cni_version(&self) -> &str {
        self.attachment.as_ref().and_then(|attachment| attachment.cni_version.as_deref()).unwrap_or("0.3.1")
    }

    /// What becomes of a static address.
    pub fn ipam(&self) -> IpamMode {
        self.attachment.as_ref().and_then(|attachment| attachment.ipam).unwrap_or_default()
    }

    /// Whether the bridge plugin checks MAC addresses.
    pub fn checks_mac_addresses(&self) -> bool {
        self.attachment.as_ref().and_then(|attachment| attachment.mac_spoof_check).unwrap_or(true)
    }

    /// Whether attachments ask for their bridge as a node resource, so that the scheduler looks for it.
    pub fn asks_for_bridges(&self) -> bool {
        self.attachment.as_ref().and_then(|attachment| attachment.bridge_resources).unwrap_or(false)
    }

    /// Whether Multus keeps pods to attachments of their own namespace, if the Site says so.
    pub fn namespace_isolation(&self) -> Option<bool> {
        self.attachment.as_ref()?.namespace_isolation
    }

    /// The SR-IOV resource of the first of these NICs that has one of its own, else the default.
    pub fn sriov_resource<'a>(&self, nics: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        let sriov = self.sriov.as_ref()?;
        let by_nic = sriov.resource_names.as_ref();
        let own = nics.into_iter().find_map(|nic| by_nic?.get(nic));
        own.or(sriov.default_resource_name.as_ref()).map(String::as_str)
    }

    /// Whether to write Argo CD's sync-wave annotations.
    pub fn writes_sync_waves(&self) -> bool {
        self.sync_waves.unwrap_or(true)
    }
}

/// A warning that the platform team accepts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accept {
    /// The rule, by its code or its name: `WK217` or `two-default-gateways`.
    #[schemars(length(min = 1))]
    pub rule: String,
    /// Why the warning is accepted.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// The namespaces of the Wukongs in which it is accepted. If left out, it is accepted in the run: in every Wukong, and in what is no
    /// Wukong, such as this Site or the state of a node.
    #[serde(default)]
    #[schemars(length(min = 1), inner(regex(pattern = Pattern::Label.regex())))]
    pub namespaces: Option<Vec<String>>,
}

/// What the node policies have in common.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyDefaults {
    /// The nodes, by label. All must match; all nodes if left out. A Wukong's own node selector is added.
    #[serde(default)]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// How many nodes may be reconfigured at a time: a number, or a share such as `"30%"`. The operator's default is
    /// half of them.
    #[serde(default)]
    #[schemars(schema_with = "int_or_percent")]
    pub max_unavailable: Option<IntOrPercent>,
    /// `network`: one policy for each network of each Wukong. `bridge`: one for each bridge and node group, however many
    /// Wukongs use it; a Wukong's own node selector then does not narrow it. `network` if left out.
    #[serde(default)]
    #[schemars(schema_with = "plain::<PolicyScope>")]
    pub scope: Option<PolicyScope>,
    /// Whether a policy that is no longer wanted is kept in a form that takes its interfaces off the nodes, until its file is
    /// deleted; `false` if left out. Also `--retire`.
    #[serde(default)]
    pub retire: Option<bool>,
}

words! {
    /// What one node policy is for.
    #[derive(Default, JsonSchema)]
    pub enum PolicyScope {
        /// A network of a Wukong.
        #[default]
        Network = "network",
        /// A bridge.
        Bridge = "bridge",
    }
}

/// A Linux bridge that carries many VLANs over one uplink. Networks of `type: bridge` are on it if they name it as
/// `bridgeName`, or name no bridge and are on its uplink.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrunkBridge {
    /// The bridge, at most 15 bytes.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Its uplink or NIC.
    #[schemars(length(min = 1))]
    pub physical_interface: String,
    /// The tags that the uplink carries; 2 to 4094 if left out, as with kubernetes-nmstate. A network with another `vlanId`
    /// is an error.
    #[serde(default, rename = "trunk-tags")]
    #[schemars(length(min = 1))]
    pub trunk_tags: Option<Vec<TrunkTag>>,
}

/// What OVN-Kubernetes is told of OVS bridges.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteOvn {
    /// The localnets. A network of `type: ovs` that names one as `physicalInterface` is attached by OVN-Kubernetes.
    pub bridge_mappings: Vec<Localnet>,
}

/// OVN's name for an OVS bridge.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Localnet {
    /// OVN's name: lower case letters, digits, `-` and `.`.
    #[schemars(regex(pattern = Pattern::Localnet.regex()))]
    pub localnet: String,
    /// The OVS bridge. It must be there already, as `br-ex` is, unless there is a `physicalInterface`.
    #[schemars(length(min = 1))]
    pub bridge: String,
    /// The uplink or NIC on which the bridge is made.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub physical_interface: Option<String>,
    /// The MTU of the network attachments, in bytes, from 68 to 65535; that of the uplink if left out, else 1500.
    #[serde(default)]
    #[schemars(range(min = 68, max = 65535))]
    pub mtu: Option<u32>,
}

/// The address ranges that the cluster uses itself, as it was installed with them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterNetwork {
    /// The ranges of pods, such as `10.128.0.0/14` (kubeadm's `podSubnet`, OpenShift's `clusterNetwork`).
    #[serde(default)]
    pub pods: Option<Vec<String>>,
    /// The ranges of services, such as `172.30.0.0/16` (kubeadm's `serviceSubnet`, OpenShift's `serviceNetwork`).
    #[serde(default)]
    pub services: Option<Vec<String>>,
    /// The ranges that the network plugin uses between the nodes; those of OVN-Kubernetes if left out (`100.64.0.0/16`, `100.88.0.0/16`,
    /// `fd69::/112`, `fd97::/64`, `fd98::/64`). An empty list for a plugin that uses none.
    #[serde(default)]
    pub internal: Option<Vec<String>>,
}

/// Nodes that have the same NICs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeGroup {
    /// The name; it becomes part of policy names.
    #[schemars(regex(pattern = Pattern::Label.regex()), length(max = 30))]
    pub name: String,
    /// Its nodes, by label. All must match, and no node may match two groups.
    pub node_selector: BTreeMap<String, String>,
    /// The NIC or uplink there for networks that name none; the Site's if left out.
    #[serde(default, rename = "defaultNIC")]
    #[schemars(length(min = 1))]
    pub default_nic: Option<String>,
    /// What networks call a `physicalInterface`, and the NIC or uplink that it is there: `data: bond0`.
    #[serde(default)]
    pub physical_interfaces: Option<BTreeMap<String, String>>,
    /// Uplinks there; one of the Site with the same name is replaced.
    #[serde(default)]
    pub uplinks: Option<Vec<Uplink>>,
}

/// What the NetworkAttachmentDefinitions have in common.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttachmentDefaults {
    /// The CNI version, `0.3.1` if left out.
    #[serde(default)]
    #[schemars(extend("enum" = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]))]
    pub cni_version: Option<String>,
    /// `static`: a static `ipConfig` becomes IPAM. `none`: no IPAM at all, for platforms that do not support it for
    /// virtual machines (OpenShift); the address is then the guest's business. `static` if left out.
    #[serde(default)]
    #[schemars(schema_with = "plain::<IpamMode>")]
    pub ipam: Option<IpamMode>,
    /// Whether the bridge plugin drops frames with a MAC address that is not the interface's own; `true` if left out.
    /// The nodes need `nft` for it.
    #[serde(default)]
    pub mac_spoof_check: Option<bool>,
    /// Whether to ask for the bridge as a node resource (`bridge.network.kubevirt.io/<bridge>`,
    /// `ovs-cni.network.kubevirt.io/<bridge>`), so that a virtual machine only runs where the bridge is. Needs
    /// bridge-marker or the OVS CNI marker on the nodes; `false` if left out.
    #[serde(default)]
    pub bridge_resources: Option<bool>,
    /// Whether Multus has `namespaceIsolation`: `true` makes an error of a `nadName` in another namespace than the Wukong's
    /// (`default` excepted), `false` lets it be. A warning if left out.
    #[serde(default)]
    pub namespace_isolation: Option<bool>,
}

/// The resources of the SR-IOV device plugin.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sriov {
    /// The resource for networks whose NIC is not listed, for example `openshift.io/sriovnics`.
    #[serde(default)]
    #[schemars(regex(pattern = Pattern::ResourceName.regex()))]
    pub default_resource_name: Option<String>,
    /// The resource by NIC: `ens2f0: intel.com/ens2f0_vfs`.
    #[serde(default)]
    #[schemars(schema_with = "resource_names")]
    pub resource_names: Option<BTreeMap<String, String>>,
    /// Whether the SR-IOV operator leaves the virtual functions of uplinks alone (`externallyManaged: true` in its own
    /// policy); `false` if left out.
    #[serde(default)]
    pub externally_managed: Option<bool>,
}

fn resource_names(_: &mut SchemaGenerator) -> Schema {
    let name = json_schema!({"type": "string", "pattern": Pattern::ResourceName.regex()});
    json_schema!({"type": "object", "additionalProperties": name})
}

words! {
    /// What a cluster has no use for.
    #[derive(JsonSchema)]
    #[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
    pub enum Skip {
        /// Node policies: the cluster has no NMState.
        Nncp = "nncp",
        /// Network attachments: the cluster has no Multus.
        Nad = "nad",
    }
}

fn skip_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": plain::<Skip>(generator)})
}

words! {
    /// What becomes of a static address.
    #[derive(Default, JsonSchema)]
    pub enum IpamMode {
        /// The CNI `static` IPAM plugin.
        #[default]
        Static = "static",
        /// No IPAM.
        None = "none",
    }
}

/// Kubernetes' `IntOrString`, where the string is a percentage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(untagged)]
pub enum IntOrPercent {
    /// A number of nodes.
    Int(u32),
    /// A share of the nodes, with its `%`.
    Percent(String),
}

fn int_or_percent(_: &mut SchemaGenerator) -> Schema {
    // Two types without `oneOf`: an error then names what is wrong instead of "no schema matches".
    let pattern = Pattern::Share.regex();
    json_schema!({"type": ["integer", "string"], "minimum": 1, "maximum": 100_000, "pattern": pattern})
}
