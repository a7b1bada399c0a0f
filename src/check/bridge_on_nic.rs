use std::collections::{BTreeSet, HashMap};

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::is_known;
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
    /// Reported once per NIC.
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
    /// accept it where it is used (`explain WK118`), or `--allow WK215` for all.
    pub(super) BRIDGE_ON_NIC = "WK215", "bridge-on-nic", Warning, inventory: Absent, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut groups: HashMap<&str, usize> = HashMap::new();
    for network in plan.networks() {
        if network.carrier.bridge().is_some_and(|bridge| bridge.node_ip.is_some()) {
            continue;
        }
        let taken = |host: &&Host| network.bridge_on_uplink(host).is_some() && !is_known(plan, host);
        let uplinks = network.hosts.iter().filter(taken).filter_map(|host| host.uplink.as_ref());
        // In several node groups it is still one network.
        let nics: BTreeSet<&str> = uplinks.map(|uplink| uplink.name.as_str()).collect();
        for nic in nics {
            let next = groups.len();
            let group = *groups.entry(nic).or_insert(next);
            let place = network.at(Key::PhysicalInterface);
            hits.push(Hit::in_group(place, group, move |more| words(network, nic, more)));
        }
    }
    hits
}

fn words(network: &Network, nic: &str, more: More) -> Words {
    let others =
        more.words(", as does that of one more network", |more| format!(", as do those of {more} more networks"));
    let is_plain = network.carrier.bridge().is_some_and(|bridge| bridge.tagging == Tagging::Interface);
    let vlan = if is_plain { " use a `vlanId`, with which it keeps its address;" } else { "" };
    Words::new(
        format!(
            "the bridge `{}` takes `{nic}` whole{others}: a node whose own address is on it goes off the network",
            network.carrier.bridge_name().unwrap_or_default()
        ),
        format!("name a NIC that is free;{vlan} or give the nodes' states with --inventory, and the address moves"),
    )
    .about(network.carrier.bridge_name())
    .about([nic])
}
