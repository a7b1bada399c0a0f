//! The same input gives the same bytes: every map of a process has a seed of its own, so that compiling again shuffles what depends on one.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod common;

use std::path::{Path, PathBuf};

use common::{folders, root};
use rayon::prelude::*;
use wukong_render::base::progress::Progress;
use wukong_render::io::{self, Inputs};
use wukong_render::view::emit::{Format, Style};
use wukong_render::view::graph;
use wukong_render::view::resolve::{distinct, resolve_each};
use wukong_render::{Request, compile, registry};

/// How often each case is compiled.
const TIMES: usize = 6;

/// Everything that a run can say, in every format.
fn everything(case: &Path) -> Vec<(&'static str, String)> {
    let path = |name: &str| Some(case.join(name)).filter(|path| path.exists());
    let inputs = Inputs {
        paths: path("input").into_iter().collect(),
        inventory: path("inventory").into_iter().collect(),
        ..Inputs::default()
    };
    let templates = path("templates");
    let request = io::request(&inputs, templates.as_deref(), &Progress::default()).expect("a case can be read");
    let outcome = compile(Request { allow_empty: true, ..request });
    let found = resolve_each(&outcome.report, &outcome.sources);
    let findings = distinct(&found);
    let style = Style { wants_all: true, rules: registry::all(), ..Style::default() };
    let mut said: Vec<(&str, String)> = Vec::new();
    // In the order in which they were made: KRM's results are in that.
    said.push(("order", format!("{:?}", found.iter().map(|(_, resolved)| resolved).collect::<Vec<_>>())));
    said.extend(Format::ALL.iter().map(|format| ("findings", format.emit(&findings, &style))));
    said.extend(outcome.tree.iter().map(|tree| ("tree", tree.stream())));
    if let Some(plan) = &outcome.plan {
        let topology = graph::topology("case".to_owned(), plan, &found);
        said.push(("svg", graph::svg(&topology)));
        said.push(("html", graph::html(&topology)));
        said.push(("dot", graph::dot(&topology)));
        said.push(("mermaid", graph::mermaid(&topology)));
    }
    said
}

#[test]
fn every_case_says_the_same_under_every_seed() {
    let rooms = ["rules", "near", "found", "sets", "graph"];
    let cases: Vec<PathBuf> = rooms.iter().flat_map(|room| folders(&root().join("fixtures").join(room))).collect();
    let cases: Vec<PathBuf> = cases.into_iter().filter(|case| case.join("input").is_dir()).collect();
    assert!(cases.len() > 250, "only {} cases", cases.len());
    let differences: Vec<String> = cases
        .par_iter()
        .flat_map_iter(|case| {
            let first = everything(case);
            let again = (1..TIMES).map(|_| everything(case)).find(|again| *again != first)?;
            let (what, now) = again.iter().zip(&first).find(|(now, then)| now != then).map(|(now, _)| now)?;
            Some(format!("{}: {what}\n{now}", case.display()))
        })
        .collect();
    assert!(differences.is_empty(), "{} differ\n{}", differences.len(), differences.join("\n"));
}
