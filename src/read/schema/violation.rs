//! What a schema finds, in the terms of a resource's author: `jsonschema`'s own messages repeat values, which may be
//! secrets, and name keywords instead of ways out.

use std::collections::HashSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::SchemaKind;
use crate::api::nmstate::MAC_ADDRESS;
use crate::base::diagnostic::{Diagnostic, Origin, Place, Rule, Severity};
use crate::base::spelling::nearest;
use crate::rule;

rule! {
    /// A key that the resource does not have.
    ///
    /// An error inside `networks` and in a `Site`, where a misspelt key silently changes what is made of the network: a
    /// bridge without the VLAN that its author meant. A warning elsewhere, where the API server drops the key.
    ///
    /// ## Example
    /// ```yaml
    /// networks:
    ///   - name: external
    ///     type: bridge
    ///     vlanID: 100        # vlanId
    /// ```
    ///
    /// ## Way out
    /// Correct the spelling, or delete the key.
    pub UNKNOWN_KEY = "WK101", "unknown-key", Error;
}

rule! {
    /// A value has the wrong type: text for a number, a list for a mapping.
    ///
    /// YAML decides the type by the way a value is written. `100` is a number and `"100"` is text; `yes`, `on` and `y` are
    /// booleans to Kubernetes unless they stand in quotes.
    ///
    /// ## Way out
    /// Add quotes around text that looks like something else, and take them away from numbers.
    pub WRONG_TYPE = "WK102", "wrong-type", Error;
}

rule! {
    /// A key that must be there is missing.
    ///
    /// `type` is one of them for every network but `default`, and `address` for `ipConfig.mode: static`.
    ///
    /// ## Way out
    /// Add the key.
    pub MISSING_KEY = "WK103", "missing-key", Error;
}

rule! {
    /// A value that its key cannot have: a `type` that does not exist, a VLAN outside 1 to 4094, a name with a capital.
    ///
    /// The API server would refuse the object.
    ///
    /// ## Way out
    /// Use one of the values that the message names.
    pub INVALID_VALUE = "WK104", "invalid-value", Error;
}

rule! {
    /// A section stands there without a value, as it does when all of it is commented out.
    ///
    /// It is read as if it were left out. The API server takes it for `null` and may refuse the object.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   networks:
    ///   # - name: external
    ///   #   type: bridge
    /// ```
    ///
    /// ## Way out
    /// Comment the key out too, or write `[]` or `{}`.
    pub EMPTY_SECTION = "WK105", "empty-section", Warning;
}

