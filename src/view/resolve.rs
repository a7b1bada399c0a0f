//! Places to positions: done once, at the end, for everything that was found.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::Serialize;

use super::lines::{Lines, floor};
use super::secrets::{Secrets, scrub};
use crate::base::diagnostic::{Diagnostic, Place, Severity};
use crate::base::place::DocumentId;
use crate::base::report::Report;
use crate::read::document::syntax::{self, Tree};
use crate::read::source::{Source, SourceId, Sources};

/// A finding as every output format gets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// The rule's code.
    pub code: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// How severe.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
    /// Other places that belong to it.
    pub related: Vec<Related>,
}

/// A further place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What it is.
    pub message: String,
}

/// A file, and a position in it unless the file has none to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// The path as the user would write it.
    pub file: String,
    /// The position.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A stretch of a file, with the lines that it is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// The first line, from 1.
    pub line: usize,
    /// The first column, from 1, in characters.
    pub column: usize,
    /// The last line, from 1.
    pub end_line: usize,
    /// The column after the last character, from 1, in characters.
    pub end_column: usize,
    /// The lines themselves, with secrets blanked out; of long ones a part.
    #[serde(skip)]
    pub snippet: String,
    /// Where to underline in the snippet, in bytes.
    #[serde(skip)]
    pub underline: (usize, usize),
    /// Whether the snippet begins within a line: the line is long.
    #[serde(skip)]
    pub is_cut: bool,
}

/// Looks up every finding's position. The result is sorted by place and code, and has nothing twice.
pub fn resolve(report: &Report, sources: &Sources) -> Vec<Resolved> {
    distinct(&resolve_each(report, sources))
}

/// The findings of [`resolve_each`] by themselves: sorted by place and code, and nothing twice.
pub fn distinct(found: &[(&Diagnostic, Resolved)]) -> Vec<Resolved> {
    let mut resolved: Vec<Resolved> = found.iter().map(|(_, resolved)| resolved.clone()).collect();
    resolved.sort();
    resolved.dedup();
    resolved
}

/// Looks up every finding's position, and keeps the finding beside it.
pub fn resolve_each<'a>(report: &'a Report, sources: &Sources) -> Vec<(&'a Diagnostic, Resolved)> {
    let found: Vec<&Diagnostic> = report.diagnostics().collect();
    let places: Vec<&Place> = found.iter().flat_map(|it| places_of(it)).collect();
    let (locations, secrets) = look_up(&places, sources);
    let mut locations = places.into_iter().zip(locations);
    let resolved = found.into_iter().map(|diagnostic| {
        let own: Vec<(&Place, Location)> = locations.by_ref().take(1 + diagnostic.related.len()).collect();
        let texts = own.iter().filter_map(|(place, _)| secrets.get(&source_of(place)?));
        let texts: Vec<&HashSet<String>> = texts.collect();
        let words = |text: &str| in_one_line(&scrub(text, &texts));
        let mut own = own.into_iter().map(|(_, location)| location);
        let resolved = Resolved {
            location: own.next().unwrap_or_default(),
            code: diagnostic.rule.code,
            name: diagnostic.rule.name,
            severity: diagnostic.severity,
            message: words(&diagnostic.message),
            help: words(&diagnostic.help),
            related: own
                .zip(&diagnostic.related)
                .map(|(location, (_, message))| Related { location, message: words(message) })
                .collect(),
        };
        (diagnostic, resolved)
    });
    resolved.collect()
}

/// Looks up the positions of places.
pub fn locate<'a>(places: impl IntoIterator<Item = &'a Place>, sources: &Sources) -> Vec<Location> {
    look_up(&places.into_iter().collect::<Vec<_>>(), sources).0
}

/// The secrets of one text, for words about it that no finding has.
#[derive(Debug)]
pub struct Redactor(HashSet<String>);

impl Redactor {
    /// What knows the secrets of a text.
    pub fn of(text: &str) -> Self {
        let trees: Vec<Option<Tree>> = syntax::documents(text).map(Result::ok).collect();
        Self(Secrets::of(text, &trees).texts)
    }

