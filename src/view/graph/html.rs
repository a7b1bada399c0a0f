//! The topology as one page that needs nothing else: with search, and folding what is many.

use super::Topology;
use crate::base::printable;

/// The page.
///
/// # Panics
/// Never: a topology is texts and numbers, which always become JSON.
pub fn html(topology: &Topology) -> String {
    let json = serde_json::to_string(topology).expect("texts and numbers always become JSON");
    let json = printable::json(json);
    // `</script>` in a text would end the data, and `<!--` change how the rest is read.
    let json = json.replace('<', "\\u003c");
    include_str!("page/topology.html")
        .replace("@STYLE@", include_str!("page/topology.css"))
        .replace("@SCRIPT@", include_str!("page/topology.js"))
        // The last, because its texts are not ours.
        .replace("@TOPOLOGY@", &json)
}
