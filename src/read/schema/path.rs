//! Where a violation is: the way to it through the object, and what the schema says there.
//!
//! `jsonschema` gives pointers, in which the key `0` of a mapping and the first entry of a list are one: the object tells them apart.

use jsonschema::ValidationError;
use schemars::JsonSchema;
use serde_json::Value;

use super::SchemaKind;
use crate::api::nmstate::{BondMode, InterfaceAddress, Vf};
use crate::api::site::{Localnet, NodeGroup, TrunkBridge};
use crate::api::uplink::Uplink;
use crate::api::wukong::Disk;
use crate::api::{NetworkConfig, Toleration};
use crate::base::place::Origin;

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// To the value of a key.
    Key(String),
    /// To an entry of a list.
    Entry(usize),
}

/// The way from an object to a value in it.
pub(super) struct Path {
    steps: Vec<Step>,
    pointer: String,
}

impl Path {
    pub(super) fn of(root: &Value, pointer: &str) -> Self {
        let mut steps = Vec::new();
        let mut value = Some(root);
        for segment in pointer.split('/').skip(1) {
            let number = segment.parse().ok().filter(|_| value.is_some_and(Value::is_array));
            let step = match number {
                Some(number) => Step::Entry(number),
                None => Step::Key(segment.replace("~1", "/").replace("~0", "~")),
            };
            value = match &step {
                Step::Entry(number) => value.and_then(|value| value.get(number)),
                Step::Key(key) => value.and_then(|value| value.get(key)),
            };
            steps.push(step);
        }
        Self { steps, pointer: pointer.to_owned() }
    }

    /// The number of the network that it leads into.
    pub(super) fn network(&self) -> Option<usize> {
        match self.steps.as_slice() {
            [Step::Key(spec), Step::Key(networks), Step::Entry(number), ..]
                if spec == "spec" && networks == "networks" =>
            {
                Some(*number)
            }
            _ => None,
        }
    }

    /// The value's own origin in that of the object.
    pub(super) fn origin(&self, object: &Origin) -> Origin {
        let origin = object.below(&self.pointer);
        match self.network() {
            Some(number) => origin.in_network(number),
            None => origin,
        }
    }

    /// Whether it leads to an optional section of a Wukong as a whole: what people comment out.
    pub(super) fn is_section(&self) -> bool {
        match self.steps.as_slice() {
            [Step::Key(key)] => key == "status",
            [Step::Key(parent), Step::Key(key)] => match parent.as_str() {
                "spec" => !matches!(key.as_str(), "cpu" | "memory"),
                "metadata" => key != "name",
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it leads to what nobody may read.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.steps.as_slice(), [Step::Key(spec), Step::Key(user), ..] if spec == "spec" && user == "cloudInitUser")
    }

    /// The last key on the way.
    pub(super) fn last_key(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Entry(_) => None,
        })
    }

    /// What it leads to, for a message: its key, or the number of an entry and the key of its list.
    pub(super) fn label(&self) -> String {
        match self.steps.last() {
            None => "the document".to_owned(),
            Some(Step::Key(key)) => format!("`{key}`"),
            Some(Step::Entry(number)) => {
                format!("entry {} of `{}`", number + 1, self.last_key().unwrap_or_default())
            }
        }
    }
}

/// What of ours a part of the schema is made from, where messages speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Network,
    Disk,
    Toleration,
    Uplink,
    NodeGroup,
    TrunkBridge,
    Localnet,
    Vf,
    Address,
}

impl Shape {
    /// The shape whose schema has this name.
    fn named(name: &str) -> Option<Self> {
        let shapes = [
            (NetworkConfig::schema_name(), Self::Network),
            (Disk::schema_name(), Self::Disk),
            (Toleration::schema_name(), Self::Toleration),
            (Uplink::schema_name(), Self::Uplink),
            (NodeGroup::schema_name(), Self::NodeGroup),
            (TrunkBridge::schema_name(), Self::TrunkBridge),
            (Localnet::schema_name(), Self::Localnet),
            (Vf::schema_name(), Self::Vf),
            (InterfaceAddress::schema_name(), Self::Address),
        ];
        shapes.into_iter().find(|(known, _)| known == name).map(|(_, shape)| shape)
    }
}

/// Where a violation is.
pub(super) struct At {
    pub(super) kind: SchemaKind,
    pub(super) path: Path,
    /// The violating value; its mapping, for a key unknown or missing.
    pub(super) origin: Origin,
    /// The part of the schema that says it.
    pub(super) schema: &'static Value,
    /// What that part is made from.
    pub(super) shape: Option<Shape>,
}

impl At {
    pub(super) fn of(kind: SchemaKind, root: &Value, error: &ValidationError<'_>, object: &Origin) -> Self {
        let path = Path::of(root, error.instance_path().as_str());
        let origin = path.origin(object);
        let keyword = error.schema_path().as_str();
        let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
        let schema = kind.schema().pointer(parent).unwrap_or(&Value::Null);
        let shape = match *parent.split('/').collect::<Vec<_>>() {
            ["", "$defs", name] | ["", "$defs", name, "else"] => Shape::named(name),
            _ => None,
        };
        Self { kind, path, origin, schema, shape }
    }

    /// The keys that there are.
    pub(super) fn siblings(&self) -> Vec<&'static str> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(|map| map.keys().map(String::as_str)).collect()
    }

    /// The words that there are.
    pub(super) fn words(&self) -> Vec<&'static str> {
        let words = self.schema.get("enum").and_then(Value::as_array);
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether the mode of a bond belongs here.
    pub(super) fn is_bond_mode(&self) -> bool {
        self.words().into_iter().eq(BondMode::ALL.iter().map(|mode| mode.as_str()))
    }
}
