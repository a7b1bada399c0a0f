//! A `ResourceList` as text again. What was there stays as it is written, with its comments, as far as that can be told from the text;
//! otherwise it is spelt anew.

use serde_json::{Map, Value};

use crate::diagnostic::Part;
use crate::document::tree;
use crate::yaml;

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
    let mut documents = tree::parse(text);
    let document = documents.pop().filter(|_| documents.is_empty())?.ok()?;
    document.value(document.root()).ok()
}

/// The text without the results of a function before us; none if there are none.
fn without_results(input: &str, list: &Value) -> Option<String> {
    list.get("results")?;
    let tree = tree::parse(input).pop()?.ok()?;
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
    let tree = tree::parse(input).pop()?.ok()?;
    let line_start = |at: usize| input[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let starts: Vec<usize> =
        (0..kept.len()).map(|number| line_start(tree.locate(&format!("/items/{number}"), Part::Value).start)).collect();
    let Some(first) = starts.first().copied() else { return fill(input, &tree, made, results) };
    let keys = list.as_object()?.keys().filter(|key| *key != "items");
    let others: Vec<usize> = keys.map(|key| tree.locate(&format!("/{key}"), Part::Key).start).collect();
    let end = others.iter().copied().filter(|at| *at > first).min().unwrap_or(input.len());
    let (mut head, tail) = (input[..first].to_owned(), &input[end..]);
    for (number, _) in kept.iter().enumerate().filter(|(_, is_kept)| **is_kept) {
        let upper = starts.get(number + 1).copied().unwrap_or(end);
        head.push_str(&input[starts[number]..upper]);
    }
    if !head.ends_with('\n') {
        head.push('\n');
    }
    let indent = input[first..].find('-').filter(|dash| input[first..first + dash].bytes().all(|it| it == b' '))?;
    append_items(&mut head, made, indent);
    head.push_str(tail);
    Some(append_results(head, results))
}

/// The text with items in a list that was empty.
fn fill(input: &str, tree: &tree::Tree, made: &[Value], results: &[Value]) -> Option<String> {
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
