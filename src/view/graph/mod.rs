//! The topology of a run as a picture: what the nodes have, what is made on it, and which virtual machine hangs on what.
//!
//! [`topology`] makes one model of the plan and the findings; every kind of picture is a function of it, so that they cannot
//! disagree. Pictures that do not fold by themselves get a [folded](Topology::folded) one.

mod build;
mod dot;
mod fold;
mod html;
mod layout;
mod mermaid;
mod places;
mod svg;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;

use crate::base::diagnostic::Severity;
use crate::view::resolve::Resolved;

pub use build::topology;
pub use dot::dot;
pub use html::html;
pub use mermaid::{MAX_EDGES, mermaid};
pub use svg::svg;

/// What a run comes to, from the nodes on the left to the virtual machines on the right.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Topology {
    /// What was compiled.
    pub title: String,
    /// The things, each kind in an order in which few edges cross.
    pub nodes: Vec<Thing>,
    /// Which stands on which: from left to right, by the numbers of the nodes.
    pub edges: Vec<(usize, usize)>,
    /// What was found.
    pub findings: Vec<Resolved>,
}

/// One thing in a topology.
#[derive(Debug, Clone, Serialize)]
pub struct Thing {
    /// What it is.
    pub kind: ThingKind,
    /// Its name.
    pub name: String,
    /// What else there is to say, a line each.
    pub detail: Vec<String>,
    /// The findings that sit here, by their numbers.
    pub findings: Vec<usize>,
}

/// What a thing is, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ThingKind {
    /// Nodes whose NICs are called the same.
    Group,
    /// A NIC of theirs.
    Nic,
    /// A bond of NICs.
    Bond,
    /// A VLAN interface.
    Vlan,
    /// A bridge.
    Bridge,
    /// A network attachment, or several that are folded.
    Attachment,
    /// A virtual machine.
    Vm,
}

impl ThingKind {
    /// Every kind, from left to right.
    pub const ALL: [Self; 7] =
        [Self::Group, Self::Nic, Self::Bond, Self::Vlan, Self::Bridge, Self::Attachment, Self::Vm];

    /// The word for it in class names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Nic => "nic",
            Self::Bond => "bond",
            Self::Vlan => "vlan",
            Self::Bridge => "bridge",
            Self::Attachment => "attachment",
            Self::Vm => "vm",
        }
    }

    /// The heading over several of them.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Group => "Node groups",
            Self::Nic => "NICs",
            Self::Bond => "Bonds",
            Self::Vlan => "VLANs",
            Self::Bridge => "Bridges",
            Self::Attachment => "Attachments",
            Self::Vm => "Virtual machines",
        }
    }
}

impl Topology {
    /// The worst of the findings that sit at a node.
    pub fn severity(&self, node: &Thing) -> Option<Severity> {
        node.findings.iter().map(|number| self.findings[*number].severity).min()
    }

    /// The findings of a node, the worst first, each kind once with its number.
    pub fn marks(&self, node: &Thing) -> Vec<Mark<'_>> {
        count(node.findings.iter().map(|number| &self.findings[*number]))
    }

    /// The findings that sit at no node, in words.
    pub fn elsewhere(&self) -> Vec<String> {
        let placed: HashSet<usize> = self.nodes.iter().flat_map(|node| node.findings.iter().copied()).collect();
        let rest = self.findings.iter().enumerate().filter(|(number, _)| !placed.contains(number));
        count(rest.map(|(_, finding)| finding)).iter().map(Mark::to_string).collect()
    }
}

/// Findings of one kind, in one place. In words: `error WK304 bridge-conflict (2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    /// How severe they are.
    pub severity: Severity,
    code: &'a str,
    name: &'a str,
    count: usize,
}

impl fmt::Display for Mark<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.severity.as_str(), self.code, self.name)?;
        if self.count > 1 { write!(formatter, " ({})", self.count) } else { Ok(()) }
    }
}

/// Each kind of finding once, with its number.
fn count<'a>(findings: impl Iterator<Item = &'a Resolved>) -> Vec<Mark<'a>> {
    let mut counts: BTreeMap<(Severity, &str, &str), usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.severity, finding.code, finding.name)).or_default() += 1;
    }
    counts.into_iter().map(|((severity, code, name), count)| Mark { severity, code, name, count }).collect()
}
