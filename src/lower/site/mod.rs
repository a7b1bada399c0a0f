//! The Site into settings: names resolved for every node group, and everything checked that a schema cannot say.
//!
//! A Site with a mistake gives no settings: what is made of a network would be made of guesses.

mod cluster;
mod groups;
mod stack;
mod uplinks;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::nmstate::{PortVlan, TagRange, TrunkTag};
use crate::api::site::{SiteSpec, Skip};
use crate::base::diagnostic::{Diagnostic, Findings, Origin, Place, Rule};
use crate::base::names::{INTERFACE_NAME_HELP, interface_name_problem, system_of_interface};
use crate::model::{DefaultNic, Localnet, NodeGroup, NodeSelector, Overrides, Settings, Trunk};
use crate::read::load::{Objects, label_problems};
use crate::read::schema::INVALID_VALUE;
use crate::rule;

pub use groups::NODE_GROUPS_OVERLAP;
pub use uplinks::{INVALID_UPLINK, SRIOV_OPERATOR, UNSOUND_BOND};

rule! {
    /// A list of the Site has one name twice: uplinks, node groups, trunk bridges or localnets.
    ///
    /// Which of the two holds would depend on their order.
    ///
    /// ## Way out
    /// Delete one of the two. For nodes that differ, put the uplinks into `nodeGroups`.
    pub DUPLICATE_SITE_NAME = "WK110", "duplicate-site-name", Error;
}

rule! {
    /// An interface of the system as a NIC, uplink or master.
    ///
    /// `br-ex`, `br-int` and `ovn-k8s-mp0` belong to OVN-Kubernetes, `flannel.1`, `cali...` and `cilium_host` to network plugins, `cni0`,
    /// `docker0` and `virbr0` to container and virtual machine runtimes, `lo` to the kernel. They lead to the pods and not to a wire, or
    /// carry the node's own traffic. A bridge that takes one as its port takes it away from its owner: with `br-ex` the node is cut off
    /// (OpenShift documentation, "Configuration for a localnet switched topology"). The kernel takes no bridge into a bridge.
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, physicalInterface: br-ex}
    /// ```
    ///
    /// ## Way out
    /// Name the NIC, bond or VLAN interface that leads to the wire. To share `br-ex` with the node, list it as a localnet in the Site
    /// (`ovn.bridge-mappings`), and use `type: ovs` with the localnet as `physicalInterface`.
    pub SYSTEM_INTERFACE = "WK250", "system-interface", Error;
}

rule! {
    /// Another interface has the name of a trunk bridge: an OVS bridge, or that of a localnet; or macvlan or ipvlan stands on it.
    ///
    /// A trunk bridge of the Site is a Linux bridge, and networks of `type: bridge` share it. One name is one interface on a node: the policy that
    /// is applied last makes it an OVS bridge, and every other guest loses its network. macvlan and ipvlan on it have no tag, and its port
    /// is for tags (WK251).
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: ovs, bridgeName: br-trunk, vlanId: 100}     # and br-trunk is among the Site's trunkBridges
    /// ```
    ///
    /// ## Way out
    /// Use `type: bridge` to be on the trunk bridge, or give the other bridge a name of its own.
    pub TRUNK_BRIDGE_OF_ANOTHER_TYPE = "WK252", "trunk-bridge-of-another-type", Error;
}

/// The settings of a run; none if the Site has a mistake.
pub fn settings(objects: &Objects, overrides: &Overrides, all: &mut Findings) -> Option<Settings> {
    let known = groups::Known { policies: &objects.policies, inventory: &objects.inventory };
    let Some(site) = &objects.site else {
        let nic = default_nic(overrides, [None, None]);
        let names = Arc::new(known.names(&BTreeMap::new(), &NodeSelector::new()));
        let group = NodeGroup { default_nic: nic, names, ..NodeGroup::default() };
        let settings = Settings { groups: vec![group], ..combine(SiteSpec::default(), overrides) };
        return (!objects.is_site_broken).then_some(settings);
    };
    let mut findings = Findings::default();
    let spec = site.value.spec.clone().unwrap_or_default();
    let origin = site.origin.child("spec");
    let trunks = trunks(&spec, &origin, &mut findings);
    let localnets = localnets(&spec, &origin, &trunks, &mut findings);
    check_names(&spec, &origin, &localnets, &mut findings);
    let cluster_ranges = cluster::ranges(&spec, &origin, &mut findings);
    let site = groups::SharedParts { trunks: &trunks, localnets: &localnets, overrides };
    let groups = groups::resolve(&spec, &origin, &site, &known, &mut findings);
    let is_sound = !findings.has_errors();
    all.extend(findings);
    (is_sound && !objects.is_site_broken).then(|| Settings {
        groups,
        trunks,
        localnets,
        cluster_ranges,
        origin: Some(origin),
        ..combine(spec, overrides)
    })
}

