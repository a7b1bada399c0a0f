//! The resources as they are written: `Wukong`, `Site`, and the shapes of nmstate. Types only, no logic.
//!
//! The doc comments here are the descriptions in the JSON Schemas, so they speak to the author of a file.

/// Declares a choice of words, which stand here once: for serde, for the schema and for messages.
macro_rules! words {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
        $(#[$meta])*
        $visibility enum $name { $($(#[$about])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word as it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

pub mod kinds;
pub mod nmstate;
mod pattern;
pub mod site;
pub mod uplink;
pub mod wukong;

pub use pattern::Pattern;
pub use site::Site;
pub use wukong::{IpConfig, IpMode, NetworkConfig, NetworkType, Toleration, Wukong};

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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

/// A choice of words as one `enum`: an error then names the words, where `oneOf` would say that no schema matches.
fn plain<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = described::<T>(generator);
    schema.remove("enumDescriptions");
    schema
}

/// The same with `enumDescriptions`, which editors show.
fn described<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let schema = T::json_schema(generator);
    let variants: Vec<&Value> = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().collect();
    let all = |key: &str| -> Vec<&Value> { variants.iter().filter_map(|variant| variant.get(key)).collect() };
    json_schema!({"type": "string", "enum": all("const"), "enumDescriptions": all("description")})
}
