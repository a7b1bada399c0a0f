//! Broken input of every kind: whatever is done to a file, there is a finding with a place or a result, and never a panic.

mod common;

use common::{files, root};
use std::sync::Arc;

use wukong_render::base::diagnostic::Findings;
use wukong_render::base::levels::Levels;
use wukong_render::base::progress::Progress;
use wukong_render::base::report::Report;
use wukong_render::lower::{lower, site};
use wukong_render::model::Overrides;
use wukong_render::read::source::{Source, Sources};
use wukong_render::read::{document, load};
use wukong_render::view::emit::{github, json, sarif, text};
use wukong_render::view::graph;
use wukong_render::view::resolve::{resolve, resolve_each};
use wukong_render::write::render::{Templates, render};
use wukong_render::{check, registry};

/// Mutations of each file. Always the same ones, so that a failure can be found again.
const ROUNDS: u64 = 60;

/// What every fixture uses as a password.
const SECRET: &str = "hunter2";

/// A generator of numbers: xorshift64*, which needs no crate and no clock.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or_default() % bound.max(1)
    }
}

const PIECES: &[&str] = &[
    "\n",
    "  ",
    "\t",
    ": ",
    "- ",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: ",
    "#",
    "|\n",
    "---\n",
    "...\n",
    "? ",
    "!!str ",
    "%",
    "null",
    "yes",
    "-1",
    "1e9",
    "99999999999999999999",
    "\u{feff}",
    "\u{2028}",
    "网络",
    "\r\n",
    "kind: Wukong\n",
    "networks:\n",
];

fn mutate(text: &str, random: &mut Random) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        match random.below(4) {
            0 => drop(text.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
            1 => drop(text.drain(at..(at + 1 + random.below(8)).min(text.len()).max(at))),
            2 => {
                let end = (at + random.below(60)).min(text.len()).max(at);
                let piece: Vec<char> = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                drop(text.splice(to..to, piece));
            }
            _ => text.truncate(at),
        }
    }
    text.into_iter().collect()
}

/// The pipeline without the file system.
fn compile(text: &str) -> (String, Option<String>) {
    let mut sources = Sources::default();
    sources.add(Source { path: "in.yaml".to_owned(), label: "in.yaml".to_owned(), text: text.to_owned() });
    let mut findings = Findings::default();
    let progress = Progress::default();
    let documents = document::parse(&sources, load::is_wanted, &progress, &mut findings);
    let objects = load::load(documents.objects, &mut findings);
    let settings = site::settings(&objects, &Overrides::default(), &mut findings);
    let mut report = Report::new(Levels::default(), check::acceptances(&objects, registry::all(), &mut findings));
    let mut plan = None;
    let stream = settings.and_then(|settings| {
        let settings = Arc::new(settings);
        let plan = plan.insert(lower(objects, Arc::clone(&settings), None, &sources, &mut findings));
        let templates = Templates::load(None, &mut sources, &mut findings).expect("the built-in templates are right");
        check::check(plan, std::mem::take(&mut findings), &mut report);
        let is_good = !report.has_errors();
        is_good.then(|| render(plan, &[], &settings, &templates, &sources, &progress, &mut findings).stream())
    });
    report.extend(findings);
    let resolved = resolve(&report, &sources);
    for finding in &resolved {
        assert!(finding.location.position.is_some(), "no position: {finding:?}\n{text}");
        assert!(!finding.help.is_empty() && !finding.message.is_empty(), "{finding:?}");
    }
    let said = text::emit(&resolved, true, false)
        + &text::emit(&resolved, false, true)
        + &json::emit(&resolved)
        + &sarif::emit(&resolved, registry::all())
        + &github::emit(&resolved);
    let pictures = plan.map(|plan| {
        let topology = graph::topology(String::new(), &plan, &resolve_each(&report, &sources));
        graph::html(&topology) + &graph::svg(&topology) + &graph::dot(&topology) + &graph::mermaid(&topology)
    });
    (said + &pictures.unwrap_or_default(), stream)
}

#[test]
fn no_mutation_makes_a_panic_or_a_broken_manifest() {
    let inputs: Vec<(String, Vec<u8>)> =
        files(&root().join("fixtures")).into_iter().filter(|(path, _)| path.contains("/input/")).collect();
    assert!(inputs.len() > 50);
    for (path, bytes) in inputs {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut random = Random(path.bytes().fold(0x9E37_79B9, |seed, byte| seed * 31 % 0xFFFF_FFFF + u64::from(byte)));
        for round in 0..ROUNDS {
            let mutated = mutate(&text, &mut random);
            let result = std::panic::catch_unwind(|| compile(&mutated));
            let Ok((said, stream)) = result else { panic!("{path}, round {round}:\n{mutated}") };
            let is_secret = |line: &str| line.find("passw").is_some_and(|word| Some(word) < line.find(SECRET));
            if mutated.lines().filter(|line| line.contains(SECRET)).all(is_secret) {
                assert!(!said.contains(SECRET), "{path}, round {round}:\n{mutated}\n{said}");
            }
            // What is rendered is valid YAML, and the same again.
            if let Some(stream) = stream {
                for document in document::tree::parse(&stream) {
                    let document = document.unwrap_or_else(|problem| panic!("{}\n{stream}", problem.message));
                    assert!(document.value(document.root()).is_ok(), "{stream}");
                }
                assert_eq!(compile(&mutated).1, Some(stream), "{path}, round {round}");
            }
        }
    }
}