    /// The words without them, on one line.
    pub fn line(&self, words: &str) -> String {
        in_one_line(&scrub(words, &[&self.0]))
    }
}

impl std::fmt::Display for Location {
    /// `file:line:column`, as editors open it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.file)?;
        match &self.position {
            Some(position) => write!(formatter, ":{}:{}", position.line, position.column),
            None => Ok(()),
        }
    }
}

fn places_of(diagnostic: &Diagnostic) -> impl Iterator<Item = &Place> {
    std::iter::once(&diagnostic.place).chain(diagnostic.related.iter().map(|(place, _)| place))
}

fn source_of(place: &Place) -> Option<SourceId> {
    match place {
        Place::Path(_) => None,
        Place::Span { source, .. } | Place::Node { document: DocumentId { source, .. }, .. } => Some(*source),
    }
}

/// The locations of places, and the secrets of the texts that they are in. A text is parsed once more for all its places, and only the
/// positions are kept.
fn look_up(places: &[&Place], sources: &Sources) -> (Vec<Location>, HashMap<SourceId, HashSet<String>>) {
    let mut by_source: BTreeMap<SourceId, Vec<usize>> = BTreeMap::new();
    let mut locations = vec![Location::default(); places.len()];
    for (number, place) in places.iter().enumerate() {
        match (place, source_of(place)) {
            (_, Some(source)) => by_source.entry(source).or_default().push(number),
            (Place::Path(path), None) => locations[number].file.clone_from(path),
            // Only a path has no source.
            (_, None) => {}
        }
    }
    let look_up = |(id, numbers): (SourceId, Vec<usize>)| {
        let Source { path, text, .. } = sources.get(id);
        let parsed = Parsed::of(text);
        let location = |number: usize| Location { file: path.clone(), position: Some(parsed.position(places[number])) };
        let found: Vec<(usize, Location)> = numbers.into_iter().map(|number| (number, location(number))).collect();
        (id, found, parsed.secrets.texts)
    };
    let by_source: Vec<_> = by_source.into_iter().collect();
    let found: Vec<_> = by_source.into_par_iter().map(look_up).collect();
    let mut secrets = HashMap::new();
    for (id, found, texts) in found {
        secrets.insert(id, texts);
        for (number, location) in found {
            locations[number] = location;
        }
    }
    (locations, secrets)
}

struct Parsed<'t> {
    text: &'t str,
    trees: Vec<Option<Tree>>,
    lines: Lines<'t>,
    secrets: Secrets,
}

impl<'t> Parsed<'t> {
    fn of(text: &'t str) -> Self {
        let trees: Vec<Option<Tree>> = syntax::documents(text).map(Result::ok).collect();
        let secrets = Secrets::of(text, &trees);
        Self { text, trees, lines: Lines::of(text), secrets }
    }

    fn position(&self, place: &Place) -> Position {
        let range = match place {
            Place::Path(_) => 0..0,
            Place::Span { range, .. } => range.clone(),
            Place::Node { document, pointer, part, .. } => {
                let tree = self.trees.get(document.index as usize).and_then(Option::as_ref);
                tree.map(|tree| tree.locate(pointer, *part)).unwrap_or_default()
            }
        };
        let start = floor(self.text, range.start);
        let end = floor(self.text, range.end).max(start);
        let (first, last) = (self.lines.spot(start), self.lines.spot(end));
        let shown = self.lines.shown(&(start..end));
        let (snippet, underline) = self.secrets.veil(self.text, &shown, &(start..end));
        Position {
            line: first.line,
            column: first.column,
            end_line: last.line,
            end_column: last.column,
            is_cut: self.lines.is_cut(&shown),
            underline,
            snippet,
        }
    }
}

/// A message on one line: some formats would begin another with what follows a line break.
fn in_one_line(message: &str) -> String {
    message.replace(['\n', '\r'], " ")
}
