//! What a render changes under virtual machines that run: the bridge that they are on, or the attachment by which they are.
//!
//! What they are on now is what stands in the output folder. A network counts if its attachment is there already, so that a new virtual
//! machine is never taken for one that runs.

mod attachments;
mod bridges;

use std::collections::HashSet;

pub use attachments::ATTACHMENT_CHANGES;
pub use bridges::BRIDGE_CHANGES_UNDER_GUESTS;

use attachments::Attachments;
use bridges::{Bridges, changed_bridges};

use crate::base::diagnostic::{Findings, Place};
use crate::base::rule::Rule;
use crate::model::Plan;
use crate::write::tree::{Action, Change, OutputTree};

/// What the changes of a tree do to virtual machines that run. `accepts` is asked once for every network that a finding would be about.
pub fn changed_under_guests(
    tree: &OutputTree,
    changes: &[Change],
    plan: &Plan,
    accepts: &mut dyn FnMut(&Rule, &Place) -> bool,
) -> Findings {
    let mut findings = Findings::default();
    let is_replaced = |change: &Change| matches!(change.action, Action::Update(_) | Action::Remove(_));
    if !changes.iter().any(is_replaced) {
        return findings;
    }
    let before = Bridges::of(changes, |change| match &change.action {
        Action::Update(old) | Action::Remove(old) => Some(old),
        Action::Create | Action::Unchanged => None,
    });
    let attachments = Attachments::of(tree, changes, plan);
    let mut covered = HashSet::new();
    if !before.is_empty() {
        let after = Bridges::of(changes, |change| match &change.action {
            Action::Update(_) | Action::Create => tree.text(&change.path),
            Action::Remove(_) | Action::Unchanged => None,
        });
        let guests = attachments.guests(&before, changes, plan);
        findings.extend(changed_bridges(&before, &after, &guests, &mut covered, accepts));
    }
    findings.extend(attachments.changed(&covered, accepts));
    findings
}
