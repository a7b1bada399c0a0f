//! The commands that compile and compare with an output folder: render, check, diff.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::bail;

use super::args::{CheckArgs, DiffArgs, RenderArgs};
use super::common::{
    accepted, compile_inputs, counts, failure, inputs_of, made, nothing_written, passed_over, plural, report_findings,
    summarize,
};
use super::live::diff_live;
use super::progress::Bar;
use super::{CLEAN, FINDINGS, print, say};
use crate::Compilation;
use crate::base::diagnostic::Findings;
use crate::base::report::Report;
use crate::read::source::Inputs;
use crate::write::retire;
use crate::write::tree::{Action, Change, OutputTree, diff as unified_diff};

const STREAM: &str = "-";

/// `wukong-render <IN>... <OUT>`
pub(super) fn render(args: &RenderArgs) -> anyhow::Result<u8> {
    if args.paths.last().is_some_and(|output| output == Path::new(STREAM)) {
        return stream(args);
    }
    let compared = Compared::new(args, false)?;
    let Some(tree) = compared.tree() else { return Ok(compared.give_up(args)) };
    let Compared { folder, compilation, report, changes } = &compared;
    let (made, counts) = (made(tree, compilation), counts(report));
    if args.check {
        print(&drift(changes))?;
        let verdict = if compared.is_drift() { "the tree is not up to date" } else { "the tree is up to date" };
        summarize(&args.output, &format!("{made}; {verdict}{counts}\n"));
        return Ok(if compared.is_drift() { FINDINGS } else { CLEAN });
    }
    let bar = Bar::new(args.output.quiet);
    tree.write(folder, changes, &bar.progress)?;
    drop(bar);
    if args.output.verbose {
        say(&drift(changes));
        say(&accepted(report, compilation));
        say(&passed_over(compilation));
    }
    summarize(&args.output, &format!("{made} ({}){counts}\n", describe(changes, &DONE)));
    summarize(&args.output, &compared.about_nodes());
    Ok(if args.exit_non_zero_on_change && compared.is_drift() { FINDINGS } else { CLEAN })
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
    let compared = Compared::new(args, true)?;
    let Some(tree) = compared.tree() else { return Ok(compared.give_up(args)) };
    print(&unified_diff(tree, &compared.changes))?;
    let (made, counts) = (made(tree, &compared.compilation), counts(&compared.report));
    summarize(&args.output, &format!("{made} ({}){counts}\n", describe(&compared.changes, &TO_DO)));
    summarize(&args.output, &compared.about_nodes());
    Ok(if args.check && compared.is_drift() { FINDINGS } else { CLEAN })
}

/// `wukong-render check <IN>...`
pub(super) fn check(args: &CheckArgs) -> anyhow::Result<u8> {
    let inputs = Inputs { paths: args.paths.clone(), ..inputs_of(&args.compile) };
    let (compilation, report) = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&report, &compilation.sources, &args.output, false)?;
    if args.output.verbose {
        say(&accepted(&report, &compilation));
        say(&passed_over(&compilation));
    }
    let made = match &compilation.tree {
        Some(tree) => made(tree, &compilation),
        None => plural(compilation.wukongs, "Wukong"),
    };
    summarize(&args.output, &format!("{made}{}\n", counts(&report)));
    Ok(if report.has_errors() { failure(&report) } else { CLEAN })
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
    let (compilation, report) = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&report, &compilation.sources, &args.output, true)?;
    let Some(tree) = &compilation.tree else {
        summarize(&args.output, &nothing_written(&report, &compilation));
        return Ok(failure(&report));
    };
    print(&tree.stream())?;
    summarize(&args.output, &format!("{}{}\n", made(tree, &compilation), counts(&report)));
    Ok(CLEAN)
}

/// A compilation next to the output folder, with its findings already printed.
struct Compared<'a> {
    folder: &'a Path,
    compilation: Compilation,
    report: Report,
    changes: Vec<Change>,
}

impl<'a> Compared<'a> {
    fn new(args: &'a RenderArgs, is_stdout_taken: bool) -> anyhow::Result<Self> {
        let (folder, mut inputs) = paths(args)?;
        if folder == Path::new(STREAM) {
            bail!("a diff needs an output folder to compare with, not `{STREAM}`");
        }
        inputs.output = Some(folder.to_owned());
        let (compilation, mut report) = compile_inputs(&inputs, &args.compile, &args.output)?;
        let bar = Bar::new(args.output.quiet);
        let mut findings = Findings::default();
        let changes = match &compilation.tree {
            Some(tree) => tree.changes(folder, &bar.progress, &mut findings)?,
            None => Vec::new(),
        };
        report.extend(findings);
        drop(bar);
        report_findings(&report, &compilation.sources, &args.output, is_stdout_taken)?;
        Ok(Self { folder, compilation, report, changes })
    }

    /// The tree, if nothing speaks against writing it.
    fn tree(&self) -> Option<&OutputTree> {
        self.compilation.tree.as_ref().filter(|_| !self.report.has_errors())
    }

    fn is_drift(&self) -> bool {
        self.changes.iter().any(|change| change.action != Action::Unchanged)
    }

    /// What the changes leave on the nodes, which the cluster does not tell.
    fn about_nodes(&self) -> String {
        let retired = match self.compilation.retired {
            0 => String::new(),
            1 => "1 policy is retired: delete its file once it is Available on its nodes\n".to_owned(),
            count => {
                format!("{count} policies are retired: delete their files once they are Available on their nodes\n")
            }
        };
        let (mut deleted, mut changed) = (BTreeSet::new(), BTreeSet::new());
        for change in self.changes.iter().filter(|change| change.path.starts_with("nncp/")) {
            match &change.action {
                Action::Remove(old) => deleted.extend(retire::left_behind(old, None)),
                Action::Update(old) => {
                    let new = self.compilation.tree.as_ref().and_then(|tree| tree.text(&change.path));
                    changed.extend(retire::left_behind(old, new));
                }
                Action::Create | Action::Unchanged => {}
            }
        }
        let stays = |mut left: BTreeSet<String>, why: &str| {
            left.retain(|name| !self.compilation.used_interfaces.contains(name));
            let verb = if left.len() == 1 { "stays" } else { "stay" };
            shorten(&left).map_or_else(String::new, |names| format!("{names} {verb} on the nodes: {why}\n"))
        };
        retired
            + &stays(deleted, "deleting a policy takes nothing away; --retire does")
            + &stays(
                changed,
                "a policy that changes takes nothing away; a policy of your own with `state: absent` does",
            )
    }

    fn give_up(&self, args: &RenderArgs) -> u8 {
        summarize(&args.output, &nothing_written(&self.report, &self.compilation));
        failure(&self.report)
    }
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
    for change in changes.iter().filter(|change| !change.is_kustomization()) {
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
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
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
            Some(format!("{word:<8} {}\n", change.path))
        })
        .collect()
}
