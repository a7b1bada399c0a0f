//! Places to positions: done once, at the end, for everything that was found.

use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;

use crate::base::diagnostic::{Diagnostic, Place, Severity};
use crate::base::report::Report;
use crate::base::spelling::nearest;
use crate::read::document::syntax::{self, Tree};
use crate::read::source::{SourceId, Sources};

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
    /// The lines themselves, with secrets blanked out.
    #[serde(skip)]
    pub snippet: String,
    /// Where to underline in the snippet, in bytes.
    #[serde(skip)]
    pub underline: (usize, usize),
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
    let mut resolver = Resolver { sources, parsed: HashMap::new() };
    report.diagnostics().iter().map(|it| (it, resolver.diagnostic(it))).collect()
}

/// Looks up the positions of places.
pub fn locate<'a>(places: impl IntoIterator<Item = &'a Place>, sources: &Sources) -> Vec<Location> {
    let mut resolver = Resolver { sources, parsed: HashMap::new() };
    places.into_iter().map(|place| resolver.location(place)).collect()
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

struct Parsed {
    trees: Vec<Option<Tree>>,
    secrets: Vec<Range<usize>>,
    line_starts: Vec<usize>,
}

struct Resolver<'a> {
    sources: &'a Sources,
    parsed: HashMap<SourceId, Parsed>,
}

impl Resolver<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) -> Resolved {
        Resolved {
            location: self.location(&diagnostic.place),
            code: diagnostic.rule.code,
            name: diagnostic.rule.name,
            severity: diagnostic.severity,
            message: redact(&diagnostic.message),
            help: redact(&diagnostic.help),
            related: diagnostic
                .related
                .iter()
                .map(|(place, message)| Related { location: self.location(place), message: redact(message) })
                .collect(),
        }
    }

    fn location(&mut self, place: &Place) -> Location {
        let (source, range) = match place {
            Place::Path(path) => return Location { file: path.clone(), position: None },
            Place::Span { source, range } => (*source, range.clone()),
            Place::Node { document, pointer, part, .. } => {
                let parsed = self.parsed(document.source);
                let tree = parsed.trees.get(document.index as usize).and_then(Option::as_ref);
                (document.source, tree.map(|tree| tree.locate(pointer, *part)).unwrap_or_default())
            }
        };
        let file = self.sources.get(source).path.clone();
        let text = self.sources.get(source).text.as_str();
        let parsed = self.parsed(source);
        Location { file, position: Some(position(text, parsed, range)) }
    }

    fn parsed(&mut self, source: SourceId) -> &Parsed {
        let sources = self.sources;
        self.parsed.entry(source).or_insert_with(|| parse(&sources.get(source).text))
    }
}

fn parse(text: &str) -> Parsed {
    let trees: Vec<Option<Tree>> = syntax::parse(text).into_iter().map(Result::ok).collect();
    let secrets = trees.iter().flatten().flat_map(|tree| tree.ranges_under(holds_secrets)).collect();
    let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    Parsed { trees, secrets, line_starts: std::iter::once(0).chain(newlines).collect() }
}

/// Whether what stands under a key is nobody's to see. A misspelt key counts as the one it was meant to be.
pub fn holds_secrets(key: &str) -> bool {
    let key = key.to_lowercase();
    ["pass", "pwd", "secret", "token", "cloudinit", "hash"].iter().any(|word| key.contains(word))
        || nearest(&key, &["password", "cloudinituser"]).is_some()
}

fn position(text: &str, parsed: &Parsed, range: Range<usize>) -> Position {
    let start = floor(text, range.start);
    let end = floor(text, range.end).max(start);
    let line_at = |at: usize| parsed.line_starts.partition_point(|line_start| *line_start <= at) - 1;
    let (first, last) = (line_at(start), line_at(end));
    let column = |line: usize, at: usize| text[parsed.line_starts[line]..at].chars().count() + 1;

    let snippet_start = parsed.line_starts[first];
    let snippet_end = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
    let snippet = blank_secrets(text, snippet_start..snippet_end, &parsed.secrets);
    Position {
        line: first + 1,
        column: column(first, start),
        end_line: last + 1,
        end_column: column(last, end),
        underline: ((start - snippet_start).min(snippet.len()), (end - snippet_start).min(snippet.len())),
        snippet,
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Lines of a text with every secret replaced by asterisks, byte for byte, so that underlines still fit.
///
/// The tree knows the secrets of a document that can be parsed. For one that cannot, and for what a broken line may
/// hide, the rest of every line is blanked behind a key that speaks of passwords.
fn blank_secrets(text: &str, lines: Range<usize>, secrets: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes()[lines.clone()].to_vec();
    for secret in secrets {
        let (start, end) = (secret.start.max(lines.start), secret.end.min(lines.end));
        if start < end {
            blank(&mut bytes[start - lines.start..end - lines.start]);
        }
    }
    let mut at = 0;
    for line in text[lines.clone()].split_inclusive('\n') {
        if let Some(secret) = secret_of_line(&text[..lines.start + at], line) {
            blank(&mut bytes[at + secret..at + line.len()]);
        }
        at += line.len();
    }
    // The carriage returns of Windows' line ends would be shown as a symbol.
    bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b' ');
    String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned()
}

/// Where the secret of a line begins, told by its words alone: behind a key that speaks of passwords, or at once on a line
/// that is indented below such a key.
fn secret_of_line(before: &str, line: &str) -> Option<usize> {
    if let Some(word) = password_word(line) {
        if let Some(colon) = line[word.start..].find([':', '=']) {
            return Some(word.start + colon + 1);
        }
        // `password hunter2`, where the colon was forgotten, and `passwordhunter2`.
        let is_known = ["password", "passwordhash", "passwd", "pwd"].contains(&&*line[word.clone()].to_lowercase());
        return Some(if is_known { word.end } else { word.start + 3 });
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(line);
    let parent = before.lines().rev().find(|it| !it.trim().is_empty() && indent(it) < own)?;
    password_word(parent).map(|_| 0)
}

/// The first word that begins as one for a password does.
fn password_word(text: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let start = ["passw", "pwd"].iter().filter_map(|word| lower.find(word)).min()?;
    let rest = &text[start..];
    Some(start..start + rest.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(rest.len()))
}

/// A message in which a value has brought a password along: a quote that is not closed takes in the lines that follow.
fn redact(message: &str) -> String {
    let mut bytes = message.as_bytes().to_vec();
    if let Some(word) = password_word(message) {
        let separator = message[word.end..].trim_start_matches(['"', '\'', '\\', ' ']);
        if separator.starts_with([':', '=']) {
            blank(&mut bytes[message.len() - separator.len() + 1..]);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if !byte.is_ascii_whitespace() {
            *byte = b'*';
        }
    }
}
