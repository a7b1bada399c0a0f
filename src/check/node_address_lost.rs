use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, instead, join, place_in_state, place_of, selected_with, surest};
use crate::api::nmstate::{Interface, InterfaceAddress, InterfaceIp, InterfaceType, NetworkState, Route};
use crate::base::diagnostic::More;
use crate::base::place::Place;
use crate::base::rule::Severity;
use crate::model::inventory::{MAIN_TABLE, Node, NodeInterface, RouteRule};
use crate::model::{Key, Plan, Policy};
use crate::rule;

rule! {
    /// A policy takes a node's own address or route away, and gives it to nothing.
    ///
    /// The inventory shows an address on an interface that becomes a port, or whose addresses are set to others, or a route through it that
    /// the policy does not have, or a rule of policy routing that goes with it: nmstate cannot write such a rule into the policy that moves the
    /// address (2.2.62 says "not found after apply"). A bond that takes the NIC, a `nodeIP` that is not the node's (its prefix length included), or an uplink
    /// whose `ipv4` is off, or whose `routes` are missing, in the Site leaves the node without it: it is off the
    /// network until kubernetes-nmstate rolls back (kubernetes-nmstate#1063).
    ///
    /// ## Way out
    /// Correct `nodeIP`. Give the address to the uplink in the Site (`ipv4: {enabled: true, dhcp: true}`, with `copy-mac-from` for a bond),
    /// or leave `ipv4` and `ipv6` out there, and the bridge gets what the inventory shows. Or use another NIC. Take a rule off the node, export
    /// the states again, and write the rule in a policy of its own once the bridge has the address.
    pub(super) NODE_ADDRESS_LOST = "WK227", "node-address-lost", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut losers: Vec<Losers<'a>> = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        for (name, heir) in heirs(&policy.desired_state) {
            if asked.is_new((name, heir.name.as_str(), &heir.ipv4, &heir.ipv6), &policy.nodes) {
                losers.extend(Losers::of(plan, policy, name, heir));
            }
        }
    }
    // Where the address moves each node has a policy of its own, all of them by one mistake. What is certain is shown before what is not.
    losers.sort_by_key(|it| !(it.is_certain && plan.inventory.is_surely_in(&it.policy.nodes, it.number)));
    let mut groups: HashMap<(Place, &str), usize> = HashMap::new();
    let hit = |losers: Losers<'a>| {
        let place = place_of(losers.policy, losers.name);
        let next = groups.len();
        let group = losers.policy.is_per_node.then(|| *groups.entry((place.clone(), losers.name)).or_insert(next));
        let is_certain = losers.is_certain;
        let (selection, number) = (&losers.policy.nodes, losers.number);
        let hit = match group {
            Some(group) => Hit::in_group(place, group, move |more| losers.words(more)),
            None => Hit::new(place, move || losers.words(More(losers.others))),
        };
        let hit = if is_certain { hit } else { hit.with_severity(Severity::Warning) };
        hit.on_node(plan, selection, number)
    };
    losers.into_iter().map(hit).collect()
}

/// Whether a policy is an error, because its nodes surely lose something.
pub(super) fn is_refused(plan: &Plan, policy: &Policy) -> bool {
    let loses = |(name, heir)| Losers::of(plan, policy, name, heir).is_some_and(|losers| losers.is_certain);
    policy.nodes.is_certain && heirs(&policy.desired_state).into_iter().any(loses)
}

/// The nodes that lose something by a policy.
struct Losers<'a> {
    policy: &'a Policy,
    name: &'a str,
    heir: &'a Interface,
    /// The first of those that surely lose something, else of all.
    node: &'a Node,
    number: usize,
    others: usize,
    is_certain: bool,
}

impl<'a> Losers<'a> {
    fn of(plan: &'a Plan, policy: &'a Policy, name: &'a str, heir: &'a Interface) -> Option<Self> {
        let loss = |number: usize| {
            let node = plan.inventory.node(number);
            let lost = lost(node, name, heir, &policy.desired_state);
            (!lost.is_empty()).then(|| (number, lost.iter().any(Loss::is_certain)))
        };
        let losers: BTreeMap<usize, bool> = selected_with(plan, policy, name).filter_map(loss).collect();
        let surest = surest(plan, &policy.nodes, losers.keys().copied().collect());
        let certain = surest.iter().copied().find(|number| losers[number]);
        let number = certain.or(surest.first().copied())?;
        let (node, is_certain) = (plan.inventory.node(number), losers[&number]);
        Some(Self { policy, name, heir, node, number, others: surest.len() - 1, is_certain })
    }

