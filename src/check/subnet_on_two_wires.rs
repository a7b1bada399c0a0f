use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::collect::Blame;
use super::guest_is_gateway::is_on_two_wires;
use super::hit::{Hit, Words};
use super::nic_not_found::NIC_NOT_FOUND;
use crate::base::place::Place;
use crate::model::{
    Claim, Claimant, Claimed, HOSTNAME, Holder, Key, Network, NodeSelector, Plan, Tagging, Wire, Wukong, can_overlap,
};
use crate::rule;

rule! {
    /// A subnet that several networks have on one wire appears on another.
    ///
    /// A guest with a wrong `vlanId` is in another layer 2 than the guests of its subnet. Its policy is applied and its interface is up, but
    /// it reaches neither them nor its gateway. On trunk bridges, Open vSwitch and SR-IOV every tag is valid, and no other rule sees it.
    ///
    /// The wire that most networks have counts as right, if they are at least twice as many as those on the others. The rule compares wires
    /// that cannot be one layer 2: tags that differ, or a tag and none on the same NIC. The same tag on two NICs may lead to one switch.
    ///
    /// The rule reports nothing across node groups, which may be layer 2 networks of their own. Nor does it report copies of a network that
    /// are kept apart: those with a router of their own, and those in other namespaces.
    ///
    /// ## Example
    /// ```yaml
    /// - name: lan
    ///   type: ovs
    ///   bridgeName: ovs-data
    ///   vlanId: 101                  # the other guests of 10.20.30.0/24 have 100
    ///   ipConfig: {mode: static, address: 10.20.30.40/24}
    /// ```
    ///
    /// ## Way out
    /// Correct the `vlanId`, or the address. If both wires are meant to have the subnet, accept it with a reason (`explain WK118`).
    pub(super) SUBNET_ON_TWO_WIRES = "WK317", "subnet-on-two-wires", Warning, yields_to: &[&NIC_NOT_FOUND];
}

/// A network of a virtual machine that has a subnet on a wire.
#[derive(Clone, Copy)]
struct Guest<'a> {
    claim: &'a Claim,
    wukong: &'a Wukong,
    network: &'a Network,
}

/// A subnet on the nodes of one group.
type Subnet<'a> = (&'a NodeSelector, IpNet);

/// Where a subnet is, with the networks that have it there.
struct OnWire<'a> {
    wire: &'a Wire,
    guests: Vec<Guest<'a>>,
}

pub(super) fn check<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<Hit<'a>> {
    let contested = contested(plan, blame);
    if contested.is_empty() {
        return Vec::new();
    }
    let known = Known::of(plan);
    let mut hits = Vec::new();
    let mut seen: HashSet<&Place> = HashSet::new();
    let mut groups = 0;
    for ((_, subnet), mut wires) in contested {
        wires.sort_by_key(|on| (Reverse(on.guests.len()), on.wire));
        let Some((most, others)) = wires.split_first() else { continue };
        let odd: Vec<&OnWire<'_>> = others.iter().filter(|on| are_apart(on.wire, most.wire)).collect();
        let count: usize = odd.iter().map(|on| on.guests.len()).sum();
        // The wires that may be the same layer 2 agree.
        let agreeing = wires.iter().map(|on| on.guests.len()).sum::<usize>() - count;
        if most.guests.len() < 2 || agreeing < 2 * count {
            continue;
        }
        let Some(right) = Right::of(most) else { continue };
        for on in odd {
            if known.is_given(on.wire, subnet)
                || known.has_router(on)
                || right.is_copied_by(on)
                || on.guests.iter().any(|guest| right.has_router_in(guest))
            {
                continue;
            }
            for guest in on.guests.iter().copied().filter(|guest| right.can_have(guest)) {
                if seen.insert(&guest.claim.place) {
                    let is_shared = known.is_shared(on.wire, subnet);
                    hits.push(hit(subnet, guest, on.wire, &right, is_shared, groups));
                }
            }
            groups += 1;
        }
    }
    hits
}

/// The subnets of guests that are on more than one wire of a node group.
fn contested<'a>(plan: &'a Plan, blame: &Blame<'_>) -> Vec<(Subnet<'a>, Vec<OnWire<'a>>)> {
    let claims = || plan.claims.iter().filter_map(|claim| Some((claim, guests_subnet(claim)?)));
    let mut first: HashMap<Subnet<'_>, (&Wire, bool)> = HashMap::new();
    for (claim, (wire, subnet)) in claims() {
        let (known, is_contested) = first.entry((&*claim.nodes, subnet)).or_insert((wire, false));
        *is_contested |= *known != wire;
    }
    first.retain(|_, (_, is_contested)| *is_contested);
    let mut contested: BTreeMap<Subnet<'_>, BTreeMap<&Wire, Vec<Guest<'_>>>> = BTreeMap::new();
    for (claim, (wire, subnet)) in claims().filter(|_| !first.is_empty()) {
        if !first.contains_key(&(&*claim.nodes, subnet)) || blame.has(&claim.place) {
            continue;
        }
        let Some((wukong, network)) = claim.place.network().and_then(|id| plan.find(id)) else { continue };
        if network.key_at(&claim.place) == Some(Key::IpConfig) && is_wire_known(plan, wukong, network) {
            let wires = contested.entry((&*claim.nodes, subnet)).or_default();
            wires.entry(wire).or_default().push(Guest { claim, wukong, network });
        }
    }
    let on_wires = |wires: BTreeMap<&'a Wire, Vec<Guest<'a>>>| {
        wires.into_iter().map(|(wire, guests)| OnWire { wire, guests }).collect::<Vec<_>>()
    };
    contested
        .into_iter()
        .map(|(subnet, wires)| (subnet, on_wires(wires)))
        .filter(|(_, wires)| wires.len() > 1)
        .collect()
}

