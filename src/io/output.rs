//! The output folder: read as a value, and written.
//!
//! `cap-std` is at home here: its paths cannot lead out of the output folder, whatever links stand in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use rayon::prelude::*;

use super::shown;
use crate::base::progress::{Activity, Progress};
use crate::write::manifest::ManifestKind;
use crate::write::tree::{Action, Change, Entry, Existing, OutputTree};

/// The end of the name of a file that is being written. It begins with a dot and does not end in `.yaml`, so that neither
/// Argo CD nor Flux takes it for a manifest.
const UNFINISHED: &str = ".wukong-render-tmp";

/// What stands in the output folder. Only the places that a tree can have are looked at, and each file is read once.
pub fn read(folder: &Path, progress: &Progress) -> Result<Existing> {
    let mut existing = Existing::new(folder.to_string_lossy());
    if folder.exists() && !folder.is_dir() {
        existing.insert("", Entry::Foreign);
        return Ok(existing);
    }
    let Some(root) = open(folder)? else { return Ok(existing) };
    existing.insert("", Entry::Folder);

    // Folder by folder, so that a path is never longer than one name and a link in it never followed.
    let mut files: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut places = vec![String::new()];
    while let Some(place) = places.pop() {
        let Some(dir) = open_below(&root, &place)? else { continue };
        let mut manifests = Vec::new();
        for (name, entry) in list(&dir, folder)? {
            let path = join(&place, &name);
            match entry {
                Some(Entry::Folder) if ManifestKind::ALL.iter().any(|kind| kind.has_place(&path)) => {
                    existing.insert(&*path, Entry::Folder);
                    places.push(path);
                }
                Some(entry) => existing.insert(path, entry),
                None if ManifestKind::of_path(&path).is_some() => manifests.push((name, path)),
                // Such a file is never replaced: it is not read.
                None => existing.insert(path, Entry::Foreign),
            }
        }
        files.push((place, manifests));
    }

    progress.begin(Activity::Reading, files.iter().map(|(_, names)| names.len()).sum());
    for (place, names) in files {
        let Some(dir) = open_below(&root, &place)? else { continue };
        let read = |(name, path): (String, String)| {
            progress.step();
            let mut bytes = Vec::new();
            dir.open(&name)
                .and_then(|mut file| file.read_to_end(&mut bytes))
                .with_context(|| format!("{} cannot be read", shown(&folder.join(&path))))?;
            Ok((path, Entry::of_file(bytes)))
        };
        for file in names.into_par_iter().map(read).collect::<Vec<Result<_>>>() {
            let (path, entry) = file?;
            existing.insert(path, entry);
        }
    }
    Ok(existing)
}

/// A path below the output folder.
fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") }
}

/// Opens the output folder; none if it does not exist.
fn open(folder: &Path) -> Result<Option<Dir>> {
    match Dir::open_ambient_dir(folder, ambient_authority()) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("the output folder {} cannot be read", shown(folder))),
    }
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

/// The names in a folder, and what stands there; none for a file, which is not read.
fn list(dir: &Dir, folder: &Path) -> Result<Vec<(String, Option<Entry>)>> {
    let cannot_read = || format!("a folder of {} cannot be read", shown(folder));
    let mut entries = Vec::new();
    for entry in dir.entries().with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        // A name that is no UTF-8 is none of ours.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let file_type = entry.file_type().with_context(cannot_read)?;
        let entry = if file_type.is_dir() {
            Some(Entry::Folder)
        } else if file_type.is_file() {
            None
        } else if file_type.is_symlink() {
            Some(Entry::Link)
        } else {
            Some(Entry::Other)
        };
        entries.push((name, entry));
    }
    // In one order, whatever the file system's.
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

/// Writes the changes that a tree makes: manifests first, then kustomizations, then removals, so that a kustomization never names a file
/// that is not there. Each file is written beside its place and moved into it.
///
/// # Errors
/// The file system refuses. What was written stays, and the next run completes it.
pub fn write(folder: &Path, tree: &OutputTree, changes: &[Change], progress: &Progress) -> Result<()> {
    if changes.iter().all(|change| change.action == Action::Unchanged) {
        return Ok(());
    }
    let name = shown(folder);
    std::fs::create_dir_all(folder).with_context(|| format!("the output folder {name} cannot be made"))?;
    // Two runs at once would remove each other's unfinished files. The lock is the folder's own, so nothing is left behind.
    let lock = std::fs::File::open(folder).with_context(|| format!("the output folder {name} cannot be opened"))?;
    lock.lock().with_context(|| format!("the output folder {name} cannot be locked"))?;
    let root = Dir::open_ambient_dir(folder, ambient_authority())
        .with_context(|| format!("the output folder {name} cannot be opened"))?;

    progress.begin(Activity::Writing, changes.len());
    let is_written = |change: &&Change| matches!(change.action, Action::Create | Action::Update(_));
    let (kustomizations, manifests): (Vec<&Change>, Vec<&Change>) =
        changes.iter().filter(is_written).partition(|change| change.kind == ManifestKind::Kustomization);
    write_all(&root, folder, tree, &manifests, progress)?;
    write_all(&root, folder, tree, &kustomizations, progress)?;
    remove(&root, folder, changes)
}

fn write_all(root: &Dir, folder: &Path, tree: &OutputTree, changes: &[&Change], progress: &Progress) -> Result<()> {
    let mut by_parent: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for change in changes {
        let (parent, name) = change.path.rsplit_once('/').unwrap_or(("", &change.path));
        by_parent.entry(parent).or_default().push((name, tree.text(&change.path).unwrap_or_default()));
    }
    for (parent, files) in by_parent {
        if !parent.is_empty() {
            root.create_dir_all(parent)
                .with_context(|| format!("the folder {} cannot be made", shown(&folder.join(parent))))?;
        }
        let dir = open_below(root, parent)?
            .with_context(|| format!("{} is no folder any more", shown(&folder.join(parent))))?;
        clean(&dir, folder)?;
        files.par_iter().try_for_each(|(name, text)| {
            progress.step();
            replace(&dir, name, text)
                .with_context(|| format!("{} cannot be written", shown(&folder.join(parent).join(name))))
        })?;
    }
    Ok(())
}

/// Removes what a run that was killed has left unfinished.
fn clean(dir: &Dir, folder: &Path) -> Result<()> {
    for (name, entry) in list(dir, folder)? {
        if entry != Some(Entry::Folder) && name.starts_with('.') && name.ends_with(UNFINISHED) {
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
                let cannot_remove = || format!("{} cannot be removed", shown(&folder.join(&change.path)));
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
                    .with_context(|| format!("the folder {} cannot be removed", shown(&folder.join(parent))));
            }
        }
    }
    Ok(())
}
