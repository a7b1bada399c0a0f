use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::join;
use crate::base::diagnostic::More;
use crate::base::place::{Origin, Place};
use crate::base::rule::Severity;
use crate::base::spelling::nearest;
use crate::model::{Claimant, Claimed, HOSTNAME, Inventory, Network, NodeSelector, Plan, Wukong};
use crate::rule;

rule! {
    /// A node selector selects no node.
    ///
    /// The selector is a Wukong's, the Site's or a node group's, and no node of the inventory has these labels: a key or a value is misspelt, or
    /// each label is on some node and no node has all of them. kubernetes-nmstate ignores a policy that selects no node, and the bridge
    /// is not made; a virtual machine that selects no node does not start. Said where the inventory has the labels of all nodes.
    ///
    /// A hostname of a Wukong that no node has is WK234. It is an error in the Site if a virtual machine can start, and its bridge is on
    /// no node.
    ///
    /// ## Example
    /// ```yaml
    /// nodeGroups:
    ///   - name: rack-a
    ///     nodeSelector: {example.org/rakc: a}     # the nodes have example.org/rack
    /// ```
    ///
    /// ## Way out
    /// Correct the label. If the nodes get it later, export the Nodes again once they have it: `kubectl get nodes -o yaml`.
    pub(super) SELECTOR_SELECTS_NOTHING = "WK246", "selector-selects-nothing", Warning, inventory: Needed;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    if !plan.inventory.knows_labels() {
        return Vec::new();
    }
    let labels = Labels::default();
    let mut hits = of_site(plan, &labels);
    hits.extend(of_wukongs(plan, &labels, hits.len()));
    hits
}

/// What labels the nodes have, put together once something was found.
#[derive(Default)]
struct Labels<'a>(OnceCell<BTreeMap<&'a str, BTreeSet<&'a str>>>);

/// Why a selector selects no node.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Slip<'a> {
    /// No node has this label.
    Key(&'a str, &'a str),
    /// No node has this value of the label.
    Value(&'a str, &'a str),
    /// Some node has each of the labels, and none has all.
    Together(&'a NodeSelector),
}

impl<'a> Labels<'a> {
    fn known(&self, inventory: &'a Inventory) -> &BTreeMap<&'a str, BTreeSet<&'a str>> {
        self.0.get_or_init(|| {
            let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for (key, value) in inventory.labels().flatten() {
                known.entry(key).or_default().insert(value);
            }
            known
        })
    }

    fn slip(&self, inventory: &'a Inventory, selector: &'a NodeSelector) -> Slip<'a> {
        let known = self.known(inventory);
        let unknown_key = selector.iter().find(|(key, _)| !known.contains_key(key.as_str()));
        if let Some((key, value)) = unknown_key {
            return Slip::Key(key, value);
        }
        let has = |key: &str, value: &str| known.get(key).is_some_and(|values| values.contains(value));
        match selector.iter().find(|(key, value)| !has(key, value)) {
            Some((key, value)) => Slip::Value(key, value),
            None => Slip::Together(selector),
        }
    }

    /// The label that was meant, before others one that has this value on some node. Its name is like this one's: prefixes alone are no likeness.
    fn meant(&self, inventory: &'a Inventory, key: &str, value: &str) -> Option<String> {
        let name = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
        let own_name = name(key);
        let is_like = |other: &&str| nearest(&own_name, &[&name(other)]).is_some();
        let known = self.known(inventory);
        let alike: Vec<&str> = known.keys().copied().filter(is_like).collect();
        let has_value = |key: &&str| known.get(key).is_some_and(|values| values.contains(value));
        let with_value: Vec<&str> = alike.iter().copied().filter(has_value).collect();
        let same_name = || alike.iter().find(|other| name(other) == own_name).map(|other| (*other).to_owned());
        nearest(key, &with_value).or_else(|| nearest(key, &alike)).or_else(same_name)
    }
}

