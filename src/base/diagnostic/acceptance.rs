//! What authors accept: a warning in one Wukong, with a reason, by an annotation on it.

use std::cell::Cell;
use std::collections::HashMap;

use super::{Origin, Place, Rule};
use crate::base::place::DocumentId;

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
    pub uses: Cell<usize>,
}

/// All acceptances of a run.
#[derive(Debug, Default)]
pub(super) struct Acceptances {
    pub(super) list: Vec<Acceptance>,
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

    /// Whether a finding of a rule at a place is accepted, which is remembered. Of several acceptances the narrowest counts.
    pub(super) fn accept(&self, rule: &Rule, place: &Place) -> bool {
        let Place::Node { document, .. } = place else { return false };
        let Some(numbers) = self.by_rule.get(&(rule.code, *document)) else { return false };
        let covers = |acceptance: &&Acceptance| acceptance.scope.path_to(place).is_some();
        let covering = numbers.iter().map(|number| &self.list[*number]).filter(covers);
        let Some(narrowest) = covering.max_by_key(|acceptance| acceptance.scope.pointer.len()) else { return false };
        narrowest.uses.set(narrowest.uses.get() + 1);
        true
    }
}
