//! YAML text to documents: values as Kubernetes reads them, and where every key and value stands.
//!
//! Kubernetes parses YAML with `sigs.k8s.io/yaml`, which is go-yaml v2 and so mostly YAML 1.1: `yes` is a boolean,
//! `014` is 12, `<<` merges. A Wukong must mean to us what it means to the cluster, so [`scalar`] follows go-yaml
//! (checked against `kubectl label --local -o json`), and [`syntax`] keeps what the parser saw. `granit-parser` is at
//! home here.
//!
//! Positions are not kept: the text is, and a document that has a finding is parsed once more for its positions.

pub mod confidential;
mod limits;
mod scalar;
pub mod syntax;
mod value;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::Value;

use crate::base::diagnostic::{Diagnostic, Findings, Origin, Place};
use crate::base::few::{Few, MOST_OF_AN_OBJECT};
use crate::base::progress::{Activity, Progress};
use crate::read::source::{SourceId, Sources};
use crate::rule;

use limits::{Allowance, Extent};

pub use crate::base::place::DocumentId;

pub use limits::NESTED_TOO_DEEP;
pub use scalar::reads_as_string;

rule! {
    /// The text is no valid YAML.
    ///
    /// Nothing of the broken document is used; the other documents of the file are still checked. Kubernetes would
    /// refuse the file too.
    ///
    /// ## Example
    /// ```yaml
    /// networks:
    ///   - name: external
    ///   type: bridge        # one blank short: neither part of the item nor of the list
    /// ```
    ///
    /// ## Way out
    /// Correct the place that is shown, or the line above it. Templates (Helm's, for one) are no YAML until they are
    /// rendered: leave them out with `--exclude GLOB`.
    pub INVALID_YAML = "WK004", "invalid-yaml", Error;
}

rule! {
    /// A mapping has the same key twice.
    ///
    /// Most parsers silently take the last one; the API server refuses the object. Both places are shown. Keys are
    /// compared as Kubernetes reads them: `yes` and `"true"` are the same key.
    ///
    /// ## Way out
    /// Delete one of the two.
    pub DUPLICATE_KEY = "WK005", "duplicate-key", Error;
}

rule! {
    /// Aliases expand to too much, or to themselves.
    ///
    /// A few lines of nested aliases can stand for gigabytes. Aliases of one document may add at most 100,000 values and 8 MiB of
    /// text. Those of a run may add as much, and one value and eight bytes more for every eight bytes of input.
    ///
    /// ## Way out
    /// Write the values out.
    pub ALIAS_LIMIT = "WK006", "alias-limit", Error;
}

/// A Kubernetes object of a kind that matters here, as Kubernetes reads it.
#[derive(Debug)]
pub struct Document {
    /// Where it is: a whole document, or an item of a list.
    pub origin: Origin,
    /// Its value.
    pub value: Value,
}

/// What the texts hold.
#[derive(Debug, Default)]
pub struct Documents {
    /// The objects of kinds that matter, lists unpacked.
    pub objects: Vec<Document>,
    /// How many documents of which other kind were passed over; `no kind` for what is no Kubernetes object.
    pub ignored: BTreeMap<String, usize>,
}

/// Parses every source. A document that cannot be parsed is a finding and hides no other.
///
/// `wanted` says, for an apiVersion and a kind (empty where there is none), whether the object matters.
pub fn parse(
    sources: &Sources,
    wanted: impl Fn(&str, &str) -> bool + Sync,
    progress: &Progress,
    findings: &mut Findings,
) -> Documents {
    parse_some(sources, sources.ids().collect(), wanted, progress, findings)
}

/// Parses some of the sources, as [`parse`] does all of them.
pub fn parse_some(
    sources: &Sources,
    ids: Vec<SourceId>,
    wanted: impl Fn(&str, &str) -> bool + Sync,
    progress: &Progress,
    findings: &mut Findings,
) -> Documents {
    progress.begin(Activity::Parsing, ids.len());
    let text = |id: SourceId| sources.get(id).text.as_str();
    let mut allowance = Allowance::of(ids.iter().map(|id| text(*id).len() as u64).sum());
    let parsed: Vec<Parsed> = ids
        .par_iter()
        .map(|id| parse_source(*id, text(*id), &wanted, Aliases::Later))
        .inspect(|_| progress.step())
        .collect();
    // What aliases add is taken from one allowance for all texts, in their order.
    let with_aliases = |parsed: Parsed| match &parsed.aliased {
        None => parsed,
        Some((added, _)) if allowance.take(*added) => parsed,
        Some((_, first)) => Parsed::over_allowance(first.clone()),
    };
    let parsed: Vec<Parsed> = parsed.into_iter().map(with_aliases).collect();
    let parsed: Vec<Parsed> = ids
        .into_par_iter()
        .zip(parsed)
        .map(|(id, parsed)| match parsed.aliased {
            Some(_) => parse_source(id, text(id), &wanted, Aliases::Now),
            None => parsed,
        })
        .collect();
    let mut documents = Documents::default();
    for Parsed { documents: part, diagnostics, .. } in parsed {
        documents.objects.extend(part.objects);
        for (kind, count) in part.ignored {
            *documents.ignored.entry(kind).or_default() += count;
        }
        findings.extend(diagnostics);
    }
    documents
}

