//! The labels that nodes have, and why a selector selects none of them.

use std::collections::{BTreeMap, BTreeSet};

use super::selector::NodeSelector;
use crate::base::spelling::nearest;

/// The labels of nodes: the values of each key.
#[derive(Debug, Default)]
pub struct Labels(BTreeMap<String, BTreeSet<String>>);

/// Why a selector selects no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slip<'a> {
    /// No node has this label; with the value that is asked for.
    Key(&'a str, &'a str),
    /// No node has this value of the label.
    Value(&'a str, &'a str),
    /// Some node has each of the labels, and none has all.
    Together(&'a NodeSelector),
}

impl Labels {
    /// Adds the labels of a node.
    pub fn add(&mut self, labels: &NodeSelector) {
        for (key, value) in labels {
            match self.0.get_mut(key) {
                Some(values) if values.contains(value) => {}
                Some(values) => drop(values.insert(value.clone())),
                None => drop(self.0.insert(key.clone(), BTreeSet::from([value.clone()]))),
            }
        }
    }

    /// The values of a label, in order.
    pub fn values(&self, key: &str) -> Vec<&str> {
        self.0.get(key).into_iter().flatten().map(String::as_str).collect()
    }

    /// The first thing that is wrong in a selector which selects no node.
    pub fn slip<'a>(&self, selector: &'a NodeSelector) -> Slip<'a> {
        if let Some((key, value)) = selector.iter().find(|(key, _)| !self.0.contains_key(*key)) {
            return Slip::Key(key, value);
        }
        let has = |(key, value): &(&String, &String)| self.0.get(*key).is_some_and(|values| values.contains(*value));
        match selector.iter().find(|label| !has(label)) {
            Some((key, value)) => Slip::Value(key, value),
            None => Slip::Together(selector),
        }
    }

    /// The key or the value that was meant, if one is nearly that.
    pub fn meant(&self, slip: Slip<'_>) -> Option<String> {
        match slip {
            Slip::Key(key, value) => self.key_meant(key, value),
            // Of words of a letter or two, each is near the other.
            Slip::Value(key, value) => nearest(value, &self.values(key)).filter(|_| value.len() > 2),
            Slip::Together(_) => None,
        }
    }

    /// Whether the key or the value is a misspelling for certain: a letter too many or too few, or two exchanged. Another digit or letter may
    /// be another rack's.
    pub fn is_misspelt(&self, slip: Slip<'_>) -> bool {
        let (Slip::Key(word, _) | Slip::Value(_, word)) = slip else { return false };
        let letters = |word: &str| -> Vec<char> { word.chars().filter(|it| !it.is_ascii_digit()).collect() };
        self.meant(slip).is_some_and(|meant| {
            let (mut written, mut meant) = (letters(word), letters(&meant));
            let is_same = written == meant;
            written.sort_unstable();
            meant.sort_unstable();
            !is_same && (written.len() != meant.len() || written == meant)
        })
    }

    /// The key that was meant, before others one that has this value on some node. Its name is like this one's: prefixes alone are no
    /// likeness.
    fn key_meant(&self, key: &str, value: &str) -> Option<String> {
        let name = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
        let own_name = name(key);
        let is_like = |other: &&str| nearest(&own_name, &[&name(other)]).is_some();
        let alike: Vec<&str> = self.0.keys().map(String::as_str).filter(is_like).collect();
        let has_value = |key: &&str| self.0.get(*key).is_some_and(|values| values.contains(value));
        let with_value: Vec<&str> = alike.iter().copied().filter(has_value).collect();
        let same_name = || alike.iter().find(|other| name(other) == own_name).map(|other| (*other).to_owned());
        nearest(key, &with_value).or_else(|| nearest(key, &alike)).or_else(same_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(labels: &[(&str, &str)]) -> NodeSelector {
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_was_meant() {
        let mut labels = Labels::default();
        labels.add(&selector(&[("example.org/rack", "hall-a"), ("example.org/gpu", "a100")]));
        labels.add(&selector(&[("example.org/rack", "hall-b")]));
        let meant = |key, value| {
            let selector = selector(&[(key, value)]);
            labels.meant(labels.slip(&selector))
        };
        assert_eq!(meant("example.org/rakc", "hall-a").as_deref(), Some("example.org/rack"));
        assert_eq!(meant("rack", "hall-a").as_deref(), Some("example.org/rack"));
        assert_eq!(meant("example.org/rack", "hal-b").as_deref(), Some("hall-b"));
        assert_eq!(meant("example.org/tier", "batch"), None);
        let is_misspelt = |key, value| {
            let selector = selector(&[(key, value)]);
            labels.is_misspelt(labels.slip(&selector))
        };
        assert!(is_misspelt("example.org/rakc", "hall-a") && is_misspelt("example.org/rack", "hal-b"));
        assert!(!is_misspelt("example.org/rack", "hall-c") && !is_misspelt("example.org/gpu", "a200"));
        let both = selector(&[("example.org/rack", "hall-b"), ("example.org/gpu", "a100")]);
        assert_eq!(labels.slip(&both), Slip::Together(&both));
    }
}
