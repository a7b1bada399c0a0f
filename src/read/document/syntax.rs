//! One YAML document as the parser saw it: nodes with their places, aliases not yet expanded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Value;

use super::scalar;
use super::{ALIAS_LIMIT, INVALID_YAML};
use crate::base::diagnostic::{Part, Rule};

/// A node's number within its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) usize);

/// What is wrong with a text, with the bytes it is about.
#[derive(Debug)]
pub struct Problem {
    pub(super) rule: &'static Rule,
    /// Where, in bytes.
    pub range: Range<usize>,
    /// What is wrong, in a sentence.
    pub message: String,
    pub(super) help: String,
    /// The earlier of the two places, for a duplicate.
    pub(super) first: Option<Range<usize>>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar(Value),
    /// `.inf` or `.nan`.
    NotFinite,
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias(NodeId),
}

/// A document's nodes.
#[derive(Debug)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    root: NodeId,
}

/// Parses a text into its documents. After a syntax error the next document is looked for, so that one broken document
/// hides no other.
pub fn parse(text: &str) -> Vec<Result<Tree, Problem>> {
    let options = granit_parser::options! { emit_unresolved_aliases: true };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    let mut builder = Builder::default();
    while let Some(next) = parser.next_event() {
        match next {
            Ok((Event::DocumentStart(..), _)) => builder = Builder::default(),
            Ok((Event::DocumentEnd, _)) => documents.push(std::mem::take(&mut builder).finish()),
            Ok((event, span)) => builder.event(&event, &span, text),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                documents.push(Err(syntax_error(&error, at, text)));
                builder = Builder::default();
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    documents
}

fn syntax_error(error: &granit_parser::ScanError, at: usize, text: &str) -> Problem {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = &text[line_start..at];
    let rest = text[at..].lines().next().unwrap_or_default();
    let help = if indent.contains('\t') && indent.trim().is_empty() || rest.starts_with('\t') {
        "indent with blanks: YAML does not allow tabs there"
    } else if text[line_start..].trim_start().starts_with("{{") {
        "this looks like a template, which is no YAML until it is rendered: leave it out with --exclude"
    } else {
        "check the indentation and the quotes here and on the line above"
    };
    let end = text[at..].chars().next().filter(|next| *next != '\n').map_or(at, |next| at + next.len_utf8());
    Problem {
        rule: &INVALID_YAML,
        range: at..end,
        message: format!("is no valid YAML: {}", error.kind()),
        help: help.to_owned(),
        first: None,
    }
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    /// The collections that are open, each with the key that waits for its value.
    open: Vec<(NodeId, Option<NodeId>)>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
    problem: Option<Problem>,
}

impl Builder {
    fn event(&mut self, event: &Event<'_>, span: &Span, text: &str) {
        let range = span.byte_range().unwrap_or_default();
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let kind = match tag {
                    None if *style == ScalarStyle::Plain && scalar::is_not_finite(value) => Kind::NotFinite,
                    tag => Kind::Scalar(scalar_value(value, *style, tag.as_deref())),
                };
                self.node(kind, range, *anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                let id = self.node(Kind::Sequence(Vec::new()), range, *anchor);
                self.open.push((id, None));
            }
            Event::MappingStart(_, anchor, _) => {
                let id = self.node(Kind::Mapping(Vec::new()), range, *anchor);
                self.open.push((id, None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, _)) = self.open.pop() {
                    // Block collections end where the next token begins: leave out the blank lines and comments between.
                    let start = self.nodes[id.0].range.start;
                    let end = range.end.max(start).min(text.len());
                    self.nodes[id.0].range.end = start + text[start..end].trim_end().len();
                }
            }
            Event::Alias(anchor) => match self.anchors.get(anchor).copied() {
                Some(target) if self.open.iter().any(|(open, _)| *open == target) => {
                    self.problem(&ALIAS_LIMIT, range.clone(), "the alias stands for something that contains it");
                    self.node(Kind::Scalar(Value::Null), range, 0);
                }
                Some(target) => drop(self.node(Kind::Alias(target), range, 0)),
                None => self.unknown_alias(range),
            },
            Event::UnresolvedAlias(_) => self.unknown_alias(range),
            _ => {}
        }
    }

    fn unknown_alias(&mut self, range: Range<usize>) {
        // The name is not repeated: an unquoted password may begin with `*`.
        self.problem(&INVALID_YAML, range.clone(), "is no valid YAML: the alias has no anchor");
        self.node(Kind::Scalar(Value::Null), range, 0);
    }

    fn problem(&mut self, rule: &'static Rule, range: Range<usize>, message: &str) {
        let help = "write the value out, or put it in quotes if the `*` belongs to it".to_owned();
        self.problem.get_or_insert(Problem { rule, range, message: message.to_owned(), help, first: None });
    }

    fn node(&mut self, kind: Kind, range: Range<usize>, anchor: usize) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { kind, range });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        match self.open.last_mut() {
            None => drop(self.root.get_or_insert(id)),
            Some((parent, key)) => match &mut self.nodes[parent.0].kind {
                Kind::Sequence(items) => items.push(id),
                Kind::Mapping(pairs) => match key.take() {
                    Some(key) => pairs.push((key, id)),
                    None => *key = Some(id),
                },
                // Only collections are ever opened.
                Kind::Scalar(_) | Kind::NotFinite | Kind::Alias(_) => {}
            },
        }
        id
    }

    fn finish(mut self) -> Result<Tree, Problem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let root = self.root.unwrap_or_else(|| {
            self.nodes.push(Node { kind: Kind::Scalar(Value::Null), range: 0..0 });
            NodeId(self.nodes.len() - 1)
        });
        Ok(Tree { nodes: self.nodes, root })
    }
}

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    match tag.and_then(Tag::core_suffix) {
        Some("str") => Value::String(text.to_owned()),
        Some("int" | "float" | "bool" | "null") => scalar::resolve(text),
        _ if tag.is_some() || style != ScalarStyle::Plain => Value::String(text.to_owned()),
        _ => scalar::resolve(text),
    }
}

