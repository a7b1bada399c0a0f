//! The names of manifests, made of those of Wukongs and networks.

use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::place::Origin;
use crate::rule;

rule! {
    /// The name of a manifest becomes too long.
    ///
    /// An NNCP is called `{wukong}-{network}-bridge` and has at most 63 characters, because kubernetes-nmstate puts the name
    /// into a label; a NAD is called `{wukong}-{network}-nad` and has at most 63 as well.
    ///
    /// ## Way out
    /// Shorten the name of the network or of the Wukong. Names are not cut, so that they stay what people look for.
    pub MANIFEST_NAME_TOO_LONG = "WK210", "manifest-name-too-long", Error;
}

/// Whether the name of a manifest of the network is short enough.
pub(super) fn fits(name: &str, limit: usize, kind: &str, origin: &Origin, findings: &mut Findings) -> bool {
    if name.len() > limit {
        findings.push(Diagnostic::new(
            &MANIFEST_NAME_TOO_LONG,
            origin.at("name"),
            format!("the {kind} `{name}` has {} characters in its name, and {limit} are allowed", name.len()),
            format!("shorten the name of the network or of the Wukong by {}", name.len() - limit),
        ));
    }
    name.len() <= limit
}
