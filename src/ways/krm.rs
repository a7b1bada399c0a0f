//! A KRM function: a `ResourceList` in, the same with our manifests out (kustomize, `functions-spec.md`, version 1).
//!
//! The Site is the `functionConfig`, or one of the items; Wukongs, NodeNetworkStates, Nodes, and others' policies and attachments are
//! among the items. A generator has no items: its `functionConfig` may be a Wukong, or a ConfigMap whose data are files. Items that we made in an earlier run are known by an annotation, and replaced.

mod text;

use std::cell::LazyCell;
use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::api::{kinds, site, wukong};
use crate::base::diagnostic::{Diagnostic, Findings, Origin, Place};
use crate::base::secrets::{mentions_secret, shown_text};
use crate::read::document::{Document, DocumentId, Documents, syntax};
use crate::read::source::{Source, SourceId, Sources};
use crate::read::{document, load};
use crate::view::resolve::{Redactor, Resolved, distinct, resolve_each};
use crate::write::tree::OutputTree;
use crate::{Outcome, Request, compile};

/// What a function gives back.
#[derive(Debug)]
pub struct Output {
    /// The `ResourceList`.
    pub text: String,
    /// The findings, each with the place that [`place`](Self::place) has words for.
    pub findings: Vec<Resolved>,
    /// The places of the findings, in the same order.
    places: HashMap<Resolved, String>,
    /// Whether there is an error, so that the items are what they were.
    pub has_errors: bool,
}

impl Output {
    /// Where a finding is, in words: the file that the item came from, the object, and the field.
    pub fn place(&self, finding: &Resolved) -> String {
        self.places.get(finding).cloned().unwrap_or_default()
    }
}

/// The annotation by which our items are known in the next run.
pub const GENERATED: &str = "render.novasphere.dev/generated";
const API_VERSIONS: [&str; 3] =
    ["config.kubernetes.io/v1", "config.kubernetes.io/v1beta1", "config.kubernetes.io/v1alpha1"];
const PATH: &str = "config.kubernetes.io/path";
const INDEX: &str = "config.kubernetes.io/index";

/// Why a function does not run: what it is given is no `ResourceList` that it can use.
#[derive(Debug)]
pub struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Leaves a function with what is wrong with its input.
macro_rules! refuse {
    ($($words:tt)+) => { return Err(Refused(format!($($words)+))) };
}

/// Runs the function. The request says how; what it is about is the list.
///
/// # Errors
/// The input is no `ResourceList`.
pub fn run(input: &str, request: Request) -> Result<Output, Refused> {
    let mut findings = Findings::default();
    let mut sources = Sources::default();
    let called = "<stdin>".to_owned();
    let source =
        sources.add(Source { path: called.clone(), label: "standard input".to_owned(), text: input.to_owned() });
    let list = resource_list(input)?;
    let items = list.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut documents = documents(&list, items, DocumentId { source, index: 0 });
    let objects: Vec<String> = documents.objects.iter().map(|it| it.origin.pointer.clone()).collect();
    let files: Vec<SourceId> = data(&list).map(|source| sources.add(source)).collect();
    let more = document::parse_some(&sources, files, load::is_wanted, &request.progress, &mut findings);
    documents.objects.extend(more.objects);
    let Outcome { report, tree, sources, .. } =
        compile(Request { sources, documents: Some(documents), called, findings, ..request });
    let has_errors = report.has_errors();
    let made = tree.as_ref().map(manifests).unwrap_or_default();
    let found = resolve_each(&report, &sources);
    // The path of a field has keys of the input in it. Most runs find nothing.
    let redactor = LazyCell::new(|| Redactor::of(input));
    let result = |(diagnostic, resolved): &(&Diagnostic, Resolved)| {
        let mut result = match in_file(&diagnostic.place, source, &sources) {
            Some(name) => result_in_file(name, resolved, &list),
            None => result(split(&diagnostic.place, source, &objects), resolved, &list),
        };
        if let Some(Value::String(path)) = result.pointer_mut("/field/path") {
            *path = redactor.line(path);
        }
        result
    };
    let results: Vec<Value> = found.iter().map(result).collect();
    // With an error nothing changes, what was made before included.
    let kept: Vec<bool> = items.iter().map(|item| has_errors || !is_ours(item)).collect();
    let words = |(diagnostic, resolved): &(&Diagnostic, Resolved)| {
        let words = split(&diagnostic.place, source, &objects).and_then(|place| in_words(place, &list));
        let words = words.map(|words| redactor.line(&words));
        (resolved.clone(), words.unwrap_or_else(|| resolved.location.to_string()))
    };
    let places = found.iter().map(words).collect();
    let findings = distinct(&found);
    Ok(Output { text: text::write(input, &list, &kept, &made, &results), findings, places, has_errors })
}

