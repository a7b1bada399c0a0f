//! What must be found, exactly: `fixtures/found/<what-it-shows>/`.
//!
//! A case has `input/` (or what `args` says, in the case's own directory) and a file `found` with one line for each finding:
//! `CODE severity file:key`. The key is the YAML path of the place that is shown (`spec.networks[0].vlanId`). Nothing else may be
//! found, and with an error nothing is written. `expected.txt` is what is said; `BLESS=1` writes it.

mod common;

use std::fs;
use std::path::Path;

use common::{compare_text, files, folders, root, run, stderr, stdout};
use serde_json::Value;
use wukong_render::base::place::Part;
use wukong_render::read::document::syntax::{self, Tree};

/// What every fixture uses as a password: it must never be seen again.
const SECRET: &str = "hunter2";

/// A finding: its code, its severity, the file and the line.
type Finding = (String, String, String, usize);

/// The keys and indices of a path such as `spec.networks[0].vlanId`.
fn segments(key: &str) -> Vec<String> {
    key.replace('[', ".").replace(']', "").split('.').map(str::to_owned).collect()
}

/// Whether a document has every step of a path. `locate` alone shows the nearest parent of what does not exist.
fn has(tree: &Tree, segments: &[String]) -> bool {
    let mut node = tree.root();
    for segment in segments {
        let item = segment.parse().ok().and_then(|index: usize| tree.items(node).get(index).copied());
        match item.or_else(|| tree.child(node, segment)) {
            Some(next) => node = next,
            None => return false,
        }
    }
    true
}

/// The line of a key, in the one document of the text that has it.
fn line_of(text: &str, key: &str) -> Result<usize, String> {
    let segments = segments(key);
    let trees: Vec<Tree> = syntax::parse(text).into_iter().filter_map(Result::ok).collect();
    let with_key: Vec<&Tree> = trees.iter().filter(|tree| has(tree, &segments)).collect();
    let [tree] = with_key.as_slice() else {
        return Err(format!("{} documents have the key `{key}`", with_key.len()));
    };
    let start = tree.locate(&format!("/{}", segments.join("/")), Part::Value).start;
    Ok(text[..start].matches('\n').count() + 1)
}

/// What the file `found` asks for.
fn wanted(folder: &Path) -> Result<Vec<Finding>, String> {
    let text = fs::read_to_string(folder.join("found")).map_err(|error| format!("`found` cannot be read: {error}"))?;
    let mut wanted = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let place = words.get(2).and_then(|place| place.split_once(':'));
        let ([code, severity, _], Some((file, key))) = (words.as_slice(), place) else {
            return Err(format!("`{line}` is not `CODE severity file:key`"));
        };
        let source = fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
        let number = line_of(&source, key).map_err(|error| format!("{file}: {error}"))?;
        wanted.push(((*code).to_owned(), (*severity).to_owned(), file.to_owned(), number));
    }
    if wanted.is_empty() {
        return Err("`found` is empty: what is silent belongs into fixtures/near".to_owned());
    }
    wanted.sort();
    Ok(wanted)
}

/// The findings of a run with `--format json`.
fn reported(json: &str) -> Result<Vec<Finding>, String> {
    let json: Value = serde_json::from_str(json).map_err(|error| format!("the JSON is none: {error}\n{json}"))?;
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let line = |value: &Value| value["line"].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or_default();
    let diagnostics = json["diagnostics"].as_array().into_iter().flatten();
    let mut reported: Vec<Finding> =
        diagnostics.map(|it| (text(it, "code"), text(it, "severity"), text(it, "file"), line(it))).collect();
    reported.sort();
    Ok(reported)
}

/// Findings as a list, one a line.
fn list(findings: &[Finding]) -> String {
    let lines: Vec<String> =
        findings.iter().map(|(code, severity, file, line)| format!("    {code} {severity} {file}:{line}")).collect();
    if lines.is_empty() { "    nothing".to_owned() } else { lines.join("\n") }
}

fn check(folder: &Path) -> Result<(), String> {
    let args = fs::read_to_string(folder.join("args")).unwrap_or_else(|_| "input".to_owned());
    let out = tempfile::tempdir().expect("a temporary folder can be made");
    let out_name = out.path().to_str().expect("temporary paths are UTF-8");
    let run = |more: &[&str]| {
        let args: Vec<&str> = args.split_whitespace().chain(more.iter().copied()).chain([out_name]).collect();
        run(folder, &args)
    };
    let wanted = wanted(folder)?;
    let output = run(&[]);
    let said = stderr(&output).replace(out_name, "out");
    let json = stdout(&run(&["--format", "json"]));
    let reported = reported(&json)?;
    if wanted != reported {
        return Err(format!("wanted\n{}\nfound\n{}\n{said}", list(&wanted), list(&reported)));
    }
    if json.contains(SECRET) || said.contains(SECRET) {
        return Err("a password is in the messages".to_owned());
    }
    let (exit, tree) = (output.status.code(), files(out.path()));
    let is_error = wanted.iter().any(|(_, severity, ..)| severity == "error");
    if is_error && (exit != Some(1) || !tree.is_empty()) {
        return Err(format!("an error, and exit code {exit:?} or {} files written", tree.len()));
    }
    if !is_error && (exit != Some(0) || tree.is_empty()) {
        return Err(format!("warnings only, and exit code {exit:?} or {} files written", tree.len()));
    }
    compare_text(&folder.join("expected.txt"), &said)
}

#[test]
fn each_case_finds_what_it_must_and_nothing_else() {
    let cases = folders(&root().join("fixtures/found"));
    assert!(!cases.is_empty(), "there are no fixtures");
    let name = |case: &Path| case.strip_prefix(root()).unwrap_or(case).display().to_string();
    let failures: Vec<String> =
        cases.iter().filter_map(|case| check(case).err().map(|error| format!("{}: {error}", name(case)))).collect();
    assert!(failures.is_empty(), "{} of {} cases fail\n\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}
