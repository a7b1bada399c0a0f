//! The compiler as a function of values: no file is read and none is written, and the same request has the same outcome.

use std::thread;

use wukong_render::read::source::{Source, Sources};
use wukong_render::view::emit::{Format, Style};
use wukong_render::view::resolve::resolve;
use wukong_render::write::render::Template;
use wukong_render::write::tree::{Action, Entry, Existing, OutputTree};
use wukong_render::{Outcome, Request, compile};

const WEB: &str = "apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {name: web, namespace: prod}
spec:
  cpu: 2
  memory: 4Gi
  networks:
    - {name: front, type: bridge, physicalInterface: ens9, vlanId: 100}
";
const POLICY: &str = "nncp/web-front-bridge.yaml";

fn sources(texts: &[(&str, &str)]) -> Sources {
    let source = |(path, text): &(&str, &str)| Source {
        path: format!("in/{path}"),
        label: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    texts.iter().map(source).collect()
}

fn web() -> Request {
    Request { sources: sources(&[("web.yaml", WEB)]), called: "in".to_owned(), ..Request::default() }
}

/// What a tree leaves behind when it is written.
fn written(tree: &OutputTree, folder: &str) -> Existing {
    let mut existing = Existing::new(folder);
    for path in tree.paths() {
        for (end, _) in path.match_indices('/') {
            existing.insert(&path[..end], Entry::Folder);
        }
        existing.insert(path, Entry::of_file(tree.text(path).unwrap_or_default().into()));
    }
    existing
}

/// Everything that comes of a run, in words.
fn all(outcome: &Outcome) -> String {
    let resolved = resolve(&outcome.report, &outcome.sources);
    let found = Format::Json.emit(&resolved, &Style::default());
    let tree = outcome.tree.as_ref().map(OutputTree::stream).unwrap_or_default();
    format!("{found}{tree}{:?}{:?}", outcome.changes, outcome.plan)
}

fn found(outcome: &Outcome) -> Vec<(&str, String)> {
    let resolved = resolve(&outcome.report, &outcome.sources);
    resolved.iter().map(|finding| (finding.code, finding.location.to_string())).collect()
}

#[test]
fn the_same_request_has_the_same_outcome() {
    let expected = all(&compile(web()));
    assert!(expected.contains("NodeNetworkConfigurationPolicy"), "{expected}");
    assert_eq!(all(&compile(web())), expected);
    let runs: Vec<_> = (0..8).map(|_| thread::spawn(|| all(&compile(web())))).collect();
    for run in runs {
        assert_eq!(run.join().expect("no run panics"), expected);
    }
}

#[test]
fn a_template_is_a_value() {
    let template = |text: &str| Template {
        name: "kustomization.yaml.j2".to_owned(),
        path: "templates/kustomization.yaml.j2".to_owned(),
        text: text.to_owned(),
    };
    let own = "apiVersion: {{ apiVersion | yaml }}\nkind: {{ kind | yaml }}\nresources:\n  {{ resources | yaml(2) }}\n# ours\n";
    let outcome = compile(Request { templates: vec![template(own)], ..web() });
    let tree = outcome.tree.expect("the template is good");
    assert!(tree.text("kustomization.yaml").is_some_and(|text| text.contains("# ours")), "{}", tree.stream());

    let outcome = compile(Request { templates: vec![template("kind: {{ kimd }}\n")], ..web() });
    assert!(outcome.tree.is_none());
    assert_eq!(
        found(&outcome).last().cloned(),
        Some(("WK401", "templates/kustomization.yaml.j2:1:10".to_owned())),
        "{}",
        all(&outcome)
    );
}

#[test]
fn what_stands_in_the_output_folder_is_a_value() {
    let tree = compile(web()).tree.expect("the input is good");
    let actions = |existing: Existing| -> Vec<(String, Action)> {
        let outcome = compile(Request { existing: Some(existing), ..web() });
        assert!(outcome.tree.is_some(), "{}", all(&outcome));
        outcome.changes.into_iter().map(|change| (change.path, change.action)).collect()
    };
    // Nothing is there; the folder is empty; everything is there.
    assert!(actions(Existing::new("out")).iter().all(|(_, action)| *action == Action::Create));
    assert!(actions(written(&tree, "out")).iter().all(|(_, action)| *action == Action::Unchanged));
    // One file is old, one is another's, one is no longer wanted.
    let header = tree.text(POLICY).and_then(|text| text.lines().next()).expect("a file has a header");
    let old = format!("{header}\nkind: NodeNetworkConfigurationPolicy\nold: true\n");
    let mut existing = written(&tree, "out");
    existing.insert(POLICY, Entry::of_file(old.clone().into()));
    existing.insert("nncp/gone.yaml", Entry::of_file(old.clone().into()));
    existing.insert("nncp/theirs.yaml", Entry::of_file("kind: ConfigMap\n".into()));
    let changed: Vec<_> = actions(existing).into_iter().filter(|(_, action)| *action != Action::Unchanged).collect();
    let expected =
        [("nncp/gone.yaml".to_owned(), Action::Remove(old.clone())), (POLICY.to_owned(), Action::Update(old))];
    assert_eq!(changed, expected);
}

#[test]
fn what_is_in_the_way_is_found() {
    let tree = compile(web()).tree.expect("the input is good");
    let in_the_way = |path: &str, entry: Entry| {
        let mut existing = written(&tree, "./out");
        existing.insert(path, entry);
        let outcome = compile(Request { existing: Some(existing), ..web() });
        assert!(outcome.tree.is_none() && outcome.changes.is_empty(), "{}", all(&outcome));
        let resolved = resolve(&outcome.report, &outcome.sources);
        let found = resolved.iter().filter(|finding| finding.code == "WK501");
        found.map(|finding| format!("{}: {}", finding.location, finding.message)).collect::<Vec<_>>()
    };
    let message = |path: &str, what: &str| vec![format!("{path}: {what} is in the way and not ours to replace")];
    assert_eq!(in_the_way("", Entry::Foreign), message("out", "a file"));
    assert_eq!(in_the_way("nad", Entry::Link), message("out/nad", "a symbolic link"));
    assert_eq!(in_the_way("nad/prod", Entry::Foreign), message("out/nad/prod", "a file"));
    assert_eq!(in_the_way(POLICY, Entry::Folder), message(&format!("out/{POLICY}"), "a folder"));
    assert_eq!(in_the_way(POLICY, Entry::Foreign), message(&format!("out/{POLICY}"), "a file without our header"));
    let special = message(&format!("out/{POLICY}"), "something that is no regular file");
    assert_eq!(in_the_way(POLICY, Entry::Other), special);
}

#[test]
fn what_was_found_before_is_kept_and_nothing_at_all_is_an_error() {
    let nothing = || Request { called: "in".to_owned(), ..Request::default() };
    assert_eq!(found(&compile(nothing())), [("WK007", "in".to_owned())]);
    assert!(compile(Request { allow_empty: true, ..nothing() }).tree.is_some());
    let broken = Source::of_bytes("in/broken.yaml".to_owned(), "broken.yaml".to_owned(), b"\xff".to_vec());
    let mut request = nothing();
    request.findings.extend(broken.err().map(|finding| *finding));
    assert_eq!(found(&compile(request)), [("WK002", "in/broken.yaml".to_owned())]);
}
