//! Finds the input files and reads them: sorted, hidden entries skipped, what we wrote ourselves left out.
//!
//! `walkdir` and `globset` are at home here.

mod walk;

use std::path::{Path, PathBuf};

use anyhow::Context;
use globset::{Glob, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

use super::file::{self, Bounds, LEADS_OUT};
use super::shown;
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::progress::{Activity, Progress};
use crate::check::empty_folder;
use crate::read::source::{MAX_BYTES, Source, Sources, unreadable};
use walk::Walk;

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
    /// Whether a folder that holds no manifest is meant.
    pub allows_empty: bool,
    /// Whether no link may lead out of the working directory, which is an Argo CD application's folder: other tenants' files are beside it.
    pub is_confined: bool,
}

impl Inputs {
    /// What links must not leave.
    pub(super) fn bounds(&self) -> anyhow::Result<Bounds> {
        let bounds = if self.is_confined { Bounds::working_directory() } else { Ok(Bounds::default()) };
        bounds.context("the working directory cannot be found")
    }
}

struct Entry {
    file: Option<PathBuf>,
    path: String,
    label: String,
}

/// Finds and reads every input. Files are sorted by their path below the input folder, so that the order in which
/// inputs are named changes nothing. What cannot be read is a finding, and the rest is still read.
pub fn read(inputs: &Inputs, progress: &Progress, findings: &mut Findings) -> anyhow::Result<Sources> {
    let bounds = inputs.bounds()?;
    let mut search = Search { inputs, exclude: globs(&inputs.exclude)?, bounds, entries: Vec::new(), findings };
    let named = inputs.paths.iter().chain(&inputs.inventory);
    let empty: Vec<&PathBuf> = named.filter(|path| search.find(path) == Found::Nothing).collect();
    let mut entries = search.entries;
    // Where there is nothing at all, that is found later.
    if !(inputs.allows_empty || inputs.is_shallow || entries.is_empty()) {
        findings.extend(empty.into_iter().map(|folder| empty_folder(shown(folder))));
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

/// Whether a path that is named leads to anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Something,
    /// A folder without a manifest. It may be a mount that is not there, and its virtual machines would lose theirs.
    Nothing,
}

/// What has been found so far.
struct Search<'a> {
    inputs: &'a Inputs,
    exclude: GlobSet,
    bounds: Bounds,
    entries: Vec<Entry>,
    findings: &'a mut Findings,
}

impl Search<'_> {
    /// Finds what a path leads to that is named as an input.
    fn find(&mut self, path: &Path) -> Found {
        if path == Path::new("-") {
            self.entries.push(Entry { file: None, path: STDIN.to_owned(), label: "standard input".to_owned() });
            return Found::Something;
        }
        if let Some(link) = self.bounds.way_out(path) {
            self.findings.push(unreadable(shown(&link), LEADS_OUT));
            return Found::Something;
        }
        if path.is_dir() {
            return self.walk(path);
        }
        let label = path.file_name().map_or_else(|| shown(path), |name| shown(Path::new(name)));
        if !walk::is_excluded(&self.exclude, Path::new(&label)) {
            self.entries.push(Entry { file: Some(path.to_owned()), path: shown(path), label });
        }
        Found::Something
    }

    /// Finds the manifests of a folder.
    fn walk(&mut self, folder: &Path) -> Found {
        let Walk { files, problems, has_left_out, .. } =
            Walk::of(folder, &self.exclude, &self.bounds, self.inputs.output.as_deref(), self.inputs.is_shallow);
        let is_empty = files.is_empty() && problems.is_empty() && !has_left_out;
        let label = |file: &Path| shown(file.strip_prefix(folder).unwrap_or(file));
        let entry = |file: PathBuf| Entry { path: shown(&file), label: label(&file), file: Some(file) };
        self.entries.extend(files.into_iter().map(entry));
        self.findings.extend(problems.into_iter().map(|(place, why)| unreadable(shown(&place), &why)));
        if is_empty { Found::Nothing } else { Found::Something }
    }
}

fn read_entry(entry: Entry) -> Result<Option<Source>, Box<Diagnostic>> {
    let bytes = match &entry.file {
        None => file::read_to(std::io::stdin().lock(), MAX_BYTES),
        Some(path) => file::read(path, MAX_BYTES),
    };
    match bytes {
        Ok(bytes) => Source::of_bytes(entry.path, entry.label, bytes),
        Err(why) => Err(Box::new(unreadable(entry.path, &why))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_vanishes_after_it_was_found_is_a_finding() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("web.yaml");
        std::fs::write(&file, "kind: Wukong\n").expect("a temporary folder can be written");
        let (inputs, mut findings) = (Inputs::default(), Findings::default());
        let mut search = Search {
            inputs: &inputs,
            exclude: GlobSet::empty(),
            bounds: Bounds::default(),
            entries: Vec::new(),
            findings: &mut findings,
        };
        search.find(folder.path());
        let entry = search.entries.pop().expect("it was found");
        std::fs::remove_file(file).expect("it is there");
        let finding = read_entry(entry).expect_err("it has vanished");
        assert_eq!((finding.rule.code, finding.message.as_str()), ("WK001", "cannot be read: it does not exist"));
    }
}
