//! Every fixture, held to the same laws.
//!
//! A case is a directory: `input/` is rendered (or what `args` says, in the case's own directory), `before/` is what the
//! output folder holds beforehand, `after/` the inventory once the tree is applied. `expected/` is the tree, `expected.txt` what is said. `BLESS=1` writes the last two.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::{compare_text, copy, files, folders, good_cases, is_blessing, root, run, stderr, stdout};
use serde_json::Value;
use wukong_render::registry;

/// What every fixture uses as a password: it must never be seen again.
const SECRET: &str = "hunter2";

/// Rules whose input cannot be a file in Git; `tests/cli.rs` makes it.
const NOT_A_FIXTURE: &[&str] = &["WK003"];

struct Case {
    folder: PathBuf,
    args: Vec<String>,
    out: tempfile::TempDir,
}

impl Case {
    fn new(folder: &Path) -> Self {
        let args = fs::read_to_string(folder.join("args")).unwrap_or_else(|_| "input".to_owned());
        let args = args.split_whitespace().map(str::to_owned).collect();
        let out = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&folder.join("before"), out.path());
        Self { folder: folder.to_owned(), args, out }
    }

    fn name(&self) -> String {
        self.folder.strip_prefix(root()).unwrap_or(&self.folder).display().to_string()
    }

    fn run(&self, more: &[&str]) -> std::process::Output {
        let mut args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        args.extend(more);
        args.push(self.out.path().to_str().expect("temporary paths are UTF-8"));
        run(&self.folder, &args)
    }

    /// What is said, with the temporary output folder called `out`.
    fn said(&self, output: &std::process::Output) -> String {
        stderr(output).replace(&self.out.path().display().to_string(), "out")
    }

    fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        files(self.out.path())
    }
}

fn compare_tree(folder: &Path, actual: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    if is_blessing() {
        let _ = fs::remove_dir_all(folder);
        for (path, bytes) in actual {
            let target = folder.join(path);
            fs::create_dir_all(target.parent().expect("a file has a folder")).expect("an expectation can be written");
            fs::write(target, bytes).expect("an expectation can be written");
        }
        return Ok(());
    }
    let expected = files(folder);
    let paths: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    for path in paths {
        match (expected.get(path), actual.get(path)) {
            (Some(expected), Some(actual)) if expected == actual => {}
            (Some(expected), Some(actual)) => {
                let (expected, actual) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(actual));
                let diff = similar::TextDiff::from_lines(&*expected, &*actual).unified_diff().to_string();
                return Err(format!("{path} differs (BLESS=1 accepts it):\n{diff}"));
            }
            (Some(_), None) => return Err(format!("{path} is missing from the tree")),
            _ => return Err(format!("{path} is in the tree and not expected")),
        }
    }
    Ok(())
}

fn modified(folder: &Path) -> BTreeMap<String, std::time::SystemTime> {
    let time = |path: &String| fs::metadata(folder.join(path)).and_then(|it| it.modified()).expect("a listed file");
    files(folder).into_keys().map(|path| (path.clone(), time(&path))).collect()
}

/// The laws that hold for every case.
fn check_laws(case: &Case, said: &str) -> Result<(), String> {
    if said.contains(SECRET) {
        return Err("a password is in the messages".to_owned());
    }
    if case.tree().values().any(|bytes| String::from_utf8_lossy(bytes).contains(SECRET)) {
        return Err("a password is in the tree".to_owned());
    }
    let json = stdout(&case.run(&["--format", "json"]));
    let json: Value = serde_json::from_str(&json).map_err(|error| format!("the JSON is none: {error}\n{json}"))?;
    if json.to_string().contains(SECRET) {
        return Err("a password is in the JSON".to_owned());
    }
    for diagnostic in json["diagnostics"].as_array().into_iter().flatten() {
        let file = diagnostic["file"].as_str().unwrap_or_default();
        if file.is_empty() || diagnostic["help"].as_str().unwrap_or_default().is_empty() {
            return Err(format!("a finding has no place or no way out: {diagnostic}"));
        }
        if let Some(line) = diagnostic["line"].as_u64() {
            let text = fs::read_to_string(case.folder.join(file)).unwrap_or_default();
            if line == 0 || line > text.lines().count() as u64 + 1 {
                return Err(format!("a finding is at a line that does not exist: {diagnostic}"));
            }
        }
    }
    Ok(())
}

/// Renders, then renders again in other ways: nothing may change.
fn check_good(folder: &Path) -> Result<(), String> {
    let case = Case::new(folder);
    let output = case.run(&[]);
    let said = case.said(&output);
    compare_text(&folder.join("expected.txt"), &said)?;
    if output.status.code() != Some(0) {
        return Err(format!("exit code {:?}\n{said}", output.status.code()));
    }
    let tree = case.tree();
    compare_tree(&folder.join("expected"), &tree)?;

    let before = modified(case.out.path());
    let again = case.run(&[]);
    if modified(case.out.path()) != before {
        return Err(format!("a second render touches files\n{}", stderr(&again)));
    }
    let check = case.run(&["--check"]);
    if check.status.code() != Some(0) || !check.stdout.is_empty() {
        return Err(format!("--check finds drift right after a render\n{}{}", stdout(&check), stderr(&check)));
    }
    check_laws(&case, &said)?;

    // Elsewhere, by absolute path, with the files written in another order.
    if case.args == ["input"] {
        let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&folder.join("input"), &elsewhere.path().join("input"));
        let (input, out) = (elsewhere.path().join("input"), elsewhere.path().join("out"));
        copy(&folder.join("before"), &out);
        run(Path::new("/"), &[&input.to_string_lossy(), &out.to_string_lossy()]);
        if files(&out) != tree {
            return Err("the same input gives other bytes elsewhere".to_owned());
        }
    }
    Ok(())
}