/// The single keys of the Site; the command line overrides them.
fn combine(site: SiteSpec, overrides: &Overrides) -> Settings {
    let skips = |kind: Skip| overrides.skip.contains(&kind) || site.skip.iter().flatten().any(|it| *it == kind);
    Settings {
        retire: overrides.retire || site.retires(),
        skip_nncp: skips(Skip::Nncp),
        skip_nad: skips(Skip::Nad),
        site,
        ..Settings::default()
    }
}

/// The default NIC: the command line's, else the first of `named`.
fn default_nic(overrides: &Overrides, named: [Option<&String>; 2]) -> DefaultNic {
    let named = overrides.default_nic.as_ref().or(named[0]).or(named[1]);
    named.map_or_else(DefaultNic::default, |name| DefaultNic { name: name.clone(), is_assumed: false })
}

/// How this stage speaks of what is wrong.
trait SiteFindings {
    /// Adds a finding, unless the same has been said of the same place.
    fn say(&mut self, rule: &'static Rule, place: Place, message: impl Into<String>, help: impl Into<String>);

    /// Whether an interface can have this name.
    fn interface_name(&mut self, name: &str, place: Place) -> bool;

    /// Whether this can be the name of a NIC, bond or VLAN interface that leads to a wire.
    fn nic_name(&mut self, name: &str, place: Place) -> bool;

    /// Whether a name is new in its list; `first` is where it stood before.
    fn is_new<'a>(&mut self, seen: &mut BTreeMap<&'a str, Origin>, name: &'a str, origin: &Origin, key: &str) -> bool;
}

impl SiteFindings for Findings {
    fn say(&mut self, rule: &'static Rule, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push_once(Diagnostic::new(rule, place, message, help));
    }

    fn interface_name(&mut self, name: &str, place: Place) -> bool {
        let Some(problem) = interface_name_problem(name) else { return true };
        self.say(&INVALID_VALUE, place, format!("the interface name {name:?} {problem}"), INTERFACE_NAME_HELP);
        false
    }

    fn nic_name(&mut self, name: &str, place: Place) -> bool {
        if !self.interface_name(name, place.clone()) {
            return false;
        }
        let Some(system) = system_of_interface(name) else { return true };
        self.say(&SYSTEM_INTERFACE, place, system_interface(name, system), system_interface_help(name));
        false
    }

    fn is_new<'a>(&mut self, seen: &mut BTreeMap<&'a str, Origin>, name: &'a str, origin: &Origin, key: &str) -> bool {
        if let Some(first) = seen.get(name) {
            let message = format!("`{name}` stands twice in one list");
            let help = "delete one of the two, or rename it";
            self.push_once(
                Diagnostic::new(&DUPLICATE_SITE_NAME, origin.at(key), message, help)
                    .with_related(first.at(key), "the first one"),
            );
            return false;
        }
        seen.insert(name, origin.clone());
        true
    }
}

/// The message about an interface of a system that is used as a NIC.
pub fn system_interface(name: &str, system: &str) -> String {
    format!("`{name}` belongs to {system}, and cannot be the NIC of a network")
}

/// What to do about one.
pub fn system_interface_help(name: &str) -> &'static str {
    if name == "br-ex" {
        "name the NIC or bond that leads to the wire; or share `br-ex` as a localnet (`ovn.bridge-mappings` in the Site)"
    } else {
        "name the NIC, bond or VLAN interface that leads to the wire"
    }
}

/// Names that the kernel takes, labels that Kubernetes takes.
fn check_names(spec: &SiteSpec, origin: &Origin, localnets: &BTreeMap<String, Localnet>, findings: &mut Findings) {
    // A localnet has a name of OVN, not of the kernel.
    if let Some(nic) = spec.default_nic.as_ref().filter(|nic| !localnets.contains_key(*nic)) {
        findings.nic_name(nic, origin.at("defaultNIC"));
    }
    if let Some(selector) = spec.policy.as_ref().and_then(|policy| policy.node_selector.as_ref()) {
        findings.extend(label_problems(selector, &origin.child("policy").child("nodeSelector")));
    }
}

