//! `Wukong`, `vm.novasphere.dev/v1alpha1`: one virtual machine, as the operator's CRD takes it.
//!
//! The union of what the CRD of kuihuar/vmoperator, `api/v1alpha1/wukong_types.go`, has accepted over its versions.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Metadata, Pattern, described, plain};

/// The API group of `Wukong`.
pub const GROUP: &str = "vm.novasphere.dev";
/// The apiVersion of `Wukong`.
pub const API_VERSION: &str = "vm.novasphere.dev/v1alpha1";
/// The kind of a virtual machine.
pub const KIND: &str = "Wukong";

/// A virtual machine and its networks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Wukong", extend("additionalProperties" = false))]
pub struct Wukong {
    /// Always `vm.novasphere.dev/v1alpha1`.
    #[schemars(extend("const" = API_VERSION))]
    pub api_version: String,
    /// Always `Wukong`.
    #[schemars(extend("const" = KIND))]
    pub kind: String,
    /// Name, namespace, labels and annotations of the virtual machine.
    pub metadata: Metadata,
    /// What the virtual machine is to be.
    pub spec: WukongSpec,
    /// What the operator reports. It is not read.
    #[serde(default)]
    pub status: Option<Value>,
}

/// What a virtual machine is to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("additionalProperties" = false))]
pub struct WukongSpec {
    /// CPU cores, 1 to 64.
    #[schemars(range(min = 1, max = 64))]
    pub cpu: u32,
    /// Memory, for example `8Gi` or `4G`.
    #[schemars(regex(pattern = Pattern::Quantity.regex()))]
    pub memory: String,
    /// The operating system image that cloud-init configures.
    #[serde(default, rename = "osImage")]
    pub os_image: Option<String>,
    /// The Secret with the SSH public keys.
    #[serde(default)]
    pub ssh_key_secret: Option<String>,
    /// The user that cloud-init creates.
    #[serde(default)]
    pub cloud_init_user: Option<CloudInitUser>,
    /// The networks. Each entry is one interface of the virtual machine.
    #[serde(default)]
    pub networks: Option<Vec<NetworkConfig>>,
    /// The disks.
    #[serde(default)]
    pub disks: Option<Vec<Disk>>,
    /// Restart policy, anti-affinity, node selector and tolerations.
    #[serde(default)]
    pub high_availability: Option<HighAvailability>,
    /// When the virtual machine starts.
    #[serde(default)]
    pub start_strategy: Option<StartStrategy>,
}

words! {
    /// What carries a network.
    #[derive(JsonSchema)]
    pub enum NetworkType {
        /// A Linux bridge on the node, made by NMState, on a VLAN interface if there is a `vlanId`.
        Bridge = "bridge",
        /// An OVS bridge on the node, made by NMState; the VLAN tag is in the NetworkAttachmentDefinition.
        Ovs = "ovs",
        /// macvlan on a NIC. KubeVirt cannot bind it.
        Macvlan = "macvlan",
        /// ipvlan on a NIC. KubeVirt cannot bind it.
        Ipvlan = "ipvlan",
        /// A virtual function of an SR-IOV NIC.
        Sriov = "sriov",
    }
}

/// One interface of the virtual machine.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    extend("additionalProperties" = false),
    extend("if" = serde_json::json!({"properties": {"name": {"const": "default"}}})),
    extend("else" = serde_json::json!({"required": ["type"]}))
)]
pub struct NetworkConfig {
    /// The name of the interface, unique within the virtual machine. `default` is the pod network and makes no manifest.
    #[schemars(regex(pattern = Pattern::Label.regex()), length(max = 63))]
    pub name: String,
    /// What carries the network: `bridge`, `ovs`, `macvlan`, `ipvlan` or `sriov`. Only `default` can do without.
    #[serde(default, rename = "type")]
    #[schemars(schema_with = "described::<NetworkType>")]
    pub network_type: Option<NetworkType>,
    /// An existing NetworkAttachmentDefinition, `name` or `namespace/name`, to use instead of making one.
    #[serde(default, rename = "nadName", deserialize_with = "none_if_empty")]
    pub nad_name: Option<String>,
    /// The VLAN tag, 1 to 4094. A `bridge` gets a VLAN interface on the node, `ovs` and `sriov` get the tag in the
    /// NetworkAttachmentDefinition.
    #[serde(default)]
    #[schemars(range(min = 1, max = 4094))]
    pub vlan_id: Option<u16>,
    /// The bridge on the node, at most 15 bytes; `br-` and the network's name if left out. For `macvlan` and `ipvlan`
    /// the NIC, if there is no `physicalInterface`.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub bridge_name: Option<String>,
    /// The NIC on the node that carries the network, for example `ens192`. The platform team's default if left out.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub physical_interface: Option<String>,
    /// The node's own address with its prefix length (`192.168.0.121/24`), which moves from the NIC to the bridge.
    #[serde(default, rename = "nodeIP", deserialize_with = "none_if_empty")]
    pub node_ip: Option<String>,
    /// How the virtual machine gets its address.
    #[serde(default)]
    pub ip_config: Option<IpConfig>,
}

