//! The commands that compile and compare with an output folder: render, check, diff.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::bail;

use super::args::{CheckArgs, DiffArgs, RenderArgs};
use super::common::{
    accepted, compile_inputs, counts, failure, ignored, inputs_of, made, nothing_written, plural, report_findings,
    request, summarize,
};
use super::live::diff_live;
use super::progress::Bar;
use super::{CLEAN, FINDINGS, print, tell};
use crate::base::printable;
use crate::io::{Inputs, output, shown};
use crate::write::manifest::ManifestKind;
use crate::write::tree::{Action, Change, diff as unified_diff};
use crate::{Outcome, Request, compile};

const STREAM: &str = "-";

/// `wukong-render <IN>... <OUT>`
pub(super) fn render(args: &RenderArgs) -> anyhow::Result<u8> {
    if args.paths.last().is_some_and(|output| output == Path::new(STREAM)) {
        return stream(args);
    }
    let (folder, outcome) = compile_beside(args, false)?;
    let Some(tree) = &outcome.tree else { return Ok(give_up(args, &outcome)) };
    let (made, counts) = (made(tree, &outcome), counts(&outcome.report));
    let is_drift = is_drift(&outcome.changes);
    if args.check {
        print(&drift(&outcome.changes))?;
        let verdict = if is_drift { "the tree is not up to date" } else { "the tree is up to date" };
        summarize(&args.output, &format!("{made}; {verdict}{counts}\n"));
        return Ok(if is_drift { FINDINGS } else { CLEAN });
    }
    let bar = Bar::new(args.output.quiet);
    // A wait is told, however quiet the run is to be: one that stands still without a word looks broken.
    let on_wait = || tell(&format!("another run is writing {}: waiting until it is done\n", shown(folder)));
    output::write(folder, tree, &outcome.changes, &bar.progress, on_wait)?;
    drop(bar);
    if args.output.verbose {
        tell(&drift(&outcome.changes));
        tell(&accepted(&outcome));
        tell(&ignored(&outcome));
    }
    summarize(&args.output, &format!("{made} ({}){counts}\n", describe(&outcome.changes, &DONE)));
    summarize(&args.output, &about_nodes(&outcome));
    Ok(if args.exit_non_zero_on_change && is_drift { FINDINGS } else { CLEAN })
}

/// `wukong-render diff <IN>... <OUT>`
pub(super) fn diff(args: &DiffArgs) -> anyhow::Result<u8> {
    if args.render.exit_non_zero_on_change {
        bail!("a diff changes nothing: --check makes it fail if there is a difference");
    }
    if !args.live.is_empty() {
        return diff_live(&args.live, &args.render);
    }
    let args = &args.render;
    let (_, outcome) = compile_beside(args, true)?;
    let Some(tree) = &outcome.tree else { return Ok(give_up(args, &outcome)) };
    print(&unified_diff(tree, &outcome.changes))?;
    let (made, counts) = (made(tree, &outcome), counts(&outcome.report));
    summarize(&args.output, &format!("{made} ({}){counts}\n", describe(&outcome.changes, &TO_DO)));
    summarize(&args.output, &about_nodes(&outcome));
    Ok(if args.check && is_drift(&outcome.changes) { FINDINGS } else { CLEAN })
}

/// `wukong-render check <IN>...`
pub(super) fn check(args: &CheckArgs) -> anyhow::Result<u8> {
    let inputs = Inputs { paths: args.paths.clone(), ..inputs_of(&args.compile) };
    let outcome = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&outcome, &args.output, false)?;
    if args.output.verbose {
        tell(&accepted(&outcome));
        tell(&ignored(&outcome));
    }
    let made = match &outcome.tree {
        Some(tree) => made(tree, &outcome),
        None => plural(outcome.wukongs, "Wukong"),
    };
    summarize(&args.output, &format!("{made}{}\n", counts(&outcome.report)));
    Ok(if outcome.report.has_errors() { failure(&outcome.report) } else { CLEAN })
}

/// `wukong-render <IN>... -`: one stream on standard output, and nothing else there.
fn stream(args: &RenderArgs) -> anyhow::Result<u8> {
    if args.check {
        bail!("--check needs an output folder to compare with, not `{STREAM}`");
    }
    if args.exit_non_zero_on_change {
        bail!("--exit-non-zero-on-change needs an output folder that can change, not `{STREAM}`");
    }
    let (_, inputs) = paths(args)?;
    let outcome = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&outcome, &args.output, true)?;
    let Some(tree) = &outcome.tree else { return Ok(give_up(args, &outcome)) };
    print(&tree.stream())?;
    summarize(&args.output, &format!("{}{}\n", made(tree, &outcome), counts(&outcome.report)));
    Ok(CLEAN)
}

