use crate::base::diagnostic::Report;
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
    pub(super) ATTACHMENT_NAME_COLLISION = "WK303", "attachment-name-collision", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    fn name_of(claimed: &Claimed) -> Option<&String> {
        match claimed {
            Claimed::AttachmentName { name, .. } => Some(name),
            _ => None,
        }
    }
    super::report_name_collisions(plan, &ATTACHMENT_NAME_COLLISION, "NetworkAttachmentDefinition", name_of, report);
}
