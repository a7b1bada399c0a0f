//! Finds the input files and reads them: sorted, hidden entries skipped, what we wrote ourselves left out.
//!
//! `walkdir` and `globset` are at home here.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use globset::{Glob, GlobSet, GlobSetBuilder};
use rayon::prelude::*;
use walkdir::WalkDir;

use super::shown;
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::progress::{Activity, Progress};
use crate::read::source::{MAX_BYTES, Source, Sources, unreadable};

/// What standard input is called in findings.
pub(super) const STDIN: &str = "<stdin>";

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
        entries.push(Entry { file: None, path: STDIN.to_owned(), label: "standard input".to_owned() });
        return;
    }
    if !path.is_dir() {
        let label = path.file_name().map_or_else(|| shown(path), |name| shown(Path::new(name)));
        if !is_excluded(exclude, Path::new(&label)) {
            entries.push(Entry { file: Some(path.to_owned()), path: shown(path), label });
        }
        return;
    }
    let root = path.canonicalize().ok();
    // An output folder that is the input folder itself is left out as such: the header tells our files apart.
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
                        path: shown(entry.path()),
                        label: shown(below),
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
                findings.push(unreadable(shown(place), &why));
            }
        }
    }
}

fn read_entry(entry: Entry) -> Result<Option<Source>, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    // One byte more than is allowed: so much shows that there is too much.
    let limit = MAX_BYTES as u64 + 1;
    let result = match &entry.file {
        None => std::io::stdin().lock().take(limit).read_to_end(&mut bytes),
        Some(file) => File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    if let Err(error) = result {
        return Err(Box::new(unreadable(entry.path, &reason(&error))));
    }
    Source::of_bytes(entry.path, entry.label, bytes)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
