//! What a user's own template made of a manifest, read again: it must still be that manifest.

use serde_json::Value;

use crate::base::names::interface_name_problem;
use crate::read::document::syntax;
use crate::write::manifest::{Manifest, ManifestKind};

/// The largest manifest that a template may make, in bytes. A Kubernetes object has at most about 1.5 MiB.
const MAX_MANIFEST: usize = 4 << 20;

/// The text that an override made of a manifest, as it is read again; or what is wrong with it.
pub(super) fn parsed(text: &str, manifest: &Manifest) -> Result<Value, String> {
    if text.len() > MAX_MANIFEST && manifest.kind != ManifestKind::Kustomization {
        return Err(format!("it is larger than {} MiB", MAX_MANIFEST >> 20));
    }
    let documents = syntax::parse(text);
    let [Ok(document)] = documents.as_slice() else {
        return Err(match documents.into_iter().find_map(Result::err) {
            Some(problem) => problem.message,
            None => "it is not exactly one YAML document".to_owned(),
        });
    };
    let value = match document.value(document.root()) {
        Ok(value) => value,
        Err(problems) => {
            let first = problems.into_iter().next();
            return Err(first.map_or_else(|| "it cannot be read".to_owned(), |problem| problem.message));
        }
    };
    for pointer in ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace", "/resources"] {
        if value.pointer(pointer) != manifest.body.pointer(pointer) {
            return Err(format!("`{}` has changed", pointer.trim_start_matches('/').replace('/', ".")));
        }
    }
    if any_string(&value, &|text| text.contains("${")) {
        return Err("a text has `${`, which Flux takes for a variable".to_owned());
    }
    let problem = match manifest.kind {
        ManifestKind::Nncp => problem_with_policy(&value),
        ManifestKind::Nad => problem_with_attachment(&value),
        ManifestKind::Kustomization => None,
    };
    problem.map_or(Ok(value), Err)
}

fn problem_with_policy(value: &Value) -> Option<String> {
    let Some(state @ Value::Object(_)) = value.pointer("/spec/desiredState") else {
        return Some("`spec.desiredState` is no mapping".to_owned());
    };
    if any_string(state, &|text| text.contains(['{', '}'])) {
        return Some("a brace in `desiredState`, at which kubernetes-nmstate refuses the policy".to_owned());
    }
    match state.get("interfaces").map(Value::as_array) {
        None => None,
        Some(None) => Some("`desiredState.interfaces` is no list".to_owned()),
        Some(Some(interfaces)) => interfaces.iter().find_map(|interface| match interface.get("name") {
            Some(Value::String(name)) => {
                interface_name_problem(name).map(|problem| format!("the interface name {name:?} {problem}"))
            }
            _ => Some("an interface has no name, or one that YAML does not read as text".to_owned()),
        }),
    }
}

fn problem_with_attachment(value: &Value) -> Option<String> {
    let Some(config) = value.pointer("/spec/config").and_then(Value::as_str) else {
        return Some("`spec.config` is no text".to_owned());
    };
    let config: Value = match serde_json::from_str(config) {
        Ok(config) => config,
        Err(error) => return Some(format!("`spec.config` is no JSON: {error}")),
    };
    let is_named =
        config.get("type").is_some_and(Value::is_string) || config.get("plugins").is_some_and(Value::is_array);
    (!is_named).then(|| "`spec.config` names no plugin".to_owned())
}

fn any_string(value: &Value, is_bad: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_bad(text),
        Value::Array(items) => items.iter().any(|item| any_string(item, is_bad)),
        Value::Object(map) => map.iter().any(|(key, value)| is_bad(key) || any_string(value, is_bad)),
        _ => false,
    }
}
