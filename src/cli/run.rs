//! The commands that compile: render, check, diff.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::args::{CheckArgs, Color, CompileArgs, Format, OutputArgs, RenderArgs};
use super::progress::Bar;
use super::{CLEAN, FAILED, FINDINGS, print, say, unknown_rule};
use crate::diagnostic::emit::{json, text};
use crate::diagnostic::resolve::resolve;
use crate::diagnostic::{Levels, Report, Severity};
use crate::manifest::ManifestKind;
use crate::names::interface_name_problem;
use crate::source::{Inputs, UNREADABLE_INPUT};
use crate::tree::{Action, Change, OutputTree, diff as unified_diff};
use crate::{Compilation, Options, compile, rules};

const STREAM: &str = "-";

/// `wukong-render <IN>... <OUT>`
pub(super) fn render(args: &RenderArgs) -> anyhow::Result<u8> {
    let run = Run::new(args)?;
    let mut report = Report::new(levels(&args.output)?);
    let bar = Bar::new(args.output.quiet);
    let compilation = compile(&run.inputs, &options(&args.compile)?, &bar.progress, &mut report)?;
    let Some(folder) = run.folder else {
        drop(bar);
        return run_stream(args, &compilation, &report);
    };
    let changes = match &compilation.tree {
        Some(tree) => tree.changes(folder, &bar.progress, &mut report)?,
        None => Vec::new(),
    };
    drop(bar);
    let is_clean = report_findings(&report, &compilation, &args.output, false)?;
    let Some(tree) = compilation.tree.as_ref().filter(|_| is_clean) else {
        summarize(&args.output, &nothing_written(&report, &compilation));
        return Ok(failure(&report));
    };
    let is_drift = changes.iter().any(|change| change.action != Action::Unchanged);
    if args.check {
        print(&drift(&changes))?;
        let verdict = if is_drift { "the tree is not up to date" } else { "the tree is up to date" };
        summarize(&args.output, &format!("{}; {verdict}{}\n", made(tree, &compilation), counts(&report)));
        return Ok(if is_drift { FINDINGS } else { CLEAN });
    }
    let bar = Bar::new(args.output.quiet);
    tree.write(folder, &changes, &bar.progress)?;
    drop(bar);
    if args.output.verbose {
        say(&drift(&changes));
        say(&passed_over(&compilation));
    }
    let changed = describe(&changes);
    summarize(&args.output, &format!("{} ({changed}){}\n", made(tree, &compilation), counts(&report)));
    Ok(CLEAN)
}

/// `wukong-render check <IN>...`
pub(super) fn check(args: &CheckArgs) -> anyhow::Result<u8> {
    let inputs = Inputs { paths: args.paths.clone(), output: None, exclude: args.compile.exclude.clone() };
    let mut report = Report::new(levels(&args.output)?);
    let bar = Bar::new(args.output.quiet);
    let compilation = compile(&inputs, &options(&args.compile)?, &bar.progress, &mut report)?;
    drop(bar);
    let is_clean = report_findings(&report, &compilation, &args.output, false)?;
    if args.output.verbose {
        say(&passed_over(&compilation));
    }
    let made = match &compilation.tree {
        Some(tree) => made(tree, &compilation),
        None => plural(compilation.wukongs, "Wukong"),
    };
    summarize(&args.output, &format!("{made}{}\n", counts(&report)));
    Ok(if is_clean { CLEAN } else { failure(&report) })
}

/// `wukong-render diff <IN>... <OUT>`
pub(super) fn diff(args: &RenderArgs) -> anyhow::Result<u8> {
    let run = Run::new(args)?;
    let Some(folder) = run.folder else {
        bail!("a diff needs an output folder to compare with, not `{STREAM}`");
    };
    let mut report = Report::new(levels(&args.output)?);
    let bar = Bar::new(args.output.quiet);
    let compilation = compile(&run.inputs, &options(&args.compile)?, &bar.progress, &mut report)?;
    let changes = match &compilation.tree {
        Some(tree) => tree.changes(folder, &bar.progress, &mut report)?,
        None => Vec::new(),
    };
    drop(bar);
    let is_clean = report_findings(&report, &compilation, &args.output, true)?;
    let Some(tree) = compilation.tree.as_ref().filter(|_| is_clean) else {
        summarize(&args.output, &nothing_written(&report, &compilation));
        return Ok(failure(&report));
    };
    print(&unified_diff(tree, &changes))?;
    summarize(&args.output, &format!("{} ({}){}\n", made(tree, &compilation), would(&changes), counts(&report)));
    let is_drift = changes.iter().any(|change| change.action != Action::Unchanged);
    Ok(if args.check && is_drift { FINDINGS } else { CLEAN })
}

/// One stream on standard output, and nothing else there.
fn run_stream(args: &RenderArgs, compilation: &Compilation, report: &Report) -> anyhow::Result<u8> {
    if args.check {
        bail!("--check needs an output folder to compare with, not `{STREAM}`");
    }
    let is_clean = report_findings(report, compilation, &args.output, true)?;
    let Some(tree) = compilation.tree.as_ref().filter(|_| is_clean) else {
        summarize(&args.output, &nothing_written(report, compilation));
        return Ok(failure(report));
    };
    print(&tree.stream())?;
    summarize(&args.output, &format!("{}{}\n", made(tree, compilation), counts(report)));
    Ok(CLEAN)
}

