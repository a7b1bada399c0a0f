//! Findings as text for people: code, place, the source line with what is meant underlined, and the way out.
//! `annotate-snippets` is at home here.

use std::collections::BTreeMap;
use std::fmt::Write;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{Style, printable};
use crate::base::diagnostic::Severity;
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
    let mut elements = vec![element(&finding.location, None, AnnotationKind::Primary)];
    for related in &finding.related {
        elements.push(element(&related.location, Some(&related.message), AnnotationKind::Context));
    }
    elements.push(Level::HELP.message(finding.help.as_str()).into());
    let group = level(finding.severity).primary_title(finding.message.as_str()).id(finding.code).elements(elements);
    renderer.render(&[group])
}

/// What is not shown in full, of one code.
fn rest(findings: &[&Resolved], renderer: &Renderer) -> String {
    let Some(first) = findings.first() else { return String::new() };
    let title = format!("{} more of {}", findings.len(), first.name);
    let group = level(first.severity).primary_title(title.as_str()).id(first.code);
    let mut out = renderer.render(&[Group::with_title(group)]);
    out.push('\n');
    for finding in findings.iter().take(IN_BRIEF) {
        // A message may have several lines; here it has one. The renderer makes its own lines harmless, and this is none of them.
        let line = format!("{}: {}", finding.location, finding.message.replace('\n', " "));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {}", printable(&line));
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

fn element<'a>(location: &'a Location, label: Option<&'a str>, kind: AnnotationKind) -> Element<'a> {
    match &location.position {
        Some(position) => {
            let annotation: Annotation<'a> = kind.span(position.underline.0..position.underline.1).label(label);
            let snippet = Snippet::source(position.snippet.as_str());
            snippet.line_start(position.line).path(location.file.as_str()).annotation(annotation).into()
        }
        None => Origin::path(location.file.as_str()).into(),
    }
}
