//! What each fuzz target does with its bytes. Every one makes all outputs twice and holds them to the laws in [`laws`].
//!
//! An input is a text, or several between lines that begin with [`NEXT`]. A path behind it makes the text one of the output folder
//! (`#### nncp/web.yaml`). Without a path the text is one of the inputs.

mod laws;
mod secrets;

use std::fmt::Write;

use laws::{Form, Outputs};
use wukong_render::base::diagnostic::Findings;
use wukong_render::base::printable;
use wukong_render::base::progress::Progress;
use wukong_render::base::report::Report;
use wukong_render::model::Overrides;
use wukong_render::read::document;
use wukong_render::read::load;
use wukong_render::read::source::{Source, Sources};
use wukong_render::view::emit::{Format, Style, brief};
use wukong_render::view::graph;
use wukong_render::view::resolve::{distinct, resolve, resolve_each};
use wukong_render::ways::krm as function;
use wukong_render::ways::live::{self, Verdict};
use wukong_render::write::render::Template;
use wukong_render::write::tree::{Entry, Existing, diff};
use wukong_render::{Outcome, Request, compile as compile_request, registry};

/// The beginning of a line between two texts. It is a comment in YAML, so that a mutation does not break everything.
const NEXT: &str = "####";

/// 2026-11-24 08:00 UTC, by which the age of an inventory is told.
const NOW: i64 = 1_795_507_200;

/// What the targets compile that are about something else.
const WUKONG: &str = include_str!("wukong.yaml");

/// One text of an input, and its path if it is a file of the output folder.
struct Part<'a> {
    path: Option<&'a str>,
    text: &'a str,
}

/// The texts of an input.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut path, mut start, mut at) = (None, 0, 0);
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix(NEXT) {
            parts.push(Part { path, text: &text[start..at] });
            path = Some(rest.trim()).filter(|path| !path.is_empty());
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push(Part { path, text: &text[start..] });
    parts
}

/// The path of an input, which the file system would have as well.
fn source(number: usize, text: &str) -> Source {
    let label = format!("{number}.yaml");
    Source { path: format!("in/{label}"), label, text: text.to_owned() }
}

/// A request of the parts: inputs, and files of the output folder.
fn request(parts: &[Part]) -> Request {
    let inputs = parts.iter().filter(|part| part.path.is_none()).enumerate();
    let sources: Sources = inputs.map(|(number, part)| source(number, part.text)).collect();
    let mut existing = Existing::new("out");
    existing.insert("", Entry::Folder);
    let standing = parts.iter().filter_map(|part| Some((part.path?, part.text)));
    for (path, text) in standing {
        // Only what a file system can have, and no deeper than a tree goes.
        let is_path = path.split('/').all(|name| !name.is_empty() && name.len() < 256 && !name.starts_with('.'));
        if is_path && path.matches('/').count() < 3 {
            path.match_indices('/').for_each(|(end, _)| existing.insert(&path[..end], Entry::Folder));
            existing.insert(path, Entry::of_file(text.into()));
        }
    }
    let overrides = Overrides { retire: parts.len() % 2 == 0, ..Overrides::default() };
    Request {
        sources,
        existing: Some(existing),
        overrides,
        now: Some(NOW),
        called: "in".to_owned(),
        ..Request::default()
    }
}

/// Everything that can be seen of findings.
fn show_findings(report: &Report, sources: &Sources, outputs: &mut Outputs) {
    let resolved = resolve(report, sources);
    for format in Format::ALL {
        let style = Style { is_coloured: false, wants_all: true, rules: registry::all() };
        let form = if matches!(format, Format::Json | Format::Sarif) { Form::Json } else { Form::Text };
        outputs.add(&format!("{format:?}"), form, format.emit(&resolved, &style));
    }
    outputs.add("text of the first", Form::Text, Format::Text.emit(&resolved, &Style::default()));
    outputs.add("brief", Form::Text, brief::emit(&resolved, |finding| finding.location.to_string()));
    laws::findings(&resolved);
}

/// Everything that can be seen of an outcome.
fn show(outcome: &Outcome, outputs: &mut Outputs) {
    show_findings(&outcome.report, &outcome.sources, outputs);
    if let Some(plan) = &outcome.plan {
        let found = resolve_each(&outcome.report, &outcome.sources);
        let topology = graph::topology("in".to_owned(), plan, &found);
        outputs.add("mermaid", Form::Text, graph::mermaid(&topology));
        outputs.add("dot", Form::Text, graph::dot(&topology));
        outputs.add("svg", Form::Xml, graph::svg(&topology));
        outputs.add("html", Form::Text, graph::html(&topology));
        assert!(distinct(&found).len() <= found.len());
    }
    if let Some(tree) = &outcome.tree {
        outputs.add("stream", Form::Yaml, tree.stream());
        outputs.add("diff", Form::Text, diff(tree, &outcome.changes));
        let mut leftovers = String::new();
        for name in outcome.leftovers.deleted.iter().chain(&outcome.leftovers.changed) {
            // Writing to a String cannot fail.
            let _ = writeln!(leftovers, "{}", printable::line(name));
        }
        outputs.add("leftovers", Form::Text, leftovers);
    }
}

