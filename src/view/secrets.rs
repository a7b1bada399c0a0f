//! Which bytes of a text must not be shown: the one place that decides, before any format sees the text.
//!
//! In a document that can be parsed, its tree tells what stands under a key that holds secrets. In one that cannot, nothing tells where a
//! value ends: if a word for a secret stands anywhere in the text, its lines are shown by the keys alone that the schemas know.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use serde_json::Value;

use super::lines::floor;
use crate::base::printable;
use crate::base::secrets::{has_word_for_secret, holds_secrets, mentions_secret, names_a_secret, shown_key, words};
use crate::read::document::confidential::{Confidential, Scalars, Secrecy};
use crate::read::document::syntax::Tree;
use crate::read::schema::SchemaKind;

/// Shorter secrets are not looked for in messages: too many words are as short.
const SHORTEST: usize = 5;
/// How many words of one secret are looked for in messages.
const MOST_WORDS: usize = 1000;
/// How long secrets are, and up to how many of them, that are looked for within words, too.
const LONG: usize = 8;
const FEW: usize = 200;
/// How many lines of comments above one are looked at.
const LINES_ABOVE: usize = 20;
/// What a message has in place of a secret.
const HIDDEN: &str = "***";

/// What of one text must not be shown.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Its bytes, in order.
    hidden: Vec<Range<usize>>,
    /// The scalars that may be read, in order: a `#` in them begins no comment.
    scalars: Vec<Range<usize>>,
    /// The documents of which the tree tells.
    told: Vec<Range<usize>>,
    /// Whether, outside of those documents, keys alone are shown.
    is_doubtful: bool,
    /// The secrets themselves, and their words: no message repeats them.
    pub(super) texts: HashSet<String>,
}

impl Secrets {
    /// What must not be shown of a text with these documents; none for one that cannot be parsed.
    pub(super) fn of(text: &str, documents: &[Option<Tree>]) -> Self {
        let mut secrets = Self::default();
        for tree in documents.iter().flatten() {
            let Scalars { open, hidden, secrets: found } = tree.scalars(&Rules);
            secrets.told.push(tree.range());
            secrets.scalars.extend(open);
            secrets.hidden.extend(hidden);
            for secret in found {
                secrets.remember(&secret);
            }
        }
        for ranges in [&mut secrets.told, &mut secrets.scalars, &mut secrets.hidden] {
            ranges.retain(|range| !range.is_empty());
            ranges.sort_by_key(|range| range.start);
        }
        secrets.is_doubtful = documents.iter().any(Option::is_none) && has_word_for_secret(text);
        secrets
    }

    fn remember(&mut self, secret: &str) {
        let lines = secret.lines().map(str::trim);
        let parts = std::iter::once(secret).chain(lines).chain(secret.split_whitespace()).chain(words(secret));
        let is_long = |part: &&str| part.chars().count() >= SHORTEST && !is_known(part);
        self.texts.extend(parts.filter(is_long).take(MOST_WORDS).map(str::to_owned));
    }

