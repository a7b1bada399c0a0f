//! Attachments that are in the output folder, and those that change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::bridges::{Bridges, Guest};
use crate::api::site::PolicyScope;
use crate::base::diagnostic::{Diagnostic, More, Place};
use crate::base::place::NetworkId;
use crate::base::rule::Rule;
use crate::model::{Key, Network, Plan, Wukong};
use crate::read::document::syntax;
use crate::rule;
use crate::write::manifest::ManifestKind;
use crate::write::tree::{Action, Change, OutputTree};

rule! {
    /// An attachment changes, which reaches no virtual machine that runs.
    ///
    /// Multus reads a NetworkAttachmentDefinition when a pod starts. A virtual machine keeps the bridge, the tag and the addresses that it was
    /// started with, until it is restarted or migrated live to another node. Until then the files in Git say something else than what is.
    ///
    /// Reported once for a run, with the number of networks; not for those whose bridge changes, too (WK505). A new `cniVersion` or `name`
    /// changes nothing for a virtual machine, and is not reported.
    ///
    /// ## Way out
    /// Restart the virtual machines, or migrate them live, once the attachments are applied.
    pub ATTACHMENT_CHANGES = "WK506", "attachment-changes", Warning, about_changes: true;
}

/// Keys of a CNI configuration that make no difference to a virtual machine.
const WITHOUT_EFFECT: [&str; 2] = ["cniVersion", "name"];

/// A CNI configuration as it is written.
type Config = Map<String, Value>;

/// An attachment that stays: of which virtual machine and network, and the old and the new configuration if the file changes.
type Kept<'a> = (&'a Wukong, &'a Network, Option<(Config, Config)>);

/// The attachments that are there already, with the networks that they are of.
pub(super) struct Attachments<'a> {
    /// Those of networks that are wanted.
    kept: Vec<Kept<'a>>,
    /// The bridges of those that go, with the virtual machines that had them and stay.
    gone: Vec<(&'a Wukong, String)>,
}

impl<'a> Attachments<'a> {
    pub(super) fn of(tree: &OutputTree, changes: &[Change], plan: &'a Plan) -> Self {
        let path = |namespace: Option<&str>, name: &str| ManifestKind::Nad.path(namespace, name);
        let ids = plan
            .attachments
            .iter()
            .filter_map(|it| Some((path(it.wukong.namespace.as_deref(), &it.name), it.origin.network?)));
        let ids: HashMap<String, NetworkId> = ids.collect();
        let owners: HashMap<String, &Wukong> =
            plan.wukongs.iter().map(|it| (path(it.identity.namespace.as_deref(), &it.identity.name), it)).collect();
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for change in changes.iter().filter(|change| change.kind == ManifestKind::Nad) {
            match &change.action {
                Action::Create => {}
                Action::Remove(old) => {
                    let bridge = config(old).as_ref().and_then(bridge_of).map(str::to_owned);
                    gone.extend(owner(&change.path, &owners).zip(bridge));
                }
                Action::Update(_) | Action::Unchanged => {
                    let Some((wukong, network)) = ids.get(&change.path).and_then(|id| plan.find(*id)) else { continue };
                    let both = match &change.action {
                        Action::Update(old) => config(old).zip(tree.text(&change.path).and_then(config)),
                        Action::Create | Action::Remove(_) | Action::Unchanged => None,
                    };
                    kept.push((wukong, network, both));
                }
            }
        }
        Self { kept, gone }
    }

