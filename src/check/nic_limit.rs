use super::collect::Blame;
use super::conflict::BLAMING;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, place_in_state, place_of, selected_with};
use crate::api::nmstate::{Interface, InterfaceType};
use crate::base::place::Place;
use crate::model::inventory::NodeInterface;
use crate::model::{Plan, Policy};
use crate::rule;

rule! {
    /// A NIC cannot do what is asked of it: its largest MTU is smaller, or it has fewer virtual functions.
    ///
    /// The node's driver refuses it, and the policy fails there (nmstate compares the MTU with `max-mtu` before it applies anything).
    ///
    /// ## Way out
    /// Lower the `mtu` or `total-vfs` of the uplink, for the nodes that are named in a node group of their own.
    pub(super) NIC_LIMIT = "WK230", "nic-limit", Error, yields_to: &BLAMING;
}

/// What a NIC has a limit of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Limited {
    Mtu,
    VirtualFunctions,
}

impl Limited {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mtu => "MTU",
            Self::VirtualFunctions => "number of virtual functions",
        }
    }

    /// Where an uplink of the Site has it.
    fn key(self) -> &'static str {
        match self {
            Self::Mtu => "mtu",
            Self::VirtualFunctions => "ethernet/sr-iov/total-vfs",
        }
    }

    fn wanted(self, interface: &Interface) -> Option<u32> {
        match self {
            Self::Mtu => interface.mtu,
            Self::VirtualFunctions => interface.ethernet.as_ref().map(|ethernet| ethernet.sr_iov.total_vfs),
        }
    }

    fn most(self, interface: &NodeInterface) -> Option<u32> {
        match self {
            Self::Mtu => interface.max_mtu,
            Self::VirtualFunctions => interface.max_vfs,
        }
    }
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        let is_nic = |it: &&Interface| it.interface_type == Some(InterfaceType::Ethernet);
        for interface in policy.desired_state.interfaces.iter().filter(is_nic) {
            for what in [Limited::Mtu, Limited::VirtualFunctions] {
                let Some(wanted) = what.wanted(interface) else { continue };
                if asked.is_new((what, wanted, interface.name.as_str()), &policy.nodes) {
                    hits.extend(check_limit(plan, policy, &interface.name, what, wanted));
                }
            }
        }
    }
    hits
}

fn check_limit<'a>(plan: &'a Plan, policy: &'a Policy, name: &'a str, what: Limited, wanted: u32) -> Option<Hit<'a>> {
    let limit = |number: &usize| {
        let interface = plan.inventory.node(*number).interfaces.get(name);
        interface.and_then(|it| what.most(it)).filter(|most| *most < wanted)
    };
    let unable: Vec<usize> = selected_with(plan, policy, name).filter(|number| limit(number).is_some()).collect();
    let first = *unable.first()?;
    let least = limit(&first)?;
    let hit = Hit::new(place_of_limit(policy, name, what, wanted), move || {
        let nodes = name_nodes(plan, &unable);
        let place = place_in_state(plan.inventory.node(first), name);
        Words::new(
            format!("the {} of `{name}` cannot be {wanted} on {nodes}", what.as_str()),
            format!("use {least} at most"),
        )
        .with_related(place, format!("it takes {least} at most"))
    });
    Some(hit.on_nodes(&policy.nodes))
}

/// Where it is asked for.
fn place_of_limit(policy: &Policy, name: &str, what: Limited, wanted: u32) -> Place {
    let own = policy.uplink.as_ref().filter(|it| it.interfaces.last().is_some_and(|top| top.name == *name));
    // The ports of a bond have its MTU.
    let bond = policy.uplink.as_ref().filter(|it| what == Limited::Mtu && it.mtu == Some(wanted));
    own.or(bond).map_or_else(|| place_of(policy, name), |it| it.origin.at(what.key()))
}
