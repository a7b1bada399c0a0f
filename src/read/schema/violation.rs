//! What a schema finds, in the terms of a resource's author: `jsonschema`'s own messages repeat values, which may be
//! secrets, and name keywords instead of ways out.

use std::collections::HashSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::SchemaKind;
use super::path::{At, Path, Shape};
use crate::api::Pattern;
use crate::base::diagnostic::{Diagnostic, Origin, Rule, Severity};
use crate::base::few::{Few, MOST_OF_AN_OBJECT, TOO_MANY_FINDINGS};
use crate::base::secrets::shown_key;
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
    /// Everything at which `value` violates the schema. `origin` is where the value comes from. Those of a Wukong in one of its networks
    /// know which.
    pub fn violations(self, value: &Value, origin: &Origin) -> Vec<Diagnostic> {
        let validator = self.validator();
        if validator.is_valid(value) {
            return Vec::new();
        }
        let mut all = validator.iter_errors(value);
        // Of very many the first are looked at; some of one mistake may be told as one finding.
        let errors: Vec<ValidationError<'_>> = all.by_ref().take(10 * MOST_OF_AN_OBJECT).collect();
        let missing: Vec<(&str, &str, &ValidationError<'_>)> = errors
            .iter()
            .filter_map(|error| match error.kind() {
                ValidationErrorKind::Required { property } => {
                    Some((error.instance_path().as_str(), property.as_str()?, error))
                }
                _ => None,
            })
            .collect();
        // A number where a word belongs is of the wrong type, and none of the words: one mistake.
        let is_type = |kind: &ValidationErrorKind| matches!(kind, ValidationErrorKind::Type { .. });
        let mistyped: HashSet<&str> =
            errors.iter().filter(|it| is_type(it.kind())).map(|it| it.instance_path().as_str()).collect();
        let is_missing = |pointer: &str, key: &str| missing.iter().any(|(at, it, _)| *at == pointer && *it == key);
        let mut misspelt: HashSet<(&str, String)> = HashSet::new();
        let mut violations = Few::new(MOST_OF_AN_OBJECT);
        let at = |error: &ValidationError<'_>| At::of(self, value, error, origin);
        for error in &errors {
            let pointer = error.instance_path().as_str();
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    let at = at(error);
                    let known = at.siblings();
                    let is_error = self == Self::Site || at.path.network().is_some();
                    for (number, key) in unexpected.iter().enumerate() {
                        if violations.is_full() {
                            let severity = if is_error { Severity::Error } else { Severity::Warning };
                            violations.count(severity, unexpected.len() - number, || origin.here());
                            break;
                        }
                        let meant = older_name(key, &known).or_else(|| nearest(key, &known));
                        let is_missing = meant.as_ref().is_some_and(|meant| is_missing(pointer, meant));
                        let mut violation = unknown_key(key, &at, meant.as_deref(), &known);
                        if !(is_error || is_missing) {
                            violation.severity = Severity::Warning;
                        }
                        violations.push(violation);
                        misspelt.extend(meant.map(|meant| (pointer, meant)));
                    }
                }
                // Below, when all misspelt keys are known.
                ValidationErrorKind::Required { .. } => {}
                _ if violations.is_full() => violations.count(Severity::Error, 1, || origin.here()),
                kind if !is_type(kind) && mistyped.contains(pointer) => {}
                kind => violations.push(invalid(kind, &at(error), error.instance())),
            }
        }
        // A misspelt key that must be there is one mistake, not two.
        let missing =
            missing.into_iter().filter(|(pointer, key, _)| !misspelt.contains(&(*pointer, (*key).to_owned())));
        missing.for_each(|(_, key, error)| violations.push(missing_key(key, &at(error))));
        violations.count(Severity::Error, all.count(), || origin.here());
        let mut violations = violations.into_list();
        // Those that are not shown may be anywhere in the object.
        let rest = violations.last_mut().filter(|last| last.rule == &TOO_MANY_FINDINGS);
        if let Some(rest) = rest {
            rest.place = origin.here();
        }
        violations
    }
}

fn invalid(kind: &ValidationErrorKind, at: &At, value: &Value) -> Diagnostic {
    let name = &at.path.label();
    let shown = show(value, &at.path);
    let (rule, message, help) = match kind {
        ValidationErrorKind::Type { .. }
            if value.is_null() && at.kind == SchemaKind::Wukong && at.path.is_section() =>
        {
            (
                &EMPTY_SECTION,
                format!("{name} has no value"),
                "comment the key out too, or write `[]` or `{}`".to_owned(),
            )
        }
        ValidationErrorKind::Type { kind } => wrong_type(kind, at, name, value),
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
            let bound = |key| at.schema.get(key).map(Value::to_string).unwrap_or_default();
            let help = format!("write a number from {} to {}", bound("minimum"), bound("maximum"));
            (&INVALID_VALUE, format!("{name} cannot be {shown}"), help)
        }
        ValidationErrorKind::Pattern { pattern } => {
            (&INVALID_VALUE, format!("{name} cannot be {shown}"), pattern_help(Pattern::of(pattern), name))
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
        other => {
            (&INVALID_VALUE, format!("{name} does not satisfy the schema's `{}`", other.keyword()), COMPARE.to_owned())
        }
    };
    Diagnostic::new(rule, at.origin.here(), message, help)
}

