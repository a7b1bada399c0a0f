//! What the commands that compile have in common: options to a compilation, findings to their streams, results to words.

use std::sync::Arc;

use anyhow::{Context, bail};

use super::args::{Color, CompileArgs, LevelArgs, OutputArgs};
use super::progress::Bar;
use super::{FAILED, FINDINGS, print, say, tell, unknown_rule};
use crate::base::acceptance::Acceptance;
use crate::base::levels::Levels;
use crate::base::names::interface_name_problem;
use crate::base::printable;
use crate::base::progress::Progress;
use crate::base::report::Report;
use crate::base::rule::{Rule, Severity};
use crate::base::secrets::shown_text;
use crate::io::{self, Inputs};
use crate::model::Overrides;
use crate::read::source::UNREADABLE_INPUT;
use crate::view::emit::Style;
use crate::view::resolve::{Resolved, locate, resolve};
use crate::write::manifest::ManifestKind;
use crate::write::tree::OutputTree;
use crate::{Outcome, Request, compile, registry};

pub(super) fn inputs_of(args: &CompileArgs) -> Inputs {
    Inputs {
        exclude: args.exclude.clone(),
        inventory: args.inventory.clone(),
        allows_empty: args.allow_empty,
        ..Inputs::default()
    }
}

/// Reads the inputs and compiles them.
pub(super) fn compile_inputs(inputs: &Inputs, args: &CompileArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output.quiet);
    Ok(compile(request(inputs, args, &output.levels, &bar.progress)?))
}

/// Reads the inputs: what is compiled, as the options say.
pub(super) fn request(
    inputs: &Inputs,
    args: &CompileArgs,
    levels: &LevelArgs,
    progress: &Arc<Progress>,
) -> anyhow::Result<Request> {
    let Request { overrides, levels, allow_empty, now, .. } = options(args, levels)?;
    let read = io::request(inputs, args.templates.as_deref(), progress)?;
    Ok(Request { overrides, levels, allow_empty, now, progress: Arc::clone(progress), ..read })
}

/// A request of nothing, as the options say.
pub(super) fn options(args: &CompileArgs, levels: &LevelArgs) -> anyhow::Result<Request> {
    if let Some((nic, problem)) = args.default_nic.as_ref().and_then(|nic| Some((nic, interface_name_problem(nic)?))) {
        bail!("--default-nic {nic}: the interface name {problem}");
    }
    Ok(Request {
        overrides: Overrides { default_nic: args.default_nic.clone(), skip: args.skip.clone(), retire: args.retire },
        levels: self::levels(levels)?,
        allow_empty: args.allow_empty,
        now: Some(now()?),
        ..Request::default()
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

pub(super) fn levels(args: &LevelArgs) -> anyhow::Result<Levels> {
    let mut levels = Levels::default();
    for word in &args.deny {
        if word == "warnings" {
            levels.deny_warnings = true;
        } else {
            levels.deny.push(registry::find(word).ok_or_else(|| unknown_rule(word))?);
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
        let rule = registry::find(word).ok_or_else(|| unknown_rule(word))?;
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
pub(super) fn report_findings(outcome: &Outcome, args: &OutputArgs, is_stdout_taken: bool) -> anyhow::Result<()> {
    show(&resolve(&outcome.report, &outcome.sources), args, is_stdout_taken)
}

/// Prints findings whose positions are known.
pub(super) fn show(resolved: &[Resolved], args: &OutputArgs, is_stdout_taken: bool) -> anyhow::Result<()> {
    let style = Style { is_coloured: is_coloured(args.color), wants_all: args.verbose, rules: registry::all() };
    let text = args.format.emit(resolved, &style);
    if is_stdout_taken || args.format.is_for_people() {
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
pub(super) fn failure(report: &Report) -> u8 {
    let is_unreadable = report.diagnostics().any(|diagnostic| diagnostic.rule == &UNREADABLE_INPUT);
    if is_unreadable { FAILED } else { FINDINGS }
}

pub(super) fn summarize(args: &OutputArgs, text: &str) {
    if !args.quiet {
        tell(text);
    }
}

pub(super) fn made(tree: &OutputTree, outcome: &Outcome) -> String {
    format!(
        "{}: {} NNCP, {} NAD",
        plural(outcome.wukongs, "Wukong"),
        tree.count(ManifestKind::Nncp),
        tree.count(ManifestKind::Nad)
    )
}

pub(super) fn nothing_written(outcome: &Outcome) -> String {
    format!("{}: nothing written{}\n", plural(outcome.wukongs, "Wukong"), counts(&outcome.report))
}

/// `; 2 errors, 1 warning, 3 accepted`, or nothing.
pub(super) fn counts(report: &Report) -> String {
    let accepted = report.acceptances().iter().filter(|acceptance| acceptance.uses > 0).count();
    let counts = [
        (report.count(Severity::Error), plural(report.count(Severity::Error), "error")),
        (report.count(Severity::Warning), plural(report.count(Severity::Warning), "warning")),
        (accepted, format!("{accepted} accepted")),
    ];
    let words: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    if words.is_empty() { String::new() } else { format!("; {}", words.join(", ")) }
}

/// One line a warning that a Wukong accepts, with the reason.
pub(super) fn accepted(outcome: &Outcome) -> String {
    let used: Vec<&Acceptance> = outcome.report.acceptances().iter().filter(|acceptance| acceptance.uses > 0).collect();
    let locations = locate(used.iter().map(|acceptance| &acceptance.place), &outcome.sources);
    used.iter()
        .zip(locations)
        .map(|(acceptance, location)| {
            let Rule { code, name, .. } = acceptance.rule;
            let words = format!("accepted {code} {name} at {location}: {}", shown_text(&acceptance.reason));
            format!("{}\n", printable::line(&words))
        })
        .collect()
}

pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// How many kinds of documents that are left aside are named.
const KINDS: usize = 50;

pub(super) fn ignored(outcome: &Outcome) -> String {
    let total: usize = outcome.ignored.values().sum();
    if total == 0 {
        return String::new();
    }
    let kind = |(kind, count): (&String, &usize)| format!("{} {count}", printable::line(shown_text(kind)));
    let mut kinds: Vec<String> = outcome.ignored.iter().map(kind).take(KINDS).collect();
    let more = outcome.ignored.len().saturating_sub(KINDS);
    kinds.extend((more > 0).then(|| format!("and {} more", plural(more, "kind"))));
    format!("left aside {}: {}\n", plural(total, "document"), kinds.join(", "))
}