/// The bridges with VLAN filtering.
fn trunks(spec: &SiteSpec, origin: &Origin, findings: &mut Findings) -> Vec<Trunk> {
    let origin = origin.child("trunkBridges");
    let mut seen = BTreeMap::new();
    let mut nics: BTreeMap<&str, Origin> = BTreeMap::new();
    let mut trunks = Vec::new();
    for (index, bridge) in spec.trunk_bridges.iter().flatten().enumerate() {
        let origin = origin.child(index);
        let is_good = findings.interface_name(&bridge.name, origin.at("name"))
            & findings.nic_name(&bridge.physical_interface, origin.at("physicalInterface"))
            & findings.is_new(&mut seen, &bridge.name, &origin, "name")
            & findings.is_new(&mut nics, &bridge.physical_interface, &origin, "physicalInterface");
        if let Some(system) = system_of_interface(&bridge.name) {
            let message = format!("the bridge `{}` belongs to {system}", bridge.name);
            findings.say(&INVALID_VALUE, origin.at("name"), message, "choose another name");
        }
        let is_localnet =
            spec.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings).any(|it| it.localnet == bridge.physical_interface);
        if is_localnet {
            let message =
                format!("the trunk bridge `{}` cannot be on the localnet `{}`", bridge.name, bridge.physical_interface);
            findings.say(&INVALID_UPLINK, origin.at("physicalInterface"), message, "name a NIC or an uplink");
        }
        let tags_origin = origin.child("trunk-tags");
        for (index, tag) in bridge.trunk_tags.iter().flatten().enumerate() {
            let problem = match (&tag.id, &tag.id_range) {
                (Some(_), Some(_)) => "has both an `id` and an `id-range`",
                (None, None) => "has neither an `id` nor an `id-range`",
                (None, Some(range)) if range.min > range.max => "ends before it begins",
                _ => continue,
            };
            findings.say(
                &INVALID_VALUE,
                tags_origin.child(index).here(),
                format!("the tag {problem}"),
                "write `{id: 100}` or `{id-range: {min: 200, max: 299}}`",
            );
        }
        if is_good {
            let trunk_tags = bridge
                .trunk_tags
                .clone()
                .unwrap_or_else(|| vec![TrunkTag { id: None, id_range: Some(TagRange { min: 2, max: 4094 }) }]);
            trunks.push(Trunk {
                bridge: bridge.name.clone(),
                physical_interface: bridge.physical_interface.clone(),
                vlan: PortVlan { mode: "trunk".to_owned(), trunk_tags },
                origin,
            });
        }
    }
    trunks
}

/// OVN's localnets.
fn localnets(
    spec: &SiteSpec,
    origin: &Origin,
    trunks: &[Trunk],
    findings: &mut Findings,
) -> BTreeMap<String, Localnet> {
    let origin = origin.child("ovn").child("bridge-mappings");
    let mut seen = BTreeMap::new();
    let mut localnets = BTreeMap::new();
    for (index, mapping) in spec.ovn.iter().flat_map(|ovn| &ovn.bridge_mappings).enumerate() {
        let origin = origin.child(index);
        let mut is_good = findings.is_new(&mut seen, &mapping.localnet, &origin, "localnet")
            & findings.interface_name(&mapping.bridge, origin.at("bridge"));
        if let Some(nic) = &mapping.physical_interface {
            is_good &= findings.nic_name(nic, origin.at("physicalInterface"));
            if let Some(system) = system_of_interface(&mapping.bridge) {
                findings.say(
                    &INVALID_VALUE,
                    origin.at("physicalInterface"),
                    format!("the bridge `{}` belongs to {system}, and is not made here", mapping.bridge),
                    "delete `physicalInterface`, or name a bridge of your own",
                );
            }
        }
        if let Some(trunk) = trunks.iter().find(|trunk| trunk.bridge == mapping.bridge) {
            let message = format!(
                "the bridge of the localnet `{}` cannot be the trunk bridge `{}`",
                mapping.localnet, trunk.bridge
            );
            findings.push_once(
                Diagnostic::new(
                    &TRUNK_BRIDGE_OF_ANOTHER_TYPE,
                    origin.at("bridge"),
                    message,
                    "name an OVS bridge: a trunk bridge is a Linux bridge",
                )
                .with_related(trunk.origin.at("name"), "the trunk bridge"),
            );
        }
        if is_good {
            let localnet = Localnet {
                name: mapping.localnet.clone(),
                bridge: mapping.bridge.clone(),
                physical_interface: mapping.physical_interface.clone(),
                mtu: mapping.mtu,
                origin,
            };
            localnets.insert(mapping.localnet.clone(), localnet);
        }
    }
    localnets
}
