//! Documents to typed objects: which kinds matter, and what is salvaged from one that violates its schema.

mod inventory;
mod others;
mod typed;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use serde_json::Value;

use crate::api::{NetworkConfig, Site, Wukong, kinds, site, wukong};
use crate::base::diagnostic::{Diagnostic, Findings, Origin, Severity};
use crate::base::names;
use crate::base::spelling::nearest;
use crate::model::inventory::{Node, NodeObject};
use crate::model::{AttachmentOfOthers, AttachmentsOfOthers, Inventory, NadName, PolicyOfOthers};
use crate::read::document::Document;
use crate::read::schema::{INVALID_VALUE, SchemaKind};
use crate::rule;

use typed::typed;

pub use inventory::{DUPLICATE_NODE, INVALID_INVENTORY};

rule! {
    /// A document that looks like a Wukong or a Site, but has a kind or an apiVersion that is neither.
    ///
    /// It would be passed over like any other kind, and the manifests of its virtual machine removed.
    ///
    /// ## Way out
    /// Write `kind: Wukong` with `apiVersion: vm.novasphere.dev/v1alpha1`, or `kind: Site` with
    /// `apiVersion: render.novasphere.dev/v1alpha1`.
    pub UNKNOWN_KIND = "WK106", "unknown-kind", Error;
}

rule! {
    /// The name or the namespace of an object is none that Kubernetes takes.
    ///
    /// Names are DNS-1123 subdomains (at most 253 characters: lower case letters, digits, `-` and `.`), namespaces are
    /// DNS-1123 labels (at most 63, without dots). Names also become file names, so nothing else ever reaches a path.
    ///
    /// ## Way out
    /// Choose another name.
    pub INVALID_NAME = "WK107", "invalid-name", Error;
}

rule! {
    /// A Site has no annotation `config.kubernetes.io/local-config: "true"`.
    ///
    /// A Site is for wukong-render only. Without the annotation, kustomize sends it to a cluster that does not know its kind.
    ///
    /// ## Way out
    /// Add the annotation, with the quotes.
    pub SITE_NOT_LOCAL = "WK108", "site-not-local", Warning;
}

rule! {
    /// There is more than one Site.
    ///
    /// Which of the two holds would depend on the order of the files.
    ///
    /// ## Way out
    /// Keep one for each run, and name the others with `--exclude`.
    pub SECOND_SITE = "WK109", "second-site", Error;
}

/// A typed object and where it comes from.
#[derive(Debug)]
pub struct Object<T> {
    /// The document and the pointer of the object within it.
    pub origin: Origin,
    /// The object as it is written.
    pub value: T,
}

/// A Wukong, with the networks that could be read.
#[derive(Debug)]
pub struct LoadedWukong {
    /// The Wukong; its `networks` are taken out.
    pub wukong: Object<Wukong>,
    /// Its networks.
    pub networks: Vec<Object<NetworkConfig>>,
    /// Whether something of it was dropped because of an error.
    pub is_partial: bool,
}

impl LoadedWukong {
    /// Its annotations that are meant for us, by the part of the key before the `/` and that behind it, with the value.
    pub fn own_annotations(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let annotations = self.wukong.value.metadata.annotations.iter().flatten();
        annotations.filter_map(|(key, value)| {
            let (prefix, name) = key.split_once('/')?;
            prefix.contains(site::GROUP).then_some((prefix, name, value.as_str()))
        })
    }
}

/// What the documents hold, typed.
#[derive(Debug, Default)]
pub struct Objects {
    /// The virtual machines, in the order of the files.
    pub wukongs: Vec<LoadedWukong>,
    /// The platform team's file.
    pub site: Option<Object<Site>>,
    /// Whether a Site was there that could not be read.
    pub is_site_broken: bool,
    /// The nodes as they are.
    pub inventory: Inventory,
    /// The NetworkAttachmentDefinitions among the inputs.
    pub attachments: AttachmentsOfOthers,
    /// The node policies among the inputs, which others wrote.
    pub policies: Vec<PolicyOfOthers>,
    /// How many Wukongs there were, the broken ones included.
    pub wukong_count: usize,
}

/// Whether an object of this apiVersion and kind matters here.
pub fn is_wanted(api_version: &str, kind: &str) -> bool {
    let group = api_version.split('/').next().unwrap_or_default();
    match kind {
        wukong::KIND => group.is_empty() || group_is_like(group, wukong::GROUP),
        site::KIND => group_is_like(group, site::GROUP),
        "" => group == wukong::GROUP || group == site::GROUP,
        kinds::NAD => group == kinds::CNI_GROUP,
        kinds::NNS | kinds::NNCP => group == kinds::NMSTATE_GROUP,
        kinds::NODE => api_version == kinds::CORE_API_VERSION,
        _ => misspelt_kind(group, kind).is_some(),
    }
}

fn group_is_like(group: &str, ours: &str) -> bool {
    // Most are as they should be, and need no search for the nearest.
    group == ours || nearest(group, &[ours]).is_some()
}

