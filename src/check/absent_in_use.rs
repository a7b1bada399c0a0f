use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::blaming::BLAMING;
use super::collect::Blame;
use super::conflict::Things;
use super::hit::{Hit, Words};
use crate::base::place::Place;
use crate::model::{Claim, Claimant, Claimed, Holder, Plan};
use crate::rule;

rule! {
    /// A policy among the inputs takes away what a network needs.
    ///
    /// A NodeNetworkConfigurationPolicy that others wrote has the interface, its base, or the localnet with `state: absent`, on nodes that
    /// can be the same. The policy that is applied last wins, and both stay "Available".
    ///
    /// ## Way out
    /// Delete the interface from that policy, or choose another name here.
    pub(super) ABSENT_IN_USE = "WK311", "absent-in-use", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let needed = |claim: &'a Claim| match &claim.what {
        _ if claim.by == Claimant::Others => None,
        Claimed::Interface(name) => Some(Cow::Borrowed(name.as_str())),
        _ => plan.port_of(claim),
    };
    let base = |claim: &'a Claim| match &claim.what {
        Claimed::Wire(wire) if wire.tag().is_some() && claim.by != Claimant::Others => {
            Some(Cow::Borrowed(wire.base.as_str()))
        }
        _ => None,
    };
    let localnet = |claim: &'a Claim| match &claim.what {
        Claimed::Localnet(localnet) if claim.by != Claimant::Others => Some(Cow::Borrowed(localnet.as_str())),
        _ => None,
    };
    let things = Things::of(plan, blame, absent);
    let mut found = things.meet(blame, needed);
    found.extend(things.meet(blame, base));
    let interfaces = found.len();
    found.extend(Things::of(plan, blame, absent_localnet).meet(blame, localnet));
    // A bridge goes with its VLAN interface, and that with its NIC: one of them says it.
    let mut seen = HashSet::new();
    let mut groups: HashMap<(&str, &Place), usize> = HashMap::new();
    let mut hits = Vec::new();
    for (number, meeting) in found.into_iter().enumerate() {
        let Holder::Policy(policy) = &meeting.first.holder else { continue };
        if !seen.insert((meeting.first.place.clone(), meeting.interface, meeting.second.place.clone())) {
            continue;
        }
        let (name, first, is_localnet) = (meeting.interface, meeting.first, number >= interfaces);
        // Those of one name and policy are one finding, by whichever of the three ways they need it.
        let count = groups.len();
        let group = *groups.entry((name, &first.place)).or_insert(count);
        hits.push(Hit::in_group(meeting.second.place.clone(), group, move |more| {
            let others = more.words(" (and by one more network)", |more| format!(" (and by {more} more networks)"));
            let message = format!("`{name}` is needed here{others}, and the policy `{policy}` takes it away");
            let what = if is_localnet { "mapping" } else { "interface" };
            Words::new(message, format!("delete the {what} from that policy, or choose another name here"))
                .about([name])
                .with_related(first.place.clone(), "taken away")
        }));
    }
    hits
}

fn absent(claim: &Claim) -> Option<&str> {
    match &claim.what {
        Claimed::Absent(name) => Some(name),
        _ => None,
    }
}

fn absent_localnet(claim: &Claim) -> Option<&str> {
    match &claim.what {
        Claimed::AbsentLocalnet(name) => Some(name),
        _ => None,
    }
}