/// Whether it is known on which wire a guest is: an attachment that exists may put a tag on that the network does not tell.
fn is_wire_known(plan: &Plan, wukong: &Wukong, network: &Network) -> bool {
    let Some(name) = &network.nad_name else { return true };
    let attachment = plan.attachments_of_others.get(&name.or_in(wukong.identity.namespace.as_deref()));
    let is_plain = network.carrier.bridge().is_some_and(|bridge| bridge.tagging == Tagging::Interface);
    attachment.is_some_and(|attachment| is_plain || attachment.tag() == network.carrier.tag_above())
}

/// The subnet that a network has on a wire. Link-local ones are on every wire, and a prefix of one or two addresses is a point-to-point link.
fn guests_subnet(claim: &Claim) -> Option<(&Wire, IpNet)> {
    let Claimed::Subnet { wire, subnet } = &claim.what else { return None };
    let is_link_local = match subnet {
        IpNet::V4(subnet) => subnet.addr().is_link_local(),
        IpNet::V6(subnet) => subnet.addr().is_unicast_link_local(),
    };
    let is_meant = claim.by == Claimant::Network && !is_link_local && subnet.max_prefix_len() - subnet.prefix_len() > 1;
    is_meant.then_some((wire, *subnet))
}

/// Whether two wires are surely two layer 2 networks. Behind NICs of one switch the same tag is one, and so may be a tag and none.
fn are_apart(a: &Wire, b: &Wire) -> bool {
    let single = |wire: &Wire| wire.tag().filter(|_| wire.below().is_some_and(|below| below.tag().is_none()));
    if a.base == b.base { a != b } else { single(a).zip(single(b)).is_some_and(|(a, b)| a != b) }
}

/// The wire that most have, and who they are.
struct Right<'a> {
    wire: &'a Wire,
    first: &'a Claim,
    count: usize,
    wukongs: HashSet<*const Wukong>,
    namespaces: HashSet<Option<&'a str>>,
    /// Their node selectors, each with how many have it.
    selectors: BTreeMap<NodeSelector, usize>,
    addresses: HashMap<IpAddr, &'a Claim>,
    gateways: HashSet<IpAddr>,
}

impl<'a> Right<'a> {
    fn of(on: &OnWire<'a>) -> Option<Self> {
        let mut selectors: BTreeMap<NodeSelector, usize> = BTreeMap::new();
        for guest in &on.guests {
            *selectors.entry(guest.nodes()).or_default() += 1;
        }
        Some(Self {
            wire: on.wire,
            first: on.guests.first()?.claim,
            count: on.guests.len(),
            wukongs: on.guests.iter().map(|guest| std::ptr::from_ref(guest.wukong)).collect(),
            namespaces: on.guests.iter().map(Guest::namespace).collect(),
            selectors,
            addresses: on.guests.iter().filter_map(|guest| Some((guest.address()?, guest.claim))).collect(),
            gateways: on.guests.iter().filter_map(|guest| guest.network.ip.as_ref()?.gateway).collect(),
        })
    }

    /// Whether the guests on another wire are a copy of these, kept apart from them: they are of other namespaces, and several, or with the
    /// same addresses.
    fn is_copied_by(&self, on: &OnWire<'_>) -> bool {
        let is_apart = on.guests.iter().all(|guest| !self.namespaces.contains(&guest.namespace()));
        let has_same = |guest: &Guest<'_>| guest.address().is_some_and(|address| self.addresses.contains_key(&address));
        is_apart && (on.guests.len() > 1 || on.guests.iter().any(has_same))
    }

    /// Whether a guest is the router of a copy of these.
    fn has_router_in(&self, guest: &Guest<'_>) -> bool {
        guest.address().is_some_and(|address| self.gateways.contains(&address)) && is_on_two_wires(guest.wukong)
    }

    /// Whether a guest can be where several of these are, and is not one of them, as a bridge between two wires is.
    fn can_have(&self, guest: &Guest<'_>) -> bool {
        let own = guest.nodes();
        let meeting = self.selectors.iter().filter(|(nodes, _)| can_overlap(&own, nodes));
        let has_two = meeting.flat_map(|(_, count)| std::iter::repeat_n((), *count)).nth(1).is_some();
        has_two && !self.wukongs.contains(&std::ptr::from_ref(guest.wukong))
    }
}

