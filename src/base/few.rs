//! How much is told: of very many findings the first, and how many more there are.

use super::diagnostic::{Diagnostic, Severity};
use super::place::Place;
use crate::rule;

rule! {
    /// More was found than is shown.
    ///
    /// One slip, such as a wrong indentation, can make thousands of findings. 100 of one object or file and 10,000 of a run are
    /// shown, the others are counted. It is an error if one of those that are not shown is an error.
    ///
    /// ## Way out
    /// Correct what is shown, and run again.
    pub TOO_MANY_FINDINGS = "WK009", "too-many-findings", Warning;
}

/// How many findings of one object, or of the syntax of one file, are shown.
pub const MOST_OF_AN_OBJECT: usize = 100;
/// How many findings of a run are shown.
pub const MOST_OF_A_RUN: usize = 10_000;
/// The way out.
pub const MEND: &str = "correct what is shown, and run again";

/// What is told of those that are not shown.
pub fn not_shown(more: usize) -> String {
    if more == 1 { "one more finding is not shown".to_owned() } else { format!("{more} more findings are not shown") }
}

/// Findings of which the first are kept, and the others counted.
#[derive(Debug)]
pub struct Few {
    most: usize,
    list: Vec<Diagnostic>,
    /// How many more errors and warnings there are.
    more: [usize; 2],
    /// The finding that there are more, at the place of the first of them.
    rest: Option<Box<Diagnostic>>,
}

impl Few {
    /// None so far, of which this many will be kept.
    pub fn new(most: usize) -> Self {
        Self { most, list: Vec::new(), more: [0; 2], rest: None }
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.count(diagnostic.severity, 1, || diagnostic.place);
        } else {
            self.list.push(diagnostic);
        }
    }

    /// Counts findings that are not kept.
    pub fn count(&mut self, severity: Severity, number: usize, place: impl FnOnce() -> Place) {
        if number == 0 {
            return;
        }
        self.more[severity as usize] += number;
        let new = || Box::new(Diagnostic::new(&TOO_MANY_FINDINGS, place(), String::new(), MEND));
        let rest = self.rest.get_or_insert_with(new);
        rest.message = not_shown(self.more.iter().sum());
        // An error is the lesser of the two.
        rest.severity = rest.severity.min(severity);
    }

    /// Whether more are only counted.
    pub fn is_full(&self) -> bool {
        self.list.len() >= self.most
    }

    /// Those that are kept.
    pub fn kept(&self) -> &[Diagnostic] {
        &self.list
    }

    /// The finding that there are more; none if there are not.
    pub fn rest(&self) -> Option<&Diagnostic> {
        self.rest.as_deref()
    }

    /// How many of this severity are not kept.
    pub fn more(&self, severity: Severity) -> usize {
        self.more[severity as usize]
    }

    /// Those that are kept, and the finding that there are more.
    pub fn into_list(self) -> Vec<Diagnostic> {
        let mut list = self.list;
        list.extend(self.rest.map(|rest| *rest));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_counted_and_as_severe_as_the_worst_of_it() {
        let place = |name: &str| Place::Path(name.to_owned());
        let mut few = Few::new(1);
        few.push(Diagnostic::new(&TOO_MANY_FINDINGS, place("first"), "a", "b"));
        assert!(few.rest().is_none());
        few.push(Diagnostic::new(&TOO_MANY_FINDINGS, place("second"), "a", "b"));
        few.count(Severity::Error, 2, || place("third"));
        assert_eq!((few.more(Severity::Warning), few.more(Severity::Error)), (1, 2));
        let rest = few.into_list().pop().expect("there is a rest");
        assert_eq!(
            (rest.severity, rest.place, &*rest.message),
            (Severity::Error, place("second"), "3 more findings are not shown")
        );
    }
}
