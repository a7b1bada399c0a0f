use std::collections::{BTreeSet, HashMap};

use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::join;
use crate::base::diagnostic::More;
use crate::base::place::{Origin, Place};
use crate::base::rule::Severity;
use crate::model::{Claimant, Claimed, HOSTNAME, Inventory, Network, NodeSelector, Plan, Slip, Wukong};
use crate::rule;

rule! {
    /// A node selector selects no node.
    ///
    /// The selector is a Wukong's, the Site's or a node group's. A key or a value is misspelt, or no node has all of the labels together.
    /// kubernetes-nmstate ignores a policy that selects no node, and the bridge is not made. A virtual machine that selects no node does not
    /// start.
    ///
    /// The inventory must have the labels of the nodes. If those of some nodes are missing, only what is one letter off is reported. In the
    /// Site it is an error if a virtual machine can start where its bridge is not made. A Wukong's hostname that no node has is WK234.
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
    let mut hits = of_site(plan);
    hits.extend(of_wukongs(plan, hits.len()));
    hits
}

/// Why no node is selected, for the end of a sentence.
fn reason(slip: Slip<'_>) -> String {
    match slip {
        Slip::Key(key, _) => format!("none has the label `{key}`"),
        Slip::Value(key, value) => format!("none has `{key}: {}`", written(value)),
        Slip::Together(selector) => {
            let all: Vec<String> = selector.iter().map(|(key, value)| format!("`{key}: {}`", written(value))).collect();
            let word = if all.len() == 2 { "both " } else { "" };
            format!("none has {word}{}", join(&all))
        }
    }
}

fn help(slip: Slip<'_>, inventory: &Inventory) -> String {
    if let Some(meant) = inventory.labels().meant(slip) {
        return format!("did you mean `{meant}`?");
    }
    match slip {
        Slip::Key(..) => "correct the label, or export the Nodes again once they have it".to_owned(),
        Slip::Value(key, _) => format!("correct the value: nodes have {}", few(&inventory.labels().values(key))),
        Slip::Together(selector) => {
            // The label without which there are nodes, and what these have there.
            let others = selector.keys().find_map(|label| {
                let rest = |labels: &&NodeSelector| {
                    selector.iter().all(|(key, value)| key == label || labels.get(key) == Some(value))
                };
                let values: BTreeSet<&str> =
                    inventory.all_labels().filter(rest).filter_map(|it| it.get(label)).map(String::as_str).collect();
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
fn place(slip: Slip<'_>, selector: &Origin) -> Place {
    match slip {
        Slip::Key(key, _) => selector.key(key),
        Slip::Value(key, _) => selector.child(key).here(),
        Slip::Together(_) => selector.here(),
    }
}

/// No node, in words: where labels are missing, it is none of those that are known.
fn no_node(inventory: &Inventory) -> &'static str {
    if inventory.knows_labels() { "no node" } else { "no node whose labels are known" }
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
fn of_site(plan: &Plan) -> Vec<Hit<'_>> {
    let inventory = &plan.inventory;
    let (Some(origin), site) = (&plan.settings.origin, &plan.settings.site) else { return Vec::new() };
    let mut hits: Vec<Hit<'_>> = Vec::new();
    let mut add = |whose: String, slip: Slip<'_>, selector: &Origin| {
        let message = format!("{whose} selects {}: {}", no_node(inventory), reason(slip));
        let help = help(slip, inventory);
        hits.push(Hit::new(place(slip, selector), move || Words::new(message.clone(), help.clone())));
    };
    let of_policy = site.policy.as_ref().and_then(|policy| policy.node_selector.as_ref());
    let of_policy = of_policy.filter(|selector| !selector.is_empty());
    let at_policy = origin.child("policy").child("nodeSelector");
    let of_policy = of_policy.and_then(|selector| inventory.slip(selector));
    if let Some(slip) = of_policy {
        add("the Site".to_owned(), slip, &at_policy);
    }
    let mut excluded = Vec::new();
    for (number, group) in site.node_groups.iter().flatten().enumerate() {
        let at_group = origin.child("nodeGroups").child(number).child("nodeSelector");
        if let Some(slip) = inventory.slip(&group.node_selector) {
            add(format!("the node group `{}`", group.name), slip, &at_group);
        } else if of_policy.is_none() && plan.settings.groups.get(number).is_some_and(|both| both.is_empty) {
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
            && plan.inventory.knows_labels()
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
fn of_wukongs(plan: &Plan, first_group: usize) -> Vec<Hit<'_>> {
    let inventory = &plan.inventory;
    let mut known: HashMap<&NodeSelector, Option<Slip<'_>>> = HashMap::new();
    let mut groups: HashMap<Slip<'_>, usize> = HashMap::new();
    let mut hits = Vec::new();
    for wukong in &plan.wukongs {
        let identity = &wukong.identity;
        let selector = &identity.node_selector;
        let is_known_host = || selector.get(HOSTNAME).is_none_or(|hostname| inventory.has_hostname(hostname));
        let mut hosts = wukong.networks.iter().flat_map(|network| &network.hosts);
        if selector.is_empty() || !is_known_host() || !hosts.any(|host| host.need.is_some()) {
            continue;
        }
        let slip = *known.entry(selector).or_insert_with(|| inventory.slip(selector));
        let Some(slip) = slip else { continue };
        let count = groups.len();
        let group = first_group + *groups.entry(slip).or_insert(count);
        let at_selector = identity.origin.child("spec").child("highAvailability").child("nodeSelector");
        hits.push(Hit::in_group(place(slip, &at_selector), group, move |more: More| {
            let others = more.words(" and one more Wukong select", |more| format!(" and {more} more Wukongs select"));
            let verb = if others.is_empty() { " selects" } else { "" };
            let message = format!("`{}`{others}{verb} {}: {}", identity.name, no_node(inventory), reason(slip));
            Words::new(message, help(slip, inventory))
        }));
    }
    hits
}