impl<'a> Guest<'a> {
    fn namespace(&self) -> Option<&'a str> {
        self.wukong.identity.namespace.as_deref()
    }

    /// The nodes that its virtual machine selects. Those that are each pinned to a node are still on one network.
    fn nodes(&self) -> NodeSelector {
        let mut nodes = self.wukong.identity.node_selector.clone();
        nodes.remove(HOSTNAME);
        nodes
    }

    fn address(&self) -> Option<IpAddr> {
        self.network.ip.as_ref().map(|ip| ip.address.addr())
    }

    /// The key that says on which wire it is.
    fn wire_key(&self, wire: &Wire) -> Key {
        let is_tagged_by_attachment = self.network.nad_name.is_some()
            && !self.network.hosts.iter().any(|host| self.network.wire(host).as_ref() == Some(wire));
        if is_tagged_by_attachment {
            Key::NadName
        } else if self.network.carrier.vlan().is_some() {
            Key::VlanId
        } else {
            Key::PhysicalInterface
        }
    }

    /// Whether it takes more edits to be on a wrong wire than to have a wrong address: a VLAN interface's bridge has its own name, and a
    /// gateway must be in the subnet.
    fn is_sooner_at_address(&self) -> bool {
        let has_own_bridge = self.network.carrier.bridge().is_some_and(|bridge| bridge.tagging == Tagging::Interface);
        has_own_bridge && self.network.ip.as_ref().is_some_and(|ip| ip.gateway.is_none())
    }
}

/// What is known of wires besides.
struct Known<'a> {
    /// The subnets of wires that the nodes, the Site and others have there.
    given: HashSet<(&'a Wire, IpNet)>,
    addresses: HashSet<(&'a Wire, IpAddr)>,
    /// The subnets of each wire that networks have: the first, and whether there is another.
    subnets: HashMap<&'a Wire, (IpNet, bool)>,
}

impl<'a> Known<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut known = Self { given: HashSet::new(), addresses: HashSet::new(), subnets: HashMap::new() };
        for claim in &plan.claims {
            match &claim.what {
                Claimed::Subnet { wire, subnet } => {
                    let network = plan.network_of(claim);
                    let is_guests = network.is_some_and(|it| it.key_at(&claim.place) == Some(Key::IpConfig));
                    if !is_guests {
                        known.given.insert((wire, *subnet));
                    }
                    let (first, has_another) = known.subnets.entry(wire).or_insert((*subnet, false));
                    *has_another |= first != subnet;
                }
                Claimed::Address { wire, address } if matches!(claim.holder, Holder::Owner(_)) => {
                    known.addresses.insert((wire, *address));
                }
                _ => {}
            }
        }
        known
    }

    fn is_given(&self, wire: &Wire, subnet: IpNet) -> bool {
        self.given.contains(&(wire, subnet))
    }

    /// Whether the gateway that guests on a wire name is on it, too.
    fn has_router(&self, on: &OnWire<'_>) -> bool {
        let mut gateways = on.guests.iter().filter_map(|guest| guest.network.ip.as_ref()?.gateway);
        gateways.any(|gateway| self.addresses.contains(&(on.wire, gateway)))
    }

    /// Whether a wire has another subnet besides.
    fn is_shared(&self, wire: &Wire, subnet: IpNet) -> bool {
        self.subnets.get(wire).is_some_and(|(first, has_another)| *has_another || *first != subnet)
    }
}

fn hit<'a>(
    subnet: IpNet,
    guest: Guest<'a>,
    here: &'a Wire,
    right: &Right<'a>,
    is_shared: bool,
    group: usize,
) -> Hit<'a> {
    // An address that another guest has there was copied with its subnet.
    let same = guest.address().and_then(|address| right.addresses.get(&address)).copied();
    let is_address = same.is_some() || is_shared && guest.is_sooner_at_address();
    let key = guest.wire_key(here);
    let wrong_wire = guest.network.at(key);
    let place = if is_address { guest.claim.place.clone() } else { wrong_wire.clone() };
    let (there, count, first) = (right.wire, right.count, same.unwrap_or(right.first));
    Hit::in_group(place, group, move |more| {
        let others = more.words(" and in one more network", |more| format!(" and in {more} more networks"));
        let message = format!("{subnet} is on {here} here{others}, and on {there} in {count} networks");
        let name = key.as_str();
        let (help, place, text) = if is_address {
            (format!("correct the address, or the `{name}`"), wrong_wire.clone(), here.to_string())
        } else {
            (format!("correct the `{name}`, or the address"), guest.claim.place.clone(), subnet.to_string())
        };
        let help = format!("{help}; accept it if both are meant to have this subnet");
        let words = Words::new(message, help).with_related(place, text);
        words.with_related(first.place.clone(), there.to_string()).about([&here.base])
    })
}
