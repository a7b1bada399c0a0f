//! Ten thousand virtual machines that nobody wrote, and the laws that hold for all of them.

mod common;
#[path = "common/fleet.rs"]
mod fleet;
#[path = "common/nmstate_judge.rs"]
mod nmstate_judge;

use std::collections::BTreeMap;
use std::thread;

use fleet::{Fleet, Random, fleet};
use nmstate_judge::{judge, judge_on, without_node};
use serde_json::Value;
use wukong_render::read::document::syntax;
use wukong_render::read::source::{Source, Sources};
use wukong_render::view::emit::{Format, Style};
use wukong_render::view::resolve::resolve;
use wukong_render::{Outcome, Request, compile, registry};

/// How many virtual machines there are in all.
const MACHINES: usize = 10_000;
/// How many of them are compiled together at most.
const TOGETHER: usize = 60;
/// One fleet in so many has a mistake in it.
const SLIP: u64 = 6;
/// 2026-11-24 08:00 UTC.
const NOW: i64 = 1_795_507_200;

/// What was seen, so that a generator that has gone hollow is noticed.
type Seen = BTreeMap<String, usize>;

fn compiled(files: &[(String, String)]) -> Outcome {
    let source = |(name, text): &(String, String)| Source { path: format!("in/{name}"), label: name.clone(), text: text.clone() };
    let sources: Sources = files.iter().map(source).collect();
    compile(Request { sources, now: Some(NOW), called: "in".to_owned(), ..Request::default() })
}

/// Everything that comes of files: the findings, and the tree's bytes.
fn bytes(outcome: &Outcome) -> (String, Option<String>) {
    let resolved = resolve(&outcome.report, &outcome.sources);
    (Format::Json.emit(&resolved, &Style::default()), outcome.tree.as_ref().map(|tree| tree.stream()))
}

/// The first lines that differ.
fn difference(one: &(String, Option<String>), other: &(String, Option<String>)) -> String {
    let text = |(findings, tree): &(String, Option<String>)| format!("{findings}\n{}", tree.as_deref().unwrap_or("no tree"));
    let (one, other) = (text(one), text(other));
    let lines = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    lines.map_or_else(|| "one is longer".to_owned(), |(one, other)| format!("{one:?}, then {other:?}"))
}

/// How often each rule has found something.
fn codes(outcome: &Outcome) -> BTreeMap<&'static str, usize> {
    let mut codes = BTreeMap::new();
    resolve(&outcome.report, &outcome.sources).iter().for_each(|it| *codes.entry(it.code).or_default() += 1);
    codes
}

/// The laws, for one fleet.
fn hold(seed: u64, fleet: &mut Fleet, seen: &mut Seen) -> Result<(), String> {
    let mut see = |what: &str, count: usize| *seen.entry(what.to_owned()).or_default() += count;
    let outcome = compiled(&fleet.files);
    see("machines", fleet.machines);
    see("fleets", 1);

    let first = bytes(&outcome);
    let second = bytes(&compiled(&fleet.files));
    if second != first {
        return Err(format!("a second run gives other bytes: {}", difference(&first, &second)));
    }
    Random::new(seed).shuffle(&mut fleet.files);
    // Files are read in the order of their names, and a finding about several begins with the first: only places may differ.
    let shuffled = compiled(&fleet.files);
    let tree = bytes(&shuffled).1;
    if tree != first.1 {
        let difference = difference(&(String::new(), first.1), &(String::new(), tree));
        return Err(format!("the order of the files changes the tree: {difference}"));
    }
    if codes(&shuffled) != codes(&outcome) {
        return Err(format!("the order of the files changes what is found: {:?}, {:?}", codes(&outcome), codes(&shuffled)));
    }
    for finding in resolve(&outcome.report, &outcome.sources) {
        let is_known = registry::all().iter().any(|rule| rule.code == finding.code);
        let is_placed = finding.location.file.starts_with("in/") && finding.location.position.is_some();
        if !is_known || !is_placed || finding.message.is_empty() || finding.help.is_empty() {
            return Err(format!("a finding lacks something: {finding:?}"));
        }
        see(finding.code, 1);
    }
    if first.0.contains("hunter2") || first.1.as_ref().is_some_and(|tree| tree.contains("hunter2")) {
        return Err("a password is shown".to_owned());
    }
    let Some(tree) = &outcome.tree else {
        see("fleets with errors", 1);
        return if outcome.report.has_errors() { Ok(()) } else { Err("no tree, and no error".to_owned()) };
    };
    if outcome.report.has_errors() {
        return Err("a tree in spite of errors".to_owned());
    }
    see("fleets without errors", 1);
    fleet.has.iter().for_each(|what| see(what, 1));
    let nodes = nodes(&fleet.files);
    for (path, manifest) in tree.objects() {
        let what = match manifest["kind"].as_str() {
            Some("NodeNetworkConfigurationPolicy") => policy(&manifest, &nodes, &mut see),
            Some("NetworkAttachmentDefinition") => attachment(&manifest, &mut see),
            _ => Ok(()),
        };
        what.map_err(|problem| format!("{path}: {problem}\n{manifest:#}"))?;
    }
    Ok(())
}

/// A node of the inventory: its labels, and its state.
type Node = (Value, Value);

fn nodes(files: &[(String, String)]) -> Vec<Node> {
    let Some((_, text)) = files.iter().find(|(name, _)| name == "nodes.yaml") else { return Vec::new() };
    let documents = syntax::parse(text);
    let values = documents.iter().flatten().filter_map(|it| it.value(it.root()).ok());
    let items: Vec<Value> = values.flat_map(|it| it["items"].as_array().cloned().unwrap_or_default()).collect();
    let of_kind = |kind: &'static str| items.iter().filter(move |it| it["kind"] == kind);
    let labels = |name: &Value| of_kind("Node").find(|it| it["metadata"]["name"] == *name);
    let node = |state: &Value| {
        let labels = labels(&state["metadata"]["name"])?["metadata"]["labels"].clone();
        Some((labels, state["status"]["currentState"].clone()))
    };
    of_kind("NodeNetworkState").filter_map(node).collect()
}

