//! What may be read at a path: files, and neither what never ends nor what stands outside a folder that must not be left.

use std::fs::{File, FileType, Metadata};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The bytes of a file, and no more than one above a limit: so much shows that there are too many. Or why there are none.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let metadata = path.metadata().map_err(|error| reason(&error))?;
    if !(metadata.is_file() || is_descriptor(path)) {
        return Err(format!("it is {}, not a file", noun(metadata.file_type())));
    }
    read_to(File::open(path).map_err(|error| reason(&error))?, limit)
}

/// What a stream has, and no more than one byte above a limit.
pub(super) fn read_to(from: impl Read, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    Ok(bytes)
}

/// Whether a path names what the process was given as an open file: a shell spells `<(command)` so. Any other pipe may wait for ever.
fn is_descriptor(path: &Path) -> bool {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    path.to_str().is_some_and(|path| {
        path == "/dev/stdin"
            || ["/dev/fd/", "/proc/self/fd/"].iter().any(|folder| path.strip_prefix(folder).is_some_and(is_number))
    })
}

/// Why something cannot be read, in words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// What something is that is not a file.
fn noun(file_type: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return "a named pipe";
        }
        if file_type.is_socket() {
            return "a socket";
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return "a device";
        }
    }
    if file_type.is_dir() { "a folder" } else { "something else" }
}

/// The folder that no link may leave, if there is one.
#[derive(Debug, Default)]
pub(super) struct Bounds(Option<PathBuf>);

impl Bounds {
    /// The working directory.
    pub(super) fn working_directory() -> std::io::Result<Self> {
        Ok(Self(Some(Path::new(".").canonicalize()?)))
    }

    /// Whether what a path leads to is within. Nothing is told about what is not: what leads nowhere is not within either.
    pub(super) fn hold(&self, path: &Path) -> bool {
        let Some(folder) = &self.0 else { return true };
        path.canonicalize().is_ok_and(|target| target.starts_with(folder))
    }

    /// The first link of a path that leads out.
    pub(super) fn way_out(&self, path: &Path) -> Option<PathBuf> {
        self.0.as_ref()?;
        let mut way = PathBuf::new();
        path.components().find_map(|part| {
            way.push(part);
            let is_link = way.symlink_metadata().as_ref().is_ok_and(Metadata::is_symlink);
            let is_out = part == Component::ParentDir || is_link;
            (is_out && !self.hold(&way)).then(|| way.clone())
        })
    }
}

/// Why a link is not followed.
pub(super) const LEADS_OUT: &str = "it is a link that leads out of the application's folder, or nowhere";