/// Runs a target on one text that it takes for several.
fn run(data: &[u8], target: impl Fn(&[Part], &mut Outputs)) {
    // What is not UTF-8 is refused where files are read.
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parts = parts(text);
    laws::hold(&parts, |outputs| target(&parts, outputs));
}

/// Text to documents: the reader alone, with the findings of broken texts.
pub fn reader(data: &[u8]) {
    run(data, |parts, outputs| {
        let inputs = parts.iter().enumerate();
        let sources: Sources = inputs.map(|(number, part)| source(number, part.text)).collect();
        let mut findings = Findings::default();
        let documents = document::parse(&sources, load::is_wanted, &Progress::default(), &mut findings);
        let all = document::parse(&sources, |_, _| true, &Progress::default(), &mut Findings::default());
        assert!(documents.objects.len() <= all.objects.len(), "what is wanted is some of what there is");
        for document in &all.objects {
            assert!(document.origin.pointer.is_empty() || document.origin.pointer.starts_with('/'));
        }
        let mut report = Report::default();
        report.extend(findings);
        show_findings(&report, &sources, outputs);
    });
}

/// The pipeline: several files and an output folder to every output.
pub fn compile(data: &[u8]) {
    run(data, |parts, outputs| show(&compile_request(request(parts)), outputs));
}

/// States and labels of nodes, and policies of others, around a virtual machine and a Site of every kind.
pub fn inventory(data: &[u8]) {
    run(data, |parts, outputs| {
        let mut request = request(parts);
        let number = request.sources.len();
        request.sources.add(source(number, WUKONG));
        show(&compile_request(request), outputs);
    });
}

/// A `ResourceList`.
pub fn krm(data: &[u8]) {
    run(data, |parts, outputs| {
        let Some(part) = parts.first() else { return };
        let request = Request { now: Some(NOW), ..Request::default() };
        match function::run(part.text, request) {
            Ok(output) => {
                outputs.add("findings", Form::Text, brief::emit(&output.findings, |finding| output.place(finding)));
                // The list is the input with our items, and repeats what it has. Its results are ours.
                outputs.add("results", Form::Json, printable::json(laws::results(&output.text)));
                laws::adds_nothing_that_acts(part.text, &output.text);
                outputs.add_unseen("list", output.text);
            }
            Err(refused) => outputs.add("refused", Form::Text, printable::line(&refused.to_string()).into_owned()),
        }
    });
}

/// An export of a cluster, which is the first text, beside what the others come to.
pub fn live(data: &[u8]) {
    run(data, |parts, outputs| {
        let Some((export, inputs)) = parts.split_first() else { return };
        let sources: Sources = [source(0, export.text)].into_iter().collect();
        let mut findings = Findings::default();
        let export = document::parse(&sources, live::is_wanted, &Progress::default(), &mut findings);
        let mut report = Report::default();
        report.extend(findings);
        show_findings(&report, &sources, outputs);
        let mut request = request(inputs);
        if request.sources.is_empty() {
            request.sources.add(source(0, WUKONG));
        }
        let outcome = compile_request(request);
        show_findings(&outcome.report, &outcome.sources, outputs);
        let Some(tree) = &outcome.tree else { return };
        let mut text = String::new();
        for (name, verdict) in live::compare(tree, &export.objects) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:<11}{}", verdict.word(), printable::line(&name.to_string()));
            if let Verdict::Different(places) = verdict {
                places.iter().for_each(|place| text.extend(["  ", &*printable::line(place), "\n"]));
            }
        }
        outputs.add("live", Form::Text, printable::without_commands(&printable::text(&text)));
    });
}

/// A template for policies, which is the first text, and ones for attachments and kustomizations, if there are more.
pub fn templates(data: &[u8]) {
    run(data, |parts, outputs| {
        // What a template spells out is not a secret. Those of the virtual machine it must not reach.
        if parts.iter().any(|part| part.text.contains(secrets::MARKER)) {
            return;
        }
        let names = ["nncp.yaml.j2", "nad.yaml.j2", "kustomization.yaml.j2"];
        let template = |(name, part): (&str, &Part)| Template {
            name: name.to_owned(),
            path: format!("templates/{name}"),
            text: part.text.to_owned(),
        };
        let templates = names.into_iter().zip(parts).map(template).collect();
        let sources: Sources = [source(0, WUKONG)].into_iter().collect();
        let request = Request { sources, templates, now: Some(NOW), called: "in".to_owned(), ..Request::default() };
        show(&compile_request(request), outputs);
    });
}