/// nmstate accepts it, by itself and on every node that it selects.
fn policy(manifest: &Value, nodes: &[Node], see: &mut impl FnMut(&str, usize)) -> Result<(), String> {
    let state = &manifest["spec"]["desiredState"];
    judge(&without_node(state))?;
    see("policies", 1);
    let selector = manifest["spec"]["nodeSelector"].as_object().cloned().unwrap_or_default();
    let selected = nodes.iter().filter(|(labels, _)| selector.iter().all(|(key, value)| labels[key] == *value));
    for (_, current) in selected {
        judge_on(state, Some(current)).map_err(|problem| format!("on a node: {problem}"))?;
        see("policies on nodes", 1);
    }
    Ok(())
}

/// The configuration is JSON, and has what its plugin needs.
fn attachment(manifest: &Value, see: &mut impl FnMut(&str, usize)) -> Result<(), String> {
    let config = manifest["spec"]["config"].as_str().ok_or("the configuration is not a text")?;
    let config: Value = serde_json::from_str(config).map_err(|error| error.to_string())?;
    let plugin = config["type"].as_str().unwrap_or_default();
    let needed: &[&str] = match plugin {
        "bridge" | "ovs" => &["cniVersion", "name", "bridge"],
        "macvlan" | "ipvlan" => &["cniVersion", "name", "master", "mode"],
        "sriov" => &["cniVersion", "name"],
        "ovn-k8s-cni-overlay" => &["cniVersion", "name", "topology", "netAttachDefName"],
        _ => return Err(format!("unknown plugin {plugin:?}")),
    };
    if let Some(key) = needed.iter().find(|key| config[**key].as_str().is_none_or(str::is_empty)) {
        return Err(format!("{plugin} needs {key}"));
    }
    if config.get("vlan").is_some_and(|vlan| !vlan.as_u64().is_some_and(|vlan| (1..=4094).contains(&vlan))) {
        return Err("`vlan` is out of range".to_owned());
    }
    let resource = &manifest["metadata"]["annotations"]["k8s.v1.cni.cncf.io/resourceName"];
    if plugin == "sriov" && !resource.is_string() {
        return Err("sriov needs a resource".to_owned());
    }
    see(plugin, 1);
    Ok(())
}

/// The fleets of one thread: every so many from the first. What is wrong with some of them, each with its input.
fn run(first: usize, step: usize, sizes: &[usize]) -> (Seen, Vec<(String, String)>) {
    let (mut seen, mut failures) = (Seen::new(), Vec::new());
    for (seed, size) in (0..).zip(sizes).skip(first).step_by(step) {
        let mut fleet = fleet(seed, *size);
        if seed % SLIP == 0 {
            fleet.slip(seed);
        }
        if let Err(problem) = hold(seed, &mut fleet, &mut seen) {
            let files = fleet.files.iter().map(|(name, text)| format!("# {name}\n{text}")).collect::<Vec<_>>();
            failures.push((format!("fleet {seed}: {problem}"), files.join("---\n")));
        }
    }
    (seen, failures)
}

#[test]
fn what_nobody_wrote_keeps_the_laws() {
    let mut random = Random::new(1);
    let (mut sizes, mut left) = (Vec::new(), MACHINES);
    while left > 0 {
        // Mostly few: what goes together is found in small fleets, what clashes in large ones.
        let most = if random.below(4) == 0 { TOGETHER } else { 12 };
        let size = (1 + random.below(most)).min(left);
        sizes.push(size);
        left -= size;
    }
    let threads: Vec<_> = (0..2)
        .map(|first| {
            let sizes = sizes.clone();
            thread::spawn(move || run(first, 2, &sizes))
        })
        .collect();
    let (mut seen, mut failures) = (Seen::new(), Vec::new());
    for thread in threads {
        let (counts, failed) = thread.join().expect("no fleet panics");
        counts.into_iter().for_each(|(what, count)| *seen.entry(what).or_default() += count);
        failures.extend(failed);
    }
    println!("{seen:?}");
    // The input of the smallest one, and a few words on others.
    failures.sort_by_key(|(_, input)| input.len());
    if let Some((_, input)) = failures.first() {
        let problems: Vec<&str> = failures.iter().take(10).map(|(problem, _)| problem.as_str()).collect();
        panic!("{} fleets fail:\n{}\nThe input of the first:\n{input}", failures.len(), problems.join("\n"));
    }
    let count = |what: &str| seen.get(what).copied().unwrap_or_default();
    assert_eq!(count("machines"), MACHINES);
    assert!(count("fleets without errors") * 10 >= count("fleets") * 6, "too few fleets are without errors: {seen:?}");
    assert!(count("fleets with errors") * 20 >= count("fleets"), "too few fleets have errors: {seen:?}");
    let floors = [("policies", 10_000), ("policies on nodes", 5_000), ("bridge", 5_000)];
    for (what, least) in floors {
        assert!(count(what) >= least, "only {} of {what}: {seen:?}", count(what));
    }
    let kinds = [
        "ovs", "macvlan", "ipvlan", "sriov", "ovn-k8s-cni-overlay", "bond", "trunk", "vlan uplink", "groups", "aliases", "static", "nodeIP",
        "nadName", "scope bridge", "selector", "inventory", "address on a NIC",
    ];
    for what in kinds {
        assert!(count(what) >= 20, "hardly any {what}: {seen:?}");
    }
}
