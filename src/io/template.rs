//! A folder with templates.

use std::path::Path;

use anyhow::{Context, Result};

use super::shown;
use crate::write::render::Template;

/// The files of a folder that end in `.j2`, in the order of their names.
pub fn read(folder: &Path) -> Result<Vec<Template>> {
    let cannot_read = || format!("the template folder {} cannot be read", shown(folder));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot_read)? {
        let path = entry.with_context(cannot_read)?.path();
        if path.extension().is_some_and(|extension| extension == "j2") {
            files.push(path);
        }
    }
    files.sort();
    let template = |path: &std::path::PathBuf| {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("the template {} cannot be read", shown(path)))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Template { name, path: shown(path), text })
    };
    files.iter().map(template).collect()
}
