//! How deep the expressions of a template go, before they are parsed: the parser of `minijinja` bounds brackets and blocks, but not chains
//! such as `1 + 1 + 1` and `{% elif %}`, and follows each link of them on the stack.

/// The largest template, in bytes.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// How many operators stand in one tag, and how many `elif` in a template.
const MAX_LINKS: usize = 200;

/// What is too much in a template, and on which line.
pub(super) fn excess(text: &str) -> Option<(String, usize)> {
    if text.len() > MAX_BYTES {
        return Some((format!("it is larger than {} KiB", MAX_BYTES / 1024), 1));
    }
    let mut elifs = 0;
    let mut at = 0;
    while let Some((start, tag)) = next_tag(text, at) {
        at = start + tag.len();
        elifs += usize::from(tag.trim_start_matches('-').trim_start().starts_with("elif"));
        let what = if links(tag) > MAX_LINKS {
            format!("an expression has more than {MAX_LINKS} operators")
        } else if elifs > MAX_LINKS {
            format!("it has more than {MAX_LINKS} `elif`")
        } else {
            continue;
        };
        return Some((what, text[..start].matches('\n').count() + 1));
    }
    None
}

/// The next `{{ ... }}` or `{% ... %}` at or behind a byte: where what stands in it begins, and that.
fn next_tag(text: &str, at: usize) -> Option<(usize, &str)> {
    let start = at + [text[at..].find("{{"), text[at..].find("{%")].into_iter().flatten().min()? + 2;
    let mut quote = None;
    let mut before = '\0';
    for (number, it) in text[start..].char_indices() {
        match quote {
            Some(open) if it == open && before != '\\' => quote = None,
            None if matches!(it, '"' | '\'') => quote = Some(it),
            None if it == '}' && matches!(before, '}' | '%') => return Some((start, &text[start..start + number])),
            _ => {}
        }
        before = if before == '\\' && it == '\\' { '\0' } else { it };
    }
    Some((start, &text[start..]))
}

/// How many links the chains of a tag can have. What stands in quotes counts too: a few more do no harm.
fn links(tag: &str) -> usize {
    let signs = tag.bytes().filter(|byte| b"+-*/%~|.([<>=!".contains(byte)).count();
    let words = tag.split(|it: char| !it.is_alphanumeric());
    signs + words.filter(|word| matches!(*word, "not" | "and" | "or" | "if" | "in" | "is")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_counted_in_their_tag() {
        assert_eq!(excess("a\n{{ kind }}\n{% if a and b %}x{% endif %}"), None);
        let many = "{{ 1 + 1 }}\n".repeat(1000);
        assert_eq!(excess(&many), None);
        for chain in [" + 1", "|upper", ".a", " if 1 else 1", "()"] {
            let text = format!("a\n{{{{ x{} }}}}", chain.repeat(300));
            assert_eq!(excess(&text).map(|(_, line)| line), Some(2), "{chain}");
        }
        assert_eq!(excess(&format!("{{{{ {}1 }}}}", "not ".repeat(300))).map(|(_, line)| line), Some(1));
        assert!(excess(&format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}\n".repeat(300))).is_some());
        assert!(excess(&" ".repeat(MAX_BYTES + 1)).is_some());
        assert_eq!(excess("{{ '}}' }}{{ open"), None);
    }
}
