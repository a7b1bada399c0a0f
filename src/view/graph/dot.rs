//! The topology in Graphviz' language (graphviz.org, "DOT Language").

use std::fmt::Write;

use super::{Mark, Thing, ThingKind, Topology};
use crate::base::diagnostic::Severity;
use crate::base::printable;

/// The graph; many attachments in one place are one box.
pub fn dot(topology: &Topology) -> String {
    let topology = topology.folded();
    let mut out = String::from(
        "graph topology {\n  rankdir=LR\n  ranksep=1.2\n  \
         node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\", fontsize=11]\n  \
         edge [color=\"#8a98a8\"]\n",
    );
    // Writing to a String cannot fail.
    for kind in ThingKind::ALL {
        let of_kind = |(_, node): &(usize, &Thing)| node.kind == kind;
        let nodes: Vec<(usize, &Thing)> = topology.nodes.iter().enumerate().filter(of_kind).collect();
        if nodes.is_empty() {
            continue;
        }
        let _ = writeln!(out, "  {{ rank=same // {}", kind.heading());
        for (number, node) in nodes {
            let (fill, pen) = match topology.severity(node) {
                Some(Severity::Error) => ("#fcdcd8", "#b3261e"),
                Some(Severity::Warning) => ("#fdf0cf", "#855300"),
                None => ("white", colour(kind)),
            };
            let label = quoted(&label(&topology, node));
            let _ = writeln!(out, "    n{number} [label={label}, color=\"{pen}\", fillcolor=\"{fill}\"]");
        }
        out.push_str("  }\n");
    }
    for (from, to) in &topology.edges {
        let _ = writeln!(out, "  n{from} -- n{to}");
    }
    let elsewhere = topology.elsewhere();
    if !elsewhere.is_empty() {
        let label = quoted(&format!("Found elsewhere:\n{}", elsewhere.join("\n")));
        let _ = writeln!(out, "  label={label}\n  labeljust=l\n  fontname=\"sans-serif\"\n  fontsize=11");
    }
    out.push_str("}\n");
    out
}

fn colour(kind: ThingKind) -> &'static str {
    match kind {
        ThingKind::Group => "#7d6a5c",
        ThingKind::Nic => "#2a6fd6",
        ThingKind::Bond => "#7650e0",
        ThingKind::Vlan => "#0b8ca8",
        ThingKind::Bridge => "#1c8a50",
        ThingKind::Attachment => "#b13c97",
        ThingKind::Vm => "#4a5d78",
    }
}

fn label(topology: &Topology, node: &Thing) -> String {
    let marks: Vec<String> = topology.marks(node).iter().map(Mark::to_string).collect();
    let lines: Vec<&str> = std::iter::once(&node.name).chain(&node.detail).chain(&marks).map(String::as_str).collect();
    lines.join("\n")
}

/// A string of DOT. A backslash would begin an escape, and an ampersand an HTML entity.
fn quoted(text: &str) -> String {
    let text = printable::text(text);
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;").replace('\n', "\\n");
    // What a log of GitHub's would take for a command.
    let text = text.replace("##[", "#&#35;[");
    format!("\"{text}\"")
}
