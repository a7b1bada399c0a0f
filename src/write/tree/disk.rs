//! The output folder itself: compare, write, prune.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use rayon::prelude::*;

use super::{Action, Change, File};
use crate::base::header::is_ours;
use crate::base::progress::{Activity, Progress};
use crate::read::source::display;
use crate::write::manifest::{KUSTOMIZATION, ManifestKind};

/// The end of the name of a file that is being written. It begins with a dot and does not end in `.yaml`, so that neither
/// Argo CD nor Flux takes it for a manifest.
const UNFINISHED: &str = ".wukong-render-tmp";

/// What the comparison of a tree with a folder gives.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) changes: Vec<Change>,
    pub(super) obstacles: Vec<Obstacle>,
}

/// Something foreign at a place that the tree needs.
#[derive(Debug)]
pub(super) struct Obstacle {
    pub(super) path: String,
    pub(super) what: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    File,
    Folder,
    Link,
    Other,
}

impl Entry {
    fn noun(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Other => "something that is no regular file",
        }
    }
}

/// Opens the output folder; none if it does not exist.
fn open(folder: &Path) -> Result<Option<Dir>> {
    match Dir::open_ambient_dir(folder, ambient_authority()) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("the output folder {} cannot be read", display(folder))),
    }
}

/// Compares the files of a tree with a folder. Only the places that a tree can have are looked at: the root's
/// kustomization, `nncp/*.yaml`, `nad/*.yaml` and `nad/*/*.yaml`.
pub(super) fn compare(folder: &Path, files: &BTreeMap<String, File>, progress: &Progress) -> Result<Comparison> {
    let mut comparison = Comparison::default();
    if folder.exists() && !folder.is_dir() {
        comparison.obstacles.push(Obstacle { path: display(folder), what: "a file" });
        return Ok(comparison);
    }
    let Some(root) = open(folder)? else {
        let create = |path: &String| Change { path: path.clone(), action: Action::Create };
        comparison.changes = files.keys().map(create).collect();
        return Ok(comparison);
    };

    progress.begin(Activity::Comparing, files.len());
    // Folder by folder, so that a path is never longer than one name and a link in it never followed.
    let mut wanted: BTreeMap<&str, BTreeMap<&str, &File>> = BTreeMap::new();
    for (path, file) in files {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        wanted.entry(parent).or_default().insert(name, file);
    }
    let mut places: BTreeSet<String> = wanted.keys().map(|parent| (*parent).to_owned()).collect();
    places.extend(["", "nad", "nncp"].map(str::to_owned));
    if let Some(nad) = open_below(&root, "nad")? {
        let namespaces = list(&nad, folder)?.into_iter().filter(|(_, entry)| *entry == Entry::Folder);
        places.extend(namespaces.map(|(name, _)| format!("nad/{name}")));
    }
    for place in &places {
        let files = wanted.remove(place.as_str()).unwrap_or_default();
        compare_folder(&root, folder, place, &files, progress, &mut comparison)?;
    }
    comparison.changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(comparison)
}

/// Opens a folder below the root, one name at a time. None if there is none, or something else in its place.
fn open_below(root: &Dir, path: &str) -> Result<Option<Dir>> {
    let mut dir = root.try_clone()?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        match dir.symlink_metadata(name) {
            Ok(metadata) if metadata.is_dir() => {
                dir = dir.open_dir(name).with_context(|| format!("the folder {path} cannot be read"))?;
            }
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("the folder {path} cannot be read")),
        }
    }
    Ok(Some(dir))
}

/// The entries of a folder.
fn list(dir: &Dir, folder: &Path) -> Result<BTreeMap<String, Entry>> {
    let cannot_read = || format!("a folder of {} cannot be read", display(folder));
    let mut entries = BTreeMap::new();
    for entry in dir.entries().with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        // A name that is no UTF-8 is none of ours.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let file_type = entry.file_type().with_context(cannot_read)?;
        let kind = if file_type.is_dir() {
            Entry::Folder
        } else if file_type.is_file() {
            Entry::File
        } else if file_type.is_symlink() {
            Entry::Link
        } else {
            Entry::Other
        };
        entries.insert(name, kind);
    }
    Ok(entries)
}

