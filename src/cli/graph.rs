//! `graph`: a picture of a run.

use super::args::{GraphArgs, Picture};
use super::common::{compile_inputs, counts, failure, inputs_of, plural, report_findings, summarize};
use super::{CLEAN, print};
use crate::diagnostic::resolve::resolve_each;
use crate::graph;
use crate::source::Inputs;

/// `wukong-render graph <IN>...`: a picture on standard output, with errors too, because it shows where they are.
pub(super) fn draw(args: &GraphArgs) -> anyhow::Result<u8> {
    let inputs = Inputs { paths: args.paths.clone(), ..inputs_of(&args.compile) };
    let (compilation, report) = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&report, &compilation.sources, &args.output, true)?;
    let verdict = || if report.has_errors() { failure(&report) } else { CLEAN };
    let Some(plan) = &compilation.plan else {
        summarize(&args.output, &format!("nothing drawn{}\n", counts(&report)));
        return Ok(verdict());
    };
    let title: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    let topology = graph::topology(title.join(", "), plan, &resolve_each(&report, &compilation.sources));
    let picture = match args.picture {
        Picture::Mermaid => graph::mermaid(&topology),
        Picture::Dot => graph::dot(&topology),
        Picture::Svg => graph::svg(&topology),
        Picture::Html => graph::html(&topology),
    };
    print(&picture)?;
    let edges = topology.folded().edges.len();
    if args.picture == Picture::Mermaid && edges > graph::MAX_EDGES {
        let most = graph::MAX_EDGES;
        summarize(&args.output, &format!("Mermaid draws {most} edges, and these are {edges}: use --as html or svg\n"));
    }
    summarize(&args.output, &format!("{}{}\n", plural(compilation.wukongs, "Wukong"), counts(&report)));
    Ok(verdict())
}
