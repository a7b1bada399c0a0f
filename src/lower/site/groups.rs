//! Node groups: which nodes they are, and what the Site says of the interfaces there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::uplinks::INVALID_UPLINK;
use super::{SiteFindings, default_nic, stack, uplinks};
use crate::api::site::{NodeGroup as SiteGroup, SiteSpec};
use crate::api::uplink::UplinkType;
use crate::base::diagnostic::{Diagnostic, Findings, Origin};
use crate::model::{
    Inventory, Localnet, Names, NodeGroup, NodeSelector, Overrides, PolicyOfOthers, Trunk, UplinkDefinition, Wire,
    can_overlap,
};
use crate::read::load::label_problems;
use crate::read::schema::INVALID_VALUE;
use crate::rule;

rule! {
    /// A node may be in two node groups.
    ///
    /// Every group makes policies of its own for the same bridges, with its own NICs. A node in two groups gets both, and the one
    /// that is applied last wins (kubernetes-nmstate knows no order). Groups are surely apart only if one label has another
    /// value in each.
    ///
    /// ## Example
    /// ```yaml
    /// nodeGroups:
    ///   - name: rack-a
    ///     nodeSelector: {example.org/rack: a}
    ///   - name: gpu
    ///     nodeSelector: {example.org/gpu: "true"}      # and in which rack?
    /// ```
    ///
    /// ## Way out
    /// Select the groups by one label with different values.
    pub NODE_GROUPS_OVERLAP = "WK111", "node-groups-overlap", Error;
}

/// What all groups share.
pub(super) struct SharedParts<'a> {
    pub(super) trunks: &'a [Trunk],
    pub(super) localnets: &'a BTreeMap<String, Localnet>,
    pub(super) overrides: &'a Overrides,
}

/// The groups of a Site; one for all nodes if it has none.
pub(super) fn resolve(
    spec: &SiteSpec,
    origin: &Origin,
    parts: &SharedParts<'_>,
    known: &Known<'_>,
    findings: &mut Findings,
) -> Vec<NodeGroup> {
    let site_selector = spec.policy.as_ref().and_then(|policy| policy.node_selector.clone()).unwrap_or_default();
    let shared = uplinks::list(spec.uplinks.as_deref(), &origin.child("uplinks"), findings);
    let is_managed = spec.sriov.as_ref().and_then(|sriov| sriov.externally_managed) == Some(true);
    let group = |group: Option<(&SiteGroup, Origin)>, selector: NodeSelector, findings: &mut Findings| {
        let mut written = shared.clone();
        let mut physical_interfaces = BTreeMap::new();
        if let Some((group, origin)) = &group {
            written.extend(uplinks::list(group.uplinks.as_deref(), &origin.child("uplinks"), findings));
            physical_interfaces = group.physical_interfaces.clone().unwrap_or_default();
        }
        if !is_managed {
            uplinks::warn_of_sriov_operator(&written, findings);
        }
        let (name, own_nic) = match group {
            Some((group, _)) => (Some(group.name.clone()), group.default_nic.as_ref()),
            None => (None, None),
        };
        let defined = uplinks_of(parts, &written, &physical_interfaces, findings);
        let names = known.names(&defined, &selector);
        NodeGroup {
            name,
            node_selector: Arc::new(selector),
            default_nic: default_nic(parts.overrides, [own_nic, spec.default_nic.as_ref()]),
            physical_interfaces,
            vlan_uplinks: vlan_uplinks(&defined, &names),
            names: Arc::new(names),
            uplinks: defined,
            is_empty: false,
            misnamed: BTreeSet::new(),
        }
    };
    let written = spec.node_groups.as_deref().unwrap_or_default();
    if written.is_empty() {
        let mut groups = vec![group(None, site_selector, findings)];
        compare(&mut groups, parts, known.inventory);
        return groups;
    }

    let mut seen = BTreeMap::new();
    let mut groups: Vec<(NodeGroup, Origin)> = Vec::new();
    for (index, it) in written.iter().enumerate() {
        let origin = origin.child("nodeGroups").child(index);
        check(it, &origin, parts.localnets, findings);
        if !findings.is_new(&mut seen, &it.name, &origin, "name") {
            continue;
        }
        let selector = both(&site_selector, &it.node_selector, &origin, findings);
        let new = group(Some((it, origin.clone())), selector, findings);
        for (earlier, earlier_origin) in &groups {
            // One that selects no node is told by itself (WK246): most often a label is misspelt.
            let is_empty = |group: &NodeGroup| known.inventory.selects_none(&group.node_selector);
            if can_overlap(&earlier.node_selector, &new.node_selector) && !is_empty(earlier) && !is_empty(&new) {
                let earlier_name = earlier.name.as_deref().unwrap_or_default();
                findings.push_once(
                    Diagnostic::new(
                        &NODE_GROUPS_OVERLAP,
                        origin.at("nodeSelector"),
                        format!("a node can be in the group `{}` and in `{earlier_name}`", it.name),
                        "give both selectors one label with different values",
                    )
                    .with_related(earlier_origin.at("nodeSelector"), format!("the selector of `{earlier_name}`")),
                );
            }
        }
        groups.push((new, origin));
    }
    let mut groups: Vec<NodeGroup> = groups.into_iter().map(|(group, _)| group).collect();
    compare(&mut groups, parts, known.inventory);
    groups
}

