//! The commands that compile: render, check, diff, graph.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};

use super::args::{CheckArgs, Color, CompileArgs, Format, GraphArgs, OutputArgs, Picture, RenderArgs};
use super::progress::Bar;
use super::{CLEAN, FAILED, FINDINGS, print, say, unknown_rule};
use crate::diagnostic::emit::{github, json, sarif, text};
use crate::diagnostic::resolve::{locate, resolve, resolve_each};
use crate::diagnostic::{Acceptance, Levels, Report, Rule, Severity};
use crate::manifest::ManifestKind;
use crate::names::interface_name_problem;
use crate::plan::Overrides;
use crate::source::{Inputs, UNREADABLE_INPUT};
use crate::tree::{Action, Change, OutputTree, diff as unified_diff};
use crate::{Compilation, Options, compile, graph, retire, rules};

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
    Ok(CLEAN)
}

/// `wukong-render diff <IN>... <OUT>`
pub(super) fn diff(args: &RenderArgs) -> anyhow::Result<u8> {
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
    report_findings(&report, &compilation, &args.output, false)?;
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

/// `wukong-render graph <IN>...`: a picture on standard output, with errors too, because it shows where they are.
pub(super) fn graph(args: &GraphArgs) -> anyhow::Result<u8> {
    let inputs = Inputs { paths: args.paths.clone(), ..inputs_of(&args.compile) };
    let (compilation, report) = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&report, &compilation, &args.output, true)?;
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

/// `wukong-render <IN>... -`: one stream on standard output, and nothing else there.
fn stream(args: &RenderArgs) -> anyhow::Result<u8> {
    if args.check {
        bail!("--check needs an output folder to compare with, not `{STREAM}`");
    }
    let (_, inputs) = paths(args)?;
    let (compilation, report) = compile_inputs(&inputs, &args.compile, &args.output)?;
    report_findings(&report, &compilation, &args.output, true)?;
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
        let changes = match &compilation.tree {
            Some(tree) => tree.changes(folder, &bar.progress, &mut report)?,
            None => Vec::new(),
        };
        drop(bar);
        report_findings(&report, &compilation, &args.output, is_stdout_taken)?;
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

fn inputs_of(args: &CompileArgs) -> Inputs {
    Inputs { exclude: args.exclude.clone(), inventory: args.inventory.clone(), ..Inputs::default() }
}

fn compile_inputs(inputs: &Inputs, args: &CompileArgs, output: &OutputArgs) -> anyhow::Result<(Compilation, Report)> {
    let mut report = Report::new(levels(output)?);
    let bar = Bar::new(output.quiet);
    let compilation = compile(inputs, &options(args)?, &bar.progress, &mut report)?;
    Ok((compilation, report))
}

fn options(args: &CompileArgs) -> anyhow::Result<Options> {
    if let Some((nic, problem)) = args.default_nic.as_ref().and_then(|nic| Some((nic, interface_name_problem(nic)?))) {
        bail!("--default-nic {nic}: the interface name {problem}");
    }
    Ok(Options {
        overrides: Overrides {
            default_nic: args.default_nic.clone(),
            skip: args.skip.iter().copied().map(Into::into).collect(),
            retire: args.retire,
        },
        templates: args.templates.clone(),
        allow_empty: args.allow_empty,
        now: Some(now()?),
    })
}

/// The time in seconds since 1970: `SOURCE_DATE_EPOCH`'s, so that a run can be repeated to the byte, or the clock's.
fn now() -> anyhow::Result<i64> {
    if let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let text = text.to_string_lossy();
        return text.parse().with_context(|| format!("SOURCE_DATE_EPOCH={text} is no number of seconds since 1970"));
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
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
    levels.warn = warnings("--warn", &args.warn)?;
    levels.allow = warnings("--allow", &args.allow)?;
    let [deny, warn, allow] = [("--deny", &levels.deny), ("--warn", &levels.warn), ("--allow", &levels.allow)];
    for ((one, first), (other, second)) in [(deny, warn), (deny, allow), (warn, allow)] {
        if let Some(rule) = first.iter().find(|rule| second.contains(rule)) {
            bail!("{} {} is in both {one} and {other}", rule.code, rule.name);
        }
    }
    Ok(levels)
}

/// The rules that an option for warnings names.
fn warnings(option: &str, words: &[String]) -> anyhow::Result<Vec<&'static Rule>> {
    let rule = |word: &String| {
        let rule = rules::find(word).ok_or_else(|| unknown_rule(word))?;
        if rule.severity == Severity::Error {
            bail!(
                "{option} {word}: {} {} is an error, and calling it less would not make it work",
                rule.code,
                rule.name
            );
        }
        Ok(rule)
    };
    words.iter().map(rule).collect()
}

/// Prints the findings.
fn report_findings(
    report: &Report,
    compilation: &Compilation,
    args: &OutputArgs,
    is_stdout_taken: bool,
) -> anyhow::Result<()> {
    let resolved = resolve(report, &compilation.sources);
    let text = match args.format {
        Format::Text => {
            say(&text::emit(&resolved, is_coloured(args.color), args.verbose));
            return Ok(());
        }
        Format::Json => json::emit(&resolved),
        Format::Sarif => sarif::emit(&resolved, rules::ALL),
        Format::Github => github::emit(&resolved),
    };
    if is_stdout_taken {
        say(&text);
    } else {
        print(&text)?;
    }
    Ok(())
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

/// `; 2 errors, 1 warning, 3 accepted`, or nothing.
fn counts(report: &Report) -> String {
    let accepted = report.acceptances().iter().filter(|acceptance| acceptance.uses.get() > 0).count();
    let counts = [
        (report.count(Severity::Error), plural(report.count(Severity::Error), "error")),
        (report.count(Severity::Warning), plural(report.count(Severity::Warning), "warning")),
        (accepted, format!("{accepted} accepted")),
    ];
    let words: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    if words.is_empty() { String::new() } else { format!("; {}", words.join(", ")) }
}

/// One line a warning that a Wukong accepts, with the reason.
fn accepted(report: &Report, compilation: &Compilation) -> String {
    let used: Vec<&Acceptance> = report.acceptances().iter().filter(|acceptance| acceptance.uses.get() > 0).collect();
    let locations = locate(used.iter().map(|acceptance| &acceptance.place), &compilation.sources);
    used.iter()
        .zip(locations)
        .map(|(acceptance, location)| {
            let Rule { code, name, .. } = acceptance.rule;
            let reason = acceptance.reason.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("accepted {code} {name} at {location}: {reason}\n")
        })
        .collect()
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
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

fn passed_over(compilation: &Compilation) -> String {
    let total: usize = compilation.passed_over.values().sum();
    if total == 0 {
        return String::new();
    }
    let kinds: Vec<String> = compilation.passed_over.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    format!("passed over {}: {}\n", plural(total, "document"), kinds.join(", "))
}
