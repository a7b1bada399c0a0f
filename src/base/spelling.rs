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
}
