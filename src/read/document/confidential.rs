//! Which scalars of a tree must not be shown, by the keys that they stand under.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::syntax::{Kind, NodeId, Tree};

/// How secret a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secrecy {
    /// Anyone may read it.
    Open,
    /// It is not shown, and names what is secret: messages may repeat it.
    Reference,
    /// It is a secret.
    Secret,
}

/// What is secret in a document.
pub trait Confidential {
    /// How secret what stands under a key is.
    fn under(&self, key: &str) -> Secrecy;
    /// Whether a key has brought its value along.
    fn is_secret_key(&self, key: &str) -> bool;
    /// Whether a scalar is a secret, whatever it stands under.
    fn is_secret_scalar(&self, scalar: &str) -> bool;
    /// Whether a key is one of ours, and so not a value that has lost its place.
    fn is_known(&self, key: &str) -> bool;
}

/// The scalars of a document, in its order.
#[derive(Debug, Default)]
pub struct Scalars {
    /// Those that anybody may read.
    pub open: Vec<Range<usize>>,
    /// Those that are not shown.
    pub hidden: Vec<Range<usize>>,
    /// What of those stands under the key of a secret, as it is read.
    pub secrets: Vec<String>,
}

/// What stands beside the data of a Secret.
const OF_EVERY_OBJECT: [&str; 4] = ["apiVersion", "kind", "metadata", "type"];

impl Tree {
    /// Where the document stands in its text.
    pub fn range(&self) -> Range<usize> {
        self.nodes[self.root().0].range.clone()
    }

    /// The scalars, and which of them must not be shown. What an alias stands for is as secret as the alias.
    pub fn scalars(&self, rules: &impl Confidential) -> Scalars {
        let mut marks = Marks { tree: self, secrecy: vec![Secrecy::Open; self.nodes.len()] };
        for node in &self.nodes {
            match &node.kind {
                Kind::Mapping(pairs) => marks.mapping(pairs, rules),
                Kind::Sequence(items) => marks.sequence(items, rules),
                Kind::Scalar(_) | Kind::NotFinite | Kind::Alias(_) => {}
            }
        }
        let mut scalars = Scalars::default();
        for (node, marked) in self.nodes.iter().zip(marks.secrecy) {
            let content: Cow<'_, str> = match &node.kind {
                Kind::Scalar(Value::String(text)) => Cow::Borrowed(text),
                Kind::Scalar(value @ (Value::Number(_) | Value::Bool(_))) => Cow::Owned(value.to_string()),
                Kind::Scalar(_) | Kind::NotFinite => Cow::Borrowed(""),
                Kind::Sequence(_) | Kind::Mapping(_) | Kind::Alias(_) => continue,
            };
            if marked == Secrecy::Open && !rules.is_secret_scalar(&content) {
                scalars.open.push(node.range.clone());
            } else {
                scalars.hidden.push(node.range.clone());
            }
            if marked == Secrecy::Secret {
                scalars.secrets.push(content.into_owned());
            }
        }
        scalars
    }
}

struct Marks<'a> {
    tree: &'a Tree,
    secrecy: Vec<Secrecy>,
}

impl Marks<'_> {
    fn mapping(&mut self, pairs: &[(NodeId, NodeId)], rules: &impl Confidential) {
        let tree = self.tree;
        let text = |node: NodeId| match tree.kind(node) {
            Kind::Scalar(Value::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let is_for_secret = |node: NodeId| text(node).is_some_and(|text| rules.under(text) == Secrecy::Secret);
        let value_of = |name: &str| pairs.iter().find(|(key, _)| text(*key) == Some(name)).map(|(_, value)| *value);
        // A Secret, and what is made into one.
        let is_secret_object = value_of("kind").is_some_and(is_for_secret);
        // `{name: PASSWORD, value: ...}`, as containers have their variables.
        let is_variable = ["name", "key"].iter().filter_map(|name| value_of(name)).any(is_for_secret);
        for (key, value) in pairs {
            let Some(name) = tree.key_text(*key) else { continue };
            let by_object = is_secret_object && !OF_EVERY_OBJECT.contains(&&*name) || is_variable && name == "value";
            let by_key = rules.under(&name);
            if by_key != Secrecy::Open && rules.is_secret_key(&name) {
                self.mark(*key, Secrecy::Secret);
            }
            let secrecy = if by_object { Secrecy::Secret } else { by_key };
            if secrecy == Secrecy::Open {
                continue;
            }
            self.mark(*value, secrecy);
            // What follows a key without a value may be its value, outdented by mistake.
            let next = NodeId(value.0 + 1);
            let is_empty = matches!(tree.nodes[value.0].kind, Kind::Scalar(Value::Null));
            let lost = tree.nodes.get(next.0).filter(|_| is_empty && secrecy == Secrecy::Secret);
            if let Some(Kind::Scalar(Value::String(text))) = lost.map(|node| &node.kind)
                && !rules.is_known(text)
            {
                self.mark(next, Secrecy::Secret);
            }
        }
    }

    /// `[--password, hunter2]`, as programs have their arguments.
    fn sequence(&mut self, items: &[NodeId], rules: &impl Confidential) {
        for pair in items.windows(2) {
            let [option, value] = pair else { continue };
            if let Kind::Scalar(Value::String(text)) = self.tree.kind(*option)
                && rules.under(text) == Secrecy::Secret
            {
                self.mark(*value, Secrecy::Secret);
            }
        }
    }

    /// Marks everything below a node, through aliases, each once. What a user is called is not shown, and is not a secret: the virtual
    /// machine is often called the same.
    fn mark(&mut self, node: NodeId, secrecy: Secrecy) {
        let mut waiting = vec![(node, secrecy)];
        while let Some((node, secrecy)) = waiting.pop() {
            let marked = &mut self.secrecy[node.0];
            if *marked >= secrecy {
                continue;
            }
            *marked = secrecy;
            match &self.tree.nodes[node.0].kind {
                Kind::Sequence(items) => waiting.extend(items.iter().map(|item| (*item, secrecy))),
                Kind::Mapping(pairs) => {
                    for (key, value) in pairs {
                        let is_name = self.tree.key_text(*key).is_some_and(|key| key == "name");
                        let of_value = if is_name { Secrecy::Reference } else { secrecy };
                        waiting.extend([(*key, secrecy), (*value, of_value)]);
                    }
                }
                Kind::Alias(target) => waiting.push((*target, secrecy)),
                Kind::Scalar(_) | Kind::NotFinite => {}
            }
        }
    }
}