/// The kind that a kind of one of our groups was meant to be.
fn misspelt_kind(group: &str, kind: &str) -> Option<&'static str> {
    let meant = if group_is_like(group, wukong::GROUP) {
        wukong::KIND
    } else if group_is_like(group, site::GROUP) {
        site::KIND
    } else {
        return None;
    };
    nearest(kind, &[meant]).map(|_| meant)
}

/// Checks every document against its schema and makes typed objects of it.
pub fn load(documents: Vec<Document>, findings: &mut Findings) -> Objects {
    let loaded: Vec<(Loaded, Vec<Diagnostic>)> = documents
        .into_par_iter()
        .map(|document| {
            let mut diagnostics = Vec::new();
            let loaded = load_document(document, &mut diagnostics);
            (loaded, diagnostics)
        })
        .collect();
    let mut objects = Objects::default();
    let (mut states, mut nodes) = (Vec::new(), BTreeMap::new());
    let mut is_inventory_broken = false;
    for (loaded, diagnostics) in loaded {
        findings.extend(diagnostics);
        match loaded {
            Loaded::Wukong(wukong) => {
                objects.wukong_count += 1;
                objects.wukongs.extend(wukong.map(|wukong| *wukong));
            }
            Loaded::Site(Some(site)) => add_site(&mut objects, *site, findings),
            Loaded::Site(None) => objects.is_site_broken = true,
            Loaded::NodeState(Some(node)) => states.push(*node),
            Loaded::NodeState(None) => is_inventory_broken = true,
            Loaded::Node(node) => drop(nodes.insert(node.name.clone(), *node)),
            Loaded::Attachment(key, attachment) => match objects.attachments.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(*attachment)),
                Entry::Occupied(mut first) => drop(first.get_mut().second.get_or_insert(attachment.origin)),
            },
            Loaded::Policy(policy) => objects.policies.push(*policy),
            Loaded::Nothing => {}
        }
    }
    objects.inventory = inventory::put_together(states, nodes, findings);
    objects.inventory.is_partial = is_inventory_broken;
    objects
}

fn add_site(objects: &mut Objects, site: Object<Site>, findings: &mut Findings) {
    if let Some(first) = &objects.site {
        findings.push(
            Diagnostic::new(
                &SECOND_SITE,
                site.origin.at("metadata/name"),
                format!("`{}` is a second Site", site.value.metadata.name),
                "keep one Site for each run, and leave the other out with --exclude",
            )
            .with_related(first.origin.at("metadata/name"), "the first one"),
        );
    } else {
        objects.site = Some(site);
    }
}

enum Loaded {
    Wukong(Option<Box<LoadedWukong>>),
    Site(Option<Box<Object<Site>>>),
    NodeState(Option<Box<Node>>),
    Node(Box<NodeObject>),
    Attachment(NadName, Box<AttachmentOfOthers>),
    Policy(Box<PolicyOfOthers>),
    Nothing,
}

fn load_document(document: Document, diagnostics: &mut Vec<Diagnostic>) -> Loaded {
    let Document { origin, value } = document;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("kind"), text("apiVersion")) {
        (wukong::KIND, wukong::API_VERSION) => Loaded::Wukong(load_wukong(origin, value, diagnostics).map(Box::new)),
        (site::KIND, site::API_VERSION) => Loaded::Site(load_site(origin, value, diagnostics).map(Box::new)),
        (kinds::NNS, _) => Loaded::NodeState(inventory::node_state(origin, &value, diagnostics).map(Box::new)),
        (kinds::NODE, _) => match inventory::node(&value) {
            Some(node) => Loaded::Node(Box::new(node)),
            None => Loaded::Nothing,
        },
        (kinds::NAD, _) => match others::attachment(origin, &value) {
            Some((key, attachment)) => Loaded::Attachment(key, Box::new(attachment)),
            None => Loaded::Nothing,
        },
        (kinds::NNCP, _) => match others::policy(origin, &value) {
            Some(policy) => Loaded::Policy(Box::new(policy)),
            None => Loaded::Nothing,
        },
        (kind, api_version) => {
            diagnostics.push(unknown_kind(&origin, kind, api_version));
            Loaded::Nothing
        }
    }
}

fn unknown_kind(origin: &Origin, kind: &str, api_version: &str) -> Diagnostic {
    let group = api_version.split('/').next().unwrap_or_default();
    let (right_kind, right_version) = if kind == wukong::KIND || group_is_like(group, wukong::GROUP) {
        (wukong::KIND, wukong::API_VERSION)
    } else {
        (site::KIND, site::API_VERSION)
    };
    let missing = match (kind, api_version) {
        (_, "") => Some(("apiVersion", right_version)),
        ("", _) => Some(("kind", right_kind)),
        _ => None,
    };
    if let Some((key, value)) = missing {
        return Diagnostic::new(
            &UNKNOWN_KIND,
            origin.at(key),
            format!("this {right_kind} has no `{key}`, without which Kubernetes does not know it"),
            format!("add `{key}: {value}`"),
        );
    }
    if kind == right_kind {
        return Diagnostic::new(
            &UNKNOWN_KIND,
            origin.at("apiVersion"),
            format!("a {kind} of apiVersion `{api_version}` is not known here"),
            format!("write `apiVersion: {right_version}`"),
        );
    }
    Diagnostic::new(
        &UNKNOWN_KIND,
        origin.at("kind"),
        format!("`{kind}` is no kind of `{group}` that is known here"),
        format!("did you mean `{right_kind}`?"),
    )
}

