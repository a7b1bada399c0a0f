use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use super::subnet_on_two_wires::SUBNET_ON_TWO_WIRES;
use super::subnets_differ::SUBNETS_DIFFER;
use crate::base::place::Place;
use crate::model::{Carrier, ClusterRange, Key, Network, Plan, RangeOf};
use crate::rule;

rule! {
    /// A guest or node has an address that the cluster uses itself.
    ///
    /// Packets for such addresses take another way than the wire:
    ///
    /// - `10.0.2.0/24` and `fd10:0:2::/120` are the guest's own subnets on the pod network `default` (KubeVirt's masquerade binding;
    ///   `vmNetworkCIDR` and `vmIPv6NetworkCIDR` of its API). The guest has two interfaces for these addresses, and asks one of them.
    /// - `169.254.0.0/16` is link-local (RFC 3927): no router forwards it. OVN-Kubernetes uses it on every node (`internalMasqueradeSubnet`);
    ///   clouds and node-local DNS have services there.
    /// - `100.64.0.0/16` and `100.88.0.0/16`, `fd98::/64`, `fd97::/64` and `fd69::/112` are what OVN-Kubernetes uses between the nodes
    ///   (`internalJoinSubnet`, `internalTransitSwitchSubnet`, `internalMasqueradeSubnet` of OpenShift's Network API). The rule leaves
    ///   them out if the nodes' states show that there is no OVN.
    /// - The Site's `clusterNetwork` has the ranges of pods and services. What pods and nodes send there stays in the cluster.
    ///   A subnet that contains such a range counts, too.
    ///
    /// ## Example
    /// ```yaml
    /// networks:
    ///   - name: default
    ///   - name: lan
    ///     type: bridge
    ///     vlanId: 20
    ///     ipConfig: {mode: static, address: 10.0.2.15/24}
    /// ```
    ///
    /// ## Way out
    /// Use another subnet. If the cluster has other ranges, write them into the Site's `clusterNetwork`; `internal: []` says that its
    /// network plugin uses none.
    pub(super) RESERVED_RANGE = "WK244", "reserved-range", Warning, yields_to: &[&SUBNETS_DIFFER, &SUBNET_ON_TWO_WIRES];
}

/// The guest's own subnets on the pod network.
const OF_KUBEVIRT: [IpNet; 2] = [v4([10, 0, 2], 24), v6([0xfd10, 0, 2], 120)];

/// Link-local addresses. Those of IPv6 are on every interface, and hurt nothing.
const LINK_LOCAL: IpNet = v4([169, 254, 0], 16);

/// What OVN-Kubernetes uses between the nodes: for its join switch, its transit switch, and (IPv6) its masquerade.
const OF_OVN: [IpNet; 5] = [
    v4([100, 64, 0], 16),
    v4([100, 88, 0], 16),
    v6([0xfd98, 0, 0], 64),
    v6([0xfd97, 0, 0], 64),
    v6([0xfd69, 0, 0], 112),
];

/// The interfaces by which a node with OVN is known: OVN-Kubernetes' management port, Kube-OVN's, and the bridge of both.
const SIGNS_OF_OVN: [&str; 3] = ["ovn-k8s-mp0", "ovn0", "br-int"];

/// A network of IPv4 by its first three bytes.
const fn v4(first: [u8; 3], prefix_length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(first[0], first[1], first[2], 0), prefix_length))
}

/// A network of IPv6 by its first three segments.
const fn v6(first: [u16; 3], prefix_length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first[0], first[1], first[2], 0, 0, 0, 0, 0), prefix_length))
}

