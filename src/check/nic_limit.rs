use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, place_in_state, place_of, selected_with, surest};
use crate::api::nmstate::{Interface, InterfaceType};
use crate::base::place::Place;
use crate::model::inventory::NodeInterface;
use crate::model::{Claim, Claimant, Claimed, Holder, Plan, Policy};
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
    /// By its driver.
    Mtu,
    /// By the MTU of what a VLAN interface stands on.
    Base,
    VirtualFunctions,
}

impl Limited {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mtu | Self::Base => "MTU",
            Self::VirtualFunctions => "number of virtual functions",
        }
    }

    /// Where an uplink of the Site has it.
    fn key(self) -> &'static str {
        match self {
            Self::Mtu | Self::Base => "mtu",
            Self::VirtualFunctions => "ethernet/sr-iov/total-vfs",
        }
    }

    fn wanted(self, interface: &Interface) -> Option<u32> {
        match self {
            Self::Mtu | Self::Base => interface.mtu,
            Self::VirtualFunctions => interface.ethernet.as_ref().map(|ethernet| ethernet.sr_iov.total_vfs),
        }
    }

    fn most(self, interface: &NodeInterface) -> Option<u32> {
        match self {
            Self::Mtu => interface.max_mtu,
            Self::Base => interface.mtu,
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
        for interface in &policy.desired_state.interfaces {
            let (Some(vlan), Some(wanted)) = (&interface.vlan, interface.mtu) else { continue };
            if asked.is_new((Limited::Base, wanted, interface.name.as_str()), &policy.nodes) {
                hits.extend(check_base(plan, policy, &interface.name, &vlan.base_iface, wanted));
            }
        }
    }
    hits
}

/// A VLAN interface takes no larger MTU than what it stands on has (the kernel's `net/8021q/vlan_dev.c`, `vlan_dev_change_mtu`).
fn check_base<'a>(plan: &'a Plan, policy: &'a Policy, name: &'a str, base: &'a str, wanted: u32) -> Option<Hit<'a>> {
    let is_raised_here = policy.desired_state.interfaces.iter().any(|it| it.name == base && it.mtu.is_some());
    let raises = |claim: &Claim| {
        claim.by == Claimant::Others
            && claim.what == Claimed::Mtu(base.to_owned())
            && matches!(claim.holder, Holder::Number(mtu) if mtu >= wanted)
            && plan.can_meet(&claim.nodes, &policy.node_selector)
    };
    if is_raised_here || plan.claims.iter().any(raises) {
        return None;
    }
    let has = |number: &usize| {
        let interface = plan.inventory.node(*number).interfaces.get(base)?;
        interface.mtu.filter(|mtu| *mtu < wanted)
    };
    let unable = selected_with(plan, policy, base).filter(|number| has(number).is_some()).collect();
    let unable = surest(plan, &policy.nodes, unable);
    let first = *unable.first()?;
    let mtu = has(&first)?;
    let hit = Hit::new(place_of_limit(policy, name, Limited::Mtu, wanted), move || {
        let nodes = name_nodes(plan, &unable);
        Words::new(
            format!("the MTU of `{name}` cannot be {wanted} on {nodes}: `{base}` under it has {mtu}"),
            format!("list `{base}` among the Site's `uplinks` with an `mtu` of {wanted}, or use {mtu} at most"),
        )
        .with_related(place_in_state(plan.inventory.node(first), base), format!("it has {mtu}"))
        .about([name, base])
    });
    Some(hit.on_node(plan, &policy.nodes, first))
}

fn check_limit<'a>(plan: &'a Plan, policy: &'a Policy, name: &'a str, what: Limited, wanted: u32) -> Option<Hit<'a>> {
    let limit = |number: &usize| {
        let interface = plan.inventory.node(*number).interfaces.get(name);
        interface.and_then(|it| what.most(it)).filter(|most| *most < wanted)
    };
    let unable = selected_with(plan, policy, name).filter(|number| limit(number).is_some()).collect();
    let unable = surest(plan, &policy.nodes, unable);
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
        .about([name])
    });
    Some(hit.on_node(plan, &policy.nodes, first))
}

/// Where it is asked for.
fn place_of_limit(policy: &Policy, name: &str, what: Limited, wanted: u32) -> Place {
    let own = policy.uplink.as_ref().filter(|it| it.interfaces.last().is_some_and(|top| top.name == *name));
    // The ports of a bond have its MTU.
    let bond = policy.uplink.as_ref().filter(|it| what == Limited::Mtu && it.mtu == Some(wanted));
    own.or(bond).map_or_else(|| place_of(policy, name), |it| it.origin.at(what.key()))
}
