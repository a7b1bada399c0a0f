//! What would be rendered, beside an export of what a cluster has (`kubectl get nncp,net-attach-def -A -o yaml`): for those who
//! come from the in-cluster operator, and for a look before a first sync.
//!
//! Only what says something about networks is compared: `spec`, the labels and annotations that we write, the nodes' selector. What the server adds
//! (status, managed fields, resource versions) is nobody's wish. Interfaces and ports are compared by their names, a CNI configuration
//! as the JSON that it is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde_json::Value;

use crate::base::secrets::{holds_secrets, mentions_secret};
use crate::read::document::Document;
use crate::write::manifest::ManifestKind;
use crate::write::tree::OutputTree;

/// An object by what it is called in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// What it is.
    pub kind: ManifestKind,
    /// Its namespace; a policy has none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What becomes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Both agree.
    Same,
    /// They differ, in these places: a path, what the cluster has, what would be rendered.
    Different(Vec<String>),
    /// It would be new.
    OnlyHere,
    /// It is none of those that would be rendered.
    OnlyThere,
}

impl Verdict {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different(_) => "different",
            Self::OnlyHere => "only here",
            Self::OnlyThere => "only there",
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.folder().unwrap_or_default();
        match &self.namespace {
            Some(namespace) => write!(formatter, "{kind} {namespace}/{}", self.name),
            None => write!(formatter, "{kind} {}", self.name),
        }
    }
}

/// Whether an object of this apiVersion and kind is compared.
pub fn is_wanted(api_version: &str, kind: &str) -> bool {
    ManifestKind::of_object(api_version, kind).is_some()
}

fn identity(value: &Value) -> Option<ObjectName> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let kind = ManifestKind::of_object(text("/apiVersion")?, text("/kind")?)?;
    let namespace = text("/metadata/namespace").filter(|_| kind == ManifestKind::Nad).map(str::to_owned);
    Some(ObjectName { kind, namespace, name: text("/metadata/name")?.to_owned() })
}

/// Compares a tree with the objects of an export, in the order of their names.
pub fn compare(tree: &OutputTree, export: &[Document]) -> Vec<(ObjectName, Verdict)> {
    let mut there: BTreeMap<ObjectName, &Value> =
        export.iter().filter_map(|it| Some((identity(&it.value)?, &it.value))).collect();
    let mut verdicts = BTreeMap::new();
    for (_, here) in tree.objects() {
        let Some(own) = identity(&here) else { continue };
        let (identity, verdict) = match find(&own, &there) {
            Some(identity) => match there.remove(&identity).map(|there| differences(&here, there)) {
                Some(differences) if !differences.is_empty() => (identity, Verdict::Different(differences)),
                _ => (identity, Verdict::Same),
            },
            None => (own, Verdict::OnlyHere),
        };
        verdicts.insert(identity, verdict);
    }
    verdicts.extend(there.into_keys().map(|identity| (identity, Verdict::OnlyThere)));
    verdicts.into_iter().collect()
}

/// The object of a name in an export. What is rendered without a namespace goes wherever it is applied: then the only one of its
/// name is meant.
fn find(own: &ObjectName, there: &BTreeMap<ObjectName, &Value>) -> Option<ObjectName> {
    if there.contains_key(own) || own.kind == ManifestKind::Nncp || own.namespace.is_some() {
        return there.contains_key(own).then(|| own.clone());
    }
    let mut of_name = there.keys().filter(|it| it.kind == own.kind && it.name == own.name);
    of_name.next().filter(|_| of_name.next().is_none()).cloned()
}

/// Argo CD's order of applying is no property of a network.
const NOT_COMPARED: &str = "argocd.argoproj.io/sync-wave";

