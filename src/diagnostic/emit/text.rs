//! Findings as text for people: code, place, the source line with what is meant underlined, and the way out.
//! `annotate-snippets` is at home here.

use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use crate::diagnostic::Severity;
use crate::diagnostic::resolve::{Location, Resolved};

/// All findings, each with an empty line behind it.
pub fn emit(resolved: &[Resolved], is_coloured: bool) -> String {
    let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for finding in resolved {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut elements = vec![element(&finding.location, None, AnnotationKind::Primary)];
        for related in &finding.related {
            elements.push(element(&related.location, Some(&related.message), AnnotationKind::Context));
        }
        elements.push(Level::HELP.message(finding.help.as_str()).into());
        let group = level.primary_title(finding.message.as_str()).id(finding.code).elements(elements);
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
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
