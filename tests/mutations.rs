//! Broken input of every kind: whatever is done to a file, there is a finding with a place or a result, and never a panic.

mod common;

use common::{files, root};
use wukong_render::read::document;
use wukong_render::read::source::{Source, Sources};
use wukong_render::view::emit::{Format, Style};
use wukong_render::view::graph;
use wukong_render::view::resolve::{resolve, resolve_each};
use wukong_render::{Outcome, Request, registry};

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

fn compile(text: &str) -> (String, Option<String>) {
    let source = Source { path: "in.yaml".to_owned(), label: "in.yaml".to_owned(), text: text.to_owned() };
    let sources = Sources::from_iter([source]);
    let Outcome { report, sources, plan, tree, .. } =
        wukong_render::compile(Request { sources, allow_empty: true, ..Request::default() });
    let resolved = resolve(&report, &sources);
    for finding in &resolved {
        assert!(finding.location.position.is_some(), "no position: {finding:?}\n{text}");
        assert!(!finding.help.is_empty() && !finding.message.is_empty(), "{finding:?}");
    }
    let mut said = String::new();
    for format in Format::ALL {
        for (is_coloured, wants_all) in [(true, false), (false, true)] {
            said.push_str(&format.emit(&resolved, &Style { is_coloured, wants_all, rules: registry::all() }));
        }
    }
    let pictures = plan.map(|plan| {
        let topology = graph::topology(String::new(), &plan, &resolve_each(&report, &sources));
        graph::html(&topology) + &graph::svg(&topology) + &graph::dot(&topology) + &graph::mermaid(&topology)
    });
    (said + &pictures.unwrap_or_default(), tree.map(|tree| tree.stream()))
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
                for document in document::syntax::parse(&stream) {
                    let document = document.unwrap_or_else(|problem| panic!("{}\n{stream}", problem.message));
                    assert!(document.value(document.root()).is_ok(), "{stream}");
                }
                assert_eq!(compile(&mutated).1, Some(stream), "{path}, round {round}");
            }
        }
    }
}
