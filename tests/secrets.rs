//! No output shows a secret: markers under every kind of key, in every form that YAML and its mistakes have, in every place that is read.
//!
//! Nothing here knows how the tool hides what it hides. What `krm` gives back of its input is left out: a function returns the items that
//! it does not make.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs;

use common::{run, stderr, stdout};
use rayon::prelude::*;
use wukong_render::base::diagnostic::Findings;
use wukong_render::base::progress::Progress;
use wukong_render::read::document;
use wukong_render::read::source::{Source, Sources};
use wukong_render::view::emit::{Format, Style, brief};
use wukong_render::view::graph;
use wukong_render::view::resolve::{distinct, resolve_each};
use wukong_render::ways::{krm, live};
use wukong_render::write::render::Template;
use wukong_render::{Request, compile, registry};

/// What every marker begins with.
const MARKER: &str = "WKSECRET";

/// Keys that hold secrets, some of them misspelt.
const KEYS: [&str; 20] = [
    "password",
    "passwordHash",
    "PASSWORD",
    "pasword",
    "passwrd",
    "passwordHsah",
    "psk",
    "wifi-psk",
    "private-key",
    "private-key-password",
    "mka-cak",
    "token",
    "apiToken",
    "userData",
    "userDataBase64",
    "user-data",
    "cloudInitUser",
    "client_secret",
    "DB_PASSWORD",
    "pre-shared-key",
];

/// Forms in which a key K may have a marker M, with a mistake beside it or in it. The lines are indented as their place asks.
const FORMS: [&str; 46] = [
    "K: M\noops: 1",
    "K: \"M\"",
    "K: 'M'",
    "K: |\n  first\n  M",
    "K: >-\n  M\n  last",
    "K: first\n  M",
    "K: \"first\n  M\"",
    "K: [M, {a: M}]",
    "K: {a: M, M: a}",
    "K:\n  - M",
    "K:\n  M",
    "K:\n  M: 1",
    "K:\nM",
    "K:\nM: 1",
    "K: first\nM",
    "K: |\n  first\nM\n",
    "K M",
    "K:M",
    "K = M",
    "K: \"M",
    "K: 'M",
    "K: @M",
    "K: *M",
    "K: %M",
    "K: !!map M",
    "K: !!int M\noops: 1",
    "K: M: x",
    "K: M, oops: 1",
    "K: M\n\toops: 1",
    "\tK: M",
    "oops: {K: M, oops: 1, oops: 2}",
    "oops: {oops: 1, K: M, password",
    "oops: {K: M\nname: x",
    "oops: [K: M, ]]",
    "K: M\nK: M",
    "K: {a: M, a: M}",
    "K: M # oops: M\noops: 1 # K: M",
    "oops: &a M\nK: *a",
    "oops: '{\"K\":\"M\",\"oops\":1}'",
    "oops: '{\"K\":\"M'\nname: {}",
    "? K\n: M\n? M",
    "oops: [--K, M, oops: 1",
    "[K, M]: 1",
    "oops: {name: K, value: M, oops: 1, oops: 2}",
    "K:\tM\noops: 1",
    "K: M\n...\nM: 1",
];

/// Where the lines stand, as `@`, with the file's folder.
const PLACES: [(&str, &str, &str); 14] = [
    (
        "spec",
        "input",
        "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: N}\nspec:\n  cpu: 2\n  memory: 4Gi\n  @\n  networks: [{name: external, type: bridge, vlanId: 5000}]\n",
    ),
    (
        "cloud-init",
        "input",
        "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: N}\nspec:\n  cpu: 2\n  cloudInitUser:\n    name: ubuntu\n    @\n  networks: [{name: external, type: brigde}]\n",
    ),
    (
        "network",
        "input",
        "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: N}\nspec:\n  cpu: 2\n  memory: 4Gi\n  networks:\n    - name: external\n      type: brigde\n      @\n",
    ),
    ("root", "input", "@\napiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: N}\nspec: {cpu: x}\n"),
    (
        "annotations",
        "input",
        "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata:\n  name: N\n  annotations:\n    accept.render.novasphere.dev/WK999: x\n    @\nspec: {cpu: 2, memory: 4Gi, oops: 1}\n",
    ),
    (
        "site",
        "input",
        "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata: {name: N}\nspec:\n  oops: 1\n  @\n",
    ),
    ("secret", "input", "apiVersion: v1\nkind: Secret\nmetadata: {name: N}\nstringData:\n  @\n---\noops: [\n"),
    (
        "list",
        "input",
        "kind: List\nitems:\n  - kind: Secret\n    data:\n      @\n  - {kind: Wukong, metadata: {name: N}, oops: 1, oops: 2}\n",
    ),
    ("config-map", "input", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: N}\ndata:\n  vm: x\n  @\n  }\n"),
    (
        "policy",
        "input",
        "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: N}\nspec:\n  desiredState:\n    interfaces:\n      - name: ens192\n        type: ethernet\n        802.1x:\n          identity: x\n          @\n",
    ),
    (
        "nodes",
        "inventory",
        "apiVersion: nmstate.io/v1beta1\nkind: NodeNetworkState\nmetadata: {name: N}\nstatus:\n  currentState:\n    interfaces:\n      - name: ens192\n        ipv4: {address: [{ip: x}]}\n        802.1x:\n          @\n",
    ),
    (
        "dump",
        "dump",
        "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: web-external-bridge}\nspec:\n  desiredState:\n    interfaces:\n      - name: ens192\n        type: ethernet\n        802.1x:\n          @\n",
    ),
    (
        "attachment",
        "dump",
        "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata:\n  name: web-external-nad\n  labels:\n    @\nspec:\n  config: '{\"type\": \"bridge\", \"K\": \"M\", \"args\": {\"K\": {\"a\": \"M\"}}'\n",
    ),
    ("template", "templates", "kind: {{ knid }}\n# \n@\n"),
];

