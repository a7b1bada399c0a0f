//! The map in `docs/architecture.md`, held against the code: who may use whom, and where each third-party crate is at home.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{files, root};

/// What each module may use of the others. `diagnostic`, `rule` and `progress` are everybody's.
const MAY_USE: &[(&str, &[&str])] = &[
    ("address", &[]),
    ("api", &[]),
    ("diagnostic", &["document", "source", "spelling"]),
    ("document", &["source"]),
    ("docs", &["cli", "rules"]),
    ("graph", &["api", "document", "names", "plan"]),
    ("header", &[]),
    ("krm", &["Options", "api", "compile_documents", "document", "load", "manifest", "source", "tree", "yaml"]),
    ("live", &["document", "manifest", "tree"]),
    ("load", &["address", "api", "document", "names", "plan", "schema", "spelling"]),
    ("manifest", &["api", "header", "plan"]),
    ("names", &[]),
    ("network", &["address", "api", "load", "names", "plan", "schema", "source"]),
    ("plan", &["api"]),
    ("policy", &["api", "names", "network", "plan"]),
    ("progress", &[]),
    ("render", &["document", "manifest", "names", "plan", "source", "spelling", "tree", "yaml"]),
    ("retire", &["api", "document", "manifest", "plan", "policy"]),
    // The list of all rules names the stages that declare their own.
    (
        "rules",
        &[
            "address", "api", "document", "load", "names", "network", "plan", "render", "retire", "schema", "site",
            "source", "spelling", "tree",
        ],
    ),
    ("schema", &["api", "spelling"]),
    ("site", &["address", "api", "load", "names", "plan", "schema"]),
    ("source", &["header"]),
    ("spelling", &[]),
    ("tree", &["header", "manifest", "source"]),
    ("yaml", &["document"]),
];

const HOMES: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["diagnostic"]),
    ("anstream", &["cli"]),
    ("cap_std", &["tree"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crc32fast", &["names"]),
    ("globset", &["source"]),
    ("granit_parser", &["document"]),
    ("indicatif", &["cli"]),
    ("ipnet", &["address", "network", "plan", "policy", "rules"]),
    ("jiff", &["load"]),
    ("jsonschema", &["schema"]),
    ("minijinja", &["render"]),
    ("schemars", &["api", "schema"]),
    ("similar", &["tree"]),
    ("strsim", &["spelling"]),
    ("walkdir", &["source"]),
];

/// The module that a file of `src` belongs to, and its text.
fn modules() -> Vec<(String, String)> {
    let module = |path: &str| path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    files(&root().join("src"))
        .into_iter()
        .map(|(path, bytes)| (module(&path), String::from_utf8_lossy(&bytes).into_owned()))
        .collect()
}

/// The words behind every `prefix` in a text: `crate::plan` and `crate::{plan, rules}` alike.
fn used<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    text.split(prefix)
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
            None => vec![rest],
        })
        .map(|rest| rest.split(|it| !is_word(it)).next().unwrap_or_default())
        .collect()
}

#[test]
fn imports_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (module, text) in modules() {
        // The pipeline and the command line may use everything.
        if matches!(module.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let allowed = allowed.get(module.as_str()).unwrap_or_else(|| panic!("`{module}` is not on the map"));
        let used = used(&text, "crate::");
        let others = used.into_iter().filter(|it| !["diagnostic", "rule", "progress", module.as_str()].contains(it));
        let wrong: Vec<&str> = others.filter(|it| !allowed.contains(it)).collect();
        assert!(wrong.is_empty(), "`{module}` may not use {wrong:?}");
    }
}

#[test]
fn third_party_crates_have_one_home() {
    for (module, text) in modules() {
        for (name, homes) in HOMES {
            let is_used = text.contains(&format!("{name}::"));
            assert!(!is_used || homes.contains(&module.as_str()), "`{name}` is used in `{module}`");
        }
    }
}