fn differences(here: &Value, there: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for key in ["labels", "annotations"] {
        // What others have added there is theirs.
        let (metadata, own) =
            (Path::of("metadata"), here.pointer(&format!("/metadata/{key}")).and_then(Value::as_object));
        for (name, value) in own.into_iter().flatten().filter(|(name, _)| *name != NOT_COMPARED) {
            let theirs = there.pointer(&format!("/metadata/{key}")).and_then(|it| it.get(name));
            compare_values(&metadata.key(key).item(name), Some(value), theirs, &mut found);
        }
    }
    let spec = |value: &Value| value.get("spec").cloned().map(with_config);
    compare_values(&Path::of("spec"), spec(here).as_ref(), spec(there).as_ref(), &mut found);
    found
}

/// A NAD's specification with its configuration as the JSON that it is, where it is some.
fn with_config(mut spec: Value) -> Value {
    let config = spec.get("config").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    if let Some(config) = config {
        spec["config"] = config;
    }
    spec
}

/// A step into an object.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// To the value of a key.
    Key(&'a str),
    /// To an item of a list, by its name or its number; to a label or annotation.
    Item(&'a str),
}

/// The way to a value. In words: `spec.desiredState.interfaces[br0].mtu`.
struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
}

impl<'a> Path<'a> {
    fn of(key: &'a str) -> Self {
        Self { above: None, step: Step::Key(key) }
    }

    fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path { above: Some(self), step: Step::Key(key) }
    }

    fn item<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { above: Some(self), step: Step::Item(name) }
    }

    /// The steps, the last one first.
    fn backwards(&self) -> impl Iterator<Item = Step<'a>> {
        let paths = std::iter::successors(Some(self), |path| path.above);
        paths.map(|path| path.step)
    }

    /// Whether it leads to the state of an interface.
    fn is_state_of_interface(&self) -> bool {
        use Step::{Item, Key};
        let steps: Vec<Step<'_>> = self.backwards().take(6).collect();
        matches!(steps[..], [Key("state"), Item(_), Key("interfaces"), Key("desiredState"), Key("spec")])
    }

    /// Whether the order of a list means something. That of ports, addresses and routes does not; that of DNS servers does.
    fn is_ordered(&self) -> bool {
        use Step::Key;
        let steps: Vec<Step<'_>> = self.backwards().take(2).collect();
        !matches!(
            steps[..],
            [Key("port" | "ports" | "address" | "addresses" | "routes" | "trunk-tags"), ..]
                | [Key("config"), Key("routes")]
        )
    }

    /// Whether it leads to a secret, or into one.
    fn is_secret(&self) -> bool {
        self.backwards().any(|step| match step {
            Step::Item(name) | Step::Key(name) => holds_secrets(name),
        })
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(formatter)?;
        }
        match self.step {
            Step::Key(key) if self.above.is_none() => formatter.write_str(key),
            Step::Key(key) => write!(formatter, ".{key}"),
            Step::Item(name) => write!(formatter, "[{name}]"),
        }
    }
}

/// Whether a value says nothing: leaving it out means the same.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(is_nothing),
        Value::Object(map) => map.values().all(is_nothing),
        _ => false,
    }
}

fn compare_values(path: &Path<'_>, here: Option<&Value>, there: Option<&Value>, found: &mut Vec<String>) {
    let (here, there) = (here.filter(|it| !is_nothing(it)), there.filter(|it| !is_nothing(it)));
    // An interface of which nothing else is said is up.
    let is_up = |value: Option<&Value>| value.is_none_or(|value| value == "up");
    if path.is_state_of_interface() && is_up(here) && is_up(there) {
        return;
    }
    match (here, there) {
        (Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
            for (key, value) in ours {
                compare_values(&path.key(key), Some(value), theirs.get(key), found);
            }
            for (key, value) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
                compare_values(&path.key(key), None, Some(value), found);
            }
        }
        (Some(Value::Array(ours)), Some(Value::Array(theirs))) => compare_lists(path, ours, theirs, found),
        (here, there) if here == there => {}
        (here, there) => {
            found.push(format!("{path}: {} there, {} here", word(path, there), word(path, here)));
        }
    }
}

