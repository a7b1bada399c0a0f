use std::collections::BTreeSet;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, place_of, surest};
use crate::api::nmstate::{InterfaceState, InterfaceType, NetworkState};
use crate::base::spelling::nearest;
use crate::model::Plan;
use crate::rule;

rule! {
    /// An interface that a policy needs is not on a node.
    ///
    /// With a Linux bridge the policy fails there. With OVS it does not: nmstate makes an internal port of that name, the policy is
    /// "Available", and the bridge has no uplink (nmstate, `ifaces/inter_ifaces_controller.rs`).
    ///
    /// ## Way out
    /// Correct the name. Where nodes differ, say in the Site's `nodeGroups` what the NIC is called there.
    pub(super) NIC_NOT_FOUND = "WK228", "nic-not-found", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        for name in needed(&policy.desired_state) {
            if !asked.is_new(name, &policy.nodes) {
                continue;
            }
            let is_missing = |number: &usize| !plan.inventory.node(*number).interfaces.contains_key(name);
            let missing = policy.nodes.nodes.iter().copied().filter(is_missing).collect();
            let missing = surest(plan, &policy.nodes, missing);
            let Some(first) = missing.first().copied() else { continue };
            let hit = Hit::new(place_of(policy, name), move || {
                let node = plan.inventory.node(first);
                let known: Vec<&str> = node.interfaces.keys().map(String::as_str).collect();
                let help = match nearest(name, &known) {
                    Some(meant) => {
                        format!("did you mean `{meant}`? If nodes differ, say so in the Site's `nodeGroups`")
                    }
                    None => "correct the name, or say in the Site's `nodeGroups` what it is called there".to_owned(),
                };
                Words::new(format!("there is no interface `{name}` on {}", name_nodes(plan, &missing)), help)
                    .with_related(node.origin.at("metadata/name"), "the state of the node")
                    .about([name])
            });
            hits.push(hit.on_node(plan, &policy.nodes, first));
        }
    }
    hits
}

/// The interfaces that must be there before: what is named, and not made.
fn needed(state: &NetworkState) -> BTreeSet<&str> {
    let made = |name: &str| {
        state.interfaces.iter().any(|it| it.name == name && it.interface_type != Some(InterfaceType::Ethernet))
    };
    let mut needed = BTreeSet::new();
    for interface in state.interfaces.iter().filter(|it| it.state == InterfaceState::Up) {
        needed.extend(interface.ports());
        needed.extend(interface.vlan.as_ref().map(|vlan| vlan.base_iface.as_str()));
        needed.extend(interface.copy_mac_from.as_deref());
        if interface.interface_type == Some(InterfaceType::Ethernet) {
            needed.insert(&interface.name);
        }
    }
    needed.extend(state.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings).filter_map(|it| it.bridge.as_deref()));
    needed.into_iter().filter(|name| !made(name)).collect()
}