/// Compares the groups with the inventory: whether they have nodes, and which names of the Site no node of theirs has.
fn compare(groups: &mut [NodeGroup], parts: &SharedParts<'_>, inventory: &Inventory) {
    let aliases: BTreeSet<String> = groups.iter().flat_map(|group| group.physical_interfaces.keys()).cloned().collect();
    for group in groups {
        group.is_empty = inventory.selects_none(&group.node_selector);
        let selection = inventory.select(&group.node_selector);
        if !selection.nodes.iter().any(|number| inventory.is_surely_in(&selection, *number)) {
            continue;
        }
        let is_missing = |name: &str| {
            let with = inventory.with_interface(name);
            !group.uplinks.contains_key(name)
                && !selection.nodes.iter().any(|number| with.binary_search(number).is_ok())
        };
        let is_of_site = parts.overrides.default_nic.is_none() && !group.default_nic.is_assumed;
        let default = is_of_site.then(|| group.interface(None));
        let written = group.physical_interfaces.values().map(String::as_str);
        let undefined =
            aliases.iter().map(String::as_str).filter(|alias| !group.physical_interfaces.contains_key(*alias));
        let of_trunks = parts.trunks.iter().map(|trunk| group.interface(Some(&trunk.physical_interface)));
        let names = written.chain(default).chain(undefined).chain(of_trunks);
        group.misnamed = names.filter(|name| is_missing(name)).map(str::to_owned).collect();
    }
}

/// What others' policies and the nodes' states tell of interfaces, besides the Site.
pub(super) struct Known<'a> {
    pub(super) policies: &'a [PolicyOfOthers],
    pub(super) inventory: &'a Inventory,
}

impl Known<'_> {
    /// What the interfaces of a group's nodes are. The Site's word counts before that of others' policies, and theirs before what the
    /// nodes have, which may be about to change.
    pub(super) fn names(&self, uplinks: &BTreeMap<String, Arc<UplinkDefinition>>, nodes: &NodeSelector) -> Names {
        let mut names = Names::default();
        for (name, definition) in uplinks {
            let vlan = definition.interfaces.last().and_then(|interface| interface.vlan.as_ref());
            names.add(name, vlan.map(|vlan| (vlan.base_iface.as_str(), vlan.id)));
        }
        for policy in self.policies.iter().filter(|policy| can_overlap(&policy.node_selector, nodes)) {
            for (name, interface) in policy.interfaces.iter().filter(|(name, _)| !policy.absent.contains(name)) {
                if let Some(vlan) = &interface.vlan {
                    names.add(name, Some((vlan.base_iface.as_str(), vlan.id)));
                }
            }
        }
        // A name that means one thing here and another there tells nothing.
        let mut there: BTreeMap<&str, Option<(&str, u16)>> = BTreeMap::new();
        let mut others: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        let selected = self.inventory.select(nodes).nodes;
        for node in selected.iter().map(|number| self.inventory.node(*number)) {
            for (other, name) in node.interfaces.alt_names() {
                let known = others.entry(other).or_insert(Some(name));
                *known = known.filter(|known| *known == name);
            }
            for (name, interface) in node.interfaces.iter() {
                let Some(vlan) = &interface.vlan else { continue };
                let vlan = (vlan.base_iface.as_str(), vlan.id);
                let known = there.entry(name).or_insert(Some(vlan));
                *known = known.filter(|known| *known == vlan);
            }
        }
        for (name, vlan) in there {
            if vlan.is_some() {
                names.add(name, vlan);
            }
        }
        let is_own_elsewhere = |other: &str| {
            let with = self.inventory.with_interface(other).iter();
            with.filter(|number| selected.binary_search(number).is_ok())
                .any(|number| self.inventory.node(*number).interfaces.name_of(other) == other)
        };
        for (other, name) in others {
            if let Some(name) = name.filter(|_| !is_own_elsewhere(other)) {
                names.add_other(other, name);
            }
        }
        names
    }
}

