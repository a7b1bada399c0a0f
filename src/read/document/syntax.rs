//! One YAML document as the parser saw it: nodes with their places, aliases not yet expanded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Value;

use super::limits::{Extent, MAX_DEPTH, NESTED_TOO_DEEP};
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
    /// What its aliases add, and the first of them; none if it has no alias.
    aliased: Option<(Extent, Range<usize>)>,
}

/// Parses a text into its documents.
pub fn parse(text: &str) -> Vec<Result<Tree, Problem>> {
    documents(text).collect()
}

/// The documents of a text, one after the other. After a syntax error the next document is looked for, so that one broken
/// document hides no other.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Tree, Problem>> {
    let options = granit_parser::options! { emit_unresolved_aliases: true };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::default();
    let mut is_done = false;
    std::iter::from_fn(move || {
        while !is_done {
            match parser.next_event()? {
                Ok((Event::DocumentStart(..), _)) => builder = Builder::default(),
                Ok((Event::DocumentEnd, _)) => return Some(std::mem::take(&mut builder).finish()),
                Ok((event, span)) => builder.event(&event, &span, text),
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                    builder = Builder::default();
                    is_done = !matches!(parser.proceed_next_document(), Ok(true));
                    return Some(Err(syntax_error(&error, at, text)));
                }
            }
        }
        None
    })
}

fn syntax_error(error: &granit_parser::ScanError, at: usize, text: &str) -> Problem {
    if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
        return too_deep(at..at);
    }
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
    open: Vec<Open>,
    /// What anchors name, and how large it is; none while it is open.
    anchors: HashMap<usize, (NodeId, Option<Extent>)>,
    aliased: Option<(Extent, Range<usize>)>,
    root: Option<NodeId>,
    problem: Option<Problem>,
}

/// A collection that is open.
struct Open {
    node: NodeId,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<NodeId>,
    /// What stands in it so far.
    extent: Extent,
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
                let extent = Extent::of_scalar(value.len());
                let id = self.node(kind, range);
                self.close(id, *anchor, extent);
            }
            Event::SequenceStart(_, anchor, _) => self.open(Kind::Sequence(Vec::new()), range, *anchor),
            Event::MappingStart(_, anchor, _) => self.open(Kind::Mapping(Vec::new()), range, *anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { node, anchor, extent, .. }) = self.open.pop() {
                    // Block collections end where the next token begins: leave out the blank lines and comments between.
                    let start = self.nodes[node.0].range.start;
                    let end = range.end.max(start).min(text.len());
                    self.nodes[node.0].range.end = start + text[start..end].trim_end().len();
                    self.close(node, anchor, extent.closed());
                }
            }
            Event::Alias(anchor) => match self.anchors.get(anchor).copied() {
                Some((target, Some(extent))) => self.alias(target, extent, range),
                Some((_, None)) => {
                    self.problem(&ALIAS_LIMIT, range.clone(), "the alias stands for something that contains it");
                    self.node(Kind::Scalar(Value::Null), range);
                }
                None => self.unknown_alias(range),
            },
            Event::UnresolvedAlias(_) => self.unknown_alias(range),
            _ => {}
        }
    }

    fn unknown_alias(&mut self, range: Range<usize>) {
        // The name is not repeated: an unquoted password may begin with `*`.
        self.problem(&INVALID_YAML, range.clone(), "is no valid YAML: the alias has no anchor");
        self.node(Kind::Scalar(Value::Null), range);
    }

    fn alias(&mut self, target: NodeId, extent: Extent, range: Range<usize>) {
        let (aliased, _) = self.aliased.get_or_insert_with(|| (Extent::default(), range.clone()));
        aliased.add(extent);
        if aliased.is_too_large() {
            let message = "the aliases of this document stand for more than 100,000 values or 8 MiB of text";
            self.problem(&ALIAS_LIMIT, range.clone(), message);
        }
        if self.open.len() as u64 + u64::from(extent.depth) > u64::from(MAX_DEPTH) {
            self.too_deep(range.clone());
        }
        let id = self.node(Kind::Alias(target), range);
        self.close(id, 0, extent);
    }

    fn open(&mut self, kind: Kind, range: Range<usize>, anchor: usize) {
        if self.open.len() as u64 >= u64::from(MAX_DEPTH) {
            self.too_deep(range.clone());
        }
        let node = self.node(kind, range);
        if anchor != 0 {
            self.anchors.insert(anchor, (node, None));
        }
        self.open.push(Open { node, anchor, key: None, extent: Extent::default() });
    }

    /// A node is complete: what it stands in grows by it.
    fn close(&mut self, node: NodeId, anchor: usize, extent: Extent) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node, Some(extent)));
        }
        if let Some(parent) = self.open.last_mut() {
            parent.extent.add(extent);
        }
    }

    fn too_deep(&mut self, range: Range<usize>) {
        self.problem.get_or_insert_with(|| too_deep(range));
    }

    fn problem(&mut self, rule: &'static Rule, range: Range<usize>, message: &str) {
        let help = "write the value out, or put it in quotes if the `*` belongs to it".to_owned();
        self.problem.get_or_insert(Problem { rule, range, message: message.to_owned(), help, first: None });
    }

    fn node(&mut self, kind: Kind, range: Range<usize>) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { kind, range });
        match self.open.last_mut() {
            None => drop(self.root.get_or_insert(id)),
            Some(Open { node, key, .. }) => match &mut self.nodes[node.0].kind {
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
        Ok(Tree { nodes: self.nodes, root, aliased: self.aliased })
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

fn too_deep(range: Range<usize>) -> Problem {
    Problem {
        rule: &NESTED_TOO_DEEP,
        range,
        message: format!("the document is nested deeper than {MAX_DEPTH} levels"),
        help: "check the brackets, or leave the file out with --exclude".to_owned(),
        first: None,
    }
}

impl Tree {
    /// The document's root node.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// What its aliases add, and the first of them; none if it has no alias.
    pub(super) fn aliased(&self) -> Option<&(Extent, Range<usize>)> {
        self.aliased.as_ref()
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
}