impl SchemaKind {
    /// Everything at which `value` violates the schema. `origin` is where the value comes from.
    pub fn violations(self, value: &Value, origin: &Origin) -> Vec<Violation> {
        let validator = self.validator();
        if validator.is_valid(value) {
            return Vec::new();
        }
        let errors: Vec<_> = validator.iter_errors(value).collect();
        let missing: Vec<(&str, &str)> = errors
            .iter()
            .filter_map(|error| match error.kind() {
                ValidationErrorKind::Required { property } => {
                    Some((error.instance_path().as_str(), property.as_str()?))
                }
                _ => None,
            })
            .collect();
        // A number where a word belongs is of the wrong type, and none of the words: one mistake.
        let is_type = |kind: &ValidationErrorKind| matches!(kind, ValidationErrorKind::Type { .. });
        let mistyped: HashSet<&str> =
            errors.iter().filter(|it| is_type(it.kind())).map(|it| it.instance_path().as_str()).collect();
        let mut misspelt: HashSet<(&str, String)> = HashSet::new();
        let mut violations = Vec::new();
        for error in &errors {
            let pointer = error.instance_path().as_str();
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    let known = self.siblings(error.schema_path().as_str());
                    for key in unexpected {
                        let meant = older_name(key, &known).or_else(|| nearest(key, &known));
                        let is_missing = meant.as_ref().is_some_and(|meant| missing.contains(&(pointer, meant)));
                        let mut violation = unknown_key(key, pointer, meant.as_deref(), &known, origin);
                        if !(self == Self::Site || in_network(pointer) || is_missing) {
                            violation.diagnostic.severity = Severity::Warning;
                        }
                        violations.push(violation);
                        misspelt.extend(meant.map(|meant| (pointer, meant)));
                    }
                }
                // Below, when all misspelt keys are known.
                ValidationErrorKind::Required { .. } => {}
                kind if !is_type(kind) && mistyped.contains(pointer) => {}
                kind => {
                    let schema_path = error.schema_path().as_str();
                    violations.push(self.invalid(kind, pointer, error.instance(), schema_path, origin));
                }
            }
        }
        // A misspelt key that must be there is one mistake, not two.
        let missing = missing.into_iter().filter(|(pointer, key)| !misspelt.contains(&(*pointer, (*key).to_owned())));
        violations.extend(missing.map(|(pointer, key)| missing_key(key, pointer, origin)));
        violations
    }

    /// The keys beside the `additionalProperties` at this place of the schema.
    fn siblings(self, schema_path: &str) -> Vec<&'static str> {
        let parent = schema_path.strip_suffix("/additionalProperties").unwrap_or_default();
        let properties = self.schema().pointer(&format!("{parent}/properties"));
        properties.and_then(Value::as_object).into_iter().flat_map(|map| map.keys().map(String::as_str)).collect()
    }

    fn invalid(
        self,
        kind: &ValidationErrorKind,
        pointer: &str,
        value: &Value,
        schema_path: &str,
        origin: &Origin,
    ) -> Violation {
        let name = &label(pointer);
        let shown = show(value, pointer);
        let (rule, message, help) = match kind {
            ValidationErrorKind::Type { .. } if value.is_null() && self == Self::Wukong && is_section(pointer) => (
                &EMPTY_SECTION,
                format!("{name} has no value"),
                "comment the key out too, or write `[]` or `{}`".to_owned(),
            ),
            ValidationErrorKind::Type { kind } => wrong_type(kind, name, value),
            ValidationErrorKind::Enum { options } => {
                let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let help = match value.as_str().and_then(|value| nearest(value, &options)) {
                    Some(meant) => format!("did you mean `{meant}`? It is one of {}", list(&options)),
                    None => format!("use one of {}", list(&options)),
                };
                (&INVALID_VALUE, format!("{name} cannot be {shown}"), help)
            }
            ValidationErrorKind::Constant { expected_value } => {
                (&INVALID_VALUE, format!("{name} cannot be {shown}"), format!("write {expected_value}"))
            }
            ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
                let schema = schema_path.rsplit_once('/').and_then(|(parent, _)| self.schema().pointer(parent));
                let bound = |key| schema.and_then(|schema| schema.get(key)).map(Value::to_string).unwrap_or_default();
                let help = format!("write a number from {} to {}", bound("minimum"), bound("maximum"));
                (&INVALID_VALUE, format!("{name} cannot be {shown}"), help)
            }
            ValidationErrorKind::Pattern { pattern } => {
                (&INVALID_VALUE, format!("{name} cannot be {shown}"), pattern_help(pattern, name))
            }
            ValidationErrorKind::MinLength { .. } => {
                (&INVALID_VALUE, format!("{name} is empty"), "give it a value, or delete the key".to_owned())
            }
            ValidationErrorKind::MinItems { .. } => {
                (&INVALID_VALUE, format!("{name} is an empty list"), "name at least one".to_owned())
            }
            ValidationErrorKind::MaxLength { limit } => {
                (&INVALID_VALUE, format!("{name} is too long"), format!("use at most {limit} characters"))
            }
            other => (
                &INVALID_VALUE,
                format!("{name} does not satisfy the schema's `{}`", other.keyword()),
                "compare it with the schema, which `wukong-render schema` prints".to_owned(),
            ),
        };
        Violation::new(rule, pointer, origin.below(pointer).here(), message, help)
    }
}

/// A place at which a document violates its schema.
#[derive(Debug)]
pub struct Violation {
    /// The JSON pointer of the violating value within the object; of its mapping, for a key unknown or missing.
    pub pointer: String,
    /// The finding.
    pub diagnostic: Diagnostic,
}

impl Violation {
    fn new(rule: &'static Rule, pointer: &str, place: Place, message: String, help: String) -> Self {
        Self { pointer: pointer.to_owned(), diagnostic: Diagnostic::new(rule, place, message, help) }
    }
}

/// Whether a pointer leads into an item of a Wukong's `networks`.
fn in_network(pointer: &str) -> bool {
    pointer.starts_with("/spec/networks/")
}

/// The number of the network that a pointer leads into.
pub fn network_index(pointer: &str) -> Option<usize> {
    pointer.strip_prefix("/spec/networks/")?.split('/').next()?.parse().ok()
}

/// Whether a pointer names an optional section of a Wukong as a whole: what people comment out.
fn is_section(pointer: &str) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return false };
    match parent {
        "/spec" => !matches!(key, "cpu" | "memory"),
        "/metadata" => key != "name",
        "" => key == "status",
        _ => false,
    }
}

/// What nmstate calls a key that it had another name for, or takes an alias for that its older releases refuse (nmstate#2926).
fn older_name(key: &str, known: &[&str]) -> Option<String> {
    const NAMES: [(&str, &str); 5] = [
        ("bond", "link-aggregation"),
        ("bonding", "link-aggregation"),
        ("slaves", "port"),
        ("ports", "port"),
        ("master", "base-iface"),
    ];
    let (_, name) = NAMES.iter().find(|(older, name)| *older == key && known.contains(name))?;
    Some((*name).to_owned())
}

