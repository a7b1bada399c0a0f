//! Findings as text for people: code, place, the source line with what is meant underlined, and the way out.
//! `annotate-snippets` is at home here.

use std::collections::BTreeMap;
use std::fmt::Write;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::Style;
use crate::base::diagnostic::Severity;
use crate::base::printable;
use crate::view::resolve::{Location, Resolved};

/// How many findings of one code are shown with their source lines. The hundredth of a kind teaches nothing new, and hides the
/// one of another kind.
const IN_FULL: usize = 5;
/// How many more of that code are listed, a line each.
const IN_BRIEF: usize = 15;

/// All findings, each with an empty line behind it; of many with one code the rest is listed, and then counted, unless all are wanted.
pub fn emit(resolved: &[Resolved], style: &Style) -> String {
    let Style { is_coloured, wants_all, .. } = *style;
    let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    let mut by_code: BTreeMap<(Severity, &str), Vec<&Resolved>> = BTreeMap::new();
    for finding in resolved {
        let same = by_code.entry((finding.severity, finding.code)).or_default();
        same.push(finding);
        if same.len() <= IN_FULL || wants_all {
            out.push_str(&in_full(finding, &renderer));
            out.push_str("\n\n");
        }
    }
    for same in by_code.values().filter(|same| same.len() > IN_FULL && !wants_all) {
        out.push_str(&rest(&same[IN_FULL..], &renderer));
    }
    out
}

fn in_full(finding: &Resolved, renderer: &Renderer) -> String {
    let mut elements = vec![place(&finding.location, None, AnnotationKind::Primary)];
    for related in &finding.related {
        let label = printable::line(&related.message).into_owned();
        elements.push(place(&related.location, Some(label), AnnotationKind::Context));
    }
    elements.push(Level::HELP.message(printable::line(&finding.help)).into());
    let title = printable::line(&finding.message);
    let group = level(finding.severity).primary_title(title).id(finding.code).elements(elements);
    let mut text = renderer.render(&[group]);
    for location in std::iter::once(&finding.location).chain(finding.related.iter().map(|it| &it.location)) {
        text = with_column(text, location);
    }
    printable::without_commands(&text)
}

/// What is not shown in full, of one code.
fn rest(findings: &[&Resolved], renderer: &Renderer) -> String {
    let Some(first) = findings.first() else { return String::new() };
    let title = format!("{} more of {}", findings.len(), first.name);
    let group = level(first.severity).primary_title(title.as_str()).id(first.code);
    let mut out = renderer.render(&[Group::with_title(group)]);
    out.push('\n');
    for finding in findings.iter().take(IN_BRIEF) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {}", printable::line(&format!("{}: {}", finding.location, finding.message)));
    }
    if let Some(more) = findings.len().checked_sub(IN_BRIEF).filter(|more| *more > 0) {
        let _ = writeln!(out, "  ... and {more} more");
    }
    out.push_str("  = help: `-v` shows them all with their lines, `--format json` gives them to programs\n\n");
    out
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
}

/// The renderer counts columns in what it is given, which of a long line is a part: the column of the line takes its place.
fn with_column(text: String, location: &Location) -> String {
    let Some(position) = location.position.as_ref().filter(|position| position.is_cut) else { return text };
    let counted = position.snippet[..position.underline.0].chars().count() + 1;
    let path = printable::line(&location.file);
    let said = format!("{path}:{}:{counted}\n", position.line);
    text.replacen(&said, &format!("{path}:{}:{}\n", position.line, position.column), 1)
}

/// A place: its lines with what is meant underlined.
fn place(location: &Location, label: Option<String>, kind: AnnotationKind) -> Element<'_> {
    let path = printable::line(&location.file);
    let Some(position) = &location.position else { return Origin::path(path).into() };
    let annotation: Annotation<'_> = kind.span(position.underline.0..position.underline.1).label(label);
    let snippet = Snippet::source(position.snippet.as_str()).line_start(position.line).annotation(annotation);
    snippet.path(path).into()
}
