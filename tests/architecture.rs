//! The map in `docs/architecture.md` and the code: the rooms in the order in which data flows, imports that point down, no circles, and
//! one home for each third-party crate. The tables of the document are the lists; nothing is exempt.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use common::{files, root};

/// The rows of the table under a heading of `docs/architecture.md`, cell by cell, without the quotes of code.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the document is there");
    let section =
        page.split("\n## ").find(|section| section.starts_with(heading)).expect("the heading is there").to_owned();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "no table under {heading}");
    rows
}

/// The rooms, in the order of the document.
fn rooms() -> Vec<String> {
    table("Rooms").into_iter().map(|row| row[0].clone()).collect()
}

/// The files of `src`: the path without `.rs` and `mod`, as segments, and the text without its tests.
fn modules() -> Vec<(Vec<String>, String)> {
    let segments = |path: &str| -> Vec<String> {
        path.split('/').filter(|segment| *segment != "mod").map(str::to_owned).collect()
    };
    files(&root().join("src"))
        .into_iter()
        .filter_map(|(path, bytes)| {
            path.strip_suffix(".rs").map(|path| (segments(path), String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect()
}

/// The paths that a text imports below `crate`, the first two segments of each: `crate::model::{Plan, cni}` are `model::Plan` and
/// `model::cni`.
fn imports(text: &str) -> BTreeSet<(String, Option<String>)> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let word = |text: &str| text.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect::<String>();
    let list = |text: &str| -> Vec<String> {
        let end = text.find('}').unwrap_or(text.len());
        text[..end].split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    };
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let heads = rest.strip_prefix('{').map_or_else(|| vec![rest.to_owned()], list);
        for head in heads {
            let first = word(&head);
            let below = head[first.len()..].strip_prefix("::");
            match below {
                None => drop(found.insert((first, None))),
                Some(below) => {
                    let below = below.strip_prefix('{').map_or_else(|| vec![below.to_owned()], list);
                    found.extend(below.iter().map(|it| (first.clone(), Some(word(it)))));
                }
            }
        }
    }
    found
}

#[test]
fn imports_point_down() {
    let rooms = rooms();
    let floor = |room: &str| rooms.iter().position(|it| it == room);
    for (path, text) in modules() {
        let Some(own) = floor(&path[0]) else { panic!("`{}` is not on the map", path[0]) };
        for (used, _) in imports(&text) {
            // What is no room is an item of the crate's root: the pipeline's, or a macro, which is everybody's.
            let Some(used_floor) = floor(&used).or_else(|| floor("lib").filter(|_| used != "rule")) else { continue };
            assert!(used_floor <= own, "`{}` is below `{used}`, and uses it", path.join("::"));
        }
    }
    let there: BTreeSet<String> = modules().into_iter().map(|(path, _)| path[0].clone()).collect();
    assert_eq!(there, rooms.into_iter().collect(), "the map and the folders are the same");
}

/// The modules directly in a room, and which of them use each other.
#[test]
fn no_room_has_a_circle() {
    for room in rooms() {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, text) in modules().into_iter().filter(|(path, _)| path[0] == room && path.len() > 1) {
            let own = uses.entry(path[1].clone()).or_default();
            own.extend(imports(&text).into_iter().filter(|(used, _)| *used == room).filter_map(|(_, module)| module));
            if path.len() == 2 {
                let siblings = text.replace("super::", "crate::");
                own.extend(imports(&siblings).into_iter().map(|(module, _)| module));
            }
        }
        let names: BTreeSet<String> = uses.keys().cloned().collect();
        // Who is used by nobody that is left goes, until nothing is left: what stays is a circle.
        let mut left = names.clone();
        loop {
            let is_free = |name: &String| uses[name].iter().all(|used| used == name || !left.contains(used));
            let free: Vec<String> = left.iter().filter(|name| is_free(name)).cloned().collect();
            if free.is_empty() {
                break;
            }
            left.retain(|name| !free.contains(name));
        }
        assert!(left.is_empty(), "in `{room}` these modules use each other in a circle: {left:?}");
    }
}

#[test]
fn third_party_crates_have_one_home() {
    let homes: Vec<Vec<String>> = table("Homes");
    let words = |cell: &str| cell.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>();
    for (path, text) in modules() {
        for row in &homes {
            let (name, homes) = (&row[0], words(&row[1]));
            let is_used = text.contains(&format!("{name}::"));
            let is_home = homes.iter().any(|home| path.join("::").starts_with(&**home));
            assert!(!is_used || is_home, "`{name}` is used in `{}`", path.join("::"));
        }
    }
}

/// A new network type is a variant of `Carrier` and one of `Plugin`. Everything else asks them, so that the compiler lists what a type has
/// to say of itself: in these files alone.
#[test]
fn what_a_carrier_is_stands_in_one_file() {
    let types = ["bridge", "ovs", "macvlan", "ipvlan", "sriov"].map(|name| format!("lower::network::{name}"));
    let variants = |text: &str, of: &str| text.contains(&format!("{of}::")) && !text.contains(&format!("enum {of}"));
    for (path, text) in modules() {
        let path = path.join("::");
        let knows = types.contains(&path) || path == "model::carrier" || path == "model::cni";
        // The pod network is what is left where nothing is made: whoever asks for it asks for nothing else.
        let text = text.replace("Carrier::Pod", "");
        assert!(knows || !variants(&text, "Carrier"), "`{path}` takes carriers apart");
        assert!(knows || !variants(&text, "Plugin"), "`{path}` takes plugins apart");
    }
}

/// `CONTRIBUTING.md` names paths that exist, and its headings count the files of `src` that they name.
#[test]
fn contributing_is_true() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("the page is there");
    for section in page.split("\n## ") {
        let heading = section.lines().next().unwrap_or_default();
        let is_path = |word: &&str| word.contains('/') && !word.contains(' ') && !word.starts_with('-');
        let words: Vec<&str> = section.split('`').skip(1).step_by(2).filter(is_path).collect();
        for word in &words {
            // `<type>` stands for the name of something new, `*` for any.
            let fixed = word.split(['<', '*']).next().unwrap_or_default();
            let parent = if fixed == *word { fixed } else { fixed.rsplit_once('/').map_or("", |(parent, _)| parent) };
            let is_there = ["", "src"].iter().any(|folder| root().join(folder).join(parent).exists());
            assert!(is_there, "{heading}: there is no `{word}`");
        }
        let Some(count) = heading.strip_suffix(" files").and_then(|it| it.rsplit(' ').next()) else { continue };
        let files: BTreeSet<&&str> =
            words.iter().filter(|word| word.starts_with("src/") && !word.contains('*')).collect();
        assert_eq!(count.parse(), Ok(files.len()), "{heading}: it names {files:?}");
    }
}
