//! What authors accept: a warning in one Wukong, with a reason, by an annotation on it.

use std::collections::HashMap;

use super::place::{DocumentId, Origin, Place};
use super::rule::Rule;

/// A warning that the author of a Wukong accepts.
#[derive(Debug)]
pub struct Acceptance {
    /// The rule.
    pub rule: &'static Rule,
    /// The Wukong or one network of it: findings there are accepted.
    pub scope: Origin,
    /// The annotation.
    pub place: Place,
    /// Why.
    pub reason: String,
    /// How many findings it has accepted.
    pub uses: usize,
}

/// All acceptances of a run.
#[derive(Debug, Default)]
pub(super) struct Acceptances {
    list: Vec<Acceptance>,
    by_rule: HashMap<(&'static str, DocumentId), Vec<usize>>,
}

impl Acceptances {
    pub(super) fn new(list: Vec<Acceptance>) -> Self {
        let mut by_rule: HashMap<_, Vec<usize>> = HashMap::new();
        for (number, acceptance) in list.iter().enumerate() {
            by_rule.entry((acceptance.rule.code, acceptance.scope.document)).or_default().push(number);
        }
        Self { list, by_rule }
    }

    /// What authors accept.
    pub(super) fn list(&self) -> &[Acceptance] {
        &self.list
    }

    /// Whether a finding of a rule at a place is accepted, which is counted. Of several acceptances the narrowest counts.
    pub(super) fn accept(&mut self, rule: &Rule, place: &Place) -> bool {
        let Place::Node { document, object, network, .. } = place else { return false };
        let Some(numbers) = self.by_rule.get(&(rule.code, *document)) else { return false };
        let covers = |number: &&usize| {
            let scope = &self.list[**number].scope;
            scope.object == *object && (scope.network.is_none() || scope.network == *network)
        };
        let narrowest =
            numbers.iter().filter(covers).max_by_key(|number| self.list[**number].scope.network.is_some()).copied();
        let Some(narrowest) = narrowest else { return false };
        self.list[narrowest].uses += 1;
        true
    }
}
