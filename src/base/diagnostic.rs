//! Findings: the model that every stage adds to and every output format reads.
//!
//! Stages speak in paths (a document and a JSON pointer). Positions are looked up once, at the end, by `view::resolve`; the formats
//! in `view::emit` only ever see resolved findings.

use std::collections::HashSet;

pub use super::place::{Origin, Part, Place};
pub use super::rule::{Rule, Severity};

/// One finding: a code, a place, what is wrong, and a way out.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// What kind of finding.
    pub rule: &'static Rule,
    /// How severe here.
    pub severity: Severity,
    /// One sentence, lower case, no full stop; names the thing and its value, never the file.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Other places that belong to it, each with what it is.
    pub related: Vec<(Place, String)>,
    /// The interfaces of the nodes (bridges, NICs, bonds, VLAN interfaces) that it is about, by their names.
    pub about: Vec<String>,
    /// The way out: what the author can do.
    pub help: String,
    /// Whether it is an error only because the command line denies it.
    pub is_denied: bool,
}

impl Diagnostic {
    /// A finding of the rule's own severity.
    pub fn new(rule: &'static Rule, place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            place,
            related: Vec::new(),
            about: Vec::new(),
            help: help.into(),
            is_denied: false,
        }
    }

    /// The same finding with one more place.
    #[must_use]
    pub fn with_related(mut self, place: Place, text: impl Into<String>) -> Self {
        self.related.push((place, text.into()));
        self
    }
}

/// How many more there are than the one that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct More(pub usize);

impl More {
    /// Nothing, the words for one more, or those for many.
    pub fn words(self, one: &str, many: impl FnOnce(usize) -> String) -> String {
        match self.0 {
            0 => String::new(),
            1 => one.to_owned(),
            more => many(more),
        }
    }
}

/// Findings, in the order in which they were made. Stages add to them, and never look at them.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Place, String)>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds a finding, unless the same was added by this at the same place: what several have in common is looked at for every one of
    /// them.
    pub fn push_once(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.rule.code, diagnostic.place.clone(), diagnostic.message.clone())) {
            self.list.push(diagnostic);
        }
    }

    /// Adds many findings.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(diagnostics);
    }

    /// The findings, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Whether any of them is an error, whatever the command line says.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl IntoIterator for Findings {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