    /// A stretch of the text with what must not be shown replaced by asterisks, and what would act where it is read by a sign; and where in
    /// it a part of the text stands.
    pub(super) fn veil(&self, text: &str, shown: &Range<usize>, part: &Range<usize>) -> (String, (usize, usize)) {
        let mut bytes = text.as_bytes()[shown.clone()].to_vec();
        let mut hide = |range: Range<usize>| {
            let (start, end) = (range.start.max(shown.start), range.end.min(shown.end));
            if start < end {
                let hidden = &mut bytes[start - shown.start..end - shown.start];
                hidden.iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b'*');
            }
        };
        overlapping(&self.hidden, shown).for_each(|range| hide(range.clone()));
        // The same word elsewhere is the same secret.
        let visible = &text[shown.clone()];
        for word in words(visible).filter(|word| self.texts.contains(*word)) {
            // A word is a part of the text.
            let start = shown.start + (word.as_ptr() as usize - visible.as_ptr() as usize);
            hide(start..start + word.len());
        }
        let mut at = shown.start;
        for line in text[shown.clone()].split_inclusive('\n') {
            let range = at..at + line.len();
            at = range.end;
            let content = range.start..range.start + line.trim_end().len();
            if self.is_doubtful {
                for untold in self.untold(&range) {
                    for part in but_keys(&text[untold.clone()]) {
                        hide(untold.start + part.start..untold.start + part.end);
                    }
                }
            }
            if let Some(comment) = self.comment(text, &content).filter(|_| self.is_near_secret(text, &content)) {
                hide(comment);
            }
        }
        // The carriage returns of Windows' line ends would be shown as a symbol.
        bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b' ');
        // Only complete characters are replaced.
        let veiled = String::from_utf8_lossy(&bytes);
        let veiled = veiled.trim_end();
        // A sign has other bytes than what it is for: those before the part are counted again.
        let moved = |at: usize| {
            let before = (at.max(shown.start) - shown.start).min(veiled.len());
            printable::text(&veiled[..floor(veiled, before)]).len()
        };
        (printable::text(veiled).into_owned(), (moved(part.start), moved(part.end)))
    }

    /// The parts of a line of which no tree tells.
    fn untold(&self, line: &Range<usize>) -> Vec<Range<usize>> {
        let mut told: Vec<&Range<usize>> = overlapping(&self.told, line).collect();
        told.reverse();
        let mut at = line.start;
        let mut parts = Vec::new();
        for range in told {
            parts.push(at..range.start.max(at));
            at = range.end.max(at);
        }
        parts.push(at.min(line.end)..line.end);
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// Whether the comment of a line may be about a secret: one stands on the line, or it has a word for one, or the comments and the line
    /// above it do.
    fn is_near_secret(&self, text: &str, line: &Range<usize>) -> bool {
        let mut line = line.clone();
        // Of a long line, what stands before is not looked at.
        let is_cut = line.start > 0 && text.as_bytes()[line.start - 1] != b'\n';
        if is_cut {
            return true;
        }
        for _ in 0..LINES_ABOVE {
            if has_word_for_secret(&text[line.clone()]) || overlapping(&self.hidden, &line).next().is_some() {
                return true;
            }
            let is_comment = text[line.clone()].trim_start().starts_with('#');
            if !is_comment || line.start == 0 {
                return false;
            }
            let end = line.start - 1;
            line = text[..end].rfind('\n').map_or(0, |newline| newline + 1)..end;
        }
        true
    }

    /// The comment of a line: from a `#` behind a blank, outside of scalars.
    fn comment(&self, text: &str, line: &Range<usize>) -> Option<Range<usize>> {
        let is_outside = |at: usize| {
            let here = at..at + 1;
            overlapping(&self.scalars, &here).chain(overlapping(&self.hidden, &here)).next().is_none()
        };
        let before = |at: usize| at == line.start || text.as_bytes()[at - 1].is_ascii_whitespace();
        let mut marks = text[line.clone()].match_indices('#').map(|(at, _)| line.start + at);
        marks.find(|at| before(*at) && is_outside(*at)).map(|at| at..line.end)
    }
}

/// The ranges of an ordered list that overlap with one.
fn overlapping<'a>(ranges: &'a [Range<usize>], with: &Range<usize>) -> impl Iterator<Item = &'a Range<usize>> {
    // A range may hold others: those that begin before may reach in. They are few, because scalars hold nothing.
    let end = ranges.partition_point(|range| range.start < with.end);
    let with = with.clone();
    ranges[..end].iter().rev().take_while(move |range| range.end > with.start)
}

/// What a tree is told of keys and scalars.
struct Rules;

impl Confidential for Rules {
    fn under(&self, key: &str) -> Secrecy {
        // Most keys are those of the schemas, and need no search.
        match !is_open(key) && holds_secrets(key) {
            true if names_a_secret(key) => Secrecy::Reference,
            true => Secrecy::Secret,
            false => Secrecy::Open,
        }
    }

    fn is_secret_key(&self, key: &str) -> bool {
        let shown = shown_key(key);
        shown != key && holds_secrets(&shown)
    }

