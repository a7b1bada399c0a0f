//! The resources as they are written: `Wukong` and `Site`. Types only, no logic.
//!
//! The doc comments here are the descriptions in the JSON Schemas, so they speak to the author of a file.

pub mod site;
pub mod wukong;

pub use site::Site;
pub use wukong::{IpConfig, IpMode, NetworkConfig, NetworkType, Wukong};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The Kubernetes metadata that matters here.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct Metadata {
    /// The object's name: lower case letters, digits, `-` and `.`.
    pub name: String,
    /// The namespace. Manifests are written without one when it is left out.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Labels of the object. They are not copied to the manifests.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations of the object. They are not copied to the manifests.
    #[serde(default)]
    pub annotations: Option<BTreeMap<String, String>>,
}