fn compare_folder(
    root: &Dir,
    folder: &Path,
    place: &str,
    files: &BTreeMap<&str, &File>,
    progress: &Progress,
    comparison: &mut Comparison,
) -> Result<()> {
    let path_of = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
    let Some(dir) = open_below(root, place)? else {
        if !files.is_empty() {
            match obstacle_on_the_way(root, folder, place)? {
                Some(obstacle) => comparison.obstacles.push(obstacle),
                None => comparison
                    .changes
                    .extend(files.keys().map(|name| Change { path: path_of(name), action: Action::Create })),
            }
        }
        return Ok(());
    };
    let entries = list(&dir, folder)?;
    let shown = |name: &str| display(&folder.join(path_of(name)));

    let wanted: Vec<Result<Result<Change, Obstacle>>> = files
        .par_iter()
        .map(|(name, file)| {
            let action = match entries.get(*name) {
                None => Action::Create,
                Some(Entry::File) => {
                    let old = read(&dir, name).with_context(|| format!("{} cannot be read", shown(name)))?;
                    if old == file.text.as_bytes() {
                        Action::Unchanged
                    } else if is_ours(&old) {
                        Action::Update(String::from_utf8_lossy(&old).into_owned())
                    } else {
                        return Ok(Err(Obstacle { path: shown(name), what: "a file without our header" }));
                    }
                }
                Some(other) => return Ok(Err(Obstacle { path: shown(name), what: other.noun() })),
            };
            progress.step();
            Ok(Ok(Change { path: path_of(name), action }))
        })
        .collect();
    for result in wanted {
        match result? {
            Ok(change) => comparison.changes.push(change),
            Err(obstacle) => comparison.obstacles.push(obstacle),
        }
    }

    for (name, entry) in &entries {
        let is_possible = if place.is_empty() {
            name == KUSTOMIZATION
        } else {
            Path::new(name).extension().is_some_and(|it| it == "yaml")
        };
        if *entry != Entry::File || !is_possible || files.contains_key(name.as_str()) {
            continue;
        }
        let old = read(&dir, name).with_context(|| format!("{} cannot be read", shown(name)))?;
        if !old.is_empty() && is_ours(&old) {
            let old = String::from_utf8_lossy(&old).into_owned();
            comparison.changes.push(Change { path: path_of(name), action: Action::Remove(old) });
        }
    }
    Ok(())
}

