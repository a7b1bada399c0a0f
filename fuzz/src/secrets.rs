//! Markers: texts in the seeds that stand where secrets stand, and may not come out.
//!
//! A mutation may move a marker to a place that is not secret, where showing it is right. An input is therefore only judged if every
//! marker in it is surely a secret. Who decides that shares no code with wukong-render:
//!
//! * In a text that libyaml can parse, every value with a marker stands below one of [`KEYS`], spelt exactly so, or below `data` or
//!   `stringData` of a Secret; and there are as many of them as markers in the text, so that none is in a comment.
//! * In a text that it cannot parse, every marker stands directly behind one of [`KEYS`] and its colon on one line.
//!
//! Everything else is not judged: a leak is then found by another input, and a false alarm by none.

use serde_norway::Value;

use crate::Part;

/// What must not come out. Digits may follow.
pub(crate) const MARKER: &str = "WKSECRET";

/// Keys that hold secrets, whatever stands around them.
const KEYS: &[&str] = &["password", "passwordHash", "psk", "private-key", "mka-cak", "token", "userData"];

/// Whether each marker is surely a secret. A file of the output folder is ours, and a diff shows it: it may have none.
pub(crate) fn can_judge(parts: &[Part]) -> bool {
    parts.iter().all(|part| if part.path.is_none() { is_sure(part.text) } else { !part.text.contains(MARKER) })
}

fn is_sure(text: &str) -> bool {
    let mut documents = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        match serde::Deserialize::deserialize(document) {
            Ok(value) => documents.push(value),
            Err(_) => return text.match_indices(MARKER).all(|(at, _)| is_behind_key(&text[..at])),
        }
    }
    let mut count = Some(0);
    documents.iter().for_each(|value| walk(value, false, &mut count));
    count == Some(text.matches(MARKER).count())
}

/// Counts the markers in a value; none once one of them is not a secret.
fn walk(value: &Value, is_secret: bool, count: &mut Option<usize>) {
    match value {
        Value::String(text) => tell(text, is_secret, count),
        Value::Sequence(items) => items.iter().for_each(|item| walk(item, is_secret, count)),
        Value::Mapping(entries) => {
            let is_of_secret = value.get("kind").and_then(Value::as_str) == Some("Secret");
            for (key, value) in entries {
                let name = key.as_str().unwrap_or_default();
                let holds = KEYS.contains(&name) || is_of_secret && matches!(name, "data" | "stringData");
                walk(key, false, count);
                walk(value, is_secret || holds, count);
            }
        }
        Value::Tagged(tagged) => {
            tell(&tagged.tag.to_string(), false, count);
            walk(&tagged.value, is_secret, count);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn tell(text: &str, is_secret: bool, count: &mut Option<usize>) {
    match text.matches(MARKER).count() {
        0 => {}
        found if is_secret => *count = count.map(|it| it + found),
        _ => *count = None,
    }
}

/// Whether a text ends in one of the keys and its colon, and perhaps a quote.
fn is_behind_key(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line = line.trim_end_matches(['"', '\'', ' ']);
    let Some(key) = line.strip_suffix(':') else { return false };
    let key = key.trim_end_matches(['"', '\'', ' ']);
    KEYS.iter().any(|known| {
        let before = key.strip_suffix(known);
        before.is_some_and(|before| !before.ends_with(|it: char| it.is_alphanumeric() || it == '-' || it == '_'))
    })
}
