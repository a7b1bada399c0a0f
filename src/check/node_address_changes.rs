use std::collections::BTreeMap;

use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::moving::{moves, port_of};
use super::nodes::{instead, join, place_in_state};
use crate::api::nmstate::InterfaceAddress;
use crate::base::diagnostic::More;
use crate::model::inventory::{Node, NodeInterface};
use crate::model::{Key, Plan, Policy};
use crate::rule;

rule! {
    /// A node whose address moves to a bridge asks for it anew there, and gets another.
    ///
    /// What a DHCP server or the node itself makes an address of can be made of the interface's name or of NetworkManager's profile, and the
    /// bridge has its own: a client id such as `iaid+duid` (the IAID is made of the name), `addr-gen-mode: stable-privacy`, and DHCPv6 by
    /// NetworkManager's own DUID, in whose place nmstate sets `ll`. DNS, certificates and peers of etcd that know the old address do not find
    /// the node any more. Addresses of IPv4 DHCP by the MAC address, of `addr-gen-mode: eui64`, and static ones stay: WK226 names them.
    ///
    /// ### Example
    /// ```yaml
    /// # kubectl get nns -o yaml
    /// - name: ens160
    ///   ipv4: {enabled: true, dhcp: true, dhcp-client-id: iaid+duid}
    /// ```
    ///
    /// ## Way out
    /// Have the NIC come to its address by the MAC address before the move: reserve the address by MAC address and set `dhcp-client-id: ll` or
    /// `dhcp-duid: ll`, set `addr-gen-mode: eui64`, or give the node a static address; then export the states again. Or use a `vlanId`, with which
    /// the NIC keeps its address, or another NIC. If the address may change, `--allow WK242`.
    pub(super) NODE_ADDRESS_CHANGES = "WK242", "node-address-changes", Warning, inventory: Needed, yields_to: &BLAMING;
}

/// Why a node comes to another address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause<'a> {
    /// IPv4: the server knows the node by this client id.
    ClientId(&'a str),
    /// IPv6: the server knows the node by this DUID; none if NetworkManager chooses it.
    Duid(Option<&'a str>),
    /// IPv6: the node makes its own part of the address of the interface's name.
    StablePrivacy,
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    for ((bridge, nic), moving) in moves(plan) {
        let mut by_cause: BTreeMap<Cause<'a>, Vec<(&'a Policy, &'a Node)>> = BTreeMap::new();
        for (policy, number) in moving {
            let node = plan.inventory.node(number);
            for (cause, _) in node.interfaces.get(nic).map(changes).unwrap_or_default() {
                by_cause.entry(cause).or_default().push((policy, node));
            }
        }
        for (cause, nodes) in by_cause {
            let Some((policy, node)) = nodes.first().copied() else { continue };
            let more = More(nodes.len() - 1);
            let (key, place) = port_of(plan, policy, nic);
            hits.push(Hit::new(place, move || words(cause, policy, node, (bridge, nic), key, more)));
        }
    }
    hits
}

fn words(cause: Cause<'_>, policy: &Policy, node: &Node, (bridge, nic): (&str, &str), key: Key, more: More) -> Words {
    let changes = node.interfaces.get(nic).map(changes).unwrap_or_default();
    let addresses = changes.iter().filter(|(it, _)| *it == cause).flat_map(|(_, addresses)| addresses);
    let what: Vec<String> = addresses.map(ToString::to_string).collect();
    let others = more.words(" and of one more node", |more| format!(" and of {more} more nodes"));
    let verb = if what.len() == 1 && others.is_empty() { "changes" } else { "change" };
    let (why, first) = match cause {
        Cause::ClientId(id) => (
            format!("the DHCP client id `{id}` is another on `{bridge}`"),
            format!("reserve the address by MAC address, set `dhcp-client-id: ll` on `{nic}`"),
        ),
        Cause::Duid(None) => (
            format!("DHCPv6 knows it by NetworkManager's DUID, and on `{bridge}` by `ll`"),
            format!("reserve the address by MAC address, set `dhcp-duid: ll` on `{nic}`"),
        ),
        Cause::Duid(Some(duid)) => (
            format!("the DHCPv6 DUID `{duid}` is another on `{bridge}`"),
            format!("reserve the address by MAC address, set `dhcp-duid: ll` on `{nic}`"),
        ),
        Cause::StablePrivacy => (
            format!("`stable-privacy` makes it of the interface's name, which becomes `{bridge}`"),
            format!("set `addr-gen-mode: eui64` on `{nic}`"),
        ),
    };
    Words::new(
        format!("{} of `{}`{others} {verb} by the move: {why}", join(&what), node.name),
        format!("{first}, and export the states again before the move; or {}", instead(policy, key)),
    )
    .with_related(place_in_state(node, nic), "the node is reached here")
    .about([nic, bridge])
}

/// The addresses of a NIC that are others on a bridge.
pub(super) fn changing(interface: &NodeInterface) -> Vec<&InterfaceAddress> {
    changes(interface).into_iter().flat_map(|(_, addresses)| addresses).collect()
}

/// The same, by their causes.
fn changes(interface: &NodeInterface) -> Vec<(Cause<'_>, Vec<&InterfaceAddress>)> {
    let mut changes = Vec::new();
    if let Some(ip) = &interface.ipv4 {
        let id = ip.dhcp_client_id.as_deref().filter(|id| !is_fixed_client_id(id));
        changes.extend(id.map(|id| (Cause::ClientId(id), interface.given(ip).collect())));
    }
    if let Some(ip) = &interface.ipv6 {
        // NetworkManager gives an address from DHCPv6 the length 128, and one from an advertisement that of its prefix.
        let (leased, made): (Vec<_>, Vec<_>) = interface.given(ip).partition(|address| address.prefix_length == 128);
        let duid = ip.dhcp_duid.as_deref();
        if ip.dhcp == Some(true) && !duid.is_some_and(is_fixed_duid) {
            changes.push((Cause::Duid(duid), leased));
        }
        if ip.addr_gen_mode.as_deref() == Some("stable-privacy") {
            changes.push((Cause::StablePrivacy, made));
        }
    }
    changes.retain(|(_, addresses)| !addresses.is_empty());
    changes
}

/// Whether a client id is the same on every interface with this MAC address: the address itself, or bytes that are written out
/// (NetworkManager, `nm-settings-nmcli`, `ipv4.dhcp-client-id`).
pub(super) fn is_fixed_client_id(id: &str) -> bool {
    !matches!(id, "iaid+duid" | "duid" | "ipv6-duid" | "perm-mac" | "stable")
}

/// Whether a DUID is the same on every interface with this MAC address. The others are made of the profile, or of what the DHCP client
/// remembers of it (NetworkManager, `nm-settings-nmcli`, `ipv6.dhcp-duid`).
fn is_fixed_duid(duid: &str) -> bool {
    duid != "lease" && !duid.starts_with("stable-")
}
