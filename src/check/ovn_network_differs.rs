use super::conflict::conflicts;
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// One network of OVN-Kubernetes is configured in two ways.
    ///
    /// Attachments to a localnet name a network that is one in the whole cluster, and all of them must say the same of it: the localnet, the
    /// VLAN, the MTU. OVN-Kubernetes takes one of the two, and does not say which ("Multiple networks", its documentation).
    ///
    /// ## Way out
    /// Let the MTU of the localnet's uplink be the same in all node groups; give a NetworkAttachmentDefinition of your own another `name` in its
    /// configuration.
    pub(super) OVN_NETWORK_DIFFERS = "WK314", "ovn-network-differs", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::OvnNetwork(_))) {
        let Claimed::OvnNetwork(name) = conflict.what else { continue };
        let (here, elsewhere) = (&conflict.second.holder, &conflict.first.holder);
        let only = |one: &str, other: &str| {
            let own: Vec<&str> = one.split(", ").filter(|it| !other.split(", ").any(|its| its == *it)).collect();
            if own.is_empty() { "nothing of that".to_owned() } else { own.join(", ") }
        };
        let (here, elsewhere) = (only(here, elsewhere), only(elsewhere, here));
        let diagnostic = Diagnostic::new(
            &OVN_NETWORK_DIFFERS,
            conflict.second.place.clone(),
            format!("OVN's network `{name}` has {here} here, and {elsewhere} elsewhere"),
            "let both say the same, or give one of them another name",
        );
        report.push(diagnostic.with_related(conflict.first.place.clone(), elsewhere));
    }
}
