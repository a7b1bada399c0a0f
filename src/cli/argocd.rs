//! `argocd`: the commands of the config-management plugin in `deploy/argocd`, which Argo CD's repo-server runs without a shell, in the
//! folder of the application (Argo CD documentation, "Config Management Plugins").
//!
//! Standard output is manifests and nothing else. What stands on standard error when a run fails is the page of the application: short, without
//! colour, the worst first.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Deserialize;

use super::args::{ArgocdCommand, CompileArgs, LevelArgs, SkipKind};
use super::common::{compile_with, counts, failure, levels, made, nothing_written, options};
use super::{CLEAN, FINDINGS, print, say};
use crate::api::site;
use crate::base::diagnostic::Findings;
use crate::base::progress::Progress;
use crate::base::spelling::nearest;
use crate::read::document;
use crate::read::source::{self, Inputs};
use crate::view::emit::brief;
use crate::view::resolve::resolve;
use crate::write::manifest::ManifestKind;

/// Where Argo CD puts an application's parameters.
const PARAMETERS: &str = "ARGOCD_APP_PARAMETERS";

/// `wukong-render argocd <COMMAND>`
pub(super) fn run(command: ArgocdCommand) -> anyhow::Result<u8> {
    match command {
        ArgocdCommand::Discover => discover(),
        ArgocdCommand::Generate => generate(),
    }
}

/// Prints the file of the Site, if the folder has one: for Argo CD, anything printed means "mine".
///
/// A Wukong is not enough. What the plugin prints is policies and attachments, so that an application that syncs Wukongs, and is taken
/// for ours, would lose them, and prune the virtual machines. A Site is never synced, and stands where somebody wants it rendered; a
/// folder with a kustomization is kustomize's.
fn discover() -> anyhow::Result<u8> {
    // What is broken is found when it is generated: here it must not hide the others.
    let mut findings = Findings::default();
    let inputs = Inputs { paths: vec![PathBuf::from(".")], is_shallow: true, ..Inputs::default() };
    let sources = source::read(&inputs, &Progress::default(), &mut findings)?;
    let is_kustomization = |id| ["kustomization.yaml", "kustomization.yml"].contains(&sources.get(id).label.as_str());
    if sources.ids().any(is_kustomization) {
        return Ok(CLEAN);
    }
    let is_site =
        |api_version: &str, kind: &str| kind == site::KIND && api_version.split('/').next() == Some(site::GROUP);
    let documents = document::parse(&sources, is_site, &Progress::default(), &mut findings);
    match documents.objects.first() {
        Some(found) => print(&format!("{}\n", sources.get(found.origin.document.source).path)),
        None => Ok(CLEAN),
    }
}

fn generate() -> anyhow::Result<u8> {
    let text = std::env::var(PARAMETERS).unwrap_or_default();
    let (mut inputs, compile, level) = parse(&text).with_context(|| format!("the application's {PARAMETERS}"))?;
    if inputs.paths.is_empty() {
        inputs.paths.push(PathBuf::from("."));
    }
    let (compilation, report) = compile_with(&inputs, &options(&compile)?, levels(&level)?, &Progress::default())?;
    let findings = resolve(&report, &compilation.sources);
    let findings = brief::emit(&findings, |finding| finding.location.to_string());
    let Some(tree) = &compilation.tree else {
        say(&(nothing_written(&report, &compilation) + &findings));
        return Ok(failure(&report));
    };
    let count = tree.count(ManifestKind::Nncp) + tree.count(ManifestKind::Nad);
    if count == 0 && !compile.allow_empty {
        say(
            "nothing is rendered, and an empty application would be pruned: the parameter allow-empty says that it is meant\n",
        );
        return Ok(FINDINGS);
    }
    print(&tree.stream())?;
    say(&format!("{}{}\n{findings}", made(tree, &compilation), counts(&report)));
    Ok(CLEAN)
}

/// A parameter of an application: one of the three values is there.
#[derive(Debug, Deserialize)]
struct Parameter {
    name: String,
    string: Option<String>,
    array: Option<Vec<String>>,
    map: Option<serde_json::Value>,
}

const NAMES: [&str; 10] =
    ["inputs", "inventory", "exclude", "default-nic", "skip", "templates", "allow-empty", "deny", "warn", "allow"];

