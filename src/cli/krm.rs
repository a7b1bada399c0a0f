//! `krm`: the function's streams.

use std::io::Read;

use anyhow::Context;

use super::args::{CompileArgs, KrmArgs};
use super::common::options;
use super::{CLEAN, FINDINGS, print, say};
use crate::view::emit::brief;
use crate::ways::krm;

/// `wukong-render krm`
pub(super) fn run(args: &KrmArgs) -> anyhow::Result<u8> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).context("standard input cannot be read")?;
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