impl Slip<'_> {
    /// Why no node is selected, for the end of a sentence.
    fn reason(self) -> String {
        match self {
            Self::Key(key, _) => format!("none has the label `{key}`"),
            Self::Value(key, value) => format!("none has `{key}: {}`", written(value)),
            Self::Together(selector) => {
                let all: Vec<String> =
                    selector.iter().map(|(key, value)| format!("`{key}: {}`", written(value))).collect();
                let word = if all.len() == 2 { "both " } else { "" };
                format!("none has {word}{}", join(&all))
            }
        }
    }

    fn help<'a>(self, labels: &Labels<'a>, inventory: &'a Inventory) -> String {
        match self {
            Self::Key(key, value) => match labels.meant(inventory, key, value) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "correct the label, or export the Nodes again once they have it".to_owned(),
            },
            Self::Value(key, value) => {
                let values: Vec<&str> = labels.known(inventory).get(key).into_iter().flatten().copied().collect();
                // Of words of a letter or two, each is near the other.
                match nearest(value, &values).filter(|_| value.len() > 2) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("correct the value: nodes have {}", few(&values)),
                }
            }
            Self::Together(selector) => {
                // The label without which there are nodes, and what these have there.
                let others = selector.keys().find_map(|label| {
                    let rest = |labels: &&NodeSelector| {
                        selector.iter().all(|(key, value)| key == label || labels.get(key) == Some(value))
                    };
                    let values: BTreeSet<&str> =
                        inventory.labels().filter(rest).filter_map(|it| it.get(label)).map(String::as_str).collect();
                    (!values.is_empty()).then_some((label, values))
                });
                match others {
                    Some((label, values)) => {
                        let values: Vec<&str> = values.into_iter().collect();
                        format!("correct `{label}`, or delete it: nodes with the rest have {} there", few(&values))
                    }
                    None => "the labels exclude each other: correct one, or delete it".to_owned(),
                }
            }
        }
    }

    /// The place of the slip below the selector.
    fn place(self, selector: &Origin) -> Place {
        match self {
            Self::Key(key, _) => selector.key(key),
            Self::Value(key, _) => selector.child(key).here(),
            Self::Together(_) => selector.here(),
        }
    }
}

/// A value of a label as YAML has it, where that is not the word itself.
fn written(value: &str) -> &str {
    if value.is_empty() { "\"\"" } else { value }
}

