use super::conflict::{agreed, conflicts, is_bridge};
use crate::base::diagnostic::{Diagnostic, Place, Report};
use crate::model::{Claimed, Plan};
use crate::rule;

rule! {
    /// One bridge, or another interface that is made, is defined in two ways.
    ///
    /// Two networks make a bridge of one name with another uplink, VLAN, type or node address, on nodes that can be the same. Nothing
    /// in a cluster notices: the policy that is applied last wins, both stay "Available", and the other virtual machines
    /// are on the wrong network (tried with nmstate 2.2.62: the port list is replaced). Of several networks, the one that differs from
    /// most is shown; a policy of somebody else's among the inputs counts as right.
    ///
    /// ## Way out
    /// Give one of the bridges another `bridgeName`, or make the networks agree. If they are meant for different nodes, select
    /// these by one label with different values.
    pub(super) BRIDGE_CONFLICT = "WK304", "bridge-conflict", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for conflict in conflicts(plan, report, |claim| matches!(claim.what, Claimed::Interface(_))) {
        let Claimed::Interface(name) = conflict.what else { continue };
        let (here, elsewhere) = (&conflict.second.holder, &conflict.first.holder);
        let kind = if is_bridge(here) && is_bridge(elsewhere) { "bridge" } else { "interface" };
        let agreed = agreed(conflict.agreed);
        let key = differing_key(here, elsewhere);
        let help = match key {
            Some(key) => format!("correct the `{key}`, or give this bridge another `bridgeName`"),
            None => "give one of them another name, or make them agree".to_owned(),
        };
        let diagnostic = Diagnostic::new(
            &BRIDGE_CONFLICT,
            key.map_or_else(|| conflict.second.place.clone(), |key| beside(&conflict.second.place, key)),
            format!("the {kind} `{name}` is {here} here{}, and {elsewhere} elsewhere{agreed}", conflict.others()),
            help,
        );
        let first = key.map_or_else(|| conflict.first.place.clone(), |key| beside(&conflict.first.place, key));
        report.push(diagnostic.with_related(first, elsewhere.clone()));
    }
}

/// The key of a network in which two definitions of a bridge differ, if it is one.
fn differing_key(here: &str, elsewhere: &str) -> Option<&'static str> {
    // kind, uplink, VLAN, and what else there is.
    let parts = |words: &str| -> Option<[String; 4]> {
        let (kind, rest) = words.split_once(" on ")?;
        let (rest, with) = rest.split_once(", with ").unwrap_or((rest, ""));
        let (uplink, vlan) = rest.split_once(", VLAN ").unwrap_or((rest, ""));
        Some([kind, uplink, vlan, with].map(str::to_owned))
    };
    let (ours, theirs) = (parts(here)?, parts(elsewhere)?);
    let keys = ["type", "physicalInterface", "vlanId", "nodeIP"].into_iter().zip(ours.iter().zip(&theirs));
    let differs: Vec<(&'static str, &String)> =
        keys.filter(|(_, (our, their))| our != their).map(|(key, (our, _))| (key, our)).collect();
    match differs.as_slice() {
        // What is not written cannot be shown.
        [(key, our)] if !our.is_empty() => Some(key),
        _ => None,
    }
}

/// Another key of the network of a place, if the place is one of a network.
fn beside(place: &Place, key: &str) -> Place {
    match place {
        Place::Node { document, pointer, part } if pointer.contains("/spec/networks/") => {
            let network = pointer.rsplit_once('/').map_or("", |(network, _)| network);
            Place::Node { document: *document, pointer: format!("{network}/{key}"), part: *part }
        }
        other => other.clone(),
    }
}