    fn words(&self, more: More) -> Words {
        let Self { policy, name, heir, node, is_certain, .. } = self;
        let lost = lost(node, name, heir, &policy.desired_state);
        let what: Vec<String> = lost.iter().map(Loss::to_string).collect();
        let verb = if *is_certain { "loses" } else { "may lose" };
        let others = more.words(", and one more node does", |more| format!(", and {more} more nodes do"));
        let message = format!("`{}` {verb} {} on `{name}`{others}", node.name, join(&what));
        let gives = "`ipv4`, `ipv6` and `routes` of the uplink in the Site";
        let help = if lost.iter().all(|loss| matches!(loss, Loss::Rule(..))) {
            let instead = instead(policy, Key::PhysicalInterface);
            format!(
                "{instead}, with which the rule stays; or take it off the node, and write it in a policy of its own once `{}` has the address",
                heir.name
            )
        } else if policy.uplink.as_ref().is_some_and(|uplink| uplink.says_ip()) {
            format!("correct {gives}, or leave them out, and the bridge gets what the node has")
        } else if heir.name == *name
            || heir.bridge.is_none() && heir.interface_type != Some(InterfaceType::OvsInterface)
        {
            format!("give `{}` what the node has: {gives}", heir.name)
        } else {
            format!("correct `nodeIP`, give `{}` what the node has ({gives}), or use another NIC", heir.name)
        };
        Words::new(message, help).with_related(place_in_state(node, name), "the node is reached here").about([*name])
    }
}

/// What a node has through an interface, and not through its heir.
enum Loss<'a> {
    Address(&'a InterfaceAddress),
    /// The route to this destination.
    Route(&'a Route),
    /// The rule, and whether it surely is in the interface's profile: the export does not say in which one it is.
    Rule(&'a RouteRule, bool),
}

impl Loss<'_> {
    fn is_certain(&self) -> bool {
        match self {
            Self::Address(_) | Self::Route(_) => true,
            Self::Rule(_, is_certain) => *is_certain,
        }
    }
}

impl fmt::Display for Loss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(it) => write!(f, "its own address {it}"),
            Self::Route(it) if it.is_default() => write!(f, "its default route"),
            Self::Route(it) => write!(f, "its route to {}", it.destination),
            Self::Rule(it, _) => write!(f, "its rule `{it}`"),
        }
    }
}

/// What a node loses: addresses, and the routes that go with them.
fn lost<'a>(node: &'a Node, name: &str, heir: &Interface, state: &NetworkState) -> Vec<Loss<'a>> {
    let Some(interface) = node.interfaces.get(name) else { return Vec::new() };
    let mut lost = addresses_lost(interface, interface.ipv4.as_ref(), heir.ipv4.as_ref(), true, heir.name == name);
    lost.extend(addresses_lost(interface, interface.ipv6.as_ref(), heir.ipv6.as_ref(), false, heir.name == name));
    let written: Vec<&Route> = state.routes.iter().flat_map(|routes| &routes.config).collect();
    let is_kept = |route: &Route| {
        let family = if route.is_ipv4() { &heir.ipv4 } else { &heir.ipv6 };
        family.as_ref().is_some_and(InterfaceIp::is_automatic)
            || written
                .iter()
                .any(|it| it.destination == route.destination && it.next_hop_interface.as_deref() == Some(&heir.name))
    };
    let own = node.default_routes.iter().chain(&node.routes);
    let own_name = node.interfaces.name_of(name);
    let own = own.filter(|route| route.next_hop_interface.as_deref() == Some(own_name) && !is_kept(route));
    let mut routes: Vec<&Route> = own.collect();
    routes.sort_unstable_by_key(|route| &route.destination);
    routes.dedup_by_key(|route| &route.destination);
    lost.extend(routes.into_iter().map(Loss::Route));
    // A rule is in the profile of an interface, which a port has none of.
    if heir.name != name && node.depends_on(name) {
        let of_interface = |rule: &'a RouteRule| Some(Loss::Rule(rule, goes_with(node, name, interface, rule)?));
        lost.extend(node.route_rules.iter().filter_map(of_interface));
    }
    lost
}