const SOUND: &str = "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: web}\nspec:\n  cpu: 2\n  memory: 4Gi\n  networks: [{name: external, type: bridge, physicalInterface: ens192, vlanId: 100}]\n";

struct Case {
    name: String,
    folder: &'static str,
    text: String,
    /// The marker: whether it comes out is asked of this one alone.
    marker: String,
}

/// Every form in several places, so that each key, form and place meets many of the others.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, (where_, folder, around)) in PLACES.iter().enumerate() {
        for (number, form) in FORMS.iter().enumerate() {
            for key in (0..KEYS.len()).filter(|key| (key + number + place) % 7 == 0) {
                let key = KEYS[key];
                let marker = format!("{MARKER}{:04}", cases.len());
                let at = around.find('@').expect("every place has one");
                let line_start = around[..at].rfind('\n').map_or(0, |newline| newline + 1);
                let form = form.replace('\n', &format!("\n{}", &around[line_start..at]));
                let text = around.replace('@', &form).replace('K', "\u{0}").replace('M', "\u{1}");
                // Only the letters that stand alone are places for a key and a marker.
                let text = with_words(&text, key, &marker).replace("name: N", &format!("name: n{}", cases.len()));
                cases.push(Case { name: format!("{where_}, {key}, {form:?}"), folder, text, marker });
            }
        }
    }
    cases
}

/// Puts a key and a marker where `K` and `M` stand for them, and gives other words their letters back.
fn with_words(text: &str, key: &str, marker: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_word = |at: Option<usize>| {
        at.and_then(|at| letters.get(at)).is_some_and(|it| it.is_alphanumeric() || *it == '\u{0}' || *it == '\u{1}')
    };
    let put = |(at, letter): (usize, &char)| {
        let is_alone = !is_word(at.checked_sub(1)) && !is_word(Some(at + 1));
        match letter {
            '\u{0}' if is_alone => key.to_owned(),
            '\u{1}' if is_alone => marker.to_owned(),
            '\u{0}' => "K".to_owned(),
            '\u{1}' => "M".to_owned(),
            other => other.to_string(),
        }
    };
    letters.iter().enumerate().map(put).collect()
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), label: path.to_owned(), text: text.to_owned() }
}

/// What the tool says of a case, by every command and format that the library has.
fn everything(case: &Case) -> String {
    let mut said = String::new();
    let mut sources = vec![source("web.yaml", SOUND)];
    let mut templates = Vec::new();
    if case.folder == "templates" {
        templates.push(Template { name: "nncp.yaml.j2".into(), path: "nncp.yaml.j2".into(), text: case.text.clone() });
    } else {
        sources.push(source("case.yaml", &case.text));
    }
    let outcome = compile(Request { sources: sources.into_iter().collect(), templates, ..Request::default() });
    let found = resolve_each(&outcome.report, &outcome.sources);
    let findings = distinct(&found);
    let style = Style { wants_all: true, rules: registry::all(), ..Style::default() };
    said.extend(Format::ALL.iter().map(|format| format.emit(&findings, &style)));
    said.push_str(&brief::emit(&findings, |finding| finding.location.to_string()));
    said.extend(outcome.tree.iter().map(wukong_render::write::tree::OutputTree::stream));
    if let Some(plan) = &outcome.plan {
        let topology = graph::topology("case".to_owned(), plan, &found);
        said.extend([graph::svg(&topology), graph::html(&topology), graph::dot(&topology), graph::mermaid(&topology)]);
    }
    said.push_str(&compared(&case.text));
    for list in lists(&case.text) {
        match krm::run(&list, Request { allow_empty: true, ..Request::default() }) {
            Ok(output) => {
                said.push_str(&brief::emit(&output.findings, |finding| output.place(finding)));
                said.push_str(output.text.split("\nresults:\n").nth(1).unwrap_or_default());
            }
            Err(refused) => said.push_str(&refused.to_string()),
        }
    }
    said
}

