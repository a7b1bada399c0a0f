//! The command line: arguments to stages, findings and results to the right streams, outcomes to exit codes.
//!
//! `clap` is at home here. Standard output carries what was asked for and nothing else; everything said to a person goes to
//! standard error.

mod argocd;
mod args;
mod common;
pub mod docs;
mod graph;
mod krm;
mod live;
mod progress;
mod run;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use rayon::ThreadPoolBuilder;

use crate::base::diagnostic::Rule;
use crate::base::printable;
use crate::base::spelling::nearest;
use crate::registry;
use args::{Cli, Command};

/// Done, and clean.
const CLEAN: u8 = 0;
/// Findings: an error, or drift with `--check`.
const FINDINGS: u8 = 1;
/// The tool could not do its work: usage, or the file system.
const FAILED: u8 = 2;

/// The `clap` command, for the man page, the completions and `docs/cli.md`.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistake and go to standard output; clap tells the two apart.
            let code = if error.use_stderr() { FAILED } else { CLEAN };
            // What was typed is repeated; clap prints it as it is.
            let text = error.render().to_string();
            let printed = if text.contains(|it| printable::acts(it) && it != '\n') {
                say(&printable::text(&text));
                Ok(())
            } else {
                error.print()
            };
            return ExitCode::from(if printed.is_ok() { code } else { FAILED });
        }
    };
    match with_threads(|| dispatch(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_closed_pipe(&error) => ExitCode::from(CLEAN),
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

/// How much of a thread's stack there is, as much as the process's own thread most often has. It is taken as it is used.
const STACK: usize = 8 * 1024 * 1024;

/// Runs work on as many threads as there are processors, or on this one alone, where no other can be started: a container may be
/// limited in processes. It takes longer then, and is the same.
fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if let Ok(pool) = ThreadPoolBuilder::new().stack_size(STACK).build() {
        return pool.install(work);
    }
    // Of this thread only, so that none is started. If even that fails, rayon says so where it is used.
    let _ = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    work()
}

fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    match cli.command {
        None => run::render(&cli.render),
        Some(Command::Render(args)) => run::render(&args),
        Some(Command::Check(args)) => run::check(&args),
        Some(Command::Diff(args)) => run::diff(&args),
        Some(Command::Graph(args)) => graph::draw(&args),
        Some(Command::Schema { name }) => print(&name.text()),
        Some(Command::Explain { code: None }) => print(&list_of_rules()),
        Some(Command::Explain { code: Some(code) }) => match registry::find(&code) {
            Some(rule) => print(&page(rule)),
            None => Err(unknown_rule(&code)),
        },
        Some(Command::Krm(args)) => krm::run(&args),
        Some(Command::Argocd(command)) => argocd::run(command),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "wukong-render", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command()).render(&mut page)?;
            print(&String::from_utf8_lossy(&page))
        }
    }
}

/// Writes to standard output and nothing but that.
fn print(text: &str) -> anyhow::Result<u8> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(CLEAN)
}

/// Writes to standard error; a closed one is nobody's loss.
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Says a text that is not coloured, and in which nothing of a hostile name acts.
fn tell(text: &str) {
    say(&printable::without_commands(&printable::text(text)));
}

fn complain(error: &anyhow::Error) {
    let line = |cause: &dyn std::fmt::Display| printable::line(&cause.to_string()).into_owned();
    let causes: String = error.chain().skip(1).map(|cause| format!("  because: {}\n", line(&cause))).collect();
    tell(&format!("error: {}\n{causes}", line(error)));
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn unknown_rule(word: &str) -> anyhow::Error {
    let known: Vec<&str> = registry::all().iter().flat_map(|rule| [rule.code, rule.name]).collect();
    match nearest(word, &known) {
        Some(meant) => anyhow::anyhow!("there is no rule `{word}`; did you mean `{meant}`?"),
        None => anyhow::anyhow!("there is no rule `{word}`; `wukong-render explain` lists them"),
    }
}

/// One line a rule: code, severity, name, summary.
fn list_of_rules() -> String {
    let line =
        |rule: &&Rule| format!("{}  {:<7}  {:<26}  {}\n", rule.code, rule.severity.as_str(), rule.name, rule.summary());
    registry::all().iter().map(line).collect()
}

/// A rule's manual page.
fn page(rule: &Rule) -> String {
    format!("{} {} ({})\n\n{}\n", rule.code, rule.name, rule.severity.as_str(), rule.manual())
}
