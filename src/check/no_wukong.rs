use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::rule;

rule! {
    /// There is no Wukong among the inputs.
    ///
    /// A tree rendered from nothing is empty, and Argo CD or Flux with pruning then removes every network there is. Most
    /// often the path is wrong, or the files are called something else than `.yaml`, `.yml` or `.json`.
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
