//! What holds for every input: the same bytes twice, outputs that their readers can read, nothing that steers a terminal, no secret.

use std::collections::BTreeMap;

use serde_json::Value;
use wukong_render::view::resolve::Resolved;

use crate::{Part, secrets};

/// What an output is to whoever reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Lines for a terminal, a log or a page.
    Text,
    /// One JSON document.
    Json,
    /// YAML documents.
    Yaml,
    /// One XML document.
    Xml,
}

/// The outputs of a run, by what they are called.
#[derive(Default)]
pub(crate) struct Outputs {
    seen: BTreeMap<String, (Form, String)>,
    /// Only equal, because they repeat their input.
    unseen: BTreeMap<String, String>,
}

impl Outputs {
    /// Adds an output. A second one of the same name is another.
    pub(crate) fn add(&mut self, name: &str, form: Form, text: String) {
        let number = self.seen.keys().filter(|it| it.split(" #").next() == Some(name)).count();
        self.seen.insert(format!("{name} #{number}"), (form, text));
    }

    /// Adds an output that repeats its input, so that secrets may stand in it.
    pub(crate) fn add_unseen(&mut self, name: &str, text: String) {
        self.unseen.insert(name.to_owned(), text);
    }
}

/// Runs twice, and holds the outputs to the laws.
pub(crate) fn hold(parts: &[Part], run: impl Fn(&mut Outputs)) {
    let (mut first, mut second) = (Outputs::default(), Outputs::default());
    run(&mut first);
    run(&mut second);
    for ((name, (_, one)), (other_name, (_, other))) in first.seen.iter().zip(&second.seen) {
        let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        let (here, there) = (around(one, at), around(other, at));
        assert!(name == other_name && one == other, "{name} differs from run to run: {here:?}, then {there:?}");
    }
    assert!(first.seen.len() == second.seen.len() && first.unseen == second.unseen, "outputs differ from run to run");
    for (name, (form, text)) in &first.seen {
        is_valid(name, *form, text);
    }
    if secrets::can_judge(parts) {
        for (name, (_, text)) in &first.seen {
            let at = text.find(secrets::MARKER);
            assert!(at.is_none(), "{name} has a secret in it: {:?}", around(text, at.unwrap_or_default()));
        }
    }
}

/// A text near a place, for a message.
fn around(text: &str, at: usize) -> &str {
    &text[text.floor_char_boundary(at.saturating_sub(60))..text.floor_char_boundary(at + 60)]
}

/// Whether a character acts on whoever shows it: controls, and those that turn the direction round.
fn acts(it: char) -> bool {
    it.is_control() && !matches!(it, '\n' | '\t')
        || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_valid(name: &str, form: Form, text: &str) {
    let hostile = text.find(acts);
    assert!(
        hostile.is_none(),
        "{name} has a character that acts in it: {:?}",
        around(text, hostile.unwrap_or_default())
    );
    let is_command = |line: &&str| {
        let command = line.trim_start().strip_prefix("::");
        line.contains("##[") || command.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_alphabetic()))
    };
    let is_github = name.starts_with("Github");
    if let Some(line) = text.lines().filter(|_| !is_github).find(is_command) {
        panic!("{name} has a command of GitHub's: {:?}", around(line, 60));
    }
    match form {
        Form::Text if is_github => {
            for line in text.lines() {
                let is_ours = ["::error ", "::warning "].iter().any(|command| line.starts_with(command));
                // The runner looks for `##[` only in a line that does not begin with `::`.
                assert!(is_ours, "{name} has a line that is not ours: {:?}", around(line, 60));
            }
        }
        Form::Text => {}
        Form::Json => {
            let parsed = serde_json::from_str::<Value>(text);
            assert!(parsed.is_ok(), "{name} is not JSON: {:?}", parsed.err());
        }
        Form::Yaml => {
            for document in serde_norway::Deserializer::from_str(text) {
                let parsed: Result<serde_norway::Value, _> = serde::Deserialize::deserialize(document);
                assert!(parsed.is_ok(), "{name} is not YAML: {:?}", parsed.err());
            }
        }
        Form::Xml => {
            let parsed = roxmltree::Document::parse(text);
            assert!(parsed.is_ok(), "{name} is not XML: {:?}", parsed.err());
        }
    }
}

/// Where nothing acts in an input, nothing does in what repeats it.
pub(crate) fn adds_nothing_that_acts(input: &str, output: &str) {
    let at = output.find(acts);
    let is_new = at.is_some() && !input.contains(acts);
    assert!(!is_new, "the list has a character that acts in it: {:?}", around(output, at.unwrap_or_default()));
}

/// Every finding has a code, a place and a way out.
pub(crate) fn findings(resolved: &[Resolved]) {
    for finding in resolved {
        let has_all = finding.code.starts_with("WK")
            && ![&finding.location.file, &finding.message, &finding.help].into_iter().any(String::is_empty);
        assert!(has_all, "a finding lacks something: {finding:?}");
    }
}

/// The results in a `ResourceList`, as JSON: what a function says of its input. What is not YAML to libyaml has none.
pub(crate) fn results(list: &str) -> String {
    let list: serde_norway::Value = serde_norway::from_str(list).unwrap_or_default();
    let results = list.get("results").map(serde_json::to_string);
    results.and_then(Result::ok).unwrap_or_else(|| "null".to_owned())
}