    fn is_secret_scalar(&self, scalar: &str) -> bool {
        mentions_secret(scalar)
    }

    fn is_known(&self, key: &str) -> bool {
        is_known(key)
    }
}

/// The parts of a line that are not a key of ours, without its indent and the dash of an item.
fn but_keys(line: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut at = line.len() - line.trim_start_matches([' ', '-']).len();
    for word in words(line) {
        // A word is a part of the line.
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        let end = start + word.len();
        let rest = line[end..].trim_start_matches(['"', '\'']).trim_start();
        if rest.starts_with(':') && is_known(word) && start >= at {
            hidden.push(at..start);
            at = line.len() - rest.len() + 1;
        }
    }
    hidden.push(at..line.len());
    hidden
}

/// Whether a word is known, and is not a key that holds secrets.
fn is_open(word: &str) -> bool {
    static OPEN: LazyLock<HashSet<&str>> =
        LazyLock::new(|| KNOWN.iter().map(String::as_str).filter(|word| !holds_secrets(word)).collect());
    OPEN.contains(word)
}

/// Whether a word is a key or a value that the schemas know, or one of every Kubernetes object.
fn is_known(word: &str) -> bool {
    KNOWN.contains(word)
}

static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut known = HashSet::new();
    for kind in [SchemaKind::Wukong, SchemaKind::Site] {
        collect(kind.schema(), &mut known);
    }
    known.extend(OF_OTHERS.map(str::to_owned));
    known
});

/// Keys of other kinds that are read.
const OF_OTHERS: [&str; 10] =
    ["items", "data", "stringData", "type", "config", "desiredState", "status", "interfaces", "annotations", "labels"];

fn collect(schema: &Value, known: &mut HashSet<String>) {
    match schema {
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            known.extend(properties.into_iter().flat_map(|properties| properties.keys().cloned()));
            let words = map.get("enum").and_then(Value::as_array);
            known.extend(words.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            map.values().for_each(|schema| collect(schema, known));
        }
        Value::Array(list) => list.iter().for_each(|schema| collect(schema, known)),
        _ => {}
    }
}

/// A message without the secrets of the texts that it is about. Values stand in it between backticks or quotes.
pub(super) fn scrub(message: &str, secrets: &[&HashSet<String>]) -> String {
    let is_secret = |part: &str| secrets.iter().any(|texts| texts.contains(part));
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    let mut is_open = false;
    while let Some(start) = rest.find(['`', '"']) {
        let quote = rest.as_bytes()[start] as char;
        let (before, span) = rest.split_at(start + 1);
        out.push_str(&words_without(before, &is_secret));
        let Some(end) = closing(span, quote) else {
            // A quote that is not closed takes in what follows.
            is_open = true;
            rest = span;
            continue;
        };
        let inner = &span[..end];
        if is_secret(inner) || mentions_secret(inner) {
            out.push_str(HIDDEN);
        } else {
            out.push_str(&words_without(inner, &is_secret));
        }
        out.push(quote);
        rest = &span[end + 1..];
    }
    if is_open && mentions_secret(rest) {
        out.push_str(HIDDEN);
    } else {
        out.push_str(&words_without(rest, &is_secret));
    }
    let few = secrets.iter().filter(|texts| texts.len() <= FEW).flat_map(|texts| texts.iter());
    let mut long: Vec<&String> = few.filter(|secret| secret.len() >= LONG).collect();
    // The longest first: a part of one may be a secret, too.
    long.sort_by_key(|secret| (std::cmp::Reverse(secret.len()), *secret));
    for secret in long {
        if out.contains(secret.as_str()) {
            out = out.replace(secret.as_str(), HIDDEN);
        }
    }
    out
}

fn closing(span: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    span.char_indices().find_map(|(at, it)| {
        let ends = it == quote && !(is_escaped && quote == '"');
        is_escaped = it == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

fn words_without(text: &str, is_secret: &impl Fn(&str) -> bool) -> String {
    let found: Vec<&str> = words(text).filter(|word| is_secret(word)).collect();
    found.into_iter().fold(text.to_owned(), |text, word| text.replace(word, HIDDEN))
}
