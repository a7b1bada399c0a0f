//! `krm`: the function's streams.

use std::io::Read;

use anyhow::{Context, bail};

use super::args::{CompileArgs, KrmArgs};
use super::common::options;
use super::{CLEAN, FINDINGS, print, say};
use crate::read::source::MAX_BYTES;
use crate::view::emit::brief;
use crate::ways::krm;

/// `wukong-render krm`
pub(super) fn run(args: &KrmArgs) -> anyhow::Result<u8> {
    let mut bytes = Vec::new();
    // One byte more than is allowed: so much shows that there is too much.
    let stdin = std::io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    stdin.context("standard input cannot be read")?;
    if bytes.len() > MAX_BYTES {
        bail!("standard input is larger than 64 MiB: give the function fewer items at once");
    }
    let input = String::from_utf8(bytes).context("standard input cannot be read")?;
    let compile = CompileArgs {
        default_nic: args.default_nic.clone(),
        skip: args.skip.clone(),
        allow_empty: args.allow_empty,
        ..CompileArgs::default()
    };
    let output = krm::run(&input, options(&compile, &args.levels)?)?;
    // kustomize shows standard error, and not the results.
    say(&brief::emit(&output.findings, |finding| output.place(finding)));
    print(&output.text)?;
    Ok(if output.has_errors { FINDINGS } else { CLEAN })
}
