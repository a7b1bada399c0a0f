//! A folder with templates.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::file::{self, Bounds, LEADS_OUT};
use super::shown;
use crate::write::render::{MAX_TEMPLATE, Template};

/// The files of a folder that end in `.j2`, in the order of their names.
pub(super) fn read(folder: &Path, bounds: &Bounds) -> Result<Vec<Template>> {
    let cannot_read = || format!("the template folder {} cannot be read", shown(folder));
    if let Some(link) = bounds.way_out(folder) {
        bail!("the template folder {} cannot be read: {LEADS_OUT}", shown(&link));
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot_read)? {
        let path = entry.with_context(cannot_read)?.path();
        if path.extension().is_some_and(|extension| extension == "j2") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|path| template(path, bounds)).collect()
}

fn template(path: &Path, bounds: &Bounds) -> Result<Template> {
    let shown = shown(path);
    let bytes = if bounds.hold(path) { file::read(path, MAX_TEMPLATE) } else { Err(LEADS_OUT.to_owned()) };
    let bytes = bytes.map_err(|why| anyhow::anyhow!("the template {shown} cannot be read: {why}"))?;
    if bytes.len() > MAX_TEMPLATE {
        bail!("the template {shown} is larger than {} KiB", MAX_TEMPLATE / 1024);
    }
    let Ok(text) = String::from_utf8(bytes) else { bail!("the template {shown} is not UTF-8: save it as UTF-8") };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Template { name, path: shown, text })
}