fn resource_list(input: &str) -> Result<Value, Refused> {
    let mut documents = syntax::parse(input);
    let (1, Some(document)) = (documents.len(), documents.pop()) else {
        refuse!("standard input has to be one ResourceList, as kustomize and kpt give it to a function");
    };
    let broken = |problem: &syntax::Problem| {
        let line = 1 + input[..problem.range.start.min(input.len())].matches('\n').count();
        // The message may repeat a key.
        Refused(format!("standard input, line {line}: {}", Redactor::of(input).line(&problem.message)))
    };
    let document = document.map_err(|problem| broken(&problem))?;
    let value = document.value(document.root()).map_err(|problems| match problems.first() {
        Some(problem) => broken(problem),
        None => Refused("standard input cannot be read".to_owned()),
    })?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("nothing of a kind");
    if text("kind") != "ResourceList" || !API_VERSIONS.contains(&text("apiVersion")) {
        refuse!(
            "standard input is {} of {}, not a ResourceList of {}",
            shown_text(text("kind")),
            shown_text(text("apiVersion")),
            API_VERSIONS.join(" or ")
        );
    }
    if value.get("items").is_some_and(|items| !items.is_array() && !items.is_null()) {
        refuse!("the items of the ResourceList are no list");
    }
    check_config(value.get("functionConfig"))?;
    Ok(value)
}

/// Refuses a `functionConfig` of which nothing would be used: what it says would be missed without a word.
fn check_config(config: Option<&Value>) -> Result<(), Refused> {
    let Some(config) = config.filter(|config| !config.is_null()) else { return Ok(()) };
    let [kind, ..] = identity(config);
    match kind {
        Some(site::KIND | wukong::KIND) => Ok(()),
        Some("ConfigMap") => {
            let is_file = |name: &str| [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
            for key in ["data", "binaryData"] {
                for (name, text) in config.get(key).and_then(Value::as_object).into_iter().flatten() {
                    if key != "data" || !is_file(name) || !text.is_string() {
                        refuse!(
                            "`{key}.{}` of the functionConfig is not a file: in a ConfigMap stand texts called *.yaml, *.yml or *.json",
                            shown_text(name)
                        );
                    }
                }
            }
            Ok(())
        }
        other => refuse!(
            "the functionConfig is a `{}`: it has to be a Site, a Wukong, or a ConfigMap with files",
            other.map_or("thing without a kind", shown_text)
        ),
    }
}

fn identity(value: &Value) -> [Option<&str>; 3] {
    ["/kind", "/metadata/namespace", "/metadata/name"].map(|pointer| value.pointer(pointer).and_then(Value::as_str))
}

fn annotation<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// Whether an item is one that we made: only those are ever taken out.
fn is_ours(item: &Value) -> bool {
    let [kind, ..] = identity(item);
    annotation(item, GENERATED) == Some("true") && matches!(kind, Some(kinds::NNCP | kinds::NAD))
}

/// The objects that matter among the items, and the `functionConfig`.
fn documents(list: &Value, items: &[Value], document: DocumentId) -> Documents {
    let mut documents = Documents::default();
    let mut add = |pointer: String, value: &Value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        if load::is_wanted(text("apiVersion"), text("kind")) {
            // A list with more items than that fits into no memory.
            let number = u32::try_from(documents.objects.len()).unwrap_or(u32::MAX);
            let origin = Origin::of_object(document, number, pointer);
            documents.objects.push(Document { origin, value: value.clone() });
        } else {
            *documents.ignored.entry(text("kind").to_owned()).or_default() += 1;
        }
    };
    let config = list.get("functionConfig").filter(|config| config.is_object());
    if let Some(config) = config {
        add("/functionConfig".to_owned(), &as_local(config));
    }
    for (index, item) in items.iter().enumerate() {
        // kustomize gives a generator its own configuration as an item, too.
        let is_config = config.is_some_and(|config| identity(config) == identity(item));
        if !is_ours(item) && !is_config {
            add(format!("/items/{index}"), item);
        }
    }
    documents
}

/// The files in a `functionConfig` that is a ConfigMap.
fn data(list: &Value) -> impl Iterator<Item = Source> {
    let config = list.get("functionConfig").filter(|config| config.get("kind").is_some_and(|kind| kind == "ConfigMap"));
    let data = config.and_then(|config| config.get("data")).and_then(Value::as_object);
    data.into_iter().flatten().filter_map(|(name, text)| {
        let text = text.as_str()?.to_owned();
        Some(Source { path: format!("functionConfig data {}", shown_text(name)), label: name.clone(), text })
    })
}

/// A Site that configures a function is never applied: it needs no annotation that says so.
fn as_local(config: &Value) -> Value {
    let mut config = config.clone();
    let metadata = config.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(site::LOCAL_CONFIG.to_owned(), json!("true"));
        }
    }
    config
}

