use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::rule;

rule! {
    /// There is no Wukong among the inputs.
    ///
    /// A tree rendered from nothing is empty, and Argo CD or Flux with pruning then removes every network there is. Most
    /// often the path is wrong, or the files are called something else than `.yaml`, `.yml` or `.json`.
    ///
    /// A folder that is named, and holds no manifest at all while other inputs do, is the same mistake: a mount or a checkout that is not
    /// there, and the networks of its virtual machines would be removed. A folder whose manifests are all excluded is meant.
    ///
    /// ## Way out
    /// Correct the path, or say `--allow-empty` if nothing is meant.
    pub NO_WUKONG = "WK007", "no-wukong", Error;
}

/// The finding that the inputs, which are called so, hold no Wukong.
pub fn no_wukong(called: &str, ignored: usize) -> Diagnostic {
    let others = match ignored {
        0 => "nor any other document".to_owned(),
        1 => "but one document of another kind".to_owned(),
        count => format!("but {count} documents of other kinds"),
    };
    Diagnostic::new(
        &NO_WUKONG,
        Place::Path(called.to_owned()),
        format!("there is no Wukong here, {others}"),
        "correct the path, or say --allow-empty if nothing is meant",
    )
}

/// The finding that a folder that is named as an input holds no manifest, while other inputs do.
pub fn empty_folder(called: String) -> Diagnostic {
    Diagnostic::new(
        &NO_WUKONG,
        Place::Path(called),
        "there is no manifest in this folder, while there are in other inputs",
        "correct the path or leave it out, or say --allow-empty if nothing is meant",
    )
}
