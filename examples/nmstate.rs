//! nmstate, as the judge with a real kernel runs it on its node: `nmstate show`, `nmstate apply FILE`. It is the library that the tests
//! ask, applied for once, so that the judge has nothing more to build.

use std::env;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::process::ExitCode;

use nmstate::NetworkState;

/// Seconds until NetworkManager goes back to what was, as kubernetes-nmstate sets it.
const ROLLBACK: u32 = 480;

/// What NetworkManager and the kernel have, as JSON: the `currentState` of a `NodeNetworkState`.
fn show() -> Result<(), Box<dyn Error>> {
    let mut state = NetworkState::new();
    state.retrieve()?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&state)?)?;
    Ok(())
}

/// Applies a desired state (JSON) as kubernetes-nmstate does: with a checkpoint, which is committed afterwards.
fn apply(path: &str) -> Result<(), Box<dyn Error>> {
    let mut state = NetworkState::new_from_json(&fs::read_to_string(path)?)?;
    state.set_commit(false).set_timeout(ROLLBACK).apply()?;
    NetworkState::checkpoint_commit("")?;
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["show"] => show(),
        ["apply", path] => apply(path),
        _ => Err("usage: nmstate show | nmstate apply FILE".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is closed the exit code is what is left.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
