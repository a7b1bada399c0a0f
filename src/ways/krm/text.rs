//! A `ResourceList` as text again. What was there stays as it is written, with its comments, as far as that can be told from the text;
//! otherwise it is spelt anew.

use serde_json::{Map, Value};

use crate::base::diagnostic::Part;
use crate::read::document::syntax;
use crate::write::yaml;

/// The list with the items that are `kept`, what was `made`, and the results.
pub(super) fn write(input: &str, list: &Value, kept: &[bool], made: &[Value], results: &[Value]) -> String {
    let mut value = expected(list, kept, made, results);
    let spliced = match without_results(input, list) {
        Some(text) => read(&text).and_then(|list| splice(&text, &list, kept, made, results)),
        None => splice(input, list, kept, made, results),
    };
    // Whatever the text looked like: it is used only if it says exactly what is meant.
    spliced.filter(|text| read(text).as_ref() == Some(&value)).unwrap_or_else(|| {
        let mut text = String::new();
        if let Some(list) = value.as_object_mut() {
            list.shift_remove("results");
        }
        yaml::write(&mut text, &value, 0);
        append_results(text, results)
    })
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

fn expected(list: &Value, kept: &[bool], made: &[Value], results: &[Value]) -> Value {
    let old = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let old = old.zip(kept).filter(|(_, is_kept)| **is_kept).map(|(item, _)| item);
    let items: Vec<Value> = old.chain(made).cloned().collect();
    let mut value: Map<String, Value> = list.as_object().cloned().unwrap_or_default();
    value.shift_remove("results");
    value.insert("items".to_owned(), Value::Array(items));
    if !results.is_empty() {
        value.insert("results".to_owned(), Value::Array(results.to_vec()));
    }
    Value::Object(value)
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
