//! Findings in a line or two each, the worst first: where only a few lines are seen, as on Argo CD's page, or where there is no line of
//! a file to show.

use std::fmt::Write;

use super::errors_first;
use crate::base::printable;
use crate::view::resolve::Resolved;

/// How many findings are told.
const SHOWN: usize = 10;

/// The findings, with what is wrong, where, and the way out; of many the first. `place` says where.
pub fn emit(resolved: &[Resolved], place: impl Fn(&Resolved) -> String) -> String {
    let mut out = String::new();
    for finding in errors_first(resolved).take(SHOWN) {
        let Resolved { severity, code, message, help, .. } = finding;
        let one_line =
            |text: &str| printable::line(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}[{code}] {}: {}\n  help: {}",
            severity.as_str(),
            one_line(&place(finding)),
            one_line(message),
            one_line(help)
        );
    }
    if let Some(more) = resolved.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "... and {more} more");
    }
    out
}