/// What was rendered, with the annotations that say where it goes.
fn manifests(tree: &OutputTree) -> Vec<Value> {
    let mut made = tree.objects();
    for (path, value) in &mut made {
        let metadata = value.get_mut("metadata").and_then(Value::as_object_mut);
        let Some(metadata) = metadata else { continue };
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            for (key, value) in [(GENERATED, "true"), (PATH, path), (INDEX, "0")] {
                annotations.insert(key.to_owned(), json!(value));
            }
        }
    }
    made.into_iter().map(|(_, value)| value).collect()
}

/// The pointer to the object of a place in the list, and that of the field within it. `objects` are those of the list, by their numbers.
fn split<'a>(place: &'a Place, source: SourceId, objects: &'a [String]) -> Option<(&'a str, &'a str)> {
    let Place::Node { document, object, pointer, .. } = place else { return None };
    let object = objects.get(usize::try_from(*object).ok()?).filter(|_| document.source == source)?;
    Some((object, pointer.strip_prefix(object.as_str())?))
}

/// A JSON pointer as the path of a field: `spec.networks[0].vlanId`.
fn field_path(pointer: &str) -> String {
    let mut path = String::new();
    for segment in pointer.split('/').skip(1) {
        let mut segment = segment.replace("~1", "/").replace("~0", "~");
        // A key of many words may have taken in what stands behind a quote that is not closed.
        if mentions_secret(&segment) {
            "***".clone_into(&mut segment);
        }
        if segment.parse::<usize>().is_ok() {
            path.push('[');
            path.push_str(&segment);
            path.push(']');
        } else if path.is_empty() {
            path = segment;
        } else {
            path.push('.');
            path.push_str(&segment);
        }
    }
    path
}

fn file(value: &Value) -> Option<(&str, Option<u64>)> {
    let path = annotation(value, "internal.config.kubernetes.io/path").or_else(|| annotation(value, PATH))?;
    let index = annotation(value, "internal.config.kubernetes.io/index").or_else(|| annotation(value, INDEX));
    Some((path, index.and_then(|index| index.parse().ok())))
}

/// The file of a ConfigMap that a place is in.
fn in_file<'a>(place: &Place, list: SourceId, sources: &'a Sources) -> Option<&'a str> {
    let source = match place {
        Place::Node { document, .. } => document.source,
        Place::Span { source, .. } => *source,
        Place::Path(_) => return None,
    };
    (source != list).then(|| sources.get(source).label.as_str())
}

/// A finding in a file of the ConfigMap: there is a line, but the specification has no field for it.
fn result_in_file(name: &str, resolved: &Resolved, list: &Value) -> Value {
    let mut result = result(Some(("/functionConfig", "")), resolved, list);
    let position = resolved.location.position.as_ref();
    let line = position.map_or_else(String::new, |position| format!("{}:{}: ", position.line, position.column));
    result["message"] = json!(format!("{name}:{line}{}; {}", resolved.message, resolved.help));
    result["field"] = json!({"path": format!("data.{name}")});
    result
}

fn result(place: Option<(&str, &str)>, resolved: &Resolved, list: &Value) -> Value {
    let mut result = Map::new();
    result.insert("message".to_owned(), json!(format!("{}; {}", resolved.message, resolved.help)));
    result.insert("severity".to_owned(), json!(resolved.severity.as_str()));
    if let Some((object, field)) = place
        && let Some(value) = list.pointer(object)
    {
        let mut reference = Map::new();
        for (key, pointer) in [
            ("apiVersion", "/apiVersion"),
            ("kind", "/kind"),
            ("name", "/metadata/name"),
            ("namespace", "/metadata/namespace"),
        ] {
            if let Some(text) = value.pointer(pointer).and_then(Value::as_str) {
                reference.insert(key.to_owned(), json!(text));
            }
        }
        result.insert("resourceRef".to_owned(), Value::Object(reference));
        if !field.is_empty() {
            result.insert("field".to_owned(), json!({"path": field_path(field)}));
        }
        if let Some((path, index)) = file(value) {
            let file = match index {
                Some(index) => json!({"path": path, "index": index}),
                None => json!({"path": path}),
            };
            result.insert("file".to_owned(), file);
        }
    }
    result.insert("tags".to_owned(), json!({"code": resolved.code, "rule": resolved.name}));
    Value::Object(result)
}

fn in_words((object, field): (&str, &str), list: &Value) -> Option<String> {
    let value = list.pointer(object)?;
    let [kind, namespace, name] = identity(value).map(Option::unwrap_or_default);
    let file = file(value).map_or_else(String::new, |(path, _)| format!("{path}: "));
    let namespace = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    let field = if field.is_empty() { String::new() } else { format!(" {}", field_path(field)) };
    Some(format!("{file}{kind} {namespace}{name}{field}"))
}
