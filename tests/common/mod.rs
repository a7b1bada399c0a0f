//! What the test programs share: fixture directories, runs of the binary, trees as maps.
#![allow(dead_code, missing_docs, reason = "each test program uses its own part of this")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Whether expectations are to be written instead of compared.
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

/// Holds a text to what a file expects, or writes it there.
pub(crate) fn compare_text(path: &Path, actual: &str) -> Result<(), String> {
    if is_blessing() {
        fs::write(path, actual).expect("an expectation can be written");
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(expected.as_str(), actual).unified_diff().to_string();
    Err(format!("{} differs (BLESS=1 accepts it):\n{diff}", path.display()))
}

/// The time of every run, 2026-11-24 08:00 UTC: the age of an inventory is told by it.
const NOW: &str = "1795507200";

/// A run of the binary, with colours and locale out of the way.
#[cfg(feature = "cli")]
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_wukong-render"))
        .current_dir(folder)
        .args(args)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .env("SOURCE_DATE_EPOCH", NOW)
        .output()
        .expect("the binary was built for this test and can be run")
}

/// The exit code of a run.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("the binary is not killed by a signal")
}

/// Writes a file, with the folders that it is in.
pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a temporary folder can be written");
    fs::write(path, text).expect("a temporary folder can be written");
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The folders directly in a folder, in order.
pub(crate) fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Every file below a folder: its path there, and its bytes.
pub(crate) fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let file_type = entry.file_type().expect("an entry has a type");
            if file_type.is_dir() {
                folders.push(entry.path());
            } else if file_type.is_file() {
                let file = entry.path();
                let below = file.strip_prefix(path).expect("it was listed below this folder").to_string_lossy();
                files.insert(below.into_owned(), fs::read(&file).expect("a listed file can be read"));
            }
        }
    }
    files
}

/// Copies the files of a folder, the last first, so that the order on the disk is another.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from).into_iter().rev() {
        let target = to.join(path);
        fs::create_dir_all(target.parent().expect("a file has a folder")).expect("a temporary folder can be written");
        fs::write(target, bytes).expect("a temporary folder can be written");
    }
}

/// The cases that have an expected tree: `fixtures/networks/*/*` and `fixtures/sets/*`.
pub(crate) fn good_cases() -> Vec<PathBuf> {
    let networks = folders(&root().join("fixtures/networks")).into_iter().flat_map(|it| folders(&it));
    let sets = folders(&root().join("fixtures/sets"));
    networks.chain(sets).filter(|case| case.join("input").exists() || case.join("args").exists()).collect()
}
