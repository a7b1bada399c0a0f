//! The JSON Schemas, made by `schemars` from the types in [`api`](crate::api) and applied by `jsonschema`.

mod path;
mod violation;

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use crate::api::{Site, Wukong};

pub(in crate::read) use violation::unfit_number;
pub use violation::{EMPTY_SECTION, INVALID_VALUE, MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE};

/// Which schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum SchemaKind {
    /// The virtual machine.
    Wukong,
    /// The platform team's file.
    Site,
}

impl SchemaKind {
    /// The schema itself.
    pub fn schema(self) -> &'static Value {
        static WUKONG: LazyLock<Value> = LazyLock::new(generate::<Wukong>);
        static SITE: LazyLock<Value> = LazyLock::new(generate::<Site>);
        match self {
            Self::Wukong => &WUKONG,
            Self::Site => &SITE,
        }
    }

    /// The schema as it is committed and printed.
    pub fn text(self) -> String {
        format!("{:#}\n", self.schema())
    }

    fn validator(self) -> &'static Validator {
        static WUKONG: LazyLock<Validator> = LazyLock::new(|| compile(SchemaKind::Wukong));
        static SITE: LazyLock<Validator> = LazyLock::new(|| compile(SchemaKind::Site));
        match self {
            Self::Wukong => &WUKONG,
            Self::Site => &SITE,
        }
    }
}

fn generate<T: JsonSchema>() -> Value {
    let schema = SchemaSettings::draft2020_12()
        .with(|settings| settings.meta_schema = Some("https://json-schema.org/draft/2020-12/schema".into()))
        .with_transform(WithoutNull)
        .into_generator()
        .into_root_schema_for::<T>();
    schema.to_value()
}

/// Takes `null` out of optional values: Kubernetes does not accept it where it is not said.
#[derive(Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut schemars::Schema) {
        if schema.get("default") == Some(&Value::Null) {
            schema.remove("default");
        }
        let types: Option<Vec<Value>> = schema
            .get("type")
            .and_then(Value::as_array)
            .map(|types| types.iter().filter(|name| name.as_str() != Some("null")).cloned().collect());
        if let Some(mut types) = types {
            let types = if types.len() == 1 { types.swap_remove(0) } else { Value::Array(types) };
            schema.insert("type".to_owned(), types);
        }
        let alternatives = schema.get("anyOf").and_then(Value::as_array).cloned().unwrap_or_default();
        if let [Value::Object(only), null] = alternatives.as_slice()
            && null.get("type").and_then(Value::as_str) == Some("null")
        {
            schema.remove("anyOf");
            for (key, value) in only {
                schema.insert(key.clone(), value.clone());
            }
        }
        transform_subschemas(self, schema);
    }
}

fn compile(kind: SchemaKind) -> Validator {
    jsonschema::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(kind.schema())
        .expect("the schema is made from our own types, and a test compiles it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Pattern;

    fn patterns(value: &Value) -> Vec<&str> {
        match value {
            Value::Object(map) => {
                let own = map.get("pattern").and_then(Value::as_str);
                own.into_iter().chain(map.values().flat_map(patterns)).collect()
            }
            Value::Array(list) => list.iter().flat_map(patterns).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_pattern_of_the_schemas_is_known() {
        let all = [SchemaKind::Wukong, SchemaKind::Site].map(|kind| patterns(kind.schema()));
        assert!(all.iter().all(|patterns| !patterns.is_empty()));
        for pattern in all.into_iter().flatten() {
            assert!(Pattern::of(pattern).is_some(), "{pattern}");
        }
    }
}