fn unknown_key(key: &str, pointer: &str, meant: Option<&str>, known: &[&str], origin: &Origin) -> Violation {
    let holder = match pointer.rsplit('/').find(|segment| segment.parse::<usize>().is_err()) {
        Some("networks") => "a network",
        Some("disks") => "a disk",
        Some("tolerations") => "a toleration",
        Some("uplinks") => "an uplink",
        Some("nodeGroups") => "a node group",
        Some("trunkBridges") => "a trunk bridge",
        Some("bridge-mappings") => "a bridge mapping",
        Some("vfs") => "a virtual function",
        Some("") | None => "the resource",
        Some(name) => &format!("`{name}`"),
    };
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("delete it; the keys of {holder} are {}", list(known)),
    };
    let place = origin.below(pointer).key(key);
    // A key of several words is a value that lost its colon, and may be a password.
    let key = match key.find(|it: char| it.is_whitespace() || it == ':') {
        Some(end) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    };
    Violation::new(&UNKNOWN_KEY, pointer, place, format!("{holder} has no key `{key}`"), help)
}

fn missing_key(key: &str, pointer: &str, origin: &Origin) -> Violation {
    let (message, help) = if in_network(pointer) && key == "type" {
        (
            "the network has no `type`".to_owned(),
            "add `type: bridge`, or `ovs`, `macvlan`, `ipvlan` or `sriov`; only the network `default` can do without"
                .to_owned(),
        )
    } else {
        (format!("the key `{key}` is missing"), format!("add `{key}`"))
    };
    Violation::new(&MISSING_KEY, pointer, origin.below(pointer).at(key), message, help)
}

fn wrong_type(expected: &TypeKind, name: &str, value: &Value) -> (&'static Rule, String, String) {
    let expected: Vec<String> = match expected {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
    };
    let wants = |kind: &str| expected.iter().any(|expected| expected == kind);
    let help = match value {
        Value::Null => "give it a value, or delete it",
        Value::Bool(_) if wants("string") => {
            "Kubernetes reads yes, no, on, off, y, n, true and false as booleans: put the text in quotes"
        }
        Value::Number(_) if name == "`mode`" => "write the mode's name, such as `802.3ad` or `active-backup`",
        Value::Number(_) if wants("string") => "put it in quotes: without them it is a number",
        Value::String(text) if wants("integer") && text.parse::<i64>().is_ok() => "take the quotes away",
        Value::Number(_) if wants("integer") => "write it without a fraction",
        Value::String(_) if wants("boolean") => "write true or false, without quotes",
        Value::String(text) if wants("object") && name.ends_with("`address`") && text.contains(['.', ':']) => {
            "write the two apart: `{ip: 192.0.2.1, prefix-length: 24}`"
        }
        _ if wants("array") => "write a list: each entry on its own line, after `- `",
        _ if wants("object") => "write a mapping: `key: value` on lines of their own, indented",
        _ => "compare it with the schema, which `wukong-render schema` prints",
    };
    let wanted: Vec<&str> = expected.iter().map(|kind| noun(kind)).collect();
    (&WRONG_TYPE, format!("{name} is {}, not {}", noun_of(value), wanted.join(" or ")), help.to_owned())
}

/// What a pointer leads to, for a message: its key, or the number of an entry and the key of its list.
fn label(pointer: &str) -> String {
    let mut segments = pointer.rsplit('/');
    match (segments.next(), segments.next()) {
        (Some(""), None) => "the document".to_owned(),
        (Some(index), Some(list)) if index.parse::<usize>().is_ok() => {
            format!("entry {} of `{list}`", index.parse::<usize>().map_or(0, |index| index + 1))
        }
        (Some(key), _) => format!("`{}`", key.replace("~1", "/").replace("~0", "~")),
        (None, _) => String::new(),
    }
}

fn noun(json_type: &str) -> &str {
    match json_type {
        "array" => "a list",
        "boolean" => "a boolean",
        "integer" => "a whole number",
        "null" => "empty",
        "number" => "a number",
        "object" => "a mapping",
        _ => "text",
    }
}

fn noun_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn pattern_help(pattern: &str, name: &str) -> String {
    if pattern.contains("Ki|Mi") {
        "write a quantity such as `8Gi` or `500G`".to_owned()
    } else if pattern == "^[0-9]+$" {
        "write a whole number".to_owned()
    } else if pattern == MAC_ADDRESS {
        "write six pairs of digits, such as `\"02:00:00:00:00:01\"`".to_owned()
    } else if pattern.ends_with("%$") {
        "write a number of nodes, or a share such as `\"30%\"`".to_owned()
    } else if pattern.contains('/') {
        "write a resource name such as `openshift.io/sriovnics`".to_owned()
    } else {
        format!("use lower case letters, digits and `-` in {name}, with a letter or digit first and last")
    }
}

/// A value for a message. Nothing below `cloudInitUser` is ever repeated.
fn show(value: &Value, pointer: &str) -> String {
    if pointer.starts_with("/spec/cloudInitUser") {
        return "this value".to_owned();
    }
    let text = value.to_string();
    if text.chars().count() > 60 {
        return "this value".to_owned();
    }
    match value.as_str() {
        Some(plain) if !plain.is_empty() && !plain.contains(char::is_control) => format!("`{plain}`"),
        _ => format!("`{text}`"),
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
