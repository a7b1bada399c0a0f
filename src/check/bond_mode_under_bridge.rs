use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use super::nodes::{name_nodes, place_in_state};
use crate::api::nmstate::BondMode;
use crate::base::place::Place;
use crate::model::{Host, Key, Need, Network, Plan, PolicyOfOthers};
use crate::rule;

rule! {
    /// A bond in a mode that does not go together with a bridge for guests.
    ///
    /// `balance-rr` sends the frames of one guest through several NICs, so that the switch sees its MAC address now here and now there;
    /// `balance-tlb` and `balance-alb` send with MAC addresses of the NICs, and `balance-alb` answers ARP for the node alone. Frames for guests
    /// get lost, at times, and only with two links up. Red Hat supports the modes `active-backup`, `balance-xor` and `802.3ad` under a bridge
    /// with guests (Red Hat Virtualization, technical reference, "Bonds"; knowledgebase 67546). The bond may be the Site's, that of another
    /// policy, or one that a node has.
    ///
    /// ## Example
    /// ```yaml
    /// uplinks:
    ///   - name: bond0
    ///     type: bond
    ///     link-aggregation: {mode: balance-alb, port: [ens1f0, ens1f1]}     # and br-lan is on bond0
    /// ```
    ///
    /// ## Way out
    /// Use `active-backup`, which asks nothing of the switch, or `802.3ad` with a switch that speaks LACP.
    pub(super) BOND_MODE_UNDER_BRIDGE = "WK253", "bond-mode-under-bridge", Warning, yields_to: &BLAMING;
}

const HELP: &str = "use the mode `active-backup`, or `802.3ad` with a switch that speaks LACP";

/// Whether frames of guests get lost in a mode. `broadcast` works, at the cost of every link.
fn loses_frames(mode: BondMode) -> bool {
    matches!(mode, BondMode::BalanceRr | BondMode::BalanceTlb | BondMode::BalanceAlb)
}

/// A bond in such a mode.
struct Found<'a> {
    bond: &'a str,
    mode: BondMode,
    /// Where its mode is written.
    place: Place,
    /// Where it is, in words that follow its name.
    whose: String,
    is_of_site: bool,
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let others = Others::of(plan);
    let mut groups: HashMap<Place, usize> = HashMap::new();
    let mut hits = Vec::new();
    for network in plan.networks().filter(|network| !blame.has(&network.at(Key::Name))) {
        let mut seen = HashSet::new();
        for host in network.hosts.iter().filter(|host| host.need.as_ref().is_some_and(Need::makes_bridge)) {
            let Some(found) = of_site(plan, host).or_else(|| others.find(host)) else { continue };
            // In several node groups it is still one network.
            if !seen.insert(found.place.clone()) {
                continue;
            }
            let next = groups.len();
            let group = *groups.entry(found.place.clone()).or_insert(next);
            hits.push(hit(network, found, group));
        }
    }
    hits
}

fn hit<'a>(network: &'a Network, found: Found<'a>, group: usize) -> Hit<'a> {
    let Found { bond, mode, place, whose, is_of_site } = found;
    let own = network.at(Key::PhysicalInterface);
    let (shown, related) = if is_of_site { (place, own.clone()) } else { (own.clone(), place) };
    let hit = Hit::in_group(shown, group, move |more| {
        let bridge = network.carrier.bridge_name().unwrap_or_default();
        let message = format!(
            "the bond `{bond}`{whose} has the mode `{mode}`, in which guests of `{bridge}`{} lose frames",
            and_networks(more)
        );
        let what = if is_of_site { format!("`{bridge}` is on it") } else { format!("`{mode}` here") };
        Words::new(message, HELP).with_related(related.clone(), what).about([bond, bridge])
    });
    hit.accepted_at(&Arc::from([own]))
}