impl Tree {
    /// The document's root node.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// Whether the document holds nothing but blanks and comments.
    pub fn is_empty_document(&self, node: NodeId) -> bool {
        matches!(self.kind(node), Kind::Scalar(Value::Null))
    }

    /// The string under `key`, if the node is a mapping that has one.
    pub fn string_at(&self, node: NodeId, key: &str) -> Option<Cow<'_, str>> {
        match self.kind(self.child(node, key)?) {
            Kind::Scalar(Value::String(text)) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self, node: NodeId) -> Vec<NodeId> {
        match self.kind(node) {
            Kind::Sequence(items) => items.clone(),
            _ => Vec::new(),
        }
    }

    /// The value under `key`, as Kubernetes finds it: merges included, the last one wins.
    pub fn child(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.pair(node, key).map(|(_, value)| value)
    }

    fn pair(&self, node: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let Kind::Mapping(pairs) = self.kind(node) else { return None };
        pairs.iter().rev().find_map(|(name, value)| {
            if self.is_merge(*name) {
                return self.merged(*value).into_iter().find_map(|source| self.pair(source, key));
            }
            (self.key_text(*name).as_deref() == Some(key)).then_some((*name, *value))
        })
    }

    /// The mappings that a `<<` names, the strongest first.
    pub(super) fn merged(&self, node: NodeId) -> Vec<NodeId> {
        match self.kind(node) {
            Kind::Sequence(items) => items.clone(),
            _ => vec![node],
        }
    }

    fn resolve(&self, mut node: NodeId) -> NodeId {
        while let Kind::Alias(target) = &self.nodes[node.0].kind {
            node = *target;
        }
        node
    }

    pub(super) fn kind(&self, node: NodeId) -> &Kind {
        &self.nodes[self.resolve(node).0].kind
    }

    pub(super) fn is_merge(&self, key: NodeId) -> bool {
        let node = &self.nodes[key.0];
        // A quoted "<<" is longer than two bytes: it is an ordinary key, as it is to Kubernetes.
        node.range.len() == 2 && matches!(&node.kind, Kind::Scalar(Value::String(text)) if text == "<<")
    }

    /// A key as the JSON that Kubernetes makes of it: numbers and booleans become strings.
    pub(super) fn key_text(&self, key: NodeId) -> Option<Cow<'_, str>> {
        match self.kind(key) {
            Kind::Scalar(Value::String(text)) => Some(Cow::Borrowed(text)),
            Kind::Scalar(value @ (Value::Number(_) | Value::Bool(_))) => Some(Cow::Owned(value.to_string())),
            _ => None,
        }
    }

    /// The bytes to show for a pointer. Where it leads to nothing, its nearest parent that exists is shown.
    pub fn locate(&self, pointer: &str, part: Part) -> Range<usize> {
        let mut node = self.root;
        let mut key = None;
        let mut found = true;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let next = match self.kind(node) {
                Kind::Mapping(_) => self.pair(node, &segment).map(|(name, value)| (Some(name), value)),
                Kind::Sequence(items) => {
                    segment.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (None, *item))
                }
                _ => None,
            };
            let Some((name, value)) = next else {
                found = false;
                break;
            };
            (key, node) = (name, value);
        }
        let value = &self.nodes[node.0];
        let is_leaf = !matches!(value.kind, Kind::Sequence(_) | Kind::Mapping(_)) && !value.range.is_empty();
        match key {
            Some(key) if part == Part::Key || !found || !is_leaf => self.nodes[key.0].range.clone(),
            _ if is_leaf => value.range.clone(),
            _ => self.head(node),
        }
    }

    /// What to show of a collection that has no key: its first line's worth.
    pub(super) fn head(&self, node: NodeId) -> Range<usize> {
        match &self.nodes[self.resolve(node).0].kind {
            Kind::Mapping(pairs) if !pairs.is_empty() => {
                let (key, value) = pairs[0];
                let (key, value) = (&self.nodes[key.0], &self.nodes[value.0]);
                let is_leaf = matches!(value.kind, Kind::Scalar(_)) && !value.range.is_empty();
                key.range.start..if is_leaf { value.range.end } else { key.range.end }
            }
            Kind::Sequence(items) if !items.is_empty() => self.head(items[0]),
            _ => self.nodes[node.0].range.clone(),
        }
    }

    /// The bytes of every value that stands under a key for which `is_secret` holds, however deep.
    pub fn ranges_under(&self, is_secret: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        for node in &self.nodes {
            let Kind::Mapping(pairs) = &node.kind else { continue };
            for (key, value) in pairs {
                if self.key_text(*key).is_some_and(|key| is_secret(&key)) {
                    ranges.push(self.nodes[value.0].range.clone());
                    ranges.push(self.nodes[self.resolve(*value).0].range.clone());
                }
            }
        }
        ranges
    }
}
