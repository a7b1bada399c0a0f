use crate::base::diagnostic::Report;
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// Two networks make an NNCP of the same name.
    ///
    /// A policy belongs to the cluster, not to a namespace, and is called `{wukong}-{network}-bridge`: two Wukongs of one name in two
    /// namespaces meet, and so do `a` with `b-c` and `a-b` with `c`. The second would silently replace the first.
    ///
    /// ## Way out
    /// Rename one of the Wukongs or networks.
    pub(super) POLICY_NAME_COLLISION = "WK302", "policy-name-collision", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    fn name_of(claimed: &Claimed) -> Option<&String> {
        match claimed {
            Claimed::PolicyName(name) => Some(name),
            _ => None,
        }
    }
    super::report_name_collisions(plan, &POLICY_NAME_COLLISION, "NodeNetworkConfigurationPolicy", name_of, report);
}
