//! What the rules about names of manifests have in common.

use super::collect::Blame;
use super::conflict::conflicts;
use super::hit::{Hit, Words};
use crate::model::{Claimant, Claimed, Plan};

/// Networks that make manifests of one name. `name_of` picks the names that matter.
pub(super) fn collisions<'a>(
    plan: &'a Plan,
    blame: &Blame<'_>,
    kind: &'static str,
    name_of: impl Fn(&Claimed) -> Option<&String>,
) -> Vec<Hit<'a>> {
    let conflicts = conflicts(plan, blame, |claim| name_of(&claim.what).is_some());
    let hit = |conflict: super::conflict::Conflict<'a>| {
        let name = name_of(conflict.what)?;
        let is_of_others = conflict.first.by == Claimant::Others;
        Some(Hit::new(conflict.second.place.clone(), move || {
            let words = if is_of_others {
                Words::new(
                    format!("this network makes the {kind} `{name}`, which another file has already"),
                    "rename the network or the Wukong, or leave the other file out with --exclude if this one replaces it",
                )
            } else {
                Words::new(
                    format!("a second network makes the {kind} `{name}`"),
                    "rename one of the networks or Wukongs: names are joined with `-`, so `a` and `b-c` meet `a-b` and `c`",
                )
            };
            words.with_related(conflict.first.place.clone(), "the first one")
        }))
    };
    conflicts.into_iter().filter_map(hit).collect()
}
