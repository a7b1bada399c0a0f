//! The output tree, and what it changes where something stands already. Both are values: `io` reads and writes files.

mod existing;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::Value;
use similar::TextDiff;

use crate::base::diagnostic::{Diagnostic, Findings, Place};
use crate::base::printable;
use crate::base::progress::{Activity, Progress};
use crate::read::document;
use crate::rule;
use crate::write::manifest::{Manifest, ManifestKind, rivals};

pub use existing::{Entry, Existing};

rule! {
    /// Something that is not ours stands where a generated file belongs.
    ///
    /// Only files of ours are ever replaced or removed: the first line is our header, complete and unchanged, and behind it is one
    /// manifest of a kind that is written here. Anything else in the way, such as a link or a folder, is left alone, and nothing is
    /// written at all. A `kustomization.yml` or `Kustomization` beside ours is in the way, too: kustomize refuses a folder with two.
    ///
    /// ## Way out
    /// Move it away, or choose another output folder.
    pub FOREIGN_FILE = "WK501", "foreign-file", Error;
}

/// A file of the tree.
#[derive(Debug)]
struct File {
    kind: ManifestKind,
    text: String,
}

/// Path below the output folder to text.
#[derive(Debug, Default)]
pub struct OutputTree {
    files: BTreeMap<String, File>,
}

impl OutputTree {
    /// Adds a manifest, with its header.
    pub fn add(&mut self, manifest: &Manifest, text: &str) {
        let header = &manifest.header;
        // Exactly as much as is needed: tens of thousands of these are held at once.
        let mut whole = String::with_capacity(header.len() + text.len() + 1);
        whole.push_str(header);
        whole.push_str(text);
        if !whole.ends_with('\n') {
            whole.push('\n');
        }
        self.files.insert(manifest.path.clone(), File { kind: manifest.kind, text: whole });
    }

    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|file| file.text.as_str())
    }

    /// How many manifests of this kind there are.
    pub fn count(&self, kind: ManifestKind) -> usize {
        self.files.values().filter(|file| file.kind == kind).count()
    }

    /// The manifests as one stream, policies before attachments. Kustomizations are for folders, and left out.
    pub fn stream(&self) -> String {
        let mut out = String::new();
        for kind in [ManifestKind::Nncp, ManifestKind::Nad] {
            for file in self.files.values().filter(|file| file.kind == kind) {
                out.push_str("---\n");
                out.push_str(&file.text);
            }
        }
        out
    }

    /// The manifests as objects, policies before attachments, each with its path. An override of a template may have added to what was
    /// decided, so that the texts are read.
    ///
    /// # Panics
    /// Never: what an override makes of a manifest is read before it is taken.
    pub fn objects(&self) -> Vec<(&str, Value)> {
        let object = |text: &str| {
            let document = document::syntax::parse(text).pop()?.ok()?;
            document.value(document.root()).ok()
        };
        let kinds = [ManifestKind::Nncp, ManifestKind::Nad].into_iter();
        let files = kinds.flat_map(|kind| self.files.iter().filter(move |(_, file)| file.kind == kind));
        let files: Vec<(&String, &File)> = files.collect();
        let objects = files.into_par_iter().map(|(path, file)| {
            (
                path.as_str(),
                object(&file.text).expect("what an override makes of a manifest is read before it is taken"),
            )
        });
        objects.collect()
    }

    /// What writing this tree where something stands already would change. What is in the way is a finding.
    pub fn changes(&self, existing: &Existing, progress: &Progress) -> (Vec<Change>, Findings) {
        progress.begin(Activity::Comparing, self.files.len());
        let (mut changes, mut findings) = (Vec::new(), Findings::default());
        for (path, file) in &self.files {
            progress.step();
            if let Some((place, what)) = existing.obstacle(path) {
                // One folder can be in the way of many files.
                findings.push_once(Diagnostic::new(
                    &FOREIGN_FILE,
                    Place::Path(existing.shown(place)),
                    format!("{what} is in the way and not ours to replace"),
                    "move it away, or choose another output folder",
                ));
                continue;
            }
            if file.kind == ManifestKind::Kustomization
                && let Some(rival) = rivals(path).find(|it| existing.has_file(it))
            {
                findings.push(Diagnostic::new(
                    &FOREIGN_FILE,
                    Place::Path(existing.shown(&rival)),
                    "a second kustomization is in the way: kustomize takes one in a folder, and refuses two",
                    "move it away, or choose another output folder",
                ));
                continue;
            }
            let action = match existing.get(path) {
                Some(Entry::Ours(old)) if *old == file.text.as_bytes() => Action::Unchanged,
                Some(Entry::Ours(old)) => Action::Update(String::from_utf8_lossy(old).into_owned()),
                _ => Action::Create,
            };
            changes.push(Change { path: path.clone(), kind: file.kind, action });
        }
        for (path, kind, old) in existing.manifests().filter(|(path, ..)| !self.files.contains_key(*path)) {
            let action = Action::Remove(String::from_utf8_lossy(old).into_owned());
            changes.push(Change { path: path.to_owned(), kind, action });
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        (changes, findings)
    }
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path below the output folder.
    pub path: String,
    /// What the file is.
    pub kind: ManifestKind,
    /// What becomes of it.
    pub action: Action,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// Its text changes; this is the old one.
    Update(String),
    /// It stays as it is and is not touched.
    Unchanged,
    /// It is ours and no longer wanted; this is its text.
    Remove(String),
}

impl Action {
    /// Whether the file is there already, and changes.
    pub fn is_update(&self) -> bool {
        matches!(self, Self::Update(_))
    }
}

/// The changes as a unified diff that `git apply` takes.
pub fn diff(tree: &OutputTree, changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let new = tree.text(&change.path).unwrap_or_default();
        let path = printable::line(&change.path);
        let (old, from, to) = match &change.action {
            Action::Unchanged => continue,
            Action::Create => ("", "/dev/null".to_owned(), format!("b/{path}")),
            Action::Update(old) => (old.as_str(), format!("a/{path}"), format!("b/{path}")),
            Action::Remove(old) => (old.as_str(), format!("a/{path}"), "/dev/null".to_owned()),
        };
        out.push_str(&harmless(&TextDiff::from_lines(old, new).unified_diff().header(&from, &to).to_string()));
    }
    out
}

/// A diff in which nothing of an old file acts where it is read: that file has our header, and may have been changed. Line ends of
/// Windows stay, so that `git apply` takes the diff.
fn harmless(diff: &str) -> String {
    let lines = diff.split_inclusive('\n').map(|line| {
        let (text, end) = match line.strip_suffix("\r\n") {
            Some(text) => (text, "\r\n"),
            None => line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n")),
        };
        [&*printable::text(text), end].concat()
    });
    printable::without_commands(&lines.collect::<String>())
}