/// Values in words: all of a few, the first of many.
fn few(values: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = values.iter().take(SHOWN).map(|value| format!("`{}`", written(value))).collect();
    match values.len().saturating_sub(SHOWN) {
        0 => join(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The selectors of the Site and of its node groups, each at its own place.
fn of_site<'a>(plan: &'a Plan, labels: &Labels<'a>) -> Vec<Hit<'a>> {
    let inventory = &plan.inventory;
    let (Some(origin), site) = (&plan.settings.origin, &plan.settings.site) else { return Vec::new() };
    let mut hits: Vec<Hit<'a>> = Vec::new();
    let mut add = |whose: String, slip: Slip<'a>, selector: Origin| {
        let (reason, help) = (slip.reason(), slip.help(labels, inventory));
        let message = format!("{whose} selects no node: {reason}");
        hits.push(Hit::new(slip.place(&selector), move || Words::new(message.clone(), help.clone())));
    };
    let of_policy = site.policy.as_ref().and_then(|policy| policy.node_selector.as_ref());
    let of_policy = of_policy.filter(|selector| !selector.is_empty());
    let at_policy = origin.child("policy").child("nodeSelector");
    let is_policy_good = of_policy.is_none_or(|selector| !inventory.selects_none(selector));
    if let Some(selector) = of_policy.filter(|_| !is_policy_good) {
        add("the Site".to_owned(), labels.slip(inventory, selector), at_policy.clone());
    }
    let mut excluded = Vec::new();
    for (number, group) in site.node_groups.iter().flatten().enumerate() {
        let at_group = origin.child("nodeGroups").child(number).child("nodeSelector");
        if inventory.selects_none(&group.node_selector) {
            let whose = format!("the node group `{}`", group.name);
            add(whose, labels.slip(inventory, &group.node_selector), at_group);
        } else if is_policy_good && plan.settings.groups.get(number).is_some_and(|both| both.is_empty) {
            excluded.push((group, at_group));
        }
    }
    for (group, at_group) in excluded {
        let at_policy = at_policy.here();
        hits.push(Hit::new(at_group.here(), move || {
            let message = format!(
                "the node group `{}` selects no node: `policy.nodeSelector` selects none of its nodes",
                group.name
            );
            let help = "agree on the labels, or leave them to one of the two";
            Words::new(message, help).with_related(at_policy.clone(), "the other selector")
        }));
    }
    let is_cut_off = |wukong: &Wukong| !wukong.networks.is_empty() && is_without_bridge(plan, wukong);
    if !hits.is_empty() && plan.wukongs.iter().any(is_cut_off) {
        hits = hits.into_iter().map(|hit| hit.with_severity(Severity::Error)).collect();
    }
    hits
}

/// Whether a virtual machine can start somewhere, and the Site's selectors leave one of its bridges without any node.
fn is_without_bridge(plan: &Plan, wukong: &Wukong) -> bool {
    let is_lost = |network: &Network| {
        let Some(bridge) = network.carrier.bridge_name().filter(|_| !plan.settings.skip_nncp) else { return false };
        let needs = || network.hosts.iter().any(|host| host.need.is_some());
        if network.hosts.is_empty() {
            return true;
        }
        needs()
            && network.hosts.iter().all(|host| plan.settings.groups[host.group].is_empty)
            && plan.inventory.with_interface(bridge).is_empty()
            && !is_of_others(plan, bridge)
    };
    wukong.networks.iter().any(is_lost) && !plan.inventory.selects_none(&wukong.identity.node_selector)
}

fn is_of_others(plan: &Plan, bridge: &str) -> bool {
    let is_it = |what: &Claimed| matches!(what, Claimed::Interface(name) if name == bridge);
    plan.claims.iter().any(|claim| claim.by == Claimant::Others && is_it(&claim.what))
}

/// The selectors of Wukongs. One that stands in many of them is one finding.
fn of_wukongs<'a>(plan: &'a Plan, labels: &Labels<'a>, first_group: usize) -> Vec<Hit<'a>> {
    let inventory = &plan.inventory;
    let mut known: HashMap<&NodeSelector, Option<Slip<'a>>> = HashMap::new();
    let mut groups: HashMap<Slip<'a>, usize> = HashMap::new();
    let mut hits = Vec::new();
    for wukong in &plan.wukongs {
        let identity = &wukong.identity;
        let selector = &identity.node_selector;
        let is_known_host = || selector.get(HOSTNAME).is_none_or(|hostname| inventory.has_hostname(hostname));
        let mut hosts = wukong.networks.iter().flat_map(|network| &network.hosts);
        if selector.is_empty() || !is_known_host() || !hosts.any(|host| host.need.is_some()) {
            continue;
        }
        let slip = *known
            .entry(selector)
            .or_insert_with(|| inventory.selects_none(selector).then(|| labels.slip(inventory, selector)));
        let Some(slip) = slip else { continue };
        let count = groups.len();
        let group = first_group + *groups.entry(slip).or_insert(count);
        let place = slip.place(&identity.origin.child("spec").child("highAvailability").child("nodeSelector"));
        let help = slip.help(labels, inventory);
        hits.push(Hit::in_group(place, group, move |more: More| {
            let others = more.words(" and one more Wukong select", |more| format!(" and {more} more Wukongs select"));
            let verb = if others.is_empty() { " selects" } else { "" };
            Words::new(format!("`{}`{others}{verb} no node: {}", identity.name, slip.reason()), help.clone())
        }));
    }
    hits
}