const COMPARE: &str = "compare it with the schema, which `wukong-render schema` prints";

/// A number that the schema takes and its type does not: `1.0`, or one that is too large. `path` leads to it.
pub(in crate::read) fn unfit_number(value: &Value, root: &Value, pointer: &str, origin: &Origin) -> Diagnostic {
    let path = Path::of(root, pointer);
    let message = format!("{} cannot be {}", path.label(), show(value, &path));
    let help = match value.as_f64() {
        Some(number) if value.is_f64() && number.abs() <= f64::from(u32::MAX) => "write it without a fraction",
        _ => "write a smaller number",
    };
    Diagnostic::new(&INVALID_VALUE, path.origin(origin).here(), message, help)
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

fn unknown_key(key: &str, at: &At, meant: Option<&str>, known: &[&str]) -> Diagnostic {
    let holder = match at.shape {
        Some(Shape::Network) => "a network".to_owned(),
        Some(Shape::Disk) => "a disk".to_owned(),
        Some(Shape::Toleration) => "a toleration".to_owned(),
        Some(Shape::Uplink) => "an uplink".to_owned(),
        Some(Shape::NodeGroup) => "a node group".to_owned(),
        Some(Shape::TrunkBridge) => "a trunk bridge".to_owned(),
        Some(Shape::Localnet) => "a bridge mapping".to_owned(),
        Some(Shape::Vf) => "a virtual function".to_owned(),
        Some(Shape::Address) | None => match at.path.last_key() {
            Some(name) => format!("`{name}`"),
            None => "the resource".to_owned(),
        },
    };
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("delete it; the keys of {holder} are {}", list(known)),
    };
    let place = at.origin.key(key);
    // A key of several words is a value that lost its colon, and may be a password.
    Diagnostic::new(&UNKNOWN_KEY, place, format!("{holder} has no key `{}`", shown_key(key)), help)
}

fn missing_key(key: &str, at: &At) -> Diagnostic {
    let (message, help) = if at.shape == Some(Shape::Network) && key == "type" {
        (
            "the network has no `type`".to_owned(),
            "add `type: bridge`, or `ovs`, `macvlan`, `ipvlan` or `sriov`; only the network `default` can do without"
                .to_owned(),
        )
    } else {
        (format!("the key `{key}` is missing"), format!("add `{key}`"))
    };
    Diagnostic::new(&MISSING_KEY, at.origin.at(key), message, help)
}

fn wrong_type(expected: &TypeKind, at: &At, name: &str, value: &Value) -> (&'static Rule, String, String) {
    let expected: Vec<JsonType> = match expected {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().collect(),
    };
    let wants = |kind: JsonType| expected.contains(&kind);
    let words = at.words();
    let help = match value {
        Value::Null => "give it a value, or delete it",
        Value::Bool(_) if wants(JsonType::String) => {
            "Kubernetes reads yes, no, on, off, y, n, true and false as booleans: put the text in quotes"
        }
        Value::Number(_) if at.is_bond_mode() => "write the mode's name, such as `802.3ad` or `active-backup`",
        Value::Number(_) if !words.is_empty() => &format!("use one of {}", list(&words)),
        Value::Number(_) if wants(JsonType::String) => "put it in quotes: without them it is a number",
        Value::String(text) if wants(JsonType::Integer) && text.parse::<i64>().is_ok() => "take the quotes away",
        Value::Number(_) if wants(JsonType::Integer) => "write it without a fraction",
        Value::String(_) if wants(JsonType::Boolean) => "write true or false, without quotes",
        Value::String(text) if at.shape == Some(Shape::Address) && text.contains(['.', ':']) => {
            "write the two apart: `{ip: 192.0.2.1, prefix-length: 24}`"
        }
        _ if wants(JsonType::Array) => "write a list: each entry on its own line, after `- `",
        _ if wants(JsonType::Object) => "write a mapping: `key: value` on lines of their own, indented",
        _ => COMPARE,
    };
    let wanted: Vec<&str> = expected.iter().map(|kind| noun(*kind)).collect();
    let message = format!("{name} is {}, not {}", noun_of(value), wanted.join(" or "));
    (&WRONG_TYPE, message, help.to_owned())
}

fn noun(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "a whole number",
        JsonType::Null => "empty",
        JsonType::Number => "a number",
        JsonType::Object => "a mapping",
        JsonType::String => "text",
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

fn pattern_help(pattern: Option<Pattern>, name: &str) -> String {
    match pattern {
        Some(Pattern::Quantity) => "write a quantity such as `8Gi` or `500G`".to_owned(),
        Some(Pattern::Number) => "write a whole number".to_owned(),
        Some(Pattern::MacAddress) => "write six pairs of digits, such as `\"02:00:00:00:00:01\"`".to_owned(),
        Some(Pattern::Share) => "write a number of nodes, or a share such as `\"30%\"`".to_owned(),
        Some(Pattern::ResourceName) => "write a resource name such as `openshift.io/sriovnics`".to_owned(),
        Some(Pattern::Label | Pattern::Localnet) => {
            format!("use lower case letters, digits and `-` in {name}, with a letter or digit first and last")
        }
        None => COMPARE.to_owned(),
    }
}

/// A value for a message. Nothing below `cloudInitUser` is ever repeated.
fn show(value: &Value, path: &Path) -> String {
    if path.is_secret() {
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
