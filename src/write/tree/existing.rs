//! What stands in the output folder, as a value: whoever reads it, and however.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use crate::read::ours::is_ours;
use crate::read::source::display;
use crate::write::manifest::ManifestKind;

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file of ours, by its bytes. An empty one counts: there is nothing in it to lose.
    Ours(Vec<u8>),
    /// A file that is not ours.
    Foreign,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a socket and the like.
    Other,
}

impl Entry {
    /// A file of these bytes.
    pub fn of_file(bytes: Vec<u8>) -> Self {
        if is_ours(&bytes) { Self::Ours(bytes) } else { Self::Foreign }
    }

    /// What it is, where it is in the way of a folder.
    fn noun(&self) -> &'static str {
        match self {
            Self::Ours(_) | Self::Foreign => "a file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Other => "something that is no regular file",
        }
    }
}

/// What stands in an output folder at the places that a tree can have, and on the way there.
#[derive(Debug, Clone, Default)]
pub struct Existing {
    /// The folder as the user writes it.
    folder: String,
    /// By the path below the folder. The folder itself is the empty path; nothing is there if it does not exist.
    entries: BTreeMap<String, Entry>,
}

impl Existing {
    /// What stands in a folder: nothing so far.
    pub fn new(folder: impl Into<String>) -> Self {
        Self { folder: folder.into(), entries: BTreeMap::new() }
    }

    /// Adds what stands at a path below the folder.
    pub fn insert(&mut self, path: impl Into<String>, entry: Entry) {
        self.entries.insert(path.into(), entry);
    }

    /// What stands at a path.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Whether a file stands at a path, or a link, which may lead to one.
    pub(super) fn has_file(&self, path: &str) -> bool {
        matches!(self.get(path), Some(Entry::Ours(_) | Entry::Foreign | Entry::Link))
    }

    /// A path below the folder as the user would write it.
    pub fn shown(&self, path: &str) -> String {
        let separator = if path.is_empty() || self.folder.is_empty() || self.folder.ends_with('/') { "" } else { "/" };
        display(&format!("{}{separator}{path}", self.folder))
    }

    /// The manifests of ours, with what they are and their bytes. An empty file is none.
    pub(super) fn manifests(&self) -> impl Iterator<Item = (&str, ManifestKind, &[u8])> {
        self.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::Ours(bytes) if !bytes.is_empty() => Some((path.as_str(), ManifestKind::of_path(path)?, &bytes[..])),
            _ => None,
        })
    }

    /// The texts of the policies of ours, by their paths below the folder, but for those at the paths of `wanted`.
    pub fn policies_besides(&self, wanted: &HashSet<String>) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let unwanted = self.manifests().filter(|(path, ..)| !wanted.contains(*path));
        let policies = unwanted.filter(|(_, kind, _)| *kind == ManifestKind::Nncp);
        policies.map(|(path, _, bytes)| (path, String::from_utf8_lossy(bytes)))
    }

    /// What is in the way of a file: its path, and what it is. A folder's place may be taken, or the file's own.
    pub(super) fn obstacle<'a>(&self, path: &'a str) -> Option<(&'a str, &'static str)> {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        let on_the_way = std::iter::once("").chain(folders).find_map(|folder| match self.get(folder) {
            None | Some(Entry::Folder) => None,
            Some(entry) => Some((folder, entry.noun())),
        });
        on_the_way.or_else(|| {
            let noun = match self.get(path)? {
                Entry::Ours(_) => return None,
                Entry::Foreign => "a file without our header",
                entry => entry.noun(),
            };
            Some((path, noun))
        })
    }
}