/// Compiles beside what stands in the output folder, and prints the findings.
fn compile_beside(args: &RenderArgs, is_stdout_taken: bool) -> anyhow::Result<(&Path, Outcome)> {
    let (folder, mut inputs) = paths(args)?;
    if folder == Path::new(STREAM) {
        bail!("a diff needs an output folder to compare with, not `{STREAM}`");
    }
    inputs.output = Some(folder.to_owned());
    let bar = Bar::new(args.output.quiet);
    let request = request(&inputs, &args.compile, &args.output.levels, &bar.progress)?;
    let (existing, refused) = match output::read(folder, &bar.progress) {
        Ok(existing) => (Some(existing), None),
        Err(error) => (None, Some(error)),
    };
    let outcome = compile(Request { existing, ..request });
    drop(bar);
    // What is wrong with the inputs goes before a folder that cannot be read.
    if let Some(error) = refused.filter(|_| !outcome.report.has_errors()) {
        return Err(error);
    }
    report_findings(&outcome, &args.output, is_stdout_taken)?;
    Ok((folder, outcome))
}

fn is_drift(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.action != Action::Unchanged)
}

/// What the changes leave on the nodes, which the cluster does not tell.
fn about_nodes(outcome: &Outcome) -> String {
    let retired = match outcome.retired {
        0 => String::new(),
        1 => "1 policy is retired: delete its file once it is Available on its nodes\n".to_owned(),
        count => format!("{count} policies are retired: delete their files once they are Available on their nodes\n"),
    };
    let stays = |left: &BTreeSet<String>, why: &str| {
        let verb = if left.len() == 1 { "stays" } else { "stay" };
        shorten(left).map_or_else(String::new, |names| format!("{names} {verb} on the nodes: {why}\n"))
    };
    let deleted = "deleting a policy takes nothing away; --retire does";
    let changed = "a policy that changes takes nothing away; a policy of your own with `state: absent` does";
    retired + &stays(&outcome.leftovers.deleted, deleted) + &stays(&outcome.leftovers.changed, changed)
}

fn give_up(args: &RenderArgs, outcome: &Outcome) -> u8 {
    summarize(&args.output, &nothing_written(outcome));
    failure(&outcome.report)
}

/// The output, and the inputs before it.
fn paths(args: &RenderArgs) -> anyhow::Result<(&Path, Inputs)> {
    match args.paths.split_last() {
        Some((output, inputs)) if !inputs.is_empty() => {
            Ok((output, Inputs { paths: inputs.to_vec(), ..inputs_of(&args.compile) }))
        }
        _ => bail!("the output is missing: `wukong-render <IN>... <OUT>`; `-` as the last writes to standard output"),
    }
}

const DONE: [&str; 4] = ["created", "updated", "unchanged", "removed"];
const TO_DO: [&str; 4] = ["to create", "to update", "unchanged", "to remove"];

/// `2 created, 6 unchanged, 1 removed`. Manifests are counted; kustomizations only follow them.
fn describe(changes: &[Change], words: &[&str; 4]) -> String {
    let mut counts = [0_usize; 4];
    for change in changes.iter().filter(|change| change.kind != ManifestKind::Kustomization) {
        let which = match change.action {
            Action::Create => 0,
            Action::Update(_) => 1,
            Action::Unchanged => 2,
            Action::Remove(_) => 3,
        };
        counts[which] += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .zip(words)
        .filter(|(count, _)| **count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "nothing to write".to_owned() } else { parts.join(", ") }
}

/// Names in words: all of a few, the first of many.
fn shorten(names: &BTreeSet<String>) -> Option<String> {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", printable::line(name))).collect();
    let shown = (!shown.is_empty()).then(|| shown.join(", "))?;
    Some(match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    })
}

/// One line a file that is not as it should be.
fn drift(changes: &[Change]) -> String {
    changes
        .iter()
        .filter_map(|change| {
            let word = match change.action {
                Action::Create => "missing",
                Action::Update(_) => "stale",
                Action::Remove(_) => "orphaned",
                Action::Unchanged => return None,
            };
            Some(format!("{word:<8} {}\n", printable::line(&change.path)))
        })
        .collect()
}
