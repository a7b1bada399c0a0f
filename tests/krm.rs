//! The KRM function: each case is a ResourceList (`input.yaml`), what comes of it (`expected.yaml`) and what is said (`expected.txt`).
//! `BLESS=1` writes the last two. `.ci/judges` has kustomize run it.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{folders, is_blessing, root, stderr, stdout};
use serde_json::Value;
use wukong_render::read::document::syntax;

fn krm(input: &str, args: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wukong-render"))
        .arg("krm")
        .args(args)
        .env("SOURCE_DATE_EPOCH", "1795507200")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    // It may refuse the input before it has read it.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("the binary ends")
}

fn read(text: &str) -> Value {
    let documents = syntax::parse(text);
    let [Ok(document)] = documents.as_slice() else { panic!("no one document:\n{text}") };
    document.value(document.root()).unwrap_or_else(|_| panic!("no value:\n{text}"))
}

fn compare(path: &Path, actual: &str) {
    if is_blessing() {
        fs::write(path, actual).expect("an expectation can be written");
    }
    assert_eq!(actual, fs::read_to_string(path).unwrap_or_default(), "{} (BLESS=1 accepts it)", path.display());
}

fn items(list: &Value) -> Vec<&Value> {
    list["items"].as_array().into_iter().flatten().collect()
}

fn is_generated(item: &Value) -> bool {
    item["metadata"]["annotations"]["render.novasphere.dev/generated"] == "true"
}

#[test]
fn resource_lists_become_what_is_expected() {
    let cases = folders(&root().join("fixtures/krm"));
    assert!(cases.len() > 5, "there are no cases");
    for case in cases {
        let input = fs::read_to_string(case.join("input.yaml")).expect("a case has an input");
        let output = krm(&input, &[]);
        compare(&case.join("expected.yaml"), &stdout(&output));
        compare(&case.join("expected.txt"), &stderr(&output));

        // The laws of the specification, and ours.
        let (before, after) = (read(&input), read(&stdout(&output)));
        let results: Vec<&Value> = after["results"].as_array().into_iter().flatten().collect();
        let has_errors = results.iter().any(|result| result["severity"] == "error");
        assert_eq!(output.status.code(), Some(i32::from(has_errors)), "{}", case.display());
        for result in &results {
            assert!(result["message"].is_string() && result["tags"]["code"].is_string(), "{}", case.display());
            assert!(result["field"].is_null() || result["resourceRef"]["kind"].is_string(), "{}", case.display());
            assert!(!result.to_string().contains("hunter2"), "{}", case.display());
        }
        let others = |list: &Value| -> Vec<Value> {
            items(list).into_iter().filter(|item| has_errors || !is_generated(item)).cloned().collect()
        };
        assert_eq!(others(&before), others(&after), "{}: an item has changed", case.display());
        for item in items(&after).into_iter().filter(|item| is_generated(item) && !has_errors) {
            let annotations = &item["metadata"]["annotations"];
            assert!(annotations["config.kubernetes.io/path"].is_string(), "{}", case.display());
            assert!(annotations["config.kubernetes.io/index"] == "0", "{}", case.display());
        }
        assert_eq!(before["functionConfig"], after["functionConfig"], "{}", case.display());
        assert_eq!(stdout(&krm(&stdout(&output), &[])), stdout(&output), "{}: not the same again", case.display());
        // What a comment says is still said.
        let comments = input.lines().filter_map(|line| line.split_once('#')).map(|(_, comment)| comment);
        // But for what is said within an item that goes.
        for comment in comments.filter(|comment| !comment.contains("made by a run")) {
            assert!(stdout(&output).contains(comment), "{}: lost #{comment}", case.display());
        }
    }
}

#[test]
fn what_is_no_resource_list_is_refused() {
    for (input, text) in [
        ("", "has to be one ResourceList"),
        ("kind: List\n", "is List of nothing of a kind, not a ResourceList"),
        ("a: b\n  c: d\n", "standard input, line 2: "),
        ("apiVersion: config.kubernetes.io/v2\nkind: ResourceList\n", "of config.kubernetes.io/v2, not"),
        ("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: foo\n", "are no list"),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: {kind: Deployment}\n",
            "the functionConfig is a `Deployment`",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: {kind: ConfigMap, data: {default-nic: ens4}}\n",
            "`data.default-nic` of the functionConfig is not a file",
        ),
        (
            "kind: ResourceList\napiVersion: config.kubernetes.io/v1\n---\nkind: ResourceList\n",
            "has to be one ResourceList",
        ),
    ] {
        let output = krm(input, &[]);
        assert_eq!(output.status.code(), Some(2), "{input}: {}", stderr(&output));
        assert!(stderr(&output).contains(text), "{input}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{input}");
    }
}

#[test]
fn options_of_the_function_hold() {
    let input = fs::read_to_string(root().join("fixtures/krm/transformer/input.yaml")).expect("the case is there");
    let output = krm(&input, &["--skip", "nncp"]);
    assert!(!stdout(&output).contains("NodeNetworkConfigurationPolicy"), "{}", stdout(&output));
    let empty = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";
    assert_eq!(krm(empty, &["--allow-empty"]).status.code(), Some(0));
}