/// The bond of the Site that a host's uplink is or stands on.
fn of_site<'a>(plan: &'a Plan, host: &'a Host) -> Option<Found<'a>> {
    let definition = host.uplink.as_ref()?.definition.as_ref()?;
    let (bond, mode) = definition.interfaces.iter().find_map(|interface| {
        let mode = interface.link_aggregation.as_ref()?.mode;
        loses_frames(mode).then_some((interface.name.as_str(), mode))
    })?;
    let origin = &plan.settings.groups[host.group].uplinks.get(bond)?.origin;
    let place = origin.child("link-aggregation").at("mode");
    Some(Found { bond, mode, place, whose: String::new(), is_of_site: true })
}

/// The bonds in such a mode of others' policies and of the nodes. Most often there are none.
struct Others<'a> {
    plan: &'a Plan,
    /// Bonds by name, whatever their mode: the number of the policy, and that of the interface in it.
    of_policies: HashMap<&'a str, Vec<(usize, usize)>>,
    /// Bonds by name: the nodes that have them, in order, with the mode of the first.
    of_nodes: HashMap<&'a str, (BondMode, Vec<usize>)>,
}

impl<'a> Others<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut of_policies: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        for (number, policy) in plan.policies_of_others.iter().enumerate() {
            for (index, (name, interface)) in policy.interfaces.iter().enumerate() {
                if interface.bond_mode.is_some() && !policy.absent.contains(name) {
                    of_policies.entry(name).or_default().push((number, index));
                }
            }
        }
        let mut of_nodes: HashMap<&str, (BondMode, Vec<usize>)> = HashMap::new();
        for (number, node) in plan.inventory.nodes().iter().enumerate() {
            for (name, interface) in node.interfaces.iter() {
                if let Some(mode) = interface.bond_mode.filter(|mode| loses_frames(*mode)) {
                    of_nodes.entry(name).or_insert_with(|| (mode, Vec::new())).1.push(number);
                }
            }
        }
        Self { plan, of_policies, of_nodes }
    }

    /// The bond that a host's uplink is or stands on, where the Site does not define it.
    fn find(&self, host: &'a Host) -> Option<Found<'a>> {
        if self.of_policies.is_empty() && self.of_nodes.is_empty() {
            return None;
        }
        let definition = host.uplink.as_ref()?.definition.as_ref();
        let bond = host.base.as_ref()?.base.as_str();
        let is_of_site = self.plan.settings.groups[host.group].uplinks.contains_key(bond);
        if is_of_site || definition.is_some_and(|it| it.interfaces.iter().any(|it| it.link_aggregation.is_some())) {
            return None;
        }
        // What a policy makes of the bond is what the nodes will have.
        let made = self.of_policies.get(bond).into_iter().flatten();
        let made = made.map(|(policy, index)| (&self.plan.policies_of_others[*policy], *index));
        match made.into_iter().find(|(policy, _)| self.plan.can_meet(&policy.node_selector, &host.nodes)) {
            Some((policy, index)) => in_policy(bond, policy, index),
            None => self.on_nodes(bond, host),
        }
    }

    fn on_nodes(&self, bond: &'a str, host: &Host) -> Option<Found<'a>> {
        let (mode, numbers) = self.of_nodes.get(bond)?;
        let there: Vec<usize> =
            numbers.iter().copied().filter(|it| host.selected.nodes.binary_search(it).is_ok()).collect();
        let place = place_in_state(self.plan.inventory.node(*there.first()?), bond);
        let whose = format!(" of {}", name_nodes(self.plan, &there));
        Some(Found { bond, mode: *mode, place, whose, is_of_site: false })
    }
}

fn in_policy<'a>(bond: &'a str, policy: &PolicyOfOthers, index: usize) -> Option<Found<'a>> {
    let interface = &policy.interfaces[index].1;
    let mode = interface.bond_mode.filter(|mode| loses_frames(*mode))?;
    let place = policy.list().child(interface.index).at("link-aggregation/mode");
    Some(Found { bond, mode, place, whose: " of another policy".to_owned(), is_of_site: false })
}
