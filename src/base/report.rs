//! All findings of a run: at the severity that the command line gives them, without what authors accept.

use super::acceptance::{Acceptance, Acceptances};
use super::diagnostic::{Diagnostic, Findings};
use super::few::{Few, MOST_OF_A_RUN};
use super::levels::Levels;
use super::place::Place;
use super::rule::{Rule, Severity};

/// All findings of a run.
#[derive(Debug)]
pub struct Report {
    levels: Levels,
    acceptances: Acceptances,
    /// Of very many the first.
    found: Few,
}

impl Default for Report {
    fn default() -> Self {
        Self::new(Levels::default(), Vec::new())
    }
}

impl Report {
    /// An empty report in which the command line's levels hold, and what authors accept.
    pub fn new(levels: Levels, acceptances: Vec<Acceptance>) -> Self {
        Self { levels, acceptances: Acceptances::new(acceptances), found: Few::new(MOST_OF_A_RUN) }
    }

    /// Adds a finding, at the severity that the levels give it, unless it is accepted.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        // What is accepted in one Wukong, with a reason, is so under `--deny` too.
        if diagnostic.severity == Severity::Warning
            && self.accepts(diagnostic.rule, std::slice::from_ref(&diagnostic.place))
        {
            return;
        }
        if let Some(severity) = self.levels.apply(diagnostic.rule, diagnostic.severity) {
            diagnostic.is_denied = severity != diagnostic.severity;
            diagnostic.severity = severity;
            self.found.push(diagnostic);
        }
    }

    /// Adds the findings of a stage.
    pub fn extend(&mut self, findings: Findings) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// Whether a warning of this rule is accepted at one of these places, which is counted.
    pub fn accepts(&mut self, rule: &Rule, places: &[Place]) -> bool {
        places.iter().any(|place| self.acceptances.accept(rule, place))
    }

    /// What authors accept, each with how often it was used.
    pub fn acceptances(&self) -> &[Acceptance] {
        self.acceptances.list()
    }

    /// Whether findings of a rule are dropped by the command line.
    pub fn is_allowed(&self, rule: &'static Rule) -> bool {
        self.levels.allow.contains(&rule)
    }

    /// The findings, in the order they were added. Of very many the first are kept, and the last one tells how many more there are.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.kept().iter().chain(self.found.rest())
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings have this severity, those that are not kept included.
    pub fn count(&self, severity: Severity) -> usize {
        let kept = self.found.kept().iter().filter(|diagnostic| diagnostic.severity == severity).count();
        kept + self.found.more(severity)
    }
}