    /// The virtual machines that are on each of these bridges now.
    pub(super) fn guests(
        &self,
        before: &Bridges,
        changes: &[Change],
        plan: &'a Plan,
    ) -> BTreeMap<String, Vec<Guest<'a>>> {
        let mut guests: BTreeMap<String, Vec<Guest<'_>>> = BTreeMap::new();
        let mut add = |bridge: &str, wukong: &'a Wukong, network: Option<&'a Network>| {
            if before.has(bridge) {
                guests.entry(bridge.to_owned()).or_default().push(Guest { wukong, network });
            }
        };
        for (wukong, network, both) in &self.kept {
            let old = both.as_ref().and_then(|(old, _)| bridge_of(old));
            if let Some(bridge) = old.or_else(|| network.carrier.bridge_name()) {
                add(bridge, wukong, Some(network));
            }
        }
        for (wukong, bridge) in &self.gone {
            add(bridge, wukong, None);
        }
        // A network with an attachment of others has a policy of its own, which is there already.
        if plan.settings.site.policy_scope() == PolicyScope::Network {
            let updated = |change: &&Change| change.kind == ManifestKind::Nncp && change.action.is_update();
            let updated: HashSet<&str> = changes.iter().filter(updated).map(|change| change.path.as_str()).collect();
            let has_own = plan.attachments.iter().filter_map(|it| it.origin.network);
            let has_own: HashSet<NetworkId> = if plan.settings.skip_nad { HashSet::new() } else { has_own.collect() };
            for policy in &plan.policies {
                let path = ManifestKind::Nncp.path(None, &policy.name);
                let id = policy.origin.network.filter(|id| !has_own.contains(id) && updated.contains(path.as_str()));
                let Some((wukong, network)) = id.and_then(|id| plan.find(id)) else { continue };
                for bridge in before.by_path.get(&path).into_iter().flatten() {
                    add(bridge, wukong, Some(network));
                }
            }
        }
        guests
    }

    /// The attachments that change, but for those of networks whose bridge changes, too.
    pub(super) fn changed(
        &self,
        covered: &HashSet<NetworkId>,
        accepts: &mut dyn FnMut(&Rule, &Place) -> bool,
    ) -> Option<Diagnostic> {
        let mut found: Option<(Place, String)> = None;
        let mut more = 0;
        for (wukong, network, both) in &self.kept {
            let Some((old, new)) = both else { continue };
            let keys = differences(old, new);
            if keys.is_empty() || network.origin.network.is_some_and(|id| covered.contains(&id)) {
                continue;
            }
            // What differs for a reason of its own (`preserveDefaultVlan` beside a `vlan`) says less than what the author wrote.
            let written = keys.iter().map(|key| key_of(key)).find(|key| *key != Key::Name);
            let place = network.at(written.unwrap_or(Key::Name));
            if accepts(&ATTACHMENT_CHANGES, &place) {
                continue;
            }
            if found.is_some() {
                more += 1;
                continue;
            }
            let named: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            let what = format!(
                "the attachment of `{}` of `{}` gets another {}",
                network.name,
                wukong.identity.name,
                named.join(", ")
            );
            found = Some((place, what));
        }
        let (place, what) = found?;
        let others = More(more)
            .words(", and one more attachment changes", |more| format!(", and {more} more attachments change"));
        Some(Diagnostic::new(
            &ATTACHMENT_CHANGES,
            place,
            format!("{what}{others}: a virtual machine that runs keeps what it was started with"),
            "restart the virtual machines, or migrate them live, once the attachments are applied",
        ))
    }
}

/// The virtual machine of an attachment that is called `{wukong}-{network}-nad`, by the paths at which attachments with the names of virtual
/// machines would be. Of several the one with the longest name.
fn owner<'a>(path: &str, owners: &HashMap<String, &'a Wukong>) -> Option<&'a Wukong> {
    let name = path.strip_suffix(".yaml")?;
    let mut ends = name.rmatch_indices('-').map(|(end, _)| &name[..end]);
    ends.find_map(|start| owners.get(&format!("{start}.yaml")).copied())
}

/// The configuration in the text of an attachment.
fn config(text: &str) -> Option<Config> {
    let documents = syntax::parse(text);
    let [Ok(document)] = documents.as_slice() else { return None };
    let value = document.value(document.root()).ok()?;
    serde_json::from_str(value.pointer("/spec/config")?.as_str()?).ok()
}

fn bridge_of(config: &Config) -> Option<&str> {
    config.get("bridge").and_then(Value::as_str)
}

/// The keys of two configurations that differ and matter to a virtual machine.
fn differences<'a>(old: &'a Config, new: &'a Config) -> BTreeSet<&'a str> {
    let keys = old.keys().chain(new.keys()).map(String::as_str);
    keys.filter(|key| !WITHOUT_EFFECT.contains(key) && old.get(*key) != new.get(*key)).collect()
}

/// The key of a network from which a key of its configuration comes.
fn key_of(key: &str) -> Key {
    match key {
        "type" => Key::Type,
        "bridge" => Key::BridgeName,
        "physicalNetworkName" | "master" => Key::PhysicalInterface,
        "vlan" | "vlanID" => Key::VlanId,
        "ipam" => Key::IpConfig,
        _ => Key::Name,
    }
}
