//! Values as YAML text: block style, every string quoted that a YAML 1.1 reader could take for something else.
//!
//! Our own and not a library's, because this is the promise that manifests rest on: the emitters at hand leave `yes`, `1e3` or
//! `0o14` unquoted, which Kubernetes reads as a boolean and numbers. Strings in quotes are spelt by `serde_json`.

use serde_json::Value;

use crate::base::printable;
use crate::read::document::reads_as_string;

/// Keys whose values are names and always in quotes: whether a name reads as a number must not depend on the name.
const NAMES: &[&str] = &["name", "namespace", "base-iface", "copy-mac-from", "next-hop-interface"];

/// Appends a value whose further lines are indented by `indent`. The text does not end with a line break.
pub fn write(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                string(out, key);
                out.push(':');
                match value {
                    Value::String(name) if NAMES.contains(&key.as_str()) => {
                        out.push(' ');
                        quoted(out, name);
                    }
                    value => below(out, value, indent + 2),
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                out.push_str("- ");
                write(out, item, indent + 2);
            }
        }
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::String(text) if is_literal(text) => literal(out, text, indent),
        Value::String(text) => string(out, text),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// A mapping's value: on the same line if it is a scalar, below it otherwise.
fn below(out: &mut String, value: &Value, indent: usize) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        line(out, indent);
    } else {
        out.push(' ');
    }
    write(out, value, indent);
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether a text of several lines can be written as it is, after `|`.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && body.chars().all(|it| it == '\n' || !printable::acts(it))
        && printable::without_commands(body) == body
}

fn literal(out: &mut String, text: &str, indent: usize) {
    out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
    for text in text.lines() {
        if text.is_empty() {
            out.push('\n');
        } else {
            line(out, indent);
            out.push_str(text);
        }
    }
}

fn string(out: &mut String, text: &str) {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && reads_as_string(text);
    if is_plain {
        out.push_str(text);
    } else {
        quoted(out, text);
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push_str(&printable::yaml(Value::from(text).to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        let mut out = String::new();
        write(&mut out, value, 0);
        out
    }

    #[test]
    fn collections_are_blocks() {
        assert_eq!(text(&json!({"name": "ens160"})), "name: \"ens160\"");
        let value = json!({"a": {"b": [1, {"c": true, "d": []}], "e": {}}, "f": "x\n  y\n"});
        assert_eq!(text(&value), "a:\n  b:\n    - 1\n    - c: true\n      d: []\n  e: {}\nf: |\n  x\n    y");
    }

    #[test]
    fn strings_stay_strings() {
        let rows = [
            ("br-0", "br-0"),
            ("ens160.100", "ens160.100"),
            ("yes", "\"yes\""),
            ("y", "\"y\""),
            ("1e3", "\"1e3\""),
            ("014", "\"014\""),
            ("null", "\"null\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("192.168.1.1/24", "\"192.168.1.1/24\""),
            ("-1", "\"-1\""),
        ];
        for (value, expected) in rows {
            assert_eq!(text(&json!(value)), expected);
        }
    }
}