fn check_rule(folder: &Path) -> Result<(), String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (code, rule_name) = name.split_once('-').ok_or("the directory is not called CODE-name")?;
    let rule = registry::find(code).ok_or_else(|| format!("there is no rule {code}"))?;
    if rule.name != rule_name {
        return Err(format!("{code} is called {}", rule.name));
    }
    let case = Case::new(folder);
    let before = case.tree();
    let output = case.run(&[]);
    let said = case.said(&output);
    compare_text(&folder.join("expected.txt"), &said)?;
    check_laws(&case, &said)?;
    let mut codes: BTreeSet<String> = said
        .lines()
        .filter_map(|line| line.strip_prefix("error[").or_else(|| line.strip_prefix("warning[")))
        .filter_map(|line| line.get(..5).map(str::to_owned))
        .collect();
    // That there are more findings is never found alone.
    if code == "WK009" && codes.len() > 1 {
        codes.retain(|found| found == code);
    }
    if codes != BTreeSet::from([code.to_owned()]) {
        return Err(format!("reports {codes:?} instead of {code} alone\n{said}"));
    }
    let is_error = said.contains("error[");
    let exit = output.status.code();
    if is_error && (exit == Some(0) || case.tree() != before) {
        return Err(format!("an error, and exit code {exit:?} or a changed tree"));
    }
    if !is_error && exit != Some(0) {
        return Err(format!("warnings only, and exit code {exit:?}"));
    }
    Ok(())
}

fn check_all(cases: &[PathBuf], check: fn(&Path) -> Result<(), String>) {
    assert!(!cases.is_empty(), "there are no fixtures");
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|error| format!("{}: {error}", Case::new(case).name())))
        .collect();
    assert!(failures.is_empty(), "{} of {} fixtures fail\n\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}

#[test]
fn good_inputs_render_to_their_trees() {
    check_all(&good_cases(), check_good);
}

/// A case with `after/` has the export of the same nodes once its policies are applied, as nmstate prints it.
#[test]
fn an_export_made_after_the_move_gives_the_same_tree() {
    let mut judged = 0;
    for folder in good_cases().into_iter().filter(|folder| folder.join("after").is_dir()) {
        let case = Case::new(&folder);
        let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&folder, elsewhere.path());
        copy(&folder.join("after"), &elsewhere.path().join("input"));
        case.run(&[]);
        let moved = Case { folder: elsewhere.path().to_owned(), ..Case::new(&folder) };
        let said = moved.said(&moved.run(&[]));
        let (before, after) = (case.tree(), moved.tree());
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differing: Vec<&String> = paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).collect();
        assert_eq!(differing, Vec::<&String>::new(), "{}\n{said}", case.name());
        assert!(!said.contains("WK226") && !said.contains("WK242"), "{}: it has moved already\n{said}", case.name());
        judged += 1;
    }
    assert!(judged >= 7, "only {judged} moves have an export made afterwards");
}

#[test]
fn each_rule_finds_its_example_and_nothing_else() {
    check_all(&folders(&root().join("fixtures/rules")), check_rule);
}

/// Examples that nearly break a rule: no finding at all.
#[test]
fn near_misses_are_silent() {
    for folder in folders(&root().join("fixtures/near")) {
        let case = Case::new(&folder);
        let said = case.said(&case.run(&["--quiet"]));
        assert_eq!(said, "", "{}", case.name());
    }
}

#[test]
fn every_rule_has_a_fixture() {
    let named: BTreeSet<String> = folders(&root().join("fixtures/rules"))
        .iter()
        .filter_map(|folder| folder.file_name()?.to_str()?.get(..5).map(str::to_owned))
        .collect();
    let without: Vec<&str> = registry::all()
        .iter()
        .map(|rule| rule.code)
        .filter(|code| !named.contains(*code) && !NOT_A_FIXTURE.contains(code))
        .collect();
    assert_eq!(without, Vec::<&str>::new(), "rules without a fixture");
}

#[test]
fn every_network_type_has_a_fixture() {
    let schema = wukong_render::read::schema::SchemaKind::Wukong.schema();
    let types = schema.pointer("/$defs/NetworkConfig/properties/type/enum").and_then(Value::as_array);
    let types: Vec<&str> = types.expect("the schema lists the types").iter().filter_map(Value::as_str).collect();
    for name in types.into_iter().chain(["default"]) {
        assert!(!folders(&root().join("fixtures/networks").join(name)).is_empty(), "no fixture for {name}");
    }
}

#[test]
fn rule_codes_are_unique_and_in_order() {
    let codes: Vec<&str> = registry::all().iter().map(|rule| rule.code).collect();
    let sorted: BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(codes, sorted.into_iter().collect::<Vec<_>>());
    let names: BTreeSet<&str> = registry::all().iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), codes.len());
}
