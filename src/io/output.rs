//! The output folder: read as a value, and written.
//!
//! `cap-std` is at home here: its paths cannot lead out of the output folder, whatever links stand in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::TryLockError;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, OpenOptions};
use rayon::prelude::*;

use super::shown;
use crate::base::progress::{Activity, Progress};
use crate::read::source::MAX_BYTES;
use crate::write::manifest::ManifestKind;
use crate::write::tree::{Action, Change, Entry, Existing, OutputTree};

/// The end of the name of a file that is being written. It begins with a dot and does not end in `.yaml`, so that neither
/// Argo CD nor Flux takes it for a manifest.
const UNFINISHED: &str = ".wukong-render-tmp";

/// What stands in the output folder. Only the places that a tree can have are looked at, and each file is read once.
pub fn read(folder: &Path, progress: &Progress) -> Result<Existing> {
    let mut existing = Existing::new(folder.to_string_lossy());
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            existing.insert("", Entry::Foreign);
            return Ok(existing);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(existing),
        Err(error) => {
            return Err(error).with_context(|| format!("the output folder {} cannot be read", shown(folder)));
        }
    }
    let Some(root) = open(folder)? else { return Ok(existing) };
    existing.insert("", Entry::Folder);

    let mut files: Vec<(Dir, Vec<(String, String)>)> = Vec::new();
    for (place, dir, entries) in places(&root, folder)? {
        let mut manifests = Vec::new();
        for (name, entry) in entries {
            let path = join(&place, &name);
            match entry {
                Some(entry) => existing.insert(path, entry),
                None if ManifestKind::of_path(&path).is_some() => manifests.push((name, path)),
                // Such a file is never replaced: it is not read.
                None => existing.insert(path, Entry::Foreign),
            }
        }
        files.push((dir, manifests));
    }

    progress.begin(Activity::Reading, files.iter().map(|(_, names)| names.len()).sum());
    for (dir, names) in files {
        let read = |(name, path): (String, String)| {
            progress.step();
            let entry =
                read_file(&dir, &name).with_context(|| format!("{} cannot be read", shown(&folder.join(&path))))?;
            Ok((path, entry))
        };
        for file in names.into_par_iter().map(read).collect::<Vec<Result<_>>>() {
            let (path, entry) = file?;
            existing.insert(path, entry);
        }
    }
    Ok(existing)
}

/// A folder that a tree can have: its path below the output folder, the folder itself, and what stands there.
type PlaceOf = (String, Dir, Vec<(String, Option<Entry>)>);

/// The folders that a tree can have. Folder by folder, so that a path is never longer than one name and a link in it never followed.
fn places(root: &Dir, folder: &Path) -> Result<Vec<PlaceOf>> {
    let mut found = Vec::new();
    let mut places = vec![String::new()];
    while let Some(place) = places.pop() {
        let Some(dir) = open_below(root, &place)? else { continue };
        let entries = list(&dir, folder)?;
        let folders = entries.iter().filter(|(_, entry)| *entry == Some(Entry::Folder));
        let below = folders.map(|(name, _)| join(&place, name));
        places.extend(below.filter(|path| ManifestKind::ALL.iter().any(|kind| kind.has_place(path))));
        found.push((place, dir, entries));
    }
    Ok(found)
}

/// A file of the output folder. One that is larger than anything that is read is not ours.
fn read_file(dir: &Dir, name: &str) -> std::io::Result<Entry> {
    let mut bytes = Vec::new();
    dir.open(name)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() > MAX_BYTES { Entry::Foreign } else { Entry::of_file(bytes) })
}

