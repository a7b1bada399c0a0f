//! Where something is written: sources, documents, and places in them. Positions are looked up once, at the end, by
//! `view::resolve`.

use std::fmt::Write;
use std::ops::Range;

/// A source's number among the texts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

impl SourceId {
    /// The source of this number.
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// A document: a source and the number of the document within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId {
    /// The file.
    pub source: SourceId,
    /// The number of the YAML document in the file, from 0.
    pub index: u32,
}

/// A network of a Wukong: a place knows it, so that it need not be read out of a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetworkId {
    /// The document.
    pub document: DocumentId,
    /// The number of the object among those of the document: a list has several.
    pub object: u32,
    /// The number of the network in the object's list.
    pub network: u32,
}

/// Which half of a `key: value` pair a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The key: an unknown one, say.
    Key,
    /// The value.
    Value,
}

/// Where a finding is, as a stage knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A node of a document. What does not exist (a missing key) is shown at its nearest parent that does.
    Node {
        /// The document.
        document: DocumentId,
        /// The number of the object among those of the document.
        object: u32,
        /// The JSON pointer within the document.
        pointer: String,
        /// Key or value.
        part: Part,
        /// The network that it is in, if it is in one.
        network: Option<NetworkId>,
    },
    /// A stretch of a source's text, in bytes.
    Span {
        /// The source.
        source: SourceId,
        /// The bytes.
        range: Range<usize>,
    },
    /// A file or folder that is not a source: one that cannot be read, or one in the output tree.
    Path(String),
}

/// Room for a key and the slash before it.
const USUAL_SEGMENT: usize = 24;

/// A place in a document that typed values were made from: how the later stages point back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The document.
    pub document: DocumentId,
    /// The number of the object among those of the document.
    pub object: u32,
    /// The JSON pointer of the value within the document.
    pub pointer: String,
    /// The network that it is in, if it is in one.
    pub network: Option<NetworkId>,
}

impl Place {
    /// The network that it is in, if it is in one.
    pub fn network(&self) -> Option<NetworkId> {
        match self {
            Self::Node { network, .. } => *network,
            Self::Span { .. } | Self::Path(_) => None,
        }
    }
}

impl Origin {
    /// An object: a document, or one of the objects in it.
    pub fn of_object(document: DocumentId, object: u32, pointer: String) -> Self {
        Self { document, object, pointer, network: None }
    }

    /// The same origin, as that of a network of its object.
    #[must_use]
    pub fn in_network(self, number: usize) -> Self {
        // No file is so large that a list in it has more items than that.
        let network = u32::try_from(number).unwrap_or(u32::MAX);
        Self { network: Some(NetworkId { document: self.document, object: self.object, network }), ..self }
    }

    /// The origin of a child, by key or by index.
    #[must_use]
    pub fn child(&self, segment: impl std::fmt::Display) -> Self {
        let mut pointer = String::with_capacity(self.pointer.len() + USUAL_SEGMENT);
        pointer.push_str(&self.pointer);
        pointer.push('/');
        let start = pointer.len();
        // Writing to a String cannot fail.
        let _ = write!(pointer, "{segment}");
        if pointer[start..].contains(['~', '/']) {
            let escaped = pointer[start..].replace('~', "~0").replace('/', "~1");
            pointer.truncate(start);
            pointer.push_str(&escaped);
        }
        self.with(pointer)
    }

    /// The origin of what a JSON pointer leads to from here.
    #[must_use]
    pub fn below(&self, pointer: &str) -> Self {
        self.with([&self.pointer, pointer].concat())
    }

    fn with(&self, pointer: String) -> Self {
        Self { document: self.document, object: self.object, pointer, network: self.network }
    }

    /// The value of this origin's child as a place; `path` may name a grandchild as `a/b`.
    pub fn at(&self, path: &str) -> Place {
        self.place([&self.pointer, "/", path].concat(), Part::Value)
    }

    /// The rest of a place's pointer, if the place is this origin's value or within it.
    pub fn path_to<'a>(&self, place: &'a Place) -> Option<&'a str> {
        let Place::Node { document, pointer, .. } = place else { return None };
        let rest = pointer.strip_prefix(self.pointer.as_str()).filter(|_| self.document == *document)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// The value itself as a place.
    pub fn here(&self) -> Place {
        self.place(self.pointer.clone(), Part::Value)
    }

    /// The key of this origin's child as a place.
    pub fn key(&self, name: &str) -> Place {
        self.place(self.child(name).pointer, Part::Key)
    }

    fn place(&self, pointer: String, part: Part) -> Place {
        Place::Node { document: self.document, object: self.object, pointer, part, network: self.network }
    }
}
