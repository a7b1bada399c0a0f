//! The texts of a run: what is a text and what is not, and what it is called. Files are found and read by `io`.

use crate::base::diagnostic::{Diagnostic, Place};
use crate::rule;

pub use crate::base::place::SourceId;

rule! {
    /// An input file or folder cannot be read.
    ///
    /// It is missing, it may not be read, or it is a link that leads nowhere or in a circle. The run stops with exit
    /// code 2, because a VM that is not read is a VM whose manifests would be removed.
    ///
    /// ## Way out
    /// Correct the path or the permissions, or leave the file out with `--exclude GLOB`.
    pub UNREADABLE_INPUT = "WK001", "unreadable-input", Error;
}

rule! {
    /// An input file is not UTF-8 text.
    ///
    /// Kubernetes reads manifests as UTF-8. A file with NUL bytes, in UTF-16 or in another encoding is not taken for a
    /// manifest and not guessed at.
    ///
    /// ## Way out
    /// Save the file as UTF-8 (a byte order mark and CRLF line ends do no harm), or leave it out with `--exclude GLOB`.
    pub NOT_UTF8 = "WK002", "not-utf8", Error;
}

rule! {
    /// An input file is larger than 64 MiB.
    ///
    /// A Kubernetes object has at most about 1.5 MiB; a file this large is something else with a manifest's name.
    ///
    /// ## Way out
    /// Leave the file out with `--exclude GLOB`, or split it.
    pub TOO_LARGE = "WK003", "too-large", Error;
}

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// One text: an input file, standard input, or a template.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user would write it, for findings.
    pub path: String,
    /// The path below the input folder, for the headers of generated files: the same wherever the folder stands.
    pub label: String,
    /// The text, without a byte order mark.
    pub text: String,
}

/// All texts of a run.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    list: Vec<Source>,
}

impl FromIterator<Source> for Sources {
    fn from_iter<I: IntoIterator<Item = Source>>(sources: I) -> Self {
        let mut all = Self::default();
        for source in sources {
            all.add(source);
        }
        all
    }
}

impl Sources {
    /// The source of this number.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.list[id.number() as usize]
    }

    /// Adds a text and gives its number.
    ///
    /// # Panics
    /// At the 2^32nd text, which no memory holds.
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = u32::try_from(self.list.len()).expect("fewer than 2^32 files fit into memory");
        self.list.push(source);
        SourceId::new(id)
    }

    /// The numbers of all sources, in order.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        // Cannot truncate: `add` has checked every number.
        (0..u32::try_from(self.list.len()).unwrap_or(u32::MAX)).map(SourceId::new)
    }

    /// How many sources there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl Source {
    /// The text of a file, without a byte order mark. What is not a text is a finding.
    pub(super) fn decode(path: String, label: String, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        if bytes.len() > MAX_BYTES {
            let message = "is larger than 64 MiB, more than any Kubernetes manifest";
            let help = "leave it out with --exclude, or split it";
            return Err(Box::new(Diagnostic::new(&TOO_LARGE, Place::Path(path), message, help)));
        }
        let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => rest.to_vec(),
            None => bytes,
        };
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            let what = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                "is UTF-16, which Kubernetes does not read".to_owned()
            } else {
                format!("is a binary file: byte {} is NUL", at + 1)
            };
            return Err(Box::new(not_utf8(path, what)));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { path, label, text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = String::from_utf8_lossy(&error.as_bytes()[..at]).matches('\n').count() + 1;
                let message = format!("is not UTF-8: line {line} has a byte that belongs to no character");
                Err(Box::new(not_utf8(path, message)))
            }
        }
    }
}

fn not_utf8(path: String, message: String) -> Diagnostic {
    Diagnostic::new(&NOT_UTF8, Place::Path(path), message, "save it as UTF-8, or leave it out with --exclude")
}

/// The finding that an input cannot be read.
pub fn unreadable(path: String, why: &str) -> Diagnostic {
    Diagnostic::new(
        &UNREADABLE_INPUT,
        Place::Path(path),
        format!("cannot be read: {why}"),
        "correct the path or the permissions, or leave it out with --exclude",
    )
}

/// A path as it is shown: `./` taken away, control characters escaped.
pub fn display(path: &str) -> String {
    let text = path.strip_prefix("./").unwrap_or(path);
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}
