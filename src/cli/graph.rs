//! `graph`: a picture of a run.

use super::args::{GraphArgs, Picture};
use super::common::{compile_inputs, counts, failure, inputs_of, plural, show, summarize};
use super::{CLEAN, print};
use crate::io::Inputs;
use crate::view::graph;
use crate::view::resolve::{distinct, resolve_each};

/// `wukong-render graph <IN>...`: a picture on standard output, with errors too, because it shows where they are.
pub(super) fn draw(args: &GraphArgs) -> anyhow::Result<u8> {
    let inputs = Inputs { paths: args.paths.clone(), ..inputs_of(&args.compile) };
    let outcome = compile_inputs(&inputs, &args.compile, &args.output)?;
    let found = resolve_each(&outcome.report, &outcome.sources);
    show(&distinct(&found), &args.output, true)?;
    let verdict = || if outcome.report.has_errors() { failure(&outcome.report) } else { CLEAN };
    let Some(plan) = &outcome.plan else {
        summarize(&args.output, &format!("nothing drawn{}\n", counts(&outcome.report)));
        return Ok(verdict());
    };
    let title: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    let topology = graph::topology(title.join(", "), plan, &found);
    let picture = match args.picture {
        Picture::Mermaid => graph::mermaid(&topology),
        Picture::Dot => graph::dot(&topology),
        Picture::Svg => graph::svg(&topology),
        Picture::Html => graph::html(&topology),
    };
    print(&picture)?;
    if args.picture == Picture::Mermaid {
        let (edges, most) = (topology.folded().edges.len(), graph::MAX_EDGES);
        if edges > most {
            let hint = format!("Mermaid draws {most} edges, and these are {edges}: use --as html or svg\n");
            summarize(&args.output, &hint);
        }
    }
    summarize(&args.output, &format!("{}{}\n", plural(outcome.wukongs, "Wukong"), counts(&outcome.report)));
    Ok(verdict())
}
