//! Findings: the model that every stage adds to and every output format reads.
//!
//! Stages speak in paths (a document and a JSON pointer). Positions are looked up once, at the end, by `view::resolve`; the formats
//! in `view::emit` only ever see resolved findings.

mod acceptance;
pub mod levels;
mod rule;

use std::collections::HashSet;

use acceptance::Acceptances;

pub use super::place::{Origin, Part, Place};
pub use acceptance::Acceptance;
pub use levels::Levels;
pub use rule::{Rule, Severity};

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

/// How many more there are than the one that a message names: nothing, `one`, or `many` with the number for its `#`.
pub fn others(more: usize, one: &str, many: &str) -> String {
    match more {
        0 => String::new(),
        1 => one.to_owned(),
        more => many.replace('#', &more.to_string()),
    }
}

/// Findings, each once: what several have in common is looked at for every one of them.
#[derive(Debug, Default)]
pub struct Distinct {
    /// The findings, in the order in which they were first made.
    pub list: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Place, String)>,
}

impl Distinct {
    /// Adds a finding, unless the same has been said of the same place.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.rule.code, diagnostic.place.clone(), diagnostic.message.clone())) {
            self.list.push(diagnostic);
        }
    }
}

/// All findings of a run.
#[derive(Debug, Default)]
pub struct Report {
    levels: Levels,
    acceptances: Acceptances,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// An empty report in which the command line's levels hold.
    pub fn new(levels: Levels) -> Self {
        Self { levels, ..Self::default() }
    }

    /// Takes what authors accept, which holds for what was found already, too.
    pub fn accept(&mut self, acceptances: Vec<Acceptance>) {
        self.acceptances = Acceptances::new(acceptances);
        let accepts = |diagnostic: &Diagnostic| {
            (diagnostic.severity == Severity::Warning || diagnostic.is_denied)
                && self.acceptances.accept(diagnostic.rule, &diagnostic.place)
        };
        self.diagnostics.retain(|diagnostic| !accepts(diagnostic));
    }

    /// Adds a finding, at the severity that the levels give it, unless it is accepted.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        // What is accepted in one Wukong, with a reason, is so under `--deny` too.
        if diagnostic.severity == Severity::Warning && self.acceptances.accept(diagnostic.rule, &diagnostic.place) {
            return;
        }
        if let Some(severity) = self.levels.apply(diagnostic.rule, diagnostic.severity) {
            diagnostic.is_denied = severity != diagnostic.severity;
            diagnostic.severity = severity;
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds many findings.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }

    /// Where a rule's findings are.
    pub fn places_of(&self, rule: &Rule) -> HashSet<Place> {
        self.diagnostics.iter().filter(|finding| finding.rule == rule).map(|finding| finding.place.clone()).collect()
    }

    /// Drops the findings that are not to be kept, in the order of [`diagnostics`](Self::diagnostics).
    pub fn keep(&mut self, kept: &[bool]) {
        let mut kept = kept.iter();
        self.diagnostics.retain(|_| kept.next().copied().unwrap_or(true));
    }

    /// Whether a warning of this rule would be accepted at a place: for rules that count several places in one finding, and count
    /// those only where nobody accepts it.
    pub fn accepts(&self, rule: &Rule, place: &Place) -> bool {
        self.acceptances.accept(rule, place)
    }

    /// What authors accept.
    pub fn acceptances(&self) -> &[Acceptance] {
        &self.acceptances.list
    }

    /// Whether findings of a rule are dropped by the command line.
    pub fn is_allowed(&self, rule: &'static Rule) -> bool {
        self.levels.allow.contains(&rule)
    }

    /// The findings, in the order they were added.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}
