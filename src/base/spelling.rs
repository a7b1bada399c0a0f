//! What a misspelt word was meant to be. `strsim` is at home here.

/// The known word that an unknown one was most likely meant to be: one that differs in a third of its letters at most, or
/// the only one that begins with it.
pub fn nearest(word: &str, known: &[&str]) -> Option<String> {
    let lower = word.to_lowercase();
    let similar = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= (known.len().min(lower.len()) / 3).max(1))
        // Of several that are as near, one is always the same, whatever the order in which they are given.
        .min()
        .map(|(_, known)| *known);
    let mut longer = known.iter().filter(|known| lower.len() >= 3 && known.to_lowercase().starts_with(&lower));
    let only = longer.next().filter(|_| longer.next().is_none());
    similar.or(only.copied()).map(str::to_owned)
}

/// Whether a word becomes another by changing at most this many letters.
pub fn is_within(word: &str, known: &str, letters: usize) -> bool {
    word.len().abs_diff(known.len()) <= letters && strsim::damerau_levenshtein(word, known) <= letters
}

/// In a shorter part of a name a slip looks like another name: `team-a` and `team-b`.
const SHORTEST_WORD: usize = 4;

/// Whether a name of words with hyphens is another but for one slip of the pen: a letter too few, too many, exchanged with its neighbour
/// or another one, but not the first of a word, or a hyphen. Digits count: `rack1` and `rack2` are two names.
pub fn is_slip_of(name: &str, known: &str) -> bool {
    if name == known {
        return false;
    }
    if name.replace('-', "") == known.replace('-', "") {
        return true;
    }
    let (words, others): (Vec<&str>, Vec<&str>) = (name.split('-').collect(), known.split('-').collect());
    let mut differing = words.iter().zip(&others).filter(|(word, other)| word != other);
    let (Some((word, other)), None, true) = (differing.next(), differing.next(), words.len() == others.len()) else {
        return false;
    };
    let is_word = |it: &str| it.len() >= SHORTEST_WORD && it.bytes().all(|byte| byte.is_ascii_lowercase());
    // Words are ASCII, so that their first letter is their first byte.
    let is_first_another = || word.len() == other.len() && word[1..] == other[1..];
    is_word(word) && is_word(other) && is_within(word, other, 1) && !is_first_another()
}

/// A name, and the name with each of its letters left out in turn: two names that are one slip apart have one of these in common.
pub fn with_a_letter_left_out(name: &str) -> Vec<String> {
    let without = |(at, letter): (usize, char)| [&name[..at], &name[at + letter.len_utf8()..]].concat();
    std::iter::once(name.to_owned()).chain(name.char_indices().map(without)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_letters_may_be_wrong() {
        let known = ["vlanId", "type", "bridgeName"];
        for (word, meant) in [
            ("vlanID", "vlanId"),
            ("tpye", "type"),
            ("brigdeName", "bridgeName"),
            ("vlan_id", "vlanId"),
            ("vlan", "vlanId"),
            ("bridge", "bridgeName"),
        ] {
            assert_eq!(nearest(word, &known).as_deref(), Some(meant), "{word}");
        }
        for word in ["color", "x", "", "name"] {
            assert_eq!(nearest(word, &known), None, "{word}");
        }
    }

    #[test]
    fn a_slip_is_one_letter_within_a_word() {
        let slips = [
            ("paymnets", "payments"),
            ("payment", "payments"),
            ("team-bluee", "team-blue"),
            ("team-blie", "team-blue"),
            ("teamblue", "team-blue"),
            ("taem-blue", "team-blue"),
        ];
        for (name, known) in slips {
            assert!(is_slip_of(name, known), "{name}, {known}");
            let rests = with_a_letter_left_out(known);
            assert!(with_a_letter_left_out(name).iter().any(|rest| rests.contains(rest)), "{name}, {known}");
        }
        let apart = [
            ("team-a", "team-b"),
            ("prod1", "prod2"),
            ("prod", "prod1"),
            ("blue", "glue"),
            ("dev", "den"),
            ("east", "west"),
            ("payments", "payments"),
            ("team-blue-a", "team-blue"),
        ];
        for (name, known) in apart {
            assert!(!is_slip_of(name, known), "{name}, {known}");
        }
    }
}
