//! The topology as an SVG picture, for documents and reviews.

use std::fmt::Write;

use super::layout::{Item, layout};
use super::{Thing, ThingKind, Topology};
use crate::base::diagnostic::Severity;
use crate::base::printable;

/// In pixels: letters of the name, of the details and of the findings, a line, what is around the text, between the columns, around the whole.
const NAME_LETTER: f64 = 7.4;
const DETAIL_LETTER: f64 = 6.4;
const MARK_LETTER: f64 = 7.2;
const LINE: f64 = 16.0;
const PADDING: f64 = 10.0;
const GAP: f64 = 64.0;
const MARGIN: f64 = 20.0;
const HEAD: f64 = 64.0;
/// The longest line, in letters; the whole text is in the tooltip.
const LONGEST: usize = 40;
/// How many lines of details a box has.
const DETAILS: usize = 5;

const STYLE: &str = include_str!("page/picture.css");

/// The picture; many attachments in one place are one box.
pub fn svg(topology: &Topology) -> String {
    let topology = topology.folded();
    let texts: Vec<Text> = topology.nodes.iter().map(|node| Text::of(&topology, node)).collect();
    let heights: Vec<f64> = texts.iter().map(Text::height).collect();
    let layout = layout(&topology, &heights);
    let mut x = MARGIN;
    let columns: Vec<(f64, f64)> = layout
        .columns
        .iter()
        .map(|kind| {
            let of_kind = texts.iter().zip(&topology.nodes).filter(|(_, node)| node.kind == *kind);
            let width = of_kind.map(|(text, _)| text.width()).fold(90.0, f64::max).ceil();
            let column = (x, width);
            x += width + GAP;
            column
        })
        .collect();
    let elsewhere = topology.elsewhere();
    let foot = if elsewhere.is_empty() { 0.0 } else { LINE * count(elsewhere.len() + 2) };
    let width = (x - GAP + MARGIN).max(360.0);
    let height = HEAD + layout.height + foot + MARGIN;

    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"Network topology\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>",
        escape(&format!("Network topology of {}", topology.title)),
    );
    for (kind, (left, width)) in layout.columns.iter().zip(&columns) {
        let _ = writeln!(
            out,
            "<text class=\"heading\" x=\"{left}\" y=\"30\">{}</text><path class=\"rule {}\" d=\"M{left} 40h{width}\"/>",
            kind.heading(),
            kind.word()
        );
    }
    out.push_str("<path class=\"edges\" d=\"");
    for item in &layout.items {
        for next in &item.next {
            out.push_str(&curve(item, &layout.items[*next], &columns));
        }
    }
    out.push_str("\"/>\n");
    for item in &layout.items {
        if let Some(number) = item.node {
            draw(&mut out, &topology, &topology.nodes[number], &texts[number], item, columns[item.column]);
        }
    }
    if layout.items.is_empty() {
        let _ = writeln!(out, "<text class=\"detail\" x=\"{MARGIN}\" y=\"40\">There is no network to draw.</text>");
    }
    for (number, line) in std::iter::once("Found elsewhere:").chain(elsewhere.iter().map(String::as_str)).enumerate() {
        if !elsewhere.is_empty() {
            let y = HEAD + layout.height + LINE * count(number + 2);
            let _ = writeln!(out, "<text class=\"detail\" x=\"{MARGIN}\" y=\"{y}\">{}</text>", escape(line));
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The lines of a box.
struct Text {
    name: String,
    details: Vec<String>,
    marks: Vec<String>,
}

impl Text {
    fn of(topology: &Topology, node: &Thing) -> Self {
        let mut details: Vec<String> = node.detail.iter().map(|line| shorten(line)).collect();
        if details.len() > DETAILS {
            details.truncate(DETAILS - 1);
            details.push(format!("and {} more", node.detail.len() + 1 - DETAILS));
        }
        let marks = topology.marks(node).iter().map(|mark| shorten(&mark.to_string())).collect();
        Self { name: shorten(&node.name), details, marks }
    }

    fn height(&self) -> f64 {
        2.0 * PADDING + LINE * count(1 + self.details.len() + self.marks.len()) - 4.0
    }

    fn width(&self) -> f64 {
        let details = self.details.iter().map(|line| letters(line) * DETAIL_LETTER);
        let details = details.chain(self.marks.iter().map(|line| letters(line) * MARK_LETTER));
        2.0 * PADDING + 4.0 + details.fold(letters(&self.name) * NAME_LETTER, f64::max)
    }
}

fn draw(out: &mut String, topology: &Topology, node: &Thing, text: &Text, item: &Item, (left, width): (f64, f64)) {
    let severity = topology.severity(node);
    let class = severity.map_or("", Severity::as_str);
    let (top, height) = (HEAD + item.centre - text.height() / 2.0, text.height());
    let findings = node.findings.iter().map(|number| &topology.findings[*number]);
    let said = findings.map(|it| format!("{} {}: {} ({})", it.severity.as_str(), it.code, it.message, it.location));
    let title: Vec<String> =
        std::iter::once(node.name.clone()).chain(node.detail.iter().cloned()).chain(said).collect();
    let kind = node.kind.word();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<g><title>{}</title><rect class=\"box {class}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\
         <path class=\"edge {kind}\" d=\"M{} {}v{}\"/>",
        escape(&title.join("\n")),
        left + 2.0,
        top + 4.0,
        height - 8.0,
    );
    let name_class = if node.kind == ThingKind::Group { "name plain" } else { "name" };
    let details = text.details.iter().map(|line| ("detail", line));
    let marks = topology.marks(node).into_iter().map(|mark| mark.severity.as_str()).zip(&text.marks);
    let lines = std::iter::once((name_class, &text.name)).chain(details).chain(marks);
    for (number, (class, line)) in lines.enumerate() {
        let y = top + PADDING + LINE * count(number + 1) - 6.0;
        let _ = write!(out, "<text class=\"{class}\" x=\"{}\" y=\"{y}\">{}</text>", left + PADDING + 2.0, escape(line));
    }
    out.push_str("</g>\n");
}

fn curve(from: &Item, to: &Item, columns: &[(f64, f64)]) -> String {
    let ((left, width), (end, to_width)) = (columns[from.column], columns[to.column]);
    let start = left + width;
    let middle = f64::midpoint(start, end);
    let (y, to_y) = (HEAD + from.centre, HEAD + to.centre);
    // A lane goes on across its column.
    let across = if to.node.is_none() { format!("H{}", end + to_width) } else { String::new() };
    format!("M{start} {y}C{middle} {y} {middle} {to_y} {end} {to_y}{across}")
}

fn count(lines: usize) -> f64 {
    u32::try_from(lines).map_or(f64::MAX, f64::from)
}

/// The width of a text in letters; those of East Asia are two wide.
fn letters(text: &str) -> f64 {
    text.chars().map(|letter| if u32::from(letter) >= 0x1100 { 2.0 } else { 1.0 }).sum()
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn escape(text: &str) -> String {
    // XML has none of what acts but line breaks and tabs (XML 1.0, section 2.2).
    let text = printable::text(text);
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // What a log of GitHub's would take for a command.
    text.replace("::", "&#58;:").replace("##[", "#&#35;[")
}