/// What a text holds.
#[derive(Default)]
struct Parsed {
    documents: Documents,
    diagnostics: Vec<Diagnostic>,
    /// What the aliases of its documents would add, and where the first of them is, if they are still to be expanded.
    aliased: Option<(Extent, Place)>,
}

/// When the aliases of a text are expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aliases {
    /// Once it is known what those of all texts add.
    Later,
    Now,
}

impl Parsed {
    fn over_allowance(first: Place) -> Self {
        let message = "the aliases of this run stand for more than its inputs may add";
        let finding =
            Diagnostic::new(&ALIAS_LIMIT, first, message, "write the values out, or leave the file out with --exclude");
        Self { diagnostics: vec![finding], ..Self::default() }
    }
}

fn parse_source(source: SourceId, text: &str, wanted: &impl Fn(&str, &str) -> bool, aliases: Aliases) -> Parsed {
    let mut documents = Documents::default();
    let mut found = Few::new(MOST_OF_AN_OBJECT);
    let mut aliased: Option<(Extent, Place)> = None;
    for (index, parsed) in syntax::documents(text).enumerate() {
        let tree = match parsed {
            Ok(tree) => tree,
            Err(problem) => {
                found.push(problem_in(source, problem));
                continue;
            }
        };
        if let Some((added, first)) = tree.aliased().filter(|_| aliases == Aliases::Later) {
            let place = || Place::Span { source, range: first.clone() };
            aliased.get_or_insert_with(|| (Extent::default(), place())).0.add(*added);
        }
        // A text with aliases is read again: nothing of it is kept now.
        if aliased.is_some() {
            continue;
        }
        // A file of 64 MiB has fewer than 2^32 documents.
        let id = DocumentId { source, index: u32::try_from(index).unwrap_or(u32::MAX) };
        let mut reader = Reader { tree: &tree, id, wanted, documents: &mut documents, count: 0, problems: Vec::new() };
        reader.object(tree.root(), String::new());
        reader.problems.into_iter().for_each(|problem| found.push(problem_in(source, problem)));
    }
    match aliased {
        Some(_) => Parsed { aliased, ..Parsed::default() },
        None => Parsed { documents, diagnostics: found.into_list(), aliased: None },
    }
}

fn problem_in(source: SourceId, problem: syntax::Problem) -> Diagnostic {
    let place = Place::Span { source, range: problem.range };
    let diagnostic = Diagnostic::new(problem.rule, place, problem.message, problem.help);
    match problem.first {
        Some(range) => diagnostic.with_related(Place::Span { source, range }, "it stands here already"),
        None => diagnostic,
    }
}

struct Reader<'a, W> {
    tree: &'a syntax::Tree,
    id: DocumentId,
    wanted: &'a W,
    documents: &'a mut Documents,
    /// How many objects of the document are known.
    count: u32,
    problems: Vec<syntax::Problem>,
}

impl<W: Fn(&str, &str) -> bool> Reader<'_, W> {
    /// Takes the object at `node`: unpacks a list, keeps a kind that matters, counts any other.
    fn object(&mut self, node: syntax::NodeId, pointer: String) {
        if self.tree.is_empty_document(node) {
            return;
        }
        let kind = self.tree.string_at(node, "kind").unwrap_or_default();
        let api_version = self.tree.string_at(node, "apiVersion").unwrap_or_default();
        // `List` is kubectl's, and every kind has one of its own, such as `WukongList`.
        let is_list = kind.ends_with("List");
        if let Some(items) = self.tree.child(node, "items").filter(|_| is_list) {
            for (index, item) in self.tree.items(items).into_iter().enumerate() {
                self.object(item, format!("{pointer}/items/{index}"));
            }
        } else if is_list {
            // An empty list has nothing to read.
        } else if (self.wanted)(&api_version, &kind) {
            match self.tree.value(node) {
                Ok(value) => {
                    let origin = Origin::of_object(self.id, self.count, pointer);
                    self.count += 1;
                    self.documents.objects.push(Document { origin, value });
                }
                Err(problems) => self.problems.extend(problems),
            }
        } else {
            let kind = if kind.is_empty() { "no kind".to_owned() } else { kind.into_owned() };
            *self.documents.ignored.entry(kind).or_default() += 1;
        }
    }
}