/// The files of ours in one place of a folder whose names, without `.yaml`, are not `wanted`, in order.
pub(super) fn unwanted(folder: &Path, place: &str, wanted: &BTreeSet<&str>) -> Result<Vec<(String, String)>> {
    let Some(root) = Some(folder).filter(|it| it.is_dir()).map(open).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let Some(dir) = open_below(&root, place)? else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for (name, entry) in list(&dir, folder)? {
        let Some(stem) = name.strip_suffix(".yaml") else { continue };
        if entry != Entry::File || name == KUSTOMIZATION || wanted.contains(stem) {
            continue;
        }
        let shown = display(&folder.join(place).join(&name));
        let bytes = read(&dir, &name).with_context(|| format!("{shown} cannot be read"))?;
        if !bytes.is_empty() && is_ours(&bytes) {
            files.push((shown, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(files)
}

fn obstacle_on_the_way(root: &Dir, folder: &Path, place: &str) -> Result<Option<Obstacle>> {
    let mut path = String::new();
    for name in place.split('/') {
        let parent = open_below(root, &path)?;
        let Some(parent) = parent else { return Ok(None) };
        path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let found = list(&parent, folder)?.get(name).copied();
        if let Some(entry) = found.filter(|entry| *entry != Entry::Folder) {
            return Ok(Some(Obstacle { path: display(&folder.join(&path)), what: entry.noun() }));
        }
    }
    Ok(None)
}

fn read(dir: &Dir, name: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    dir.open(name)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes the changes of a comparison.
pub(super) fn write(
    folder: &Path,
    files: &BTreeMap<String, File>,
    changes: &[Change],
    progress: &Progress,
) -> Result<()> {
    if changes.iter().all(|change| change.action == Action::Unchanged) {
        return Ok(());
    }
    let shown = display(folder);
    std::fs::create_dir_all(folder).with_context(|| format!("the output folder {shown} cannot be made"))?;
    // Two runs at once would remove each other's unfinished files. The lock is the folder's own, so nothing is left behind.
    let lock = std::fs::File::open(folder).with_context(|| format!("the output folder {shown} cannot be opened"))?;
    lock.lock().with_context(|| format!("the output folder {shown} cannot be locked"))?;
    let root = Dir::open_ambient_dir(folder, ambient_authority())
        .with_context(|| format!("the output folder {shown} cannot be opened"))?;

    progress.begin(Activity::Writing, changes.len());
    let is_written = |change: &&Change| matches!(change.action, Action::Create | Action::Update(_));
    let (kustomizations, manifests): (Vec<&Change>, Vec<&Change>) =
        changes.iter().filter(is_written).partition(|change| files[&change.path].kind == ManifestKind::Kustomization);
    write_all(&root, folder, files, &manifests, progress)?;
    write_all(&root, folder, files, &kustomizations, progress)?;
    remove(&root, folder, changes)
}

fn write_all(
    root: &Dir,
    folder: &Path,
    files: &BTreeMap<String, File>,
    changes: &[&Change],
    progress: &Progress,
) -> Result<()> {
    let mut by_parent: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for change in changes {
        let (parent, name) = change.path.rsplit_once('/').unwrap_or(("", &change.path));
        by_parent.entry(parent).or_default().push((name, &files[&change.path].text));
    }
    for (parent, files) in by_parent {
        if !parent.is_empty() {
            root.create_dir_all(parent)
                .with_context(|| format!("the folder {} cannot be made", display(&folder.join(parent))))?;
        }
        let dir = open_below(root, parent)?
            .with_context(|| format!("{} is no folder any more", display(&folder.join(parent))))?;
        clean(&dir, folder)?;
        files.par_iter().try_for_each(|(name, text)| {
            progress.step();
            replace(&dir, name, text)
                .with_context(|| format!("{} cannot be written", display(&folder.join(parent).join(name))))
        })?;
    }
    Ok(())
}

/// Removes what a run that was killed has left unfinished.
fn clean(dir: &Dir, folder: &Path) -> Result<()> {
    for (name, entry) in list(dir, folder)? {
        if entry != Entry::Folder && name.starts_with('.') && name.ends_with(UNFINISHED) {
            dir.remove_file(&name).with_context(|| format!("the unfinished file {name} cannot be removed"))?;
        }
    }
    Ok(())
}

fn replace(dir: &Dir, name: &str, text: &str) -> std::io::Result<()> {
    let unfinished = format!(".{name}{UNFINISHED}");
    // New, so that a link of this name is not written through.
    let mut file = dir.open_with(&unfinished, OpenOptions::new().write(true).create_new(true))?;
    file.write_all(text.as_bytes())?;
    dir.rename(&unfinished, dir, name)
}

fn remove(root: &Dir, folder: &Path, changes: &[Change]) -> Result<()> {
    let mut parents = BTreeSet::new();
    for change in changes.iter().filter(|change| matches!(change.action, Action::Remove(_))) {
        match root.remove_file(&change.path) {
            // Another run has been quicker.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => {
                let cannot_remove = || format!("{} cannot be removed", display(&folder.join(&change.path)));
                removed.with_context(cannot_remove)?;
            }
        }
        let mut path = change.path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/') {
            parents.insert(parent);
            path = parent;
        }
    }
    // Deepest first. A folder that holds anything else stays.
    for parent in parents.into_iter().rev() {
        match root.remove_dir(parent) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("the folder {} cannot be removed", display(&folder.join(parent))));
            }
        }
    }
    Ok(())
}
