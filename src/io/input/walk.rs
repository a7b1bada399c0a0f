//! The manifests below a folder.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use globset::GlobSet;
use walkdir::WalkDir;

use crate::io::file::{Bounds, LEADS_OUT, reason};

/// Whether a glob names a path below the folder itself, or its last component.
pub(super) fn is_excluded(exclude: &GlobSet, label: &Path) -> bool {
    exclude.is_match(label) || label.file_name().is_some_and(|name| exclude.is_match(name))
}

/// What is below a folder, links to folders included: these are followed last, and each folder is read once, however many links lead to
/// it. So links that fan out cost their number, and one more changes no path.
pub(super) struct Walk<'a> {
    root: &'a Path,
    exclude: &'a GlobSet,
    bounds: &'a Bounds,
    /// The output folder, by its real path.
    output: Option<PathBuf>,
    depth: usize,
    /// The folders that are read or left out, by their real paths.
    seen: HashSet<PathBuf>,
    /// The links to folders that are still to be followed.
    links: VecDeque<PathBuf>,
    /// What has a manifest's name, and is not a folder.
    pub(super) files: Vec<PathBuf>,
    /// What cannot be read, and why.
    pub(super) problems: Vec<(PathBuf, String)>,
    /// Whether something was not looked at because it is excluded, or is the output folder.
    pub(super) has_left_out: bool,
}

impl<'a> Walk<'a> {
    /// Walks a folder.
    pub(super) fn of(
        root: &'a Path,
        exclude: &'a GlobSet,
        bounds: &'a Bounds,
        output: Option<&Path>,
        is_shallow: bool,
    ) -> Self {
        let own = root.canonicalize().ok();
        // An output folder that is the input folder itself is left out as such: the header tells our files apart.
        let output = output.and_then(|output| output.canonicalize().ok()).filter(|it| Some(it) != own.as_ref());
        let mut walk = Self {
            root,
            exclude,
            bounds,
            output,
            depth: if is_shallow { 1 } else { usize::MAX },
            seen: HashSet::new(),
            links: VecDeque::from([root.to_owned()]),
            files: Vec::new(),
            problems: Vec::new(),
            has_left_out: false,
        };
        while let Some(folder) = walk.links.pop_front() {
            match folder.canonicalize() {
                Ok(real) if walk.is_new(real.clone()) => walk.folder(&folder, &real),
                Ok(_) => {}
                Err(error) => walk.problems.push((folder, reason(&error))),
            }
        }
        walk
    }

    /// Goes through a folder and those below, but for links.
    fn folder(&mut self, folder: &Path, real: &Path) {
        let mut entries = WalkDir::new(folder).max_depth(self.depth).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) if entry.depth() == 0 => continue,
                Ok(entry) => entry,
                Err(error) => {
                    let place = error.path().unwrap_or(folder).to_owned();
                    let why = error.io_error().map_or_else(|| error.to_string(), reason);
                    self.problems.push((place, why));
                    continue;
                }
            };
            let path = entry.path();
            let is_folder = entry.file_type().is_dir();
            // No link is on the way here: the real path needs no question to the file system.
            let real = || real.join(path.strip_prefix(folder).unwrap_or(path));
            if self.is_left_out(path) || (is_folder && !self.is_new(real())) {
                if is_folder {
                    entries.skip_current_dir();
                }
            } else if entry.path_is_symlink() {
                self.link(path, &real());
            } else if !is_folder {
                self.file(path);
            }
        }
    }

    fn is_left_out(&mut self, path: &Path) -> bool {
        let below = path.strip_prefix(self.root).unwrap_or(path);
        let is_excluded = is_excluded(self.exclude, below);
        self.has_left_out |= is_excluded;
        is_excluded || path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    }

    /// Whether a folder was not read before, nor is the output folder.
    fn is_new(&mut self, real: PathBuf) -> bool {
        let is_output = Some(&real) == self.output.as_ref();
        self.has_left_out |= is_output;
        !is_output && self.seen.insert(real)
    }

    /// A link, with the real path of the link itself.
    fn link(&mut self, path: &Path, real: &Path) {
        if !self.bounds.hold(path) {
            return self.problems.push((path.to_owned(), LEADS_OUT.to_owned()));
        }
        match path.metadata() {
            Ok(metadata) if !metadata.is_dir() => self.file(path),
            Ok(_) if self.depth == 1 => {}
            Ok(_) => match path.canonicalize() {
                Ok(target) if real.starts_with(&target) => {
                    self.problems.push((path.to_owned(), "it is a link to a folder above itself".to_owned()));
                }
                _ => self.links.push_back(path.to_owned()),
            },
            Err(error) => self.problems.push((path.to_owned(), reason(&error))),
        }
    }

    /// What is not a folder. A pipe with a manifest's name counts, too: it is not read, and that is told.
    fn file(&mut self, path: &Path) {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json")) {
            self.files.push(path.to_owned());
        }
    }
}
