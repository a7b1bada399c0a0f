//! Finds the input files and reads them: sorted, hidden entries skipped, what we wrote ourselves left out.
//!
//! This is the only place that reads input. `walkdir` and `globset` are at home here.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use globset::{Glob, GlobSet, GlobSetBuilder};
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::base::diagnostic::{Diagnostic, Findings, Place};
use crate::base::header::is_ours;
use crate::base::progress::{Activity, Progress};
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
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// One text: an input file, standard input, or a template.
#[derive(Debug)]
pub struct Source {
    /// The path as the user would write it, for findings.
    pub path: String,
    /// The path below the input folder, for the headers of generated files: the same wherever the folder stands.
    pub label: String,
    /// The text, without a byte order mark.
    pub text: String,
}

/// All texts of a run.
#[derive(Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
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

/// What to read.
#[derive(Debug, Default, Clone)]
pub struct Inputs {
    /// Files, folders, and `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// Where the states of the nodes are, besides `paths`: files, folders, and `-`.
    pub inventory: Vec<PathBuf>,
    /// The output folder, which is never read back.
    pub output: Option<PathBuf>,
    /// Globs of what must not be read, matched against the path below the input folder.
    pub exclude: Vec<String>,
    /// Whether only the files directly in a folder are read.
    pub is_shallow: bool,
}

struct Entry {
    file: Option<PathBuf>,
    path: String,
    label: String,
}

/// Finds and reads every input. Files are sorted by their path below the input folder, so that the order in which
/// inputs are named changes nothing. What cannot be read is a finding, and the rest is still read.
pub fn read(inputs: &Inputs, progress: &Progress, findings: &mut Findings) -> anyhow::Result<Sources> {
    let exclude = globs(&inputs.exclude)?;
    let mut entries = Vec::new();
    for path in inputs.paths.iter().chain(&inputs.inventory) {
        find(path, inputs, &exclude, &mut entries, findings);
    }
    entries.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
    entries.dedup_by(|a, b| a.path == b.path);

    progress.begin(Activity::Reading, entries.len());
    let texts: Vec<Result<Option<Source>, Box<Diagnostic>>> =
        entries.into_par_iter().map(read_entry).inspect(|_| progress.step()).collect();
    let mut sources = Sources::default();
    for text in texts {
        match text {
            Ok(Some(source)) => drop(sources.add(source)),
            Ok(None) => {}
            Err(diagnostic) => findings.push(*diagnostic),
        }
    }
    Ok(sources)
}

fn globs(patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(pattern).with_context(|| format!("--exclude {pattern} is no valid glob"))?;
        builder.add(glob);
    }
    builder.build().context("the --exclude globs cannot be combined")
}

/// Whether a glob names the path itself, one of its parents, or its last component.
fn is_excluded(exclude: &GlobSet, label: &Path) -> bool {
    exclude.is_match(label) || label.file_name().is_some_and(|name| exclude.is_match(name))
}

fn find(path: &Path, inputs: &Inputs, exclude: &GlobSet, entries: &mut Vec<Entry>, findings: &mut Findings) {
    if path == Path::new("-") {
        entries.push(Entry { file: None, path: "<stdin>".to_owned(), label: "standard input".to_owned() });
        return;
    }
    if !path.is_dir() {
        let label = path.file_name().map_or_else(|| display(path), |name| display(Path::new(name)));
        if !is_excluded(exclude, Path::new(&label)) {
            entries.push(Entry { file: Some(path.to_owned()), path: display(path), label });
        }
        return;
    }
    let root = path.canonicalize().ok();
    // An output folder that is the input folder itself is not skipped whole: the header tells our files apart.
    let output =
        inputs.output.as_ref().and_then(|output| output.canonicalize().ok()).filter(|it| Some(it) != root.as_ref());
    let depth = if inputs.is_shallow { 1 } else { usize::MAX };
    let walk =
        WalkDir::new(path).max_depth(depth).follow_links(true).sort_by_file_name().into_iter().filter_entry(|entry| {
            let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let is_output =
                entry.file_type().is_dir() && output.is_some() && entry.path().canonicalize().ok() == output;
            entry.depth() == 0 || !(hidden || is_output || is_excluded(exclude, below))
        });
    for entry in walk {
        match entry {
            Ok(entry) => {
                let is_manifest = entry
                    .path()
                    .extension()
                    .and_then(|extension| extension.to_str())
                    .is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"));
                if entry.file_type().is_file() && is_manifest {
                    let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
                    entries.push(Entry {
                        path: display(entry.path()),
                        label: display(below),
                        file: Some(entry.into_path()),
                    });
                }
            }
            Err(error) => {
                let place = error.path().unwrap_or(path);
                let why = match error.io_error() {
                    Some(io) => reason(io),
                    None => "is a link to a folder above itself".to_owned(),
                };
                findings.push(unreadable(display(place), &why));
            }
        }
    }
}

fn read_entry(entry: Entry) -> Result<Option<Source>, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    let result = match &entry.file {
        None => std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes),
        Some(file) => File::open(file).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)),
    };
    if let Err(error) = result {
        return Err(Box::new(unreadable(entry.path, &reason(&error))));
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Box::new(Diagnostic::new(
            &TOO_LARGE,
            Place::Path(entry.path),
            "is larger than 64 MiB, more than any Kubernetes manifest",
            "leave it out with --exclude, or split it",
        )));
    }
    if !bytes.is_empty() && is_ours(&bytes) {
        return Ok(None);
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
        return Err(Box::new(not_utf8(entry.path, what)));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Source { path: entry.path, label: entry.label, text })),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = String::from_utf8_lossy(&error.as_bytes()[..at]).matches('\n').count() + 1;
            let message = format!("is not UTF-8: line {line} has a byte that belongs to no character");
            Err(Box::new(not_utf8(entry.path, message)))
        }
    }
}

fn not_utf8(path: String, message: String) -> Diagnostic {
    Diagnostic::new(&NOT_UTF8, Place::Path(path), message, "save it as UTF-8, or leave it out with --exclude")
}

fn unreadable(path: String, why: &str) -> Diagnostic {
    Diagnostic::new(
        &UNREADABLE_INPUT,
        Place::Path(path),
        format!("cannot be read: {why}"),
        "correct the path or the permissions, or leave it out with --exclude",
    )
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// A path as text: `./` taken away, control characters escaped.
pub fn display(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = text.strip_prefix("./").unwrap_or(&text);
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
