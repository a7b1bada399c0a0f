//! `diff --live`: what would be rendered beside what a cluster has.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::args::RenderArgs;
use super::common::{compile_inputs, counts, failure, inputs_of, levels, made, report_findings, summarize};
use super::{CLEAN, FINDINGS, print};
use crate::Outcome;
use crate::base::diagnostic::Findings;
use crate::base::printable;
use crate::base::progress::Progress;
use crate::base::report::Report;
use crate::io::{Inputs, input};
use crate::read::document;
use crate::ways::live::{self, Verdict};

/// `wukong-render diff --live <DUMP> <IN>...`: a word for each object, and where it differs.
pub(super) fn diff_live(dumps: &[PathBuf], args: &RenderArgs) -> anyhow::Result<u8> {
    let progress = Progress::default();
    let dumps = Inputs { paths: dumps.to_vec(), ..Inputs::default() };
    let mut findings = Findings::default();
    let sources = input::read(&dumps, &progress, &mut findings)?;
    let export = document::parse(&sources, live::is_wanted, &progress, &mut findings);
    let mut read =
        Outcome { report: Report::new(levels(&args.output.levels)?, Vec::new()), sources, ..Outcome::default() };
    read.report.extend(findings);
    if export.objects.is_empty() && !read.report.has_errors() {
        bail!(
            "{} has no NodeNetworkConfigurationPolicy and no NetworkAttachmentDefinition; export them with \
             `kubectl get nncp,net-attach-def -A -o yaml`",
            dumps.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    if read.report.has_errors() {
        report_findings(&read, &args.output, true)?;
        return Ok(failure(&read.report));
    }
    let inputs = Inputs { paths: args.paths.clone(), ..inputs_of(&args.compile) };
    let outcome = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&outcome, &args.output, true)?;
    let Some(tree) = &outcome.tree else {
        summarize(&args.output, &format!("nothing compared{}\n", counts(&outcome.report)));
        return Ok(failure(&outcome.report));
    };
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    for (identity, verdict) in live::compare(tree, &export.objects) {
        *words.entry(verdict.word()).or_default() += 1;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<11}{}", verdict.word(), printable::line(&identity.to_string()));
        if let Verdict::Different(places) = &verdict {
            for place in places {
                let _ = writeln!(text, "             {}", printable::line(place));
            }
        }
    }
    print(&printable::without_commands(&printable::text(&text)))?;
    let is_same = words.keys().all(|word| *word == Verdict::Same.word());
    let words: Vec<String> = words.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let words = if words.is_empty() { "nothing to compare".to_owned() } else { words.join(", ") };
    summarize(&args.output, &format!("{} ({words}){}\n", made(tree, &outcome), counts(&outcome.report)));
    Ok(if args.check && !is_same { FINDINGS } else { CLEAN })
}