/// Lists of what has a name by the names, others by their places. An OVS bridge and its internal port share a name, and are told apart by
/// their types.
fn compare_lists(path: &Path<'_>, ours: &[Value], theirs: &[Value], found: &mut Vec<String>) {
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    let is_named = ours.iter().chain(theirs).all(|it| name(it).is_some());
    if !is_named && !path.is_ordered() {
        let (ours, theirs) = without_equals(ours, theirs);
        for place in 0..ours.len().max(theirs.len()) {
            let at = |list: &[&'_ Value]| list.get(place).map(|value| (*value).clone());
            compare_values(&path.item(&place.to_string()), at(&ours).as_ref(), at(&theirs).as_ref(), found);
        }
        return;
    }
    let mut twice: HashSet<String> = HashSet::new();
    for list in [ours, theirs] {
        let mut seen = HashSet::new();
        twice.extend(list.iter().filter_map(name).filter(|name| !seen.insert(name.clone())));
    }
    let key = |(place, value): (usize, &Value)| match name(value).filter(|_| is_named) {
        Some(name) if twice.contains(&name) => {
            format!("{name} {}", value.get("type").and_then(Value::as_str).unwrap_or_default())
        }
        Some(name) => name,
        None => place.to_string(),
    };
    let keys = |list: &[Value]| list.iter().enumerate().map(key).collect::<Vec<_>>();
    let (our_keys, their_keys) = (keys(ours), keys(theirs));
    let firsts = their_keys.iter().zip(theirs).rev();
    let firsts: HashMap<&str, &Value> = firsts.map(|(key, value)| (key.as_str(), value)).collect();
    for (key, value) in our_keys.iter().zip(ours) {
        compare_values(&path.item(key), Some(value), firsts.get(key.as_str()).copied(), found);
    }
    let known: HashSet<&String> = our_keys.iter().collect();
    for (key, value) in their_keys.iter().zip(theirs).filter(|(key, _)| !known.contains(key)) {
        compare_values(&path.item(key), None, Some(value), found);
    }
}

/// What is left of two lists whose order means nothing without what is in both.
fn without_equals<'a>(ours: &'a [Value], theirs: &'a [Value]) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for value in theirs {
        *counts.entry(canonical(value)).or_default() += 1;
    }
    let mut both: HashMap<String, usize> = HashMap::new();
    let is_ours = |value: &&Value| {
        let text = canonical(value);
        match counts.get_mut(&text).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                *both.entry(text).or_default() += 1;
                false
            }
            None => true,
        }
    };
    let ours: Vec<&Value> = ours.iter().filter(is_ours).collect();
    let is_theirs = |value: &&Value| match both.get_mut(&canonical(value)).filter(|count| **count > 0) {
        Some(count) => {
            *count -= 1;
            false
        }
        None => true,
    };
    (ours, theirs.iter().filter(is_theirs).collect())
}

/// A text that equal values share, whatever the order of their keys.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, String> = map.iter().map(|(key, value)| (key, canonical(value))).collect();
            format!("{sorted:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(canonical).collect::<Vec<_>>()),
        scalar => scalar.to_string(),
    }
}

/// A value without what is secret in it. A text that has a word for a secret in it may be a configuration that cannot be read.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let is_variable = ["name", "key"].iter().filter_map(|key| map.get(*key)?.as_str()).any(holds_secrets);
            let entry = |(key, value): (&String, &Value)| {
                let is_secret = holds_secrets(key) || is_variable && key == "value";
                let value = if is_secret { Value::from("***") } else { masked(value) };
                (key.clone(), value)
            };
            Value::Object(map.iter().map(entry).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        Value::String(text) if mentions_secret(text) => Value::from("***"),
        other => other.clone(),
    }
}

/// A value in a few words.
fn word(path: &Path<'_>, value: Option<&Value>) -> String {
    const LONGEST: usize = 60;
    let Some(value) = value else { return "nothing".to_owned() };
    let text = if path.is_secret() { "***".to_owned() } else { masked(value).to_string() };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
