//! A tree's nodes as the values that Kubernetes reads: aliases expanded, keys merged, duplicates refused.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::syntax::{Kind, NodeId, Problem, Tree};
use super::{ALIAS_LIMIT, DUPLICATE_KEY, INVALID_YAML};

/// How many values the aliases of one document may add.
const ALIAS_BUDGET: usize = 100_000;

impl Tree {
    /// The node as Kubernetes reads it, with aliases expanded and merges done.
    ///
    /// # Errors
    /// Duplicate keys, keys that JSON cannot have, and aliases that expand to too much: all that there are.
    pub fn value(&self, node: NodeId) -> Result<Value, Vec<Problem>> {
        let mut conversion = Conversion { tree: self, problems: Vec::new(), aliased: 0, within_alias: 0 };
        let value = conversion.value(node);
        if conversion.problems.is_empty() { Ok(value) } else { Err(conversion.problems) }
    }
}

struct Conversion<'a> {
    tree: &'a Tree,
    problems: Vec<Problem>,
    aliased: usize,
    within_alias: usize,
}

impl Conversion<'_> {
    fn value(&mut self, node: NodeId) -> Value {
        if self.within_alias > 0 {
            self.aliased += 1;
            if self.aliased > ALIAS_BUDGET {
                self.over_budget(node);
                return Value::Null;
            }
        }
        match &self.tree.nodes[node.0].kind {
            Kind::Scalar(value) => value.clone(),
            Kind::NotFinite => {
                self.problems.push(Problem {
                    rule: &INVALID_YAML,
                    range: self.tree.nodes[node.0].range.clone(),
                    message: "is no valid YAML for Kubernetes: JSON has no infinite number".to_owned(),
                    help: "put it in quotes if it is a name".to_owned(),
                    first: None,
                });
                Value::Null
            }
            Kind::Sequence(items) => Value::Array(items.iter().map(|item| self.value(*item)).collect()),
            Kind::Mapping(pairs) => self.mapping(pairs),
            Kind::Alias(target) => {
                self.within_alias += 1;
                let value = self.value(*target);
                self.within_alias -= 1;
                value
            }
        }
    }

    fn over_budget(&mut self, node: NodeId) {
        if self.problems.iter().any(|problem| problem.rule == &ALIAS_LIMIT) {
            return;
        }
        self.problems.push(Problem {
            rule: &ALIAS_LIMIT,
            range: self.tree.head(node),
            message: "the aliases of this document stand for more than 100,000 values".to_owned(),
            help: "write the values out".to_owned(),
            first: None,
        });
    }

    fn mapping(&mut self, pairs: &[(NodeId, NodeId)]) -> Value {
        let mut map = Map::with_capacity(pairs.len());
        let tree = self.tree;
        let has_merge = pairs.iter().any(|(key, _)| tree.is_merge(*key));
        let mut written = HashSet::new();
        for (index, (key, value)) in pairs.iter().enumerate() {
            if tree.is_merge(*key) {
                self.merge(*value, &mut map);
                continue;
            }
            let range = tree.nodes[key.0].range.clone();
            let Some(text) = tree.key_text(*key) else {
                self.problems.push(Problem {
                    rule: &INVALID_YAML,
                    range,
                    message: "is no valid YAML for Kubernetes: a key must be a string, a number or a boolean"
                        .to_owned(),
                    help: "put the key in quotes".to_owned(),
                    first: None,
                });
                continue;
            };
            // What a merge has brought may be written again; only a key that is written twice is a mistake.
            let is_twice = if has_merge { !written.insert(text.clone()) } else { map.contains_key(&*text) };
            if is_twice {
                let is_same = |(key, _): &&(NodeId, NodeId)| tree.key_text(*key).as_deref() == Some(&*text);
                let earlier = pairs[..index].iter().find(is_same).map(|(key, _)| tree.nodes[key.0].range.clone());
                self.problems.push(Problem {
                    rule: &DUPLICATE_KEY,
                    range,
                    message: format!("the key `{text}` stands twice in one mapping"),
                    help: "delete one of the two".to_owned(),
                    first: earlier,
                });
                continue;
            }
            let value = self.value(*value);
            map.insert(text.into_owned(), value);
        }
        Value::Object(map)
    }

    /// `<<`: what stands later wins, a merge after a key included. That is how go-yaml v2 does it, though not how YAML's
    /// own page on merge keys has it.
    fn merge(&mut self, node: NodeId, map: &mut Map<String, Value>) {
        for source in self.tree.merged(node).into_iter().rev() {
            match self.value(source) {
                Value::Object(object) => map.extend(object),
                _ => self.problems.push(Problem {
                    rule: &INVALID_YAML,
                    range: self.tree.nodes[source.0].range.clone(),
                    message: "is no valid YAML: `<<` merges mappings, and this is none".to_owned(),
                    help: "let `<<` name a mapping, or a list of mappings".to_owned(),
                    first: None,
                }),
            }
        }
    }
}
