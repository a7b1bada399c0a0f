//! The output tree: a value first, then compared with the folder, then written, checked or shown as a diff.
//!
//! All file system access goes through `cap-std`, whose paths cannot lead out of the output folder, whatever links
//! stand in it.

mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use similar::TextDiff;

use crate::base::diagnostic::{Diagnostic, Findings, Place};
use crate::base::progress::Progress;
use crate::rule;
use crate::write::manifest::{Manifest, ManifestKind};

rule! {
    /// Something that is not ours stands where a generated file belongs.
    ///
    /// Only files with our header are ever replaced or removed. A file without it, a link, or a folder in the way is left
    /// alone, and nothing is written at all.
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

    /// What writing this tree to `folder` would change. What is in the way is a finding.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn changes(&self, folder: &Path, progress: &Progress, findings: &mut Findings) -> anyhow::Result<Vec<Change>> {
        let comparison = disk::compare(folder, &self.files, progress)?;
        for obstacle in comparison.obstacles {
            findings.push(Diagnostic::new(
                &FOREIGN_FILE,
                Place::Path(obstacle.path),
                format!("{} is in the way and not ours to replace", obstacle.what),
                "move it away, or choose another output folder",
            ));
        }
        Ok(comparison.changes)
    }

    /// Writes the changes: manifests first, then kustomizations, then removals, so that a kustomization never names a file
    /// that is not there. Each file is written beside its place and moved into it, whole.
    ///
    /// # Errors
    /// The file system refuses. What was written stays, and the next run completes it.
    pub fn write(&self, folder: &Path, changes: &[Change], progress: &Progress) -> anyhow::Result<()> {
        disk::write(folder, &self.files, changes, progress)
    }
}

/// The policies of ours in a folder that are none of those that are `wanted`, with their paths as the user would write them.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn unwanted_policies(folder: &Path, wanted: &BTreeSet<&str>) -> anyhow::Result<Vec<(String, String)>> {
    disk::unwanted(folder, "nncp", wanted)
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path below the output folder.
    pub path: String,
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

impl Change {
    /// Whether the file is a kustomization.
    pub fn is_kustomization(&self) -> bool {
        self.path.ends_with(crate::write::manifest::KUSTOMIZATION)
    }
}

impl OutputTree {
    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|file| file.text.as_str())
    }
}

/// The changes as a unified diff that `git apply` takes.
pub fn diff(tree: &OutputTree, changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let new = tree.text(&change.path).unwrap_or_default();
        let path = &change.path;
        let (old, from, to) = match &change.action {
            Action::Unchanged => continue,
            Action::Create => ("", "/dev/null".to_owned(), format!("b/{path}")),
            Action::Update(old) => (old.as_str(), format!("a/{path}"), format!("b/{path}")),
            Action::Remove(old) => (old.as_str(), format!("a/{path}"), "/dev/null".to_owned()),
        };
        out.push_str(&TextDiff::from_lines(old, new).unified_diff().header(&from, &to).to_string());
    }
    out
}
