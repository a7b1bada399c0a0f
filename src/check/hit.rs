//! What a rule returns: places and facts. Words are made of them at the end, for those that are shown.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::base::diagnostic::More;
use crate::base::place::{NetworkId, Place};
use crate::base::rule::Severity;
use crate::model::Selection;

/// One breach of a rule.
pub(super) struct Hit<'a> {
    /// Where it is shown.
    pub(super) place: Place,
    /// Other places at which it can be accepted: the other side of two that meet.
    pub(super) also: Arc<[Place]>,
    /// The networks in which other rules give way to it, besides that of its place.
    pub(super) blames: Vec<NetworkId>,
    /// Its severity, where that is not the rule's.
    pub(super) severity: Option<Severity>,
    /// Those of one number are one finding: the first is shown, the others are counted.
    pub(super) group: Option<usize>,
    /// Those of one number are equals, of which one may be: the first that is not accepted is kept, and is not a breach.
    pub(super) equals: Option<usize>,
    /// The nodes of the inventory that it is about: those of one place and other nodes are one finding.
    pub(super) nodes: Option<SelectionId<'a>>,
    words: Wording<'a>,
}

/// Which nodes a selection has, told without comparing lists: equal selectors share one list, so that its address says
/// which it is. The list behind it is never looked at; that it is borrowed keeps the address from becoming another's.
#[derive(Clone, Copy)]
pub(super) struct SelectionId<'a>(&'a [usize]);

impl<'a> SelectionId<'a> {
    pub(super) fn of(selection: &'a Selection) -> Self {
        Self(&selection.nodes)
    }
}

impl PartialEq for SelectionId<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for SelectionId<'_> {}

impl Hash for SelectionId<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

/// Makes the words, from how many more there are and the equals that are kept.
type Wording<'a> = Box<dyn Fn(More, &[Place]) -> Words + Send + Sync + 'a>;

/// A hit in words.
pub(super) struct Words {
    /// One sentence, lower case, no full stop; names the thing and its value, never the file.
    pub(super) message: String,
    /// What the author can do, the most wanted fix first.
    pub(super) help: String,
    /// Other places that belong to it, each with what it is.
    pub(super) related: Vec<(Place, String)>,
    /// The interfaces of the nodes that it is about.
    pub(super) about: Vec<String>,
}

/// The networks of which the same is true, for the middle of a sentence.
pub(super) fn and_networks(more: More) -> String {
    more.words(" (and one more network)", |more| format!(" (and {more} more networks)"))
}

impl Words {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), related: Vec::new(), about: Vec::new() }
    }

    /// The same with one more place.
    pub(super) fn with_related(mut self, place: Place, text: impl Into<String>) -> Self {
        self.related.push((place, text.into()));
        self
    }

    /// The same, as about these interfaces too: those that the message names.
    pub(super) fn about<N: Into<String>>(mut self, interfaces: impl IntoIterator<Item = N>) -> Self {
        self.about.extend(interfaces.into_iter().map(N::into));
        self
    }
}

impl<'a> Hit<'a> {
    /// A hit by itself.
    pub(super) fn new(place: Place, words: impl Fn() -> Words + Send + Sync + 'a) -> Self {
        Self::of_many(place, None, None, move |_, _| words())
    }

    /// A hit that is one finding with others of its group.
    pub(super) fn in_group(place: Place, group: usize, words: impl Fn(More) -> Words + Send + Sync + 'a) -> Self {
        Self::of_many(place, Some(group), None, move |more, _| words(more))
    }

    /// One of several equals, those too many of which are one finding with others of the group. The words get the places
    /// of those that are kept, one for each number of equals.
    pub(super) fn of_equals(
        place: Place,
        group: usize,
        equals: usize,
        words: impl Fn(More, &[Place]) -> Words + Send + Sync + 'a,
    ) -> Self {
        Self::of_many(place, Some(group), Some(equals), words)
    }

    fn of_many(
        place: Place,
        group: Option<usize>,
        equals: Option<usize>,
        words: impl Fn(More, &[Place]) -> Words + Send + Sync + 'a,
    ) -> Self {
        let (also, blames) = (Arc::default(), Vec::new());
        Self { place, also, blames, severity: None, group, equals, nodes: None, words: Box::new(words) }
    }

    /// The same with another severity than the rule's.
    pub(super) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// The same, as what these nodes of the inventory show. Each node group has its own, and one network is wrong on all of them for one
    /// reason.
    pub(super) fn of_nodes(mut self, selection: &'a Selection) -> Self {
        self.nodes = Some(SelectionId::of(selection));
        self
    }

    /// The same, accepted at these places as well.
    pub(super) fn accepted_at(mut self, places: &Arc<[Place]>) -> Self {
        self.also = Arc::clone(places);
        self
    }

    /// The same, as the cause of what is found in these networks.
    pub(super) fn blaming(mut self, networks: impl IntoIterator<Item = NetworkId>) -> Self {
        self.blames.extend(networks);
        self
    }

    /// Its words, if it stands for this many more, beside those equals that are kept.
    pub(super) fn words(&self, more: More, kept: &[Place]) -> Words {
        (self.words)(more, kept)
    }
}
