//! Findings as SARIF 2.1.0 (OASIS), for code scanning and for editors that show it.
//!
//! Only the rules that were broken are listed, each with its manual page as help. Paths are relative where the user's are: run where
//! the repository begins, and every viewer finds the files. Positions count characters (`columnKind`).

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::Style;
use crate::base::diagnostic::Rule;
use crate::base::printable;
use crate::view::resolve::{Location, Resolved};

/// The schema that a log names: where editors and GitHub look for it.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// All findings as one SARIF log, with a line break at the end.
pub fn emit(resolved: &[Resolved], style: &Style) -> String {
    let codes: HashSet<&str> = resolved.iter().map(|finding| finding.code).collect();
    let broken: Vec<&Rule> = style.rules.iter().copied().filter(|rule| codes.contains(rule.code)).collect();
    let numbers: HashMap<&str, usize> = broken.iter().enumerate().map(|(number, rule)| (rule.code, number)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "wukong-render",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": broken.iter().map(|rule| description(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": resolved.iter().map(|finding| result(finding, &numbers)).collect::<Vec<_>>(),
        }],
    });
    printable::json(format!("{log:#}\n"))
}

fn description(rule: &Rule) -> Value {
    let manual = rule.manual();
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": rule.summary()},
        "help": {"text": manual, "markdown": manual},
        "defaultConfiguration": {"level": rule.severity.as_str()},
    })
}

fn result(finding: &Resolved, numbers: &HashMap<&str, usize>) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": numbers.get(finding.code),
        "level": finding.severity.as_str(),
        "message": {"text": format!("{}\n\nWay out: {}", finding.message, finding.help)},
        "locations": [location(&finding.location)],
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(number, related)| {
            let mut place = location(&related.location);
            place["id"] = json!(number + 1);
            place["message"] = json!({"text": related.message});
            place
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn location(location: &Location) -> Value {
    let region = match &location.position {
        Some(position) => json!({
            "startLine": position.line,
            "startColumn": position.column,
            "endLine": position.end_line,
            "endColumn": position.end_column,
            "snippet": {"text": position.snippet},
        }),
        // The file as a whole. GitHub refuses a result without a line (GitHub Docs, "SARIF support for code scanning").
        None => json!({"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}),
    };
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(&location.file)}, "region": region}})
}

/// A path as a URI reference (RFC 3986): what is not plain in it is escaped, and an absolute one is a `file` URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}