/// The VLAN interfaces among the uplinks, by the wires that they lead to.
fn vlan_uplinks(uplinks: &BTreeMap<String, Arc<UplinkDefinition>>, names: &Names) -> HashMap<Wire, String> {
    let is_vlan = |(_, definition): &(&String, &Arc<UplinkDefinition>)| definition.kind == UplinkType::Vlan;
    uplinks.iter().filter(is_vlan).map(|(name, _)| (names.wire(name), name.clone())).collect()
}

/// The uplinks of a group; a trunk bridge must be on one that it can be on.
fn uplinks_of(
    parts: &SharedParts<'_>,
    written: &uplinks::Written<'_>,
    physical_interfaces: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> BTreeMap<String, Arc<UplinkDefinition>> {
    let defined = stack::define(written, findings);
    let named = |called: &'_ String| physical_interfaces.get(called).unwrap_or(called).clone();
    for trunk in parts.trunks {
        let name = &named(&trunk.physical_interface);
        if defined.get(name).is_some_and(|it| it.ovs_bond.is_some()) {
            let message = format!("the trunk bridge `{}` cannot be on the OVS bond `{name}`", trunk.bridge);
            let help = "name a NIC or a `type: bond`, or use `type: ovs` networks";
            findings.say(&INVALID_UPLINK, trunk.origin.at("physicalInterface"), message, help);
        }
    }
    for localnet in parts.localnets.values() {
        let Some(name) = localnet.physical_interface.as_ref().map(named) else { continue };
        let of_uplink = defined.get(&name).and_then(|it| it.mtu);
        if let (Some(own), Some(mtu)) = (localnet.mtu, of_uplink)
            && own > mtu
        {
            let message = format!("an MTU of {own} does not fit `{name}`, which has {mtu}");
            let help = "lower it, or raise that of the uplink";
            findings.say(&INVALID_UPLINK, localnet.origin.at("mtu"), message, help);
        }
    }
    defined
}

fn check(group: &SiteGroup, origin: &Origin, localnets: &BTreeMap<String, Localnet>, findings: &mut Findings) {
    // A localnet has a name of OVN, not of the kernel.
    let is_nic = |name: &&String| !localnets.contains_key(*name);
    findings.extend(label_problems(&group.node_selector, &origin.child("nodeSelector")));
    if let Some(nic) = group.default_nic.as_ref().filter(is_nic) {
        findings.nic_name(nic, origin.at("defaultNIC"));
    }
    let names = origin.child("physicalInterfaces");
    for (called, name) in group.physical_interfaces.iter().flatten().filter(|(_, name)| is_nic(name)) {
        findings.nic_name(name, names.child(called).here());
    }
}

/// The selector of the Site and that of a group together.
fn both(site: &NodeSelector, group: &NodeSelector, origin: &Origin, findings: &mut Findings) -> NodeSelector {
    let mut selector = site.clone();
    for (label, value) in group {
        match selector.insert(label.clone(), value.clone()) {
            Some(other) if other != *value => findings.say(
                &INVALID_VALUE,
                origin.child("nodeSelector").child(label).here(),
                format!(
                    "no node is selected: the group wants `{label}: {value}`, `policy.nodeSelector` `{label}: {other}`"
                ),
                "agree on the value, or leave the label to one of the two",
            ),
            _ => {}
        }
    }
    selector
}
