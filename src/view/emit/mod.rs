//! The output formats: each a file that takes resolved findings, so that they cannot disagree, and a line in the list below.

pub mod brief;

use super::resolve::Resolved;
use crate::base::diagnostic::{Rule, Severity};

/// What a format is told besides the findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style<'a> {
    /// Whether it may colour.
    pub is_coloured: bool,
    /// Whether every finding is wanted in full.
    pub wants_all: bool,
    /// All the rules that there are.
    pub rules: &'a [&'static Rule],
}

/// The modules of the formats, and their list. `rustfmt` does not look into it: `.ci/run` names the files.
macro_rules! formats {
    ($($(#[$doc:meta])+ $format:ident: $module:ident,)+) => {
        $(pub mod $module;)+

        /// A format of findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
        pub enum Format {
            $($(#[$doc])+ $format,)+
        }

        impl Format {
            /// Every format there is.
            pub const ALL: &[Self] = &[$(Self::$format,)+];

            /// The findings in this format.
            pub fn emit(self, resolved: &[Resolved], style: &Style) -> String {
                match self {
                    $(Self::$format => $module::emit(resolved, style),)+
                }
            }
        }
    };
}

formats! {
    /// For people, on standard error
    Text: text,
    /// For programs, on standard output unless that carries manifests
    Json: json,
    /// SARIF 2.1.0, for code scanning; where it goes is as for json
    Sarif: sarif,
    /// GitHub's annotations of a pull request; where they go is as for json
    Github: github,
}

impl Format {
    /// Whether it is for people, and not for programs.
    pub fn is_for_people(self) -> bool {
        self == Self::Text
    }
}

/// The findings with the errors first: where only the first few are seen.
fn errors_first(resolved: &[Resolved]) -> impl Iterator<Item = &Resolved> {
    let of = |severity: Severity| resolved.iter().filter(move |finding| finding.severity == severity);
    of(Severity::Error).chain(of(Severity::Warning))
}

#[cfg(test)]
mod tests {
    use super::{Resolved, Style};
    use crate::base::diagnostic::{Diagnostic, Place};
    use crate::base::levels::Levels;
    use crate::base::report::Report;
    use crate::read::document::{DUPLICATE_KEY, INVALID_YAML};
    use crate::read::source::{Source, Sources, UNREADABLE_INPUT};
    use crate::view::resolve::resolve;

    /// One sample for every format: two files, several lines, a tab, a wide character, a line break in a message, no position at
    /// all, the same finding twice, and a secret.
    fn sample() -> Vec<Resolved> {
        let mut sources = Sources::default();
        let mut add = |path: &str, text: &str| {
            let source = Source { path: path.to_owned(), label: path.to_owned(), text: text.to_owned() };
            sources.add(source)
        };
        let first = add("in/first.yaml", "name: 网络 value\n\ttab: here\nlines:\n  - one\n  - two\nlast: x");
        let second = add("in/second.yaml", "password: hunter2 # and more\n");
        let mut report = Report::new(Levels::default(), Vec::new());
        let span = |source, range| Place::Span { source, range };
        let tab = Diagnostic::new(&INVALID_YAML, span(first, 20..23), "a tab\nand a line break", "use blanks");
        report.push(tab.clone());
        report.push(tab);
        report.push(
            Diagnostic::new(&DUPLICATE_KEY, span(first, 6..12), "a wide character", "delete one")
                .with_related(span(second, 10..17), "in another file"),
        );
        report.push(Diagnostic::new(&INVALID_YAML, span(first, 30..52), "several lines", "write one"));
        report.push(Diagnostic::new(&INVALID_YAML, span(first, 1000..2000), "behind the end", "do not"));
        report.push(Diagnostic::new(
            &UNREADABLE_INPUT,
            Place::Path("in/third.yaml".to_owned()),
            "no position",
            "find it",
        ));
        resolve(&report, &sources)
    }

    #[test]
    fn text() {
        insta::assert_snapshot!(super::text::emit(&sample(), &Style::default()));
    }

    #[test]
    fn text_in_colour() {
        insta::assert_snapshot!(
            super::text::emit(&sample(), &Style { is_coloured: true, ..Style::default() }).replace('\u{1b}', "␛")
        );
    }

    #[test]
    fn json() {
        insta::assert_snapshot!(super::json::emit(&sample(), &Style::default()));
    }

    #[test]
    fn sarif() {
        let rules = [&INVALID_YAML, &DUPLICATE_KEY, &UNREADABLE_INPUT];
        insta::assert_snapshot!(super::sarif::emit(&sample(), &Style { rules: &rules, ..Style::default() }));
    }

    #[test]
    fn brief() {
        insta::assert_snapshot!(super::brief::emit(&sample(), |finding| finding.location.to_string()));
    }

    #[test]
    fn github() {
        insta::assert_snapshot!(super::github::emit(&sample(), &Style::default()));
    }

    /// Many of a kind: the first in full, some in brief, the others counted; and one of another kind among them.
    #[test]
    fn text_of_many() {
        let mut sources = Sources::default();
        let text = "key: value\n".repeat(30);
        let source = sources.add(Source { path: "in/many.yaml".to_owned(), label: "many.yaml".to_owned(), text });
        let mut report = Report::new(Levels::default(), Vec::new());
        for line in 0..30 {
            let place = Place::Span { source, range: line * 11..line * 11 + 3 };
            report.push(Diagnostic::new(&DUPLICATE_KEY, place, format!("the key of line {line}\nagain"), "delete it"));
        }
        let place = Place::Span { source, range: 330..330 };
        report.push(Diagnostic::new(&INVALID_YAML, place, "the end", "go on"));
        insta::assert_snapshot!(super::text::emit(&resolve(&report, &sources), &Style::default()));
    }
}
