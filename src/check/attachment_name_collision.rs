use super::collect::Blame;
use super::hit::Hit;
use super::names_collide::collisions;
use super::policy_name_collision::POLICY_NAME_COLLISION;
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// Two networks make a NAD of the same name in one namespace.
    ///
    /// A NAD is called `{wukong}-{network}-nad`, so `a` with `b-c` and `a-b` with `c` meet. The second would silently replace the
    /// first.
    ///
    /// ## Way out
    /// Rename one of the Wukongs or networks.
    pub(super) ATTACHMENT_NAME_COLLISION = "WK303", "attachment-name-collision", Error, yields_to: &[&POLICY_NAME_COLLISION];
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    collisions(plan, blame, "NetworkAttachmentDefinition", |what| match what {
        Claimed::AttachmentName(nad) => Some(&nad.name),
        _ => None,
    })
}
