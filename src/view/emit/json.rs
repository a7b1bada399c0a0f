//! Findings as JSON, for programs.

use serde::Serialize;

use super::Style;
use crate::base::printable;
use crate::view::resolve::Resolved;

/// The version of the format. It grows when a field goes away or changes its meaning, not when one is added.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Findings<'a> {
    version: u32,
    diagnostics: &'a [Resolved],
}

/// All findings as one JSON object, with a line break at the end.
///
/// # Panics
/// Never: texts and numbers under text keys always become JSON.
pub fn emit(resolved: &[Resolved], _: &Style) -> String {
    let findings = Findings { version: VERSION, diagnostics: resolved };
    let text = serde_json::to_string_pretty(&findings).expect("texts and numbers under text keys always become JSON");
    printable::json(text) + "\n"
}