/// Whether a rule goes with an interface for certain; none if it has to do with others. One for a table belongs to the
/// interface through which the table's routes lead (nmstate, `nm/route_rule.rs`, `find_interface_for_rule`).
fn goes_with(node: &Node, name: &str, interface: &NodeInterface, rule: &RouteRule) -> Option<bool> {
    if let Some(incoming) = &rule.interface {
        return (incoming == name).then_some(true);
    }
    let in_table = |route: &&Route| {
        let table = route.table_id.filter(|table| *table != 0).unwrap_or(MAIN_TABLE);
        route.is_ipv4() == rule.is_ipv4 && table == rule.table
    };
    let (own, others): (Vec<&Route>, Vec<&Route>) =
        node.routes.iter().filter(in_table).partition(|route| route.next_hop_interface.as_deref() == Some(name));
    let ip = if rule.is_ipv4 { &interface.ipv4 } else { &interface.ipv6 };
    let is_given = ip.as_ref().is_some_and(|ip| ip.is_automatic() && ip.auto_route_table_id == Some(rule.table));
    let is_of_table = rule.table != MAIN_TABLE && (is_given || !own.is_empty());
    if is_of_table {
        return Some(others.is_empty());
    }
    let mut addresses = ip.iter().flat_map(|ip| &ip.address).filter_map(|it| it.ip.parse().ok());
    let is_about = addresses.any(|address| rule.names(address));
    (is_about && (rule.table == MAIN_TABLE || others.is_empty())).then_some(false)
}

fn addresses_lost<'a>(
    interface: &'a NodeInterface,
    has: Option<&'a InterfaceIp>,
    gets: Option<&InterfaceIp>,
    is_ipv4: bool,
    is_same: bool,
) -> Vec<Loss<'a>> {
    let Some(has) = has.filter(|has| has.enabled) else { return Vec::new() };
    let is_kept = |address: &&InterfaceAddress| gets.is_some_and(|gets| gets.address.contains(address));
    if has.is_automatic() && gets.is_some_and(InterfaceIp::is_automatic) {
        // What stands beside a lease is static. An IPv6 address that does not run out may be by an advertisement, too.
        // Without a list of addresses nmstate leaves those of the same interface alone (`ip.rs`, `merge_ip`).
        let is_replaced = is_ipv4 && !(is_same && gets.is_some_and(|gets| gets.address.is_empty()));
        let beside = interface.configured(has).filter(|address| is_replaced && !is_kept(address));
        return beside.map(Loss::Address).collect();
    }
    has.address.iter().filter(|address| !is_kept(address)).map(Loss::Address).collect()
}

/// The ports of a state, and what has addresses of its own there, each with the interface that has its addresses then.
fn heirs(state: &NetworkState) -> Vec<(&str, &Interface)> {
    let controllers = controllers(state);
    let ports = state.interfaces.iter().flat_map(|it| it.ports().into_iter().filter(|port| *port != it.name));
    let own = state.interfaces.iter().filter(|it| it.ipv4.is_some() || it.ipv6.is_some());
    let names = ports.chain(own.map(|it| it.name.as_str()));
    names.filter_map(|name| Some((name, heir(state, &controllers, name)?))).collect()
}

/// What each port belongs to.
fn controllers(state: &NetworkState) -> HashMap<&str, &str> {
    let ports = state.interfaces.iter().flat_map(|it| it.ports().into_iter().map(|port| (port, it.name.as_str())));
    ports.filter(|(port, controller)| port != controller).collect()
}

/// The interface that has the addresses of a port: what controls it, and what controls that. Of an OVS bridge it is the
/// internal port of its name.
fn heir<'a>(state: &'a NetworkState, controllers: &HashMap<&str, &'a str>, name: &'a str) -> Option<&'a Interface> {
    let mut name = name;
    while let Some(controller) = controllers.get(name) {
        name = controller;
    }
    state.interface(name).filter(|it| it.interface_type != Some(InterfaceType::Ethernet) || it.ipv4.is_some())
}
