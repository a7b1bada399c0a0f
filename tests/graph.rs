//! The pictures of a topology, each case as it is meant to look: `fixtures/graph/<case>/{input, expected.*}`. `BLESS=1` writes them;
//! `.ci/judges` looks at them with Graphviz, Mermaid and a browser.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{folders, is_blessing, root, run, stderr, stdout};
use serde_json::Value;

const KINDS: [&str; 7] = ["group", "nic", "bond", "vlan", "bridge", "attachment", "vm"];

fn draw(case: &Path, kind: &str) -> String {
    let output = run(case, &["graph", "--quiet", "--as", kind, "input"]);
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(1), "{}: {code:?}\n{}", case.display(), stderr(&output));
    stdout(&output)
}

/// The data in the page.
fn topology(case: &Path) -> Value {
    let page = draw(case, "html");
    let data = page.split_once(r#"id="topology">"#).and_then(|(_, rest)| rest.split_once("</script>"));
    let (data, _) = data.unwrap_or_else(|| panic!("{}: the page has no data", case.display()));
    serde_json::from_str(data).unwrap_or_else(|error| panic!("{}: {error}", case.display()))
}

#[test]
fn pictures_are_as_they_are_meant() {
    let cases = folders(&root().join("fixtures/graph"));
    assert!(cases.len() > 2, "there are no cases");
    for case in cases {
        for (kind, ending) in [("mermaid", "mmd"), ("dot", "dot"), ("svg", "svg")] {
            let (path, picture) = (case.join(format!("expected.{ending}")), draw(&case, kind));
            if is_blessing() {
                fs::write(&path, &picture).expect("an expectation can be written");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            let diff = similar::TextDiff::from_lines(expected.as_str(), &picture).unified_diff().to_string();
            assert!(diff.is_empty(), "{} differs (BLESS=1 accepts it):\n{diff}", path.display());
        }
    }
}

/// What the page's script relies on, for every input that there is.
#[test]
fn the_page_has_what_its_script_needs() {
    let root = root().join("fixtures");
    let cases = ["graph", "sets", "rules", "near"].iter().flat_map(|folder| folders(&root.join(folder)));
    for case in cases.filter(|case| case.join("input").exists()) {
        let page = draw(&case, "html");
        if page.is_empty() {
            continue; // the Site cannot be used
        }
        assert!(!page.contains("hunter2"), "{}: a password is in the page", case.display());
        for mark in ["@STYLE@", "@SCRIPT@", "@TOPOLOGY@", "src=\"", "<link"] {
            assert!(!page.contains(mark), "{}: {mark}", case.display());
        }
        let topology = topology(&case);
        let nodes = topology["nodes"].as_array().expect("nodes");
        let rank = |number: &Value| {
            let node = &nodes[usize::try_from(number.as_u64().expect("a number")).expect("a small one")];
            KINDS.iter().position(|kind| node["kind"] == *kind).expect("a kind that is known")
        };
        let mut seen = BTreeSet::new();
        for edge in topology["edges"].as_array().expect("edges") {
            assert!(rank(&edge[0]) < rank(&edge[1]), "{}: an edge does not go right", case.display());
            assert!(seen.insert(edge.to_string()), "{}: an edge is there twice", case.display());
        }
        let ranks: Vec<usize> = (0..nodes.len()).map(|number| rank(&number.into())).collect();
        assert!(ranks.is_sorted(), "{}: the kinds are mixed", case.display());
        let findings = topology["findings"].as_array().expect("findings");
        for number in nodes.iter().flat_map(|node| node["findings"].as_array().into_iter().flatten()) {
            assert!(number.as_u64().is_some_and(|it| it < findings.len() as u64), "{}", case.display());
        }
    }
}

/// Every virtual machine is there, and hangs on each of its bridges.
#[test]
fn nothing_is_missing_from_the_page() {
    let case = root().join("fixtures/sets/node-groups");
    let topology = topology(&case);
    let names = |kind: &str| -> BTreeSet<&str> {
        let nodes = topology["nodes"].as_array().into_iter().flatten().filter(|node| node["kind"] == kind);
        nodes.filter_map(|node| node["name"].as_str()).collect()
    };
    assert_eq!(names("vm"), BTreeSet::from(["prod/db", "prod/web"]));
    assert_eq!(names("group"), BTreeSet::from(["rack-a", "rack-b"]));
    assert_eq!(names("bridge"), BTreeSet::from(["br-back", "br-front", "br-private", "br-storage"]));
    assert_eq!(names("bond"), BTreeSet::from(["bond0"]));
}