/// `diff --live`, with the case as the dump.
fn compared(text: &str) -> String {
    let tree =
        compile(Request { sources: [source("web.yaml", SOUND)].into_iter().collect(), ..Request::default() }).tree;
    let dump: Sources = [source("dump.yaml", text)].into_iter().collect();
    let mut findings = Findings::default();
    let export = document::parse(&dump, live::is_wanted, &Progress::default(), &mut findings);
    let compared = live::compare(&tree.expect("it is sound"), &export.objects);
    compared.iter().map(|(name, verdict)| format!("{name} {verdict:?}\n")).collect()
}

/// A function's input with the case as an item, and as a file of a ConfigMap.
fn lists(text: &str) -> [String; 2] {
    let head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";
    let indented = |by: &str| text.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    let item = indented("  ").replacen("  ", "- ", 1);
    let file = serde_json::Value::from(text);
    [
        format!("{head}items:\n{item}"),
        format!(
            "{head}functionConfig: {{kind: ConfigMap, metadata: {{name: x}}, data: {{case.yaml: {file}}}}}\nitems: []\n"
        ),
    ]
}

fn leak(case: &Case, said: &str) -> Option<String> {
    let at = said.find(&case.marker)?;
    let start = said[..at].rfind('\n').unwrap_or(0);
    let end = said[at..].find('\n').map_or(said.len(), |end| at + end);
    Some(format!("{}: {}\n{}", case.name, &said[start..end], case.text))
}

#[test]
fn no_marker_comes_out_of_any_format() {
    let cases = cases();
    assert!(cases.len() >= 600, "only {} cases", cases.len());
    let leaks: Vec<String> = cases.par_iter().filter_map(|case| leak(case, &everything(case))).collect();
    assert!(leaks.is_empty(), "{} of {} leak\n{}", leaks.len(), cases.len(), leaks[..leaks.len().min(30)].join("\n"));
}

/// The same with the binary, over all of them at once, by every command.
#[test]
fn no_marker_comes_out_of_any_command() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cases = cases();
    let put = |path: String, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a temporary folder can be written");
        fs::write(path, text).expect("a temporary folder can be written");
    };
    put("sound/web.yaml".to_owned(), SOUND);
    for (number, case) in cases.iter().enumerate() {
        match case.folder {
            "templates" => put(format!("templates{}/nncp.yaml.j2", number % 8), &case.text),
            folder => put(format!("{folder}/case{number}.yaml"), &case.text),
        }
    }
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["-v", "input", "sound", "out"],
        vec!["--check", "input", "sound", "out"],
        vec!["input", "sound", "-"],
        vec!["diff", "input", "sound", "out"],
        vec!["diff", "--live", "dump", "sound"],
        vec!["check", "-v", "sound", "--inventory", "inventory"],
        vec!["check", "--format", "sarif", "sound", "--inventory", "inventory"],
        vec!["check", "sound", "--templates", "templates0"],
        vec!["check", "sound", "--templates", "templates3"],
    ];
    for format in ["text", "json", "sarif", "github"] {
        commands.push(vec!["check", "-v", "--format", format, "input", "sound"]);
    }
    for picture in ["svg", "html", "dot", "mermaid"] {
        commands.push(vec!["graph", "--as", picture, "input", "sound"]);
    }
    for args in commands {
        let output = run(folder.path(), &args);
        let said = stdout(&output) + &stderr(&output);
        assert!(!said.is_empty() && !said.contains("unexpected argument"), "{args:?} says {said}");
        let leaks: Vec<String> = cases.iter().filter_map(|case| leak(case, &said)).collect();
        assert!(leaks.is_empty(), "{args:?}: {} leak\n{}", leaks.len(), leaks[..leaks.len().min(5)].join("\n"));
    }
}
