//! The file system: what goes into a compilation is read here, and what comes of it is written here. Nothing is decided.
//!
//! An `Err` means that the tool could not do its work. What an author did wrong is a finding.

mod file;
pub mod input;
pub mod output;
pub mod template;

use std::path::Path;

use crate::Request;
use crate::base::diagnostic::Findings;
use crate::base::progress::Progress;
use crate::read::source::display;

pub use input::Inputs;

/// A path as it is shown.
pub fn shown(path: &Path) -> String {
    display(&path.to_string_lossy())
}

/// A request of what is read from files: the inputs, and the folder with templates if there is one.
///
/// # Errors
/// A glob is none, or the folder with templates cannot be read.
pub fn request(inputs: &Inputs, templates: Option<&Path>, progress: &Progress) -> anyhow::Result<Request> {
    let mut findings = Findings::default();
    let sources = input::read(inputs, progress, &mut findings)?;
    let bounds = inputs.bounds()?;
    let templates = templates.map(|folder| template::read(folder, &bounds)).transpose()?.unwrap_or_default();
    let called = match inputs.paths.first() {
        Some(path) if path.as_os_str() != "-" => shown(path),
        _ => input::STDIN.to_owned(),
    };
    Ok(Request { sources, templates, called, findings, ..Request::default() })
}