/// Where a run reads and writes.
struct Run<'a> {
    inputs: Inputs,
    /// The output folder; none for standard output.
    folder: Option<&'a Path>,
}

impl<'a> Run<'a> {
    fn new(args: &'a RenderArgs) -> anyhow::Result<Self> {
        let Some((output, inputs)) = args.paths.split_last().filter(|(_, inputs)| !inputs.is_empty()) else {
            bail!("the output is missing: `wukong-render <IN>... <OUT>`; `-` as the last writes to standard output");
        };
        let folder = (output != Path::new(STREAM)).then_some(output.as_path());
        Ok(Self {
            inputs: Inputs {
                paths: inputs.to_vec(),
                output: folder.map(PathBuf::from),
                exclude: args.compile.exclude.clone(),
            },
            folder,
        })
    }
}

fn options(args: &CompileArgs) -> anyhow::Result<Options> {
    if let Some((nic, problem)) = args.default_nic.as_ref().and_then(|nic| Some((nic, interface_name_problem(nic)?))) {
        bail!("--default-nic {nic}: the interface name {problem}");
    }
    Ok(Options {
        default_nic: args.default_nic.clone(),
        templates: args.templates.clone(),
        skip: args.skip.iter().copied().map(Into::into).collect(),
        allow_empty: args.allow_empty,
    })
}

fn levels(args: &OutputArgs) -> anyhow::Result<Levels> {
    let mut levels = Levels::default();
    for word in &args.deny {
        if word == "warnings" {
            levels.deny_warnings = true;
        } else {
            levels.deny.push(rules::find(word).ok_or_else(|| unknown_rule(word))?);
        }
    }
    for word in &args.allow {
        let rule = rules::find(word).ok_or_else(|| unknown_rule(word))?;
        if rule.severity == Severity::Error {
            bail!("--allow {word}: {} {} is an error, and allowing it would not make it work", rule.code, rule.name);
        }
        levels.allow.push(rule);
    }
    Ok(levels)
}

/// Prints the findings, and says whether there is no error among them.
fn report_findings(
    report: &Report,
    compilation: &Compilation,
    args: &OutputArgs,
    is_stdout_taken: bool,
) -> anyhow::Result<bool> {
    let resolved = resolve(report, &compilation.sources);
    match args.format {
        Format::Text => say(&text::emit(&resolved, is_coloured(args.color))),
        Format::Json if is_stdout_taken => say(&json::emit(&resolved)),
        Format::Json => drop(print(&json::emit(&resolved))?),
    }
    Ok(!report.has_errors())
}

fn is_coloured(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
    }
}

/// The exit code of a run that has errors.
fn failure(report: &Report) -> u8 {
    let is_unreadable = report.diagnostics().iter().any(|diagnostic| diagnostic.rule == &UNREADABLE_INPUT);
    if is_unreadable { FAILED } else { FINDINGS }
}

fn summarize(args: &OutputArgs, text: &str) {
    if !args.quiet {
        say(text);
    }
}

fn made(tree: &OutputTree, compilation: &Compilation) -> String {
    format!(
        "{}: {} NNCP, {} NAD",
        plural(compilation.wukongs, "Wukong"),
        tree.count(ManifestKind::Nncp),
        tree.count(ManifestKind::Nad)
    )
}

fn nothing_written(report: &Report, compilation: &Compilation) -> String {
    format!("{}: nothing written{}\n", plural(compilation.wukongs, "Wukong"), counts(report))
}

/// `; 2 errors, 1 warning`, or nothing.
fn counts(report: &Report) -> String {
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    match (errors, warnings) {
        (0, 0) => String::new(),
        (0, warnings) => format!("; {}", plural(warnings, "warning")),
        (errors, 0) => format!("; {}", plural(errors, "error")),
        (errors, warnings) => format!("; {}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

struct Tally {
    created: usize,
    updated: usize,
    unchanged: usize,
    removed: usize,
}

/// Counts manifests; kustomizations only follow them.
fn tally(changes: &[Change]) -> Tally {
    let mut tally = Tally { created: 0, updated: 0, unchanged: 0, removed: 0 };
    for change in changes.iter().filter(|change| !change.is_kustomization()) {
        match change.action {
            Action::Create => tally.created += 1,
            Action::Update(_) => tally.updated += 1,
            Action::Unchanged => tally.unchanged += 1,
            Action::Remove(_) => tally.removed += 1,
        }
    }
    tally
}

/// `2 created, 6 unchanged, 1 removed`
fn describe(changes: &[Change]) -> String {
    words(changes, ["created", "updated", "unchanged", "removed"])
}

fn would(changes: &[Change]) -> String {
    words(changes, ["to create", "to update", "unchanged", "to remove"])
}

fn words(changes: &[Change], [create, update, unchanged, remove]: [&str; 4]) -> String {
    let tally = tally(changes);
    let parts: Vec<String> =
        [(tally.created, create), (tally.updated, update), (tally.unchanged, unchanged), (tally.removed, remove)]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
    if parts.is_empty() { "nothing to write".to_owned() } else { parts.join(", ") }
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

fn passed_over(compilation: &Compilation) -> String {
    let total: usize = compilation.passed_over.values().sum();
    if total == 0 {
        return String::new();
    }
    let kinds: Vec<String> = compilation.passed_over.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    format!("passed over {}: {}\n", plural(total, "document"), kinds.join(", "))
}
