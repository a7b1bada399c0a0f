//! A tree's nodes as the values that Kubernetes reads: aliases expanded, keys merged, duplicates refused. What they expand to is bounded
//! when the tree is built.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_json::{Map, Value};

use super::syntax::{Kind, NodeId, Problem, Tree};
use super::{DUPLICATE_KEY, INVALID_YAML};
use crate::base::few::{MEND, MOST_OF_AN_OBJECT, TOO_MANY_FINDINGS, not_shown};
use crate::base::rule::Rule;

impl Tree {
    /// The node as Kubernetes reads it, with aliases expanded and merges done.
    ///
    /// # Errors
    /// Duplicate keys, and keys and numbers that JSON cannot have.
    pub fn value(&self, node: NodeId) -> Result<Value, Vec<Problem>> {
        let mut conversion = Conversion { tree: self, problems: Vec::new(), more: 0 };
        let value = conversion.value(node);
        let Conversion { mut problems, more, .. } = conversion;
        if problems.is_empty() {
            return Ok(value);
        }
        if more > 0 {
            let (rule, range) = (&TOO_MANY_FINDINGS, self.head(node));
            problems.push(Problem { rule, range, message: not_shown(more), help: MEND.to_owned(), first: None });
        }
        Err(problems)
    }
}

struct Conversion<'a> {
    tree: &'a Tree,
    problems: Vec<Problem>,
    /// How many more there are than those.
    more: usize,
}

impl<'a> Conversion<'a> {
    fn value(&mut self, node: NodeId) -> Value {
        match &self.tree.nodes[node.0].kind {
            Kind::Scalar(value) => value.clone(),
            Kind::NotFinite => {
                let message = "is no valid YAML for Kubernetes: JSON has no infinite number".to_owned();
                self.problem(node, &INVALID_YAML, message, "put it in quotes if it is a name", None);
                Value::Null
            }
            Kind::Sequence(items) => Value::Array(items.iter().map(|item| self.value(*item)).collect()),
            Kind::Mapping(pairs) => self.mapping(pairs),
            Kind::Alias(target) => self.value(*target),
        }
    }

    fn mapping(&mut self, pairs: &[(NodeId, NodeId)]) -> Value {
        let mut map = Map::with_capacity(pairs.len());
        let tree = self.tree;
        let has_merge = pairs.iter().any(|(key, _)| tree.is_merge(*key));
        let mut written = HashSet::new();
        let mut firsts = None;
        for (key, value) in pairs {
            if tree.is_merge(*key) {
                self.merge(*value, &mut map);
                continue;
            }
            let Some(text) = tree.key_text(*key) else {
                let message = "is no valid YAML for Kubernetes: a key must be a string, a number or a boolean";
                self.problem(*key, &INVALID_YAML, message.to_owned(), "put the key in quotes", None);
                continue;
            };
            // What a merge has brought may be written again; only a key that is written twice is a mistake.
            let is_twice = if has_merge { !written.insert(text.clone()) } else { map.contains_key(&*text) };
            if is_twice {
                let firsts = firsts.get_or_insert_with(|| self.first_of_each(pairs));
                let first = firsts.get(&text).map(|key| tree.nodes[key.0].range.clone());
                let message = format!("the key `{text}` stands twice in one mapping");
                self.problem(*key, &DUPLICATE_KEY, message, "delete one of the two", first);
                continue;
            }
            let value = self.value(*value);
            map.insert(text.into_owned(), value);
        }
        Value::Object(map)
    }

    /// The first key of each text.
    fn first_of_each(&self, pairs: &[(NodeId, NodeId)]) -> HashMap<Cow<'a, str>, NodeId> {
        let keys = pairs.iter().rev().map(|(key, _)| *key).filter(|key| !self.tree.is_merge(*key));
        keys.filter_map(|key| Some((self.tree.key_text(key)?, key))).collect()
    }

    /// `<<`: what stands later wins, a merge after a key included. That is how go-yaml v2 does it, though not how YAML's
    /// own page on merge keys has it.
    fn merge(&mut self, node: NodeId, map: &mut Map<String, Value>) {
        for source in self.tree.merged(node).into_iter().rev() {
            match self.value(source) {
                Value::Object(object) => map.extend(object),
                _ => {
                    let message = "is no valid YAML: `<<` merges mappings, and this is none".to_owned();
                    self.problem(
                        source,
                        &INVALID_YAML,
                        message,
                        "let `<<` name a mapping, or a list of mappings",
                        None,
                    );
                }
            }
        }
    }

    /// Adds a problem at a node. Of very many, which an alias can make of one, the first are told.
    fn problem(&mut self, node: NodeId, rule: &'static Rule, message: String, help: &str, first: Option<Range<usize>>) {
        if self.problems.len() < MOST_OF_AN_OBJECT {
            let range = self.tree.nodes[node.0].range.clone();
            self.problems.push(Problem { rule, range, message, help: help.to_owned(), first });
        } else {
            self.more += 1;
        }
    }
}