/// The parameters as options. They come from whoever may edit the application, so that paths stay within its folder.
fn parse(text: &str) -> anyhow::Result<(Inputs, CompileArgs, LevelArgs)> {
    let parameters: Option<Vec<Parameter>> =
        if text.trim().is_empty() { None } else { serde_json::from_str(text).context("is no list of parameters")? };
    let (mut inputs, mut compile, mut level) = (Inputs::default(), CompileArgs::default(), LevelArgs::default());
    let mut seen = HashSet::new();
    for parameter in parameters.into_iter().flatten() {
        let Parameter { name, string, array, map } = parameter;
        if map.is_some() || (string.is_some() && array.is_some()) {
            bail!("the parameter `{name}` is a string or an array, and only one of them");
        }
        if !seen.insert(name.clone()) {
            bail!("the parameter `{name}` is given twice");
        }
        // One value will do for a list.
        let values: Vec<String> = array.into_iter().flatten().chain(string).filter(|it| !it.is_empty()).collect();
        let paths = || values.iter().map(|value| within(&name, value)).collect::<anyhow::Result<Vec<PathBuf>>>();
        let single = || match values.as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value.clone())),
            _ => bail!("the parameter `{name}` has one value"),
        };
        match name.as_str() {
            "inputs" => inputs.paths = paths()?,
            "inventory" => inputs.inventory = paths()?,
            "exclude" => inputs.exclude = values,
            "default-nic" => compile.default_nic = single()?,
            "templates" => compile.templates = paths()?.pop(),
            "skip" => {
                let kind = |value: &String| SkipKind::from_str(value, true);
                let kinds: Result<Vec<SkipKind>, String> = values.iter().map(kind).collect();
                compile.skip = kinds.map_err(|why| anyhow::anyhow!("the parameter `skip`: {why}"))?;
            }
            "allow-empty" => {
                compile.allow_empty = match single()?.as_deref() {
                    None | Some("false") => false,
                    Some("true") => true,
                    Some(other) => bail!("the parameter `allow-empty` is true or false, not `{other}`"),
                };
            }
            "deny" => level.deny = values,
            "warn" => level.warn = values,
            "allow" => level.allow = values,
            _ => match nearest(&name, &NAMES) {
                Some(meant) => bail!("there is no parameter `{name}`; did you mean `{meant}`?"),
                None => bail!("there is no parameter `{name}`; there are {}", NAMES.join(", ")),
            },
        }
    }
    Ok((inputs, compile, level))
}

fn within(name: &str, value: &str) -> anyhow::Result<PathBuf> {
    let path = Path::new(value);
    if !path.components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir)) {
        bail!("the parameter `{name}` is `{value}`, which leads out of the application's folder");
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        format!("{:#}", parse(text).expect_err("it is refused"))
    }

    #[test]
    fn parameters_become_options() {
        let text = r#"[{"name": "inputs", "array": ["vms", "site.yaml"]}, {"name": "default-nic", "string": "bond0"},
            {"name": "skip", "array": ["nad"]}, {"name": "deny", "string": "warnings"}, {"name": "exclude", "array": []}]"#;
        let (inputs, compile, level) = parse(text).expect("they are good");
        assert_eq!(inputs.paths, [PathBuf::from("vms"), PathBuf::from("site.yaml")]);
        assert_eq!(compile.default_nic.as_deref(), Some("bond0"));
        assert_eq!(compile.skip, [SkipKind::Nad]);
        assert_eq!(level.deny, ["warnings"]);
        for nothing in ["", "null", "[]"] {
            assert!(parse(nothing).expect("nothing is good").0.paths.is_empty());
        }
    }

    #[test]
    fn parameters_lead_nowhere_else() {
        for path in ["/etc", "../other", "vms/../../other"] {
            let text = format!(r#"[{{"name": "inputs", "array": ["{path}"]}}]"#);
            assert!(problem(&text).contains("leads out of the application's folder"), "{path}");
        }
        assert_eq!(problem(r#"[{"name": "input"}]"#), "there is no parameter `input`; did you mean `inputs`?");
        assert!(problem(r#"[{"name": "skip", "string": "nap"}]"#).starts_with("the parameter `skip`: "));
        assert_eq!(
            problem(r#"[{"name": "default-nic", "array": ["a", "b"]}]"#),
            "the parameter `default-nic` has one value"
        );
        assert!(problem("{").starts_with("is no list of parameters"));
    }
}
