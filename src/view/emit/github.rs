//! Findings as GitHub's workflow commands, which annotate the lines of a pull request (GitHub Docs, "Workflow commands for GitHub
//! Actions").

use super::{Style, errors_first};
use crate::base::printable;
use crate::view::resolve::Resolved;

/// All findings, a line each. GitHub shows ten errors and ten warnings of a step: errors come first.
pub fn emit(resolved: &[Resolved], _: &Style) -> String {
    errors_first(resolved).map(annotation).collect()
}

fn annotation(finding: &Resolved) -> String {
    let mut properties = vec![("file", finding.location.file.clone())];
    if let Some(position) = &finding.location.position {
        properties.push(("line", position.line.to_string()));
        properties.push(("endLine", position.end_line.to_string()));
        // Columns of different lines would be refused.
        if position.line == position.end_line {
            properties.push(("col", position.column.to_string()));
            properties.push(("endColumn", position.end_column.to_string()));
        }
    }
    properties.push(("title", format!("{} {}", finding.code, finding.name)));
    let properties: Vec<String> =
        properties.into_iter().map(|(key, value)| format!("{key}={}", escape_property(&value))).collect();
    let related = finding.related.iter().map(|related| format!("\n{}: {}", related.location, related.message));
    let text = format!("{}\nWay out: {}{}", finding.message, finding.help, related.collect::<String>());
    format!("::{} {}::{}\n", finding.severity.as_str(), properties.join(","), escape(&text))
}

/// What ends a command, or begins an escape (actions/toolkit, `packages/core/src/command.ts`).
fn escape(text: &str) -> String {
    let text = printable::text(text);
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
