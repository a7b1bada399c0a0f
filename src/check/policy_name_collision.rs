use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::Hit;
use super::names_collide::collisions;
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
    pub(super) POLICY_NAME_COLLISION = "WK302", "policy-name-collision", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    collisions(plan, blame, "NodeNetworkConfigurationPolicy", |what| match what {
        Claimed::PolicyName(name) => Some(name),
        _ => None,
    })
}
