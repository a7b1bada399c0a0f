//! Values that have passed their schema, as our own types.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::diagnostic::{Diagnostic, Origin};
use crate::read::schema::{INVALID_VALUE, unfit_number};

/// The typed form of a value that has passed its schema. Only numbers can fail: the schema knows their range as JSON has it, the type as
/// Rust has it.
pub(super) fn typed<T: DeserializeOwned>(
    value: Value,
    origin: &Origin,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    // Values are taken apart, not copied; only one with a number that may be too large is kept until it is known.
    let kept = has_large(&value).then(|| value.clone());
    if let Ok(typed) = serde_json::from_value(value) {
        return Some(typed);
    }
    let unfit = kept.as_ref().map(|value| (value, unfit::<T>(value)));
    match unfit {
        Some((value, unfit)) if !unfit.is_empty() => {
            diagnostics.extend(unfit.iter().map(|(pointer, number)| unfit_number(number, value, pointer, origin)));
        }
        _ => diagnostics.push(Diagnostic::new(
            &INVALID_VALUE,
            origin.here(),
            "a value cannot be used",
            "compare it with the schema, which `wukong-render schema` prints",
        )),
    }
    None
}

/// Whether there is a number that may not fit into its type. Types of less than 32 bits have a range in the schema.
fn has_large(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_u64().is_none_or(|number| number > u64::from(u16::MAX)),
        Value::Array(list) => list.iter().any(has_large),
        Value::Object(map) => map.values().any(has_large),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// The numbers that do not fit into their types: those that cannot be read where all others are 1, which fits everywhere.
fn unfit<T: DeserializeOwned>(value: &Value) -> Vec<(String, Value)> {
    let with = |value: &Value, pointer: &str, number: &Value| {
        let mut value = value.clone();
        if let Some(place) = value.pointer_mut(pointer) {
            number.clone_into(place);
        }
        value
    };
    let mut numbers = numbers(value);
    let one = Value::from(1);
    let ones = numbers.iter().fold(value.clone(), |value, (pointer, _)| with(&value, pointer, &one));
    numbers.retain(|(pointer, number)| serde_json::from_value::<T>(with(&ones, pointer, number)).is_err());
    numbers
}

/// The numbers in a value, each with its pointer.
fn numbers(value: &Value) -> Vec<(String, Value)> {
    fn add(value: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Number(_) => found.push((pointer.to_owned(), value.clone())),
            Value::Array(list) => {
                for (number, value) in list.iter().enumerate() {
                    add(value, &format!("{pointer}/{number}"), found);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    add(value, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    add(value, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::nmstate::{Route, Vf};

    #[test]
    fn numbers_that_do_not_fit_are_found() {
        let value = json!([{"id": 5_000_000_000_u64}, {"id": 2, "max-tx-rate": 70_000}, {"id": 3, "min-tx-rate": 1.5}]);
        let unfit: Vec<String> = unfit::<Vec<Vf>>(&value).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(unfit, ["/0/id", "/2/min-tx-rate"]);
    }

    #[test]
    fn numbers_that_fit_are_read() {
        let value = json!({"destination": "10.0.0.0/8", "metric": 70_000});
        assert!(has_large(&value) && unfit::<Route>(&value).is_empty());
        assert!(serde_json::from_value::<Route>(value).is_ok_and(|route| route.metric == Some(70_000)));
    }
}
