//! A `ResourceList` as text again. What was there stays as it is written, with its comments, as far as that can be told from the text;
//! otherwise it is spelt anew.

use serde_json::{Map, Value};

use crate::base::diagnostic::Part;
use crate::read::document::syntax;
use crate::write::yaml;

/// The list with the items that are `kept`, what was `made`, and the results.
pub(super) fn write(input: &str, list: &Value, kept: &[bool], made: &[Value], results: &[Value]) -> String {
    let spliced = match without_results(input, list) {
        Some(text) => read(&text).and_then(|list| splice(&text, &list, kept, made, results)),
        None => splice(input, list, kept, made, results),
    };
    // Whatever the text looked like: it is used only if it says exactly what is meant.
    let is_meant = |text: &String| read(text).is_some_and(|value| says(&value, list, kept, made, results));
    spliced.filter(is_meant).unwrap_or_else(|| append_results(spelt(list, kept, made), results))
}

fn append_results(mut text: String, results: &[Value]) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if !results.is_empty() {
        text.push_str("results:\n");
    }
    for result in results {
        text.push_str("- ");
        yaml::write(&mut text, result, 2);
        text.push('\n');
    }
    text
}

fn read(text: &str) -> Option<Value> {
    let mut documents = syntax::parse(text);
    let document = documents.pop().filter(|_| documents.is_empty())?.ok()?;
    document.value(document.root()).ok()
}

/// The text without the results of a function before us; none if there are none.
fn without_results(input: &str, list: &Value) -> Option<String> {
    list.get("results")?;
    let tree = syntax::parse(input).pop()?.ok()?;
    let at = |key: &str| tree.locate(&format!("/{key}"), Part::Key).start;
    let start = at("results");
    let next = list.as_object()?.keys().map(|key| at(key)).filter(|other| *other > start).min();
    Some(format!("{}{}", &input[..start], &input[next.unwrap_or(input.len())..]))
}

/// The items that are wanted: what is kept, and what was made. A list may have very many, so that they are not copied.
fn items<'a>(list: &'a Value, kept: &'a [bool], made: &'a [Value]) -> impl Iterator<Item = &'a Value> {
    let old = list.get("items").and_then(Value::as_array).into_iter().flatten();
    old.zip(kept).filter(|(_, is_kept)| **is_kept).map(|(item, _)| item).chain(made)
}

/// The entries of a list besides its items and the results of a function before us.
fn others(list: &Value) -> impl Iterator<Item = (&String, &Value)> {
    list.as_object().into_iter().flatten().filter(|(key, _)| !["items", "results"].contains(&key.as_str()))
}

/// Whether a value is the list with what is wanted in it.
fn says(value: &Value, list: &Value, kept: &[bool], made: &[Value], results: &[Value]) -> bool {
    let array = |key: &str| value.get(key).and_then(Value::as_array);
    let has_items = array("items").is_some_and(|found| found.iter().eq(items(list, kept, made)));
    let has_results = if results.is_empty() {
        value.get("results").is_none()
    } else {
        array("results").is_some_and(|it| it == results)
    };
    let count = others(list).count() + 1 + usize::from(!results.is_empty());
    let has_others = others(list).all(|(key, other)| value.get(key) == Some(other));
    has_items && has_results && has_others && value.as_object().is_some_and(|map| map.len() == count)
}

/// The list spelt anew, without results.
fn spelt(list: &Value, kept: &[bool], made: &[Value]) -> String {
    let mut text = String::new();
    let keys = list.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).filter(|key| *key != "results");
    // Items come where they were, or last.
    let is_new = list.get("items").is_none().then_some("items");
    for key in keys.chain(is_new) {
        if !text.is_empty() {
            text.push('\n');
        }
        if key != "items" {
            let entry: Map<String, Value> =
                others(list).filter(|(it, _)| *it == key).map(|(key, value)| (key.clone(), value.clone())).collect();
            yaml::write(&mut text, &Value::Object(entry), 0);
            continue;
        }
        text.push_str("items:");
        let before = text.len();
        for item in items(list, kept, made) {
            text.push_str("\n  - ");
            yaml::write(&mut text, item, 4);
        }
        if text.len() == before {
            text.push_str(" []");
        }
    }
    text
}

/// The text with items taken out and put in, if it is a list in block style.
fn splice(input: &str, list: &Value, kept: &[bool], made: &[Value], results: &[Value]) -> Option<String> {
    let tree = syntax::parse(input).pop()?.ok()?;
    if kept.is_empty() {
        return fill(input, &tree, made, results);
    }
    let items = tree.locate("/items", Part::Key).end;
    let keys = list.as_object()?.keys().filter(|key| *key != "items");
    let others: Vec<usize> = keys.map(|key| tree.locate(&format!("/{key}"), Part::Key).start).collect();
    let end = others.iter().copied().filter(|at| *at > items).min().unwrap_or(input.len());
    let (indent, lines) = dashes(input, items, end)?;
    if lines.len() != kept.len() {
        return None;
    }
    let mut text = input[..lines[0]].to_owned();
    for (number, is_kept) in kept.iter().enumerate() {
        let upper = lines.get(number + 1).copied().unwrap_or(end);
        let item = &input[lines[number]..upper];
        // What is said behind an item is about the next one, or about the rest, and stays.
        text.push_str(if *is_kept { item } else { &item[content(item)..] });
    }
    // New items come before what is said behind the last one: that is about what follows the list.
    let behind = text.split_off(lines[0] + content(&text[lines[0]..]));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    append_items(&mut text, made, indent);
    text.push_str(&behind);
    text.push_str(&input[end..]);
    Some(append_results(text, results))
}

/// The indent of the items of a list in block style, and where their lines begin: everything else of an item stands further to the right.
fn dashes(input: &str, from: usize, end: usize) -> Option<(usize, Vec<usize>)> {
    let mut indent = None;
    let mut lines = Vec::new();
    let mut at = from + input[from..].find('\n')? + 1;
    for line in input[at..end].split_inclusive('\n') {
        let own = line.len() - line.trim_start_matches(' ').len();
        let is_dash = line[own..].starts_with("- ") || line[own..].trim_end() == "-";
        if is_dash && own == *indent.get_or_insert(own) {
            lines.push(at);
        }
        at += line.len();
    }
    indent.map(|indent| (indent, lines))
}

/// Where what stands in an item ends, and comments and blank lines behind it begin.
fn content(item: &str) -> usize {
    let mut end = 0;
    let mut at = 0;
    for line in item.split_inclusive('\n') {
        at += line.len();
        let text = line.trim();
        if !text.is_empty() && !text.starts_with('#') {
            end = at;
        }
    }
    end
}

/// The text with items in a list that was empty.
fn fill(input: &str, tree: &syntax::Tree, made: &[Value], results: &[Value]) -> Option<String> {
    let key = tree.locate("/items", Part::Key);
    let end = input[key.end..].find('\n').map_or(input.len(), |newline| key.end + newline);
    if made.is_empty() || input[key.end..end].trim() != ": []" {
        return (made.is_empty()).then(|| append_results(input.to_owned(), results));
    }
    let mut text = format!("{}:\n", &input[..key.end]);
    append_items(&mut text, made, 0);
    text.push_str(input[end..].strip_prefix('\n').unwrap_or_default());
    Some(append_results(text, results))
}

fn append_items(text: &mut String, made: &[Value], indent: usize) {
    for item in made {
        text.push_str(&" ".repeat(indent));
        text.push_str("- ");
        yaml::write(text, item, indent + 2);
        text.push('\n');
    }
}
