//! The resources as they are written: `Wukong`, `Site`, and the shapes of nmstate. Types only, no logic.
//!
//! The doc comments here are the descriptions in the JSON Schemas, so they speak to the author of a file.

pub mod kinds;
pub mod nmstate;
pub mod site;
pub mod uplink;
pub mod wukong;

pub use site::Site;
pub use wukong::{IpConfig, IpMode, NetworkConfig, NetworkType, Toleration, Wukong};

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;
use serde_json::Value;

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

/// A choice of words as one `enum` with `enumDescriptions`, which editors show: an error then names the words, where `oneOf`
/// would say that no schema matches.
fn described_words(schema: &Schema) -> Schema {
    let variants: Vec<&Value> = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().collect();
    let all = |key: &str| -> Vec<&Value> { variants.iter().filter_map(|variant| variant.get(key)).collect() };
    json_schema!({"type": "string", "enum": all("const"), "enumDescriptions": all("description")})
}