/// An empty string is a key that was left out, as it is to the operator, whose Go types do not tell the two apart.
fn none_if_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// How the virtual machine gets its address.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("additionalProperties" = false))]
pub struct IpConfig {
    /// `static`: the address that stands here. `dhcp`: the guest asks the network.
    #[schemars(schema_with = "plain::<IpMode>")]
    pub mode: IpMode,
    /// The address with its prefix length, for example `192.168.1.10/24` or `2001:db8::10/64`. For `static`.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub address: Option<String>,
    /// The gateway, in the same subnet as the address. It becomes the default route. For `static`.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub gateway: Option<String>,
    /// Addresses of DNS servers. For `static`.
    #[serde(default, rename = "dnsServers")]
    pub dns_servers: Option<Vec<String>>,
}

words! {
    /// Where an address comes from.
    #[derive(JsonSchema)]
    pub enum IpMode {
        /// It is written in the Wukong.
        Static = "static",
        /// The guest asks the network.
        Dhcp = "dhcp",
    }
}

/// A disk of the virtual machine.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("additionalProperties" = false))]
pub struct Disk {
    /// The name of the disk, unique within the virtual machine.
    #[schemars(regex(pattern = Pattern::Label.regex()))]
    pub name: String,
    /// The size, for example `80Gi`.
    #[schemars(regex(pattern = Pattern::Quantity.regex()))]
    pub size: String,
    /// The StorageClass.
    pub storage_class_name: String,
    /// Whether the virtual machine boots from it.
    #[serde(default)]
    pub boot: Option<bool>,
    /// The image that the disk is made from.
    #[serde(default)]
    pub image: Option<String>,
}

/// Where and how the virtual machine is kept running.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("additionalProperties" = false))]
pub struct HighAvailability {
    /// `Always`, `OnFailure` or `Never`.
    #[serde(default)]
    #[schemars(extend("enum" = ["Always", "OnFailure", "Never"]))]
    pub restart_policy: Option<String>,
    /// Whether to keep virtual machines off one another's nodes.
    #[serde(default)]
    pub anti_affinity: Option<bool>,
    /// The nodes that the virtual machine may run on, by label. The node policies of its networks get it too.
    #[serde(default)]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Taints that the virtual machine tolerates.
    #[serde(default)]
    pub tolerations: Option<Vec<Toleration>>,
}

/// A Kubernetes toleration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("additionalProperties" = false))]
pub struct Toleration {
    /// The taint's key; all keys if left out.
    #[serde(default)]
    pub key: Option<String>,
    /// `Exists` or `Equal`.
    #[serde(default)]
    #[schemars(extend("enum" = ["Exists", "Equal"]))]
    pub operator: Option<String>,
    /// The taint's value, for `Equal`.
    #[serde(default)]
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; all effects if left out.
    #[serde(default)]
    #[schemars(extend("enum" = ["NoSchedule", "PreferNoSchedule", "NoExecute"]))]
    pub effect: Option<String>,
    /// How long a `NoExecute` taint is tolerated, in seconds.
    #[serde(default)]
    pub toleration_seconds: Option<i64>,
}

/// When the virtual machine starts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("additionalProperties" = false))]
pub struct StartStrategy {
    /// `Always`, `RerunOnFailure` or `Manual`.
    #[serde(default)]
    #[schemars(extend("enum" = ["Always", "RerunOnFailure", "Manual"]))]
    pub run_strategy: Option<String>,
    /// Whether to start the virtual machine at once.
    #[serde(default)]
    pub auto_start: Option<bool>,
}

/// The user that cloud-init creates.
///
/// The password fields are in the schema and not in this type, so that no later stage can print what it never has.
#[derive(Debug, Clone, Deserialize)]
pub struct CloudInitUser {}

impl JsonSchema for CloudInitUser {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CloudInitUser".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The user that cloud-init creates.",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "name": {"description": "The user's name.", "type": "string"},
                "password": {
                    "description": "The password in plain text. Prefer `passwordHash`, or an SSH key: this file is in Git.",
                    "type": "string"
                },
                "passwordHash": {
                    "description": "The hash of the password, as `openssl passwd -6` prints it.",
                    "type": "string"
                },
                "sudo": {"description": "The sudo rule, `ALL=(ALL) NOPASSWD:ALL` if left out.", "type": "string"},
                "shell": {"description": "The login shell, `/bin/bash` if left out.", "type": "string"},
                "groups": {
                    "description": "Further groups of the user.",
                    "type": "array",
                    "items": {"type": "string"}
                },
                "lockPasswd": {"description": "Whether to lock the password.", "type": "boolean"}
            },
            "required": ["name"]
        })
    }
}
