//! What is accepted: a warning in one Wukong, by an annotation on it, or in many, by an entry of the Site; both with a reason.

use std::collections::{HashMap, HashSet};

use super::place::{DocumentId, Origin, Place};
use super::rule::Rule;

/// A warning that somebody who answers for it accepts.
#[derive(Debug)]
pub struct Acceptance {
    /// The rule.
    pub rule: &'static Rule,
    /// Which findings of the rule are accepted.
    pub scope: Scope,
    /// Where it is written: the annotation, or the entry's `rule`.
    pub place: Place,
    /// Why.
    pub reason: String,
    /// How many findings it has accepted.
    pub uses: usize,
}

/// Which findings of a rule are accepted.
#[derive(Debug)]
pub enum Scope {
    /// Those in a Wukong or in one network of it, which its own annotation says.
    Within(Origin),
    /// Those in the Wukongs of some namespaces, which the Site says.
    Wukongs(HashSet<ObjectId>),
    /// Those of the run, wherever they are, which the Site says.
    Run,
}

/// An object: its document, and its number among the objects of the document.
pub type ObjectId = (DocumentId, u32);

/// All acceptances of a run.
#[derive(Debug, Default)]
pub(super) struct Acceptances {
    list: Vec<Acceptance>,
    /// Those of Wukongs.
    by_document: HashMap<(&'static str, DocumentId), Vec<usize>>,
    /// Those of the Site, the narrower ones first.
    by_rule: HashMap<&'static str, Vec<usize>>,
}

impl Acceptances {
    pub(super) fn new(list: Vec<Acceptance>) -> Self {
        let mut by_document: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_rule: HashMap<_, Vec<usize>> = HashMap::new();
        for (number, acceptance) in list.iter().enumerate() {
            let code = acceptance.rule.code;
            match &acceptance.scope {
                Scope::Within(origin) => by_document.entry((code, origin.document)).or_default().push(number),
                Scope::Wukongs(_) | Scope::Run => by_rule.entry(code).or_default().push(number),
            }
        }
        for numbers in by_rule.values_mut() {
            numbers.sort_by_key(|number| matches!(list[*number].scope, Scope::Run));
        }
        Self { list, by_document, by_rule }
    }

    /// What is accepted.
    pub(super) fn list(&self) -> &[Acceptance] {
        &self.list
    }

    /// Whether a finding of a rule at a place is accepted, which is counted. Of several acceptances the narrowest counts.
    pub(super) fn accept(&mut self, rule: &Rule, place: &Place) -> bool {
        let Some(narrowest) = self.in_wukong(rule, place).or_else(|| self.in_site(rule, place)) else { return false };
        self.list[narrowest].uses += 1;
        true
    }

    /// What the Wukong of a place says itself.
    fn in_wukong(&self, rule: &Rule, place: &Place) -> Option<usize> {
        let Place::Node { document, object, network, .. } = place else { return None };
        let within = |number: usize| match &self.list[number].scope {
            Scope::Within(origin) => Some(origin),
            Scope::Wukongs(_) | Scope::Run => None,
        };
        let numbers = self.by_document.get(&(rule.code, *document))?.iter().copied();
        let scopes = numbers.filter_map(|number| Some((number, within(number)?)));
        let covering =
            scopes.filter(|(_, it)| it.object == *object && (it.network.is_none() || it.network == *network));
        covering.max_by_key(|(_, it)| it.network.is_some()).map(|(number, _)| number)
    }

    /// What the Site says. What is in no Wukong (the Site itself, a node's state, a file) is accepted for the run alone.
    fn in_site(&self, rule: &Rule, place: &Place) -> Option<usize> {
        let object = match place {
            Place::Node { document, object, .. } => Some((*document, *object)),
            Place::Span { .. } | Place::Path(_) => None,
        };
        let covers = |number: &usize| match &self.list[*number].scope {
            Scope::Within(_) => false,
            Scope::Wukongs(wukongs) => object.is_some_and(|object| wukongs.contains(&object)),
            Scope::Run => true,
        };
        self.by_rule.get(rule.code)?.iter().copied().find(covers)
    }
}