/// What uses a range.
#[derive(Clone, Copy)]
enum Use<'a> {
    /// The cluster, as the Site says.
    Stated(&'a ClusterRange),
    /// The guest's interface on this pod network.
    Pod(&'a Network),
    LinkLocal,
    Ovn,
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let ranges = Ranges::of(plan);
    let mut hits = Vec::new();
    // A subnet that many have is one mistake.
    let mut groups: HashMap<(IpNet, IpNet), usize> = HashMap::new();
    for wukong in &plan.wukongs {
        let pod = wukong.networks.iter().find(|network| network.carrier == Carrier::Pod);
        for network in wukong.networks.iter().filter(|network| network.carrier != Carrier::Pod) {
            let node_ip = network.carrier.bridge().and_then(|bridge| bridge.node_ip);
            let of_guest = network.ip.as_ref().map(|ip| (ip.address, network.origin.at("ipConfig/address"), pod));
            // The guest's pod network is not the node's.
            let of_node = node_ip.map(|address| (address, network.at(Key::NodeIp), None));
            for (address, place, pod) in of_guest.into_iter().chain(of_node) {
                let subnet = address.trunc();
                let Some((range, of)) = ranges.find(address, pod) else { continue };
                let next = groups.len();
                let group = *groups.entry((range, subnet)).or_insert(next);
                let hit = Hit::in_group(place, group, move |more| {
                    let (name, more, words) = (&network.name, and_networks(more), of.words());
                    let message = if range.contains(&address.addr()) {
                        format!("the address {} of `{name}`{more} is in {range}, {words}", address.addr())
                    } else {
                        format!("the subnet {subnet} of `{name}`{more} contains {range}, {words}")
                    };
                    of.related()
                        .into_iter()
                        .fold(Words::new(message, of.help()), |words, (place, text)| words.with_related(place, text))
                });
                hits.push(hit);
            }
        }
    }
    hits
}

/// The ranges of a run.
struct Ranges<'a> {
    stated: &'a [ClusterRange],
    has_ovn: bool,
}

impl<'a> Ranges<'a> {
    fn of(plan: &'a Plan) -> Self {
        let (settings, inventory) = (&plan.settings, &plan.inventory);
        let is_stated = settings.site.cluster_network.as_ref().is_some_and(|network| network.internal.is_some());
        let is_seen = SIGNS_OF_OVN.iter().any(|name| !inventory.with_interface(name).is_empty());
        let is_unknown = inventory.is_empty() || inventory.is_partial || !settings.localnets.is_empty();
        Self { stated: &settings.cluster_ranges, has_ovn: !is_stated && (is_seen || is_unknown) }
    }

    /// What uses an address: what the Site says first.
    fn find(&self, address: IpNet, pod: Option<&'a Network>) -> Option<(IpNet, Use<'a>)> {
        let stated = self.stated.iter().map(|range| (range.net, Use::Stated(range)));
        let of_pod = pod.into_iter().flat_map(|pod| OF_KUBEVIRT.map(|range| (range, Use::Pod(pod))));
        let of_ovn = OF_OVN.into_iter().filter(|_| self.has_ovn).map(|range| (range, Use::Ovn));
        let mut all = stated.chain(of_pod).chain([(LINK_LOCAL, Use::LinkLocal)]).chain(of_ovn);
        // A wide subnet around what is used by default works, but for the few addresses there.
        let is_in = |(range, of): &(IpNet, Use<'_>)| {
            range.contains(&address.addr()) || matches!(of, Use::Stated(_)) && address.contains(&range.network())
        };
        all.find(is_in)
    }
}

impl Use<'_> {
    fn words(&self) -> &'static str {
        match self {
            Self::Stated(range) => match range.of {
                RangeOf::Pods => "from which the cluster's pods have their addresses",
                RangeOf::Services => "from which the cluster's services have their addresses",
                RangeOf::Internal => "which the cluster's network plugin uses between the nodes",
            },
            Self::Pod(_) => "which KubeVirt gives the guest on the pod network",
            Self::LinkLocal => "the link-local addresses, which no router forwards and nodes use themselves",
            Self::Ovn => "which OVN-Kubernetes uses between the nodes",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Stated(_) | Self::LinkLocal => "use another subnet",
            Self::Pod(_) => "use another subnet, or leave `default` out; accept it if its `vmNetworkCIDR` is another",
            Self::Ovn => {
                "use another subnet; if the cluster uses other ranges, write `clusterNetwork.internal` into the Site"
            }
        }
    }

    fn related(&self) -> Option<(Place, &'static str)> {
        match self {
            Self::Stated(range) => Some((range.place.clone(), "the cluster's range")),
            Self::Pod(pod) => Some((pod.at(Key::Name), "the pod network")),
            Self::LinkLocal | Self::Ovn => None,
        }
    }
}
