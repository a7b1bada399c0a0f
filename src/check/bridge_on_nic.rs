use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{is_known, name_few};
use crate::base::diagnostic::More;
use crate::model::{Host, Key, Network, Plan, Tagging};
use crate::rule;

rule! {
    /// A bridge straight on a NIC that may carry the node's own address.
    ///
    /// A port of a bridge has no address. If the NIC is the one by which the node is reached, the policy takes the node off
    /// the network: pods and API server lose it for minutes, on up to half of the nodes at a time, until kubernetes-nmstate
    /// rolls back (kubernetes-nmstate#1063, #785). nmstate's own checks do not notice it.
    ///
    /// Reported once per NIC. Where a network is on another NIC in each node group, all of them are one finding.
    ///
    /// On vSphere (`ens160` and `ens192` are its names for NICs) the port group must let the guests' frames through, too. A guest behind the
    /// bridge has a MAC address that the node's virtual NIC does not have. Set promiscuous mode, or MAC learning on a distributed switch, and
    /// accept forged transmits and MAC address changes. A distributed switch rejects all of them by default, and the guests get no answer.
    ///
    /// ## Example
    /// ```yaml
    /// - name: external
    ///   type: bridge
    ///   physicalInterface: ens160     # the node's only NIC
    /// ```
    ///
    /// ## Way out
    /// Use a `vlanId`: the bridge stands on a VLAN interface, and the NIC keeps its address. Or use a NIC that has none. With the nodes'
    /// own states (`kubectl get nns -o yaml`, `--inventory`) it is known whether the NIC is free, and what it has moves to the bridge.
    /// The Site can say it, too: an uplink's `ipv4` and `ipv6` are what the bridge gets. If the NIC is known to be free,
    /// accept it where it is used, or in the Site for all (`explain WK118`).
    pub(super) BRIDGE_ON_NIC = "WK215", "bridge-on-nic", Warning, inventory: Absent, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut taking: Vec<(&Network, BTreeSet<&str>)> = plan.networks().filter_map(|it| taken(plan, it)).collect();
    // Those on the most NICs first: a network of one node group is the same as one of all groups, on the NIC of that group.
    taking.sort_by_key(|(_, nics)| Reverse(nics.len()));
    let mut groups = Groups::default();
    let hit = |(network, nics): (&'a Network, BTreeSet<&'a str>)| {
        let group = groups.of(&nics);
        Hit::in_group(network.at(Key::PhysicalInterface), group, move |more| words(network, &nics, more))
    };
    taking.into_iter().map(hit).collect()
}

/// The NICs that a network takes as ports of its bridge, in all node groups, of which it is not known whether they are free.
fn taken<'a>(plan: &Plan, network: &'a Network) -> Option<(&'a Network, BTreeSet<&'a str>)> {
    if network.carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some()) {
        return None;
    }
    let is_taken = |host: &&Host| network.bridge_on_uplink(host).is_some() && !is_known(plan, host);
    let uplinks = network.hosts.iter().filter(is_taken).filter_map(|host| host.uplink.as_ref());
    let nics: BTreeSet<&str> = uplinks.map(|uplink| uplink.name.as_str()).collect();
    (!nics.is_empty()).then_some((network, nics))
}

/// Sets of NICs, each with those that are within it: one finding.
#[derive(Default)]
struct Groups<'a> {
    sets: Vec<BTreeSet<&'a str>>,
    by_nic: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Groups<'a> {
    /// The group of a set: the first that has all of it, or one of its own.
    fn of(&mut self, nics: &BTreeSet<&'a str>) -> usize {
        let first = nics.first().and_then(|nic| self.by_nic.get(nic));
        if let Some(group) = first.into_iter().flatten().find(|group| nics.is_subset(&self.sets[**group])) {
            return *group;
        }
        let group = self.sets.len();
        for nic in nics {
            self.by_nic.entry(nic).or_default().push(group);
        }
        self.sets.push(nics.clone());
        group
    }
}

fn words(network: &Network, nics: &BTreeSet<&str>, more: More) -> Words {
    let others =
        more.words(", as does that of one more network", |more| format!(", as do those of {more} more networks"));
    let is_plain = network.carrier.bridge().is_some_and(|bridge| bridge.tagging == Tagging::Interface);
    let vlan = if is_plain { " use a `vlanId`, with which it keeps its address;" } else { "" };
    let (names, them) = (name_few(nics), if nics.len() == 1 { "it" } else { "them" });
    Words::new(
        format!(
            "the bridge `{}` takes {names} whole{others}: a node whose own address is on {them} goes off the network",
            network.carrier.bridge_name().unwrap_or_default()
        ),
        format!("name a NIC that is free;{vlan} or give the nodes' states with --inventory, and the address moves"),
    )
    .about(network.carrier.bridge_name())
    .about(nics.iter().copied())
}