fn load_site(origin: Origin, value: Value, diagnostics: &mut Vec<Diagnostic>) -> Option<Object<Site>> {
    let violations = SchemaKind::Site.violations(&value, &origin);
    if !violations.is_empty() {
        diagnostics.extend(violations);
        return None;
    }
    let site: Site = typed(value, &origin, diagnostics)?;
    let annotations = site.metadata.annotations.as_ref();
    if annotations.and_then(|it| it.get(site::LOCAL_CONFIG)).is_none_or(|value| value != "true") {
        diagnostics.push(Diagnostic::new(
            &SITE_NOT_LOCAL,
            origin.at("metadata/annotations"),
            "the Site would be sent to the cluster by kustomize",
            format!("add the annotation `{}: \"true\"`", site::LOCAL_CONFIG),
        ));
    }
    Some(Object { origin, value: site })
}

/// Labels that the API server refuses; an object with one would never be applied.
pub fn label_problems(selector: &BTreeMap<String, String>, origin: &Origin) -> Vec<Diagnostic> {
    let problem = |(key, value): (&String, &String)| {
        if !names::is_label_key(key) {
            let help =
                "use at most 63 letters, digits, `-`, `_` and `.`, with a DNS name and `/` before them if you like";
            return Some((origin.key(key), format!("{key:?} is no key for a label"), help));
        }
        let help = "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit first and last";
        let is_bad = !names::is_label_value(value);
        is_bad.then(|| (origin.child(key).here(), format!("{value:?} is no value for a label"), help))
    };
    selector
        .iter()
        .filter_map(problem)
        .map(|(place, message, help)| Diagnostic::new(&INVALID_VALUE, place, message, help))
        .collect()
}

fn load_wukong(origin: Origin, mut value: Value, diagnostics: &mut Vec<Diagnostic>) -> Option<LoadedWukong> {
    let violations = SchemaKind::Wukong.violations(&value, &origin);
    let mut broken: HashSet<u32> = HashSet::new();
    let mut is_broken = false;
    for violation in violations {
        if violation.severity == Severity::Error {
            match violation.place.network() {
                Some(network) => drop(broken.insert(network.network)),
                None => is_broken = true,
            }
        }
        diagnostics.push(violation);
    }
    if is_broken {
        return None;
    }
    let networks = match value.pointer_mut("/spec/networks").map(Value::take) {
        Some(Value::Array(networks)) => networks,
        _ => Vec::new(),
    };
    let networks_origin = origin.child("spec").child("networks");
    let networks = networks
        .into_iter()
        .enumerate()
        .map(|(index, network)| (networks_origin.child(index).in_network(index), network))
        .filter(|(origin, _)| !origin.network.is_some_and(|it| broken.contains(&it.network)))
        .filter_map(|(origin, network)| {
            let value = typed(network, &origin, diagnostics)?;
            Some(Object { origin, value })
        })
        .collect();
    let wukong: Wukong = typed(value, &origin, diagnostics)?;
    let selector = wukong.spec.high_availability.as_ref().and_then(|it| it.node_selector.as_ref());
    let before = diagnostics.len();
    let selector_origin = origin.child("spec").child("highAvailability").child("nodeSelector");
    diagnostics.extend(selector.iter().flat_map(|selector| label_problems(selector, &selector_origin)));
    check_names(&wukong, &origin, diagnostics);
    if diagnostics.len() > before {
        return None;
    }
    Some(LoadedWukong { wukong: Object { origin, value: wukong }, networks, is_partial: !broken.is_empty() })
}

fn check_names(wukong: &Wukong, origin: &Origin, diagnostics: &mut Vec<Diagnostic>) {
    let name = &wukong.metadata.name;
    if !names::is_dns_subdomain(name) {
        diagnostics.push(Diagnostic::new(
            &INVALID_NAME,
            origin.at("metadata/name"),
            format!("`{name}` is no name for a Kubernetes object"),
            "use at most 253 lower case letters, digits, `-` and `.`, with a letter or digit first and last",
        ));
    }
    if let Some(namespace) = wukong.metadata.namespace.as_ref().filter(|it| !names::is_dns_label(it)) {
        diagnostics.push(Diagnostic::new(
            &INVALID_NAME,
            origin.at("metadata/namespace"),
            format!("`{namespace}` is no name for a namespace"),
            "use at most 63 lower case letters, digits and `-`, with a letter or digit first and last",
        ));
    }
}