/// What stands at a name of a folder.
fn entry_at(dir: &Dir, name: &str) -> std::io::Result<Option<Entry>> {
    let entry = dir.symlink_metadata(name).map(|metadata| entry_of(metadata.file_type()));
    match entry {
        Ok(None) => read_file(dir, name).map(Some),
        Ok(entry) => Ok(entry),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What stands there by its type; none for a file, which is not read.
fn entry_of(file_type: FileType) -> Option<Entry> {
    if file_type.is_dir() {
        Some(Entry::Folder)
    } else if file_type.is_file() {
        None
    } else if file_type.is_symlink() {
        Some(Entry::Link)
    } else {
        Some(Entry::Other)
    }
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
        let entry = entry_of(entry.file_type().with_context(cannot_read)?);
        entries.push((name, entry));
    }
    // In one order, whatever the file system's.
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

/// Writes the changes that a tree makes: manifests first, then kustomizations, then removals, so that a kustomization never names a file
/// that is not there. Each file is written beside its place and moved into it. What is not as it was when it was compared is left alone.
/// If another run writes the folder, `on_wait` is called, and the other run comes first.
///
/// # Errors
/// The file system refuses, or the folder has changed since it was read. What was written stays, and the next run completes it.
pub fn write(
    folder: &Path,
    tree: &OutputTree,
    changes: &[Change],
    progress: &Progress,
    on_wait: impl FnOnce(),
) -> Result<()> {
    if changes.iter().all(|change| change.action == Action::Unchanged) && !has_unfinished(folder)? {
        return Ok(());
    }
    let name = shown(folder);
    std::fs::create_dir_all(folder).with_context(|| format!("the output folder {name} cannot be made"))?;
    // Two runs at once would remove each other's unfinished files. The lock is the folder's own, so nothing is left behind.
    let lock = std::fs::File::open(folder).with_context(|| format!("the output folder {name} cannot be opened"))?;
    let has_waited =
        hold(&lock, progress, on_wait).with_context(|| format!("the output folder {name} cannot be locked"))?;
    let again = if has_waited { Some(compare_again(folder, tree, changes, progress)?) } else { None };
    let changes = again.as_deref().unwrap_or(changes);
    // The folder that is locked, whatever has its name by now.
    let root =
        Dir::from_std_file(lock.try_clone().with_context(|| format!("the output folder {name} cannot be opened"))?);
    for (_, dir, entries) in places(&root, folder)? {
        for name in unfinished(&entries) {
            dir.remove_file(name).with_context(|| format!("the unfinished file {name} cannot be removed"))?;
        }
    }

    progress.begin(Activity::Writing, changes.len());
    let is_written = |change: &&Change| matches!(change.action, Action::Create | Action::Update(_));
    let (kustomizations, manifests): (Vec<&Change>, Vec<&Change>) =
        changes.iter().filter(is_written).partition(|change| change.kind == ManifestKind::Kustomization);
    write_all(&root, folder, tree, &manifests, progress)?;
    write_all(&root, folder, tree, &kustomizations, progress)?;
    remove(&root, folder, changes)
}

/// Takes the lock of a folder. Tells whether it had to be waited for.
fn hold(lock: &std::fs::File, progress: &Progress, on_wait: impl FnOnce()) -> std::io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => {
            on_wait();
            progress.begin(Activity::Waiting, 0);
            lock.lock()?;
            Ok(true)
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What is left to do after another run has written. It may have done the same, and nothing else: what it has changed otherwise would
/// have been compared, and some policies retired, with what stands there now.
fn compare_again(folder: &Path, tree: &OutputTree, compared: &[Change], progress: &Progress) -> Result<Vec<Change>> {
    let (changes, findings) = tree.changes(&read(folder, progress)?, progress);
    let is_new = |change: &&Change| change.action != Action::Unchanged && !compared.contains(change);
    match changes.iter().find(is_new) {
        Some(change) => bail!(changed(folder, &change.path)),
        None if findings.has_errors() => bail!(changed(folder, "")),
        None => Ok(changes),
    }
}

/// The error for a path below the output folder that is not as it was.
fn changed(folder: &Path, path: &str) -> String {
    format!("{} has changed since it was compared, and is left as it is: run again", shown(&folder.join(path)))
}

/// Changes by the folders in which they are, with the last parts of their paths.
fn by_parent<'a>(changes: impl Iterator<Item = &'a Change>) -> BTreeMap<&'a str, Vec<(&'a str, &'a Change)>> {
    let mut by_parent: BTreeMap<&str, Vec<(&str, &Change)>> = BTreeMap::new();
    for change in changes {
        let (parent, name) = change.path.rsplit_once('/').unwrap_or(("", &change.path));
        by_parent.entry(parent).or_default().push((name, change));
    }
    by_parent
}

fn write_all(root: &Dir, folder: &Path, tree: &OutputTree, changes: &[&Change], progress: &Progress) -> Result<()> {
    for (parent, files) in by_parent(changes.iter().copied()) {
        if !parent.is_empty() {
            root.create_dir_all(parent)
                .with_context(|| format!("the folder {} cannot be made", shown(&folder.join(parent))))?;
        }
        let dir = open_below(root, parent)?.with_context(|| changed(folder, parent))?;
        files.par_iter().try_for_each(|(name, change)| {
            progress.step();
            let text = tree.text(&change.path).unwrap_or_default();
            let is_done = put(&dir, name, text, &change.action)
                .with_context(|| format!("{} cannot be written", shown(&folder.join(&change.path))))?;
            if is_done { Ok(()) } else { bail!(changed(folder, &change.path)) }
        })?;
    }
    Ok(())
}

/// The names of what a run that was killed has left unfinished.
fn unfinished(entries: &[(String, Option<Entry>)]) -> impl Iterator<Item = &str> {
    let is_unfinished = |(name, entry): &&(String, Option<Entry>)| {
        *entry != Some(Entry::Folder) && name.starts_with('.') && name.ends_with(UNFINISHED)
    };
    entries.iter().filter(is_unfinished).map(|(name, _)| name.as_str())
}

/// Whether a run that was killed has left something in the output folder.
fn has_unfinished(folder: &Path) -> Result<bool> {
    let Some(root) = open(folder)? else { return Ok(false) };
    Ok(places(&root, folder)?.iter().any(|(_, _, entries)| unfinished(entries).next().is_some()))
}

/// Writes a file beside its place and moves it there. Tells whether that is done: it is not if something else stands there than what
/// was compared. What another run has written already is done, too.
fn put(dir: &Dir, name: &str, text: &str, action: &Action) -> std::io::Result<bool> {
    let unfinished = format!(".{name}{UNFINISHED}");
    // New, so that a link of this name is not written through.
    let mut file = dir.open_with(&unfinished, OpenOptions::new().write(true).create_new(true))?;
    let put = file.write_all(text.as_bytes()).and_then(|()| match action {
        Action::Update(old) => replace(dir, &unfinished, name, text, Some(old)),
        _ => create(dir, &unfinished, name, text),
    });
    if !matches!(put, Ok(true)) {
        // If that fails, the next run does it.
        let _ = dir.remove_file(&unfinished);
    }
    put
}

/// Moves a finished file to a name at which nothing stands.
fn create(dir: &Dir, unfinished: &str, name: &str, text: &str) -> std::io::Result<bool> {
    match dir.hard_link(unfinished, dir, name) {
        Ok(()) => dir.remove_file(unfinished).map(|()| true),
        // Something stands there, or the file system has no hard links.
        Err(_) => replace(dir, unfinished, name, text, None),
    }
}

/// Moves a finished file to a name at which a file with this text stands, or nothing.
fn replace(dir: &Dir, unfinished: &str, name: &str, text: &str, old: Option<&str>) -> std::io::Result<bool> {
    match (entry_at(dir, name)?, old) {
        (Some(Entry::Ours(bytes)), _) if bytes == text.as_bytes() => dir.remove_file(unfinished).map(|()| true),
        (Some(Entry::Ours(bytes)), Some(old)) if bytes == old.as_bytes() => {
            dir.rename(unfinished, dir, name).map(|()| true)
        }
        (None, None) => dir.rename(unfinished, dir, name).map(|()| true),
        _ => Ok(false),
    }
}

fn remove(root: &Dir, folder: &Path, changes: &[Change]) -> Result<()> {
    let removals = changes.iter().filter(|change| matches!(change.action, Action::Remove(_)));
    let mut parents = BTreeSet::new();
    for (parent, files) in by_parent(removals) {
        // Another run may have been quicker, here and below.
        let Some(dir) = open_below(root, parent)? else { continue };
        for (name, change) in files {
            let cannot_remove = || format!("{} cannot be removed", shown(&folder.join(&change.path)));
            match (entry_at(&dir, name).with_context(cannot_remove)?, &change.action) {
                (None, _) => {}
                (Some(Entry::Ours(bytes)), Action::Remove(old)) if bytes == old.as_bytes() => {
                    dir.remove_file(name).with_context(cannot_remove)?;
                }
                _ => bail!(changed(folder, &change.path)),
            }
        }
        let folders = parent.match_indices('/').map(|(end, _)| &parent[..end]);
        parents.extend(folders.chain([parent]).filter(|it| !it.is_empty()));
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
