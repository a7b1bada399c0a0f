//! Texts of inputs where a person or a log reads them: what would act there is replaced.
//!
//! A name can hold anything that its file can hold. On a terminal a control character moves the cursor or names the window, and a
//! bidirectional one turns what follows round (Unicode TR36, "Bidirectional Text Spoofing"). In a log of GitHub Actions a line that
//! begins with `::`, or has `##[` anywhere, is a command (actions/runner, `src/Runner.Common/ActionCommand.cs`).

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character acts where it is shown, and is not only seen.
///
/// C0 and C1 controls, DEL, bidirectional controls (UAX #9), line and paragraph separators, the byte order mark, interlinear
/// annotation, language tags, and the two characters of the basic plane that are none.
pub fn acts(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            '\u{061c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text in which nothing acts; line breaks and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    replace(text, |it| acts(it) && !matches!(it, '\n' | '\t'))
}

/// A text for one line: it has no line breaks or tabs either, and is not a command of GitHub's.
pub fn line(text: &str) -> Cow<'_, str> {
    // Most texts are plain: that is told byte by byte.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !text.contains("##[") && !is_command(text.trim_start()) {
        return Cow::Borrowed(text);
    }
    let shown = match text.find(['\n', '\r', '\t']) {
        Some(_) => Cow::Owned(replace(&text.replace(['\n', '\r', '\t'], " "), acts).into_owned()),
        None => replace(text, acts),
    };
    if shown.contains("##[") || is_command(shown.trim_start()) {
        return Cow::Owned(without_commands(&shown));
    }
    shown
}

/// The same text, of which no line is a command of GitHub's.
pub fn without_commands(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let indent = line.len() - line.trim_start().len();
        if is_command(&line[indent..]) { format!("{}\\{}", &line[..indent], &line[indent..]) } else { line.to_owned() }
    });
    lines.collect::<String>().replace("##[", "#\\#[")
}

/// Whether a line is a command; its name begins with a letter.
fn is_command(line: &str) -> bool {
    line.strip_prefix("::").is_some_and(|rest| rest.starts_with(|it: char| it.is_ascii_alphabetic()))
}

fn replace(text: &str, is_replaced: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~')) && !is_replaced('\n') {
        return Cow::Borrowed(text);
    }
    if !text.contains(&is_replaced) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|it| if is_replaced(it) { char::REPLACEMENT_CHARACTER } else { it }).collect())
}

/// JSON in which nothing acts either: JSON itself escapes C0 controls alone (RFC 8259, section 7). What acts can only stand in strings.
pub fn json(json: String) -> String {
    escaped(json, |out, it| {
        let mut units = [0; 2];
        for unit in it.encode_utf16(&mut units) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// A string of YAML in double quotes, given as JSON, in which nothing acts. JSON's escapes are YAML's, but for characters beyond the basic
/// plane (YAML 1.2, section 5.7).
pub fn yaml(json: String) -> String {
    escaped(json, |out, it| {
        let number = u32::from(it);
        // Writing to a String cannot fail.
        let _ = if number > 0xffff { write!(out, "\\U{number:08x}") } else { write!(out, "\\u{number:04x}") };
    })
}

fn escaped(json: String, escape: impl Fn(&mut String, char)) -> String {
    let is_escaped = |it: char| acts(it) && it != '\n';
    let is_plain = json.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~'));
    if (is_plain || !json.contains(is_escaped)) && !json.contains("##[") {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for it in json.chars() {
        if is_escaped(it) {
            escape(&mut out, it);
        } else {
            out.push(it);
        }
    }
    out.replace("##[", "#\\u0023[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_line() {
        for (given, shown) in [
            ("ens160", "ens160"),
            ("br-管理 ok", "br-管理 ok"),
            ("a\u{1b}[2Jb", "a\u{fffd}[2Jb"),
            ("a\u{9b}2J\u{7f}", "a\u{fffd}2J\u{fffd}"),
            ("a\nb\r\nc\td", "a b  c d"),
            ("\u{202e}txt", "\u{fffd}txt"),
            ("::error::x", "\\::error::x"),
            ("  ::add-mask::x", "  \\::add-mask::x"),
            ("\n::error::x", " \\::error::x"),
            ("a ##[group]x", "a #\\#[group]x"),
            ("a::b", "a::b"),
            ("::: a::b", "::: a::b"),
        ] {
            assert_eq!(line(given), shown, "{given:?}");
        }
        assert_eq!(text("a\n\tb\u{1b}"), "a\n\tb\u{fffd}");
    }

    #[test]
    fn json_says_the_same() {
        for given in ["a\u{1b}\u{7f}\u{85}\u{202e}\u{2028}\u{e0041}b", "##[error]x", "plain 管理"] {
            let value = serde_json::Value::from(given);
            let safe = json(value.to_string());
            assert!(!safe.contains(acts) && !safe.contains("##["), "{safe}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).ok(), Some(value));
        }
    }
}
