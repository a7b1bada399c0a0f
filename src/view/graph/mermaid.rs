//! The topology as a Mermaid flowchart, which GitHub and GitLab draw in Markdown (mermaid.js.org, "Flowcharts").

use std::fmt::Write;

use super::{Thing, ThingKind, Topology};
use crate::base::diagnostic::Severity;
use crate::base::printable;

/// How many edges Mermaid draws unless its page allows more (`maxEdges`).
pub const MAX_EDGES: usize = 500;

/// The flowchart; many attachments in one place are one box.
pub fn mermaid(topology: &Topology) -> String {
    let topology = topology.folded();
    let mut out = String::from("flowchart LR\n");
    // Writing to a String cannot fail.
    for (number, node) in topology.nodes.iter().enumerate() {
        let (open, close) = shape(node.kind);
        let class = topology.severity(node).map_or_else(|| node.kind.word(), Severity::as_str);
        let _ = writeln!(out, "  n{number}{open}\"{}\"{close}:::{class}", label(&topology, node));
    }
    for (from, to) in &topology.edges {
        let _ = writeln!(out, "  n{from} --- n{to}");
    }
    let elsewhere = topology.elsewhere();
    if !elsewhere.is_empty() {
        let lines: Vec<String> = elsewhere.iter().map(|line| escape(line)).collect();
        let _ = writeln!(out, "  elsewhere[\"Found elsewhere:<br/>{}\"]", lines.join("<br/>"));
    }
    for (class, colours) in [
        ("group", "#efe9e4,stroke:#7d6a5c"),
        ("nic", "#e3edfb,stroke:#2a6fd6"),
        ("bond", "#ece7fd,stroke:#7650e0"),
        ("vlan", "#dff2f6,stroke:#0b8ca8"),
        ("bridge", "#e0f3e8,stroke:#1c8a50"),
        ("attachment", "#f8e6f4,stroke:#b13c97"),
        ("vm", "#e6eaf0,stroke:#4a5d78"),
        ("error", "#fcdcd8,stroke:#b3261e,stroke-width:3px"),
        ("warning", "#fdf0cf,stroke:#855300,stroke-width:2px"),
    ] {
        let _ = writeln!(out, "  classDef {class} fill:{colours},color:#18212c");
    }
    out
}

/// A shape of its own for each kind, because colours are not seen by everybody.
fn shape(kind: ThingKind) -> (&'static str, &'static str) {
    match kind {
        ThingKind::Group => ("[[", "]]"),
        ThingKind::Nic | ThingKind::Attachment => ("[", "]"),
        ThingKind::Bond => ("{{", "}}"),
        ThingKind::Vlan => ("[/", "/]"),
        ThingKind::Bridge => ("([", "])"),
        ThingKind::Vm => ("(", ")"),
    }
}

fn label(topology: &Topology, node: &Thing) -> String {
    let mut lines = vec![format!("<b>{}</b>", escape(&node.name))];
    lines.extend(node.detail.iter().map(|line| escape(line)));
    lines.extend(topology.marks(node).iter().map(|mark| escape(&mark.to_string())));
    lines.join("<br/>")
}

/// Everything that Mermaid or HTML could take for more than text, as Mermaid's entity codes.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in printable::line(text).chars() {
        if letter.is_alphanumeric() || " -_./:,=()".contains(letter) {
            out.push(letter);
        } else {
            let _ = write!(out, "#{};", u32::from(letter));
        }
    }
    out
}
