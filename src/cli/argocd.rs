//! `argocd`: the commands of the config-management plugin in `deploy/argocd`, which Argo CD's repo-server runs without a shell, in the
//! folder of the application (Argo CD documentation, "Config Management Plugins").
//!
//! Standard output is manifests and nothing else. What stands on standard error when a run fails is the page of the application: short, without
//! colour, the worst first.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Deserialize;

use super::args::{ArgocdCommand, CompileArgs, LevelArgs};
use super::common::{counts, failure, made, nothing_written, request};
use super::{CLEAN, FINDINGS, print, say, tell};
use crate::api::site::{self, Skip};
use crate::base::diagnostic::Findings;
use crate::base::printable;
use crate::base::progress::Progress;
use crate::base::spelling::nearest;
use crate::compile;
use crate::io::{Inputs, input};
use crate::read::document;
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
    let inputs = Inputs { paths: vec![PathBuf::from(".")], is_shallow: true, is_confined: true, ..Inputs::default() };
    let sources = input::read(&inputs, &Progress::default(), &mut findings)?;
    let is_kustomization = |id| ["kustomization.yaml", "kustomization.yml"].contains(&sources.get(id).label.as_str());
    if sources.ids().any(is_kustomization) {
        return Ok(CLEAN);
    }
    let is_site =
        |api_version: &str, kind: &str| kind == site::KIND && api_version.split('/').next() == Some(site::GROUP);
    let documents = document::parse(&sources, is_site, &Progress::default(), &mut findings);
    match documents.objects.first() {
        Some(found) => print(&format!("{}\n", printable::line(&sources.get(found.origin.document.source).path))),
        None => Ok(CLEAN),
    }
}

fn generate() -> anyhow::Result<u8> {
    // What is not UTF-8 is refused: without its parameters an application would be rendered as another one.
    let text = std::env::var_os(PARAMETERS).unwrap_or_default().into_string();
    let parsed = text.map_err(|_| anyhow::anyhow!("is not UTF-8")).and_then(|text| parse(&text));
    let (mut inputs, arguments, levels) = parsed.with_context(|| format!("the application's {PARAMETERS}"))?;
    inputs.is_confined = true;
    inputs.allows_empty = arguments.allow_empty;
    if inputs.paths.is_empty() {
        inputs.paths.push(PathBuf::from("."));
    }
    let outcome = compile(request(&inputs, &arguments, &levels, &Arc::default())?);
    let findings = resolve(&outcome.report, &outcome.sources);
    let findings = brief::emit(&findings, |finding| finding.location.to_string());
    let Some(tree) = &outcome.tree else {
        tell(&(nothing_written(&outcome) + &findings));
        return Ok(failure(&outcome.report));
    };
    let count = tree.count(ManifestKind::Nncp) + tree.count(ManifestKind::Nad);
    if count == 0 && !arguments.allow_empty {
        say(
            "nothing is rendered, and an empty application would be pruned: the parameter allow-empty says that it is meant\n",
        );
        return Ok(FINDINGS);
    }
    print(&tree.stream())?;
    tell(&format!("{}{}\n{findings}", made(tree, &outcome), counts(&outcome.report)));
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

/// What an application may say, as options.
#[derive(Default)]
struct Options {
    inputs: Inputs,
    compile: CompileArgs,
    levels: LevelArgs,
}

/// The values of a parameter.
struct Values<'a> {
    name: &'a str,
    list: Vec<String>,
}

impl Values<'_> {
    fn single(self) -> anyhow::Result<Option<String>> {
        if self.list.len() > 1 {
            bail!("the parameter `{}` has one value", self.name);
        }
        Ok(self.list.into_iter().next())
    }

    fn paths(self) -> anyhow::Result<Vec<PathBuf>> {
        self.list.iter().map(|value| within(self.name, value)).collect()
    }

    fn kinds(self) -> anyhow::Result<Vec<Skip>> {
        let kinds: Result<Vec<Skip>, String> = self.list.iter().map(|value| Skip::from_str(value, true)).collect();
        kinds.map_err(|why| anyhow::anyhow!("the parameter `{}`: {why}", self.name))
    }

    fn switch(self) -> anyhow::Result<bool> {
        let name = self.name;
        match self.single()?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => bail!("the parameter `{name}` is true or false, not `{other}`"),
        }
    }
}

/// The parameters that there are, and what each of them sets.
type Set = fn(&mut Options, Values) -> anyhow::Result<()>;
const KNOWN: [(&str, Set); 10] = [
    ("inputs", |options, values| values.paths().map(|it| options.inputs.paths = it)),
    ("inventory", |options, values| values.paths().map(|it| options.inputs.inventory = it)),
    ("exclude", |options, values| {
        options.inputs.exclude = values.list;
        Ok(())
    }),
    ("default-nic", |options, values| values.single().map(|it| options.compile.default_nic = it)),
    ("skip", |options, values| values.kinds().map(|it| options.compile.skip = it)),
    ("templates", |options, values| values.paths().map(|mut it| options.compile.templates = it.pop())),
    ("allow-empty", |options, values| values.switch().map(|it| options.compile.allow_empty = it)),
    ("deny", |options, values| {
        options.levels.deny = values.list;
        Ok(())
    }),
    ("warn", |options, values| {
        options.levels.warn = values.list;
        Ok(())
    }),
    ("allow", |options, values| {
        options.levels.allow = values.list;
        Ok(())
    }),
];

/// The parameters as options. They come from whoever may edit the application, so that paths stay within its folder.
fn parse(text: &str) -> anyhow::Result<(Inputs, CompileArgs, LevelArgs)> {
    let parameters: Option<Vec<Parameter>> =
        if text.trim().is_empty() { None } else { serde_json::from_str(text).context("is no list of parameters")? };
    let mut options = Options::default();
    let mut seen = HashSet::new();
    for parameter in parameters.into_iter().flatten() {
        let Parameter { name, string, array, map } = parameter;
        // They are shown, and become paths.
        if let Some(text) = [&name].into_iter().chain(&string).chain(array.iter().flatten()).find(|it| acts(it)) {
            bail!("{text:?} has a control character, which no parameter needs");
        }
        if map.is_some() || (string.is_some() && array.is_some()) {
            bail!("the parameter `{name}` is a string or an array, and only one of them");
        }
        if !seen.insert(name.clone()) {
            bail!("the parameter `{name}` is given twice");
        }
        let Some((_, set)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            let known = KNOWN.map(|(name, _)| name);
            match nearest(&name, &known) {
                Some(meant) => bail!("there is no parameter `{name}`; did you mean `{meant}`?"),
                None => bail!("there is no parameter `{name}`; there are {}", known.join(", ")),
            }
        };
        // One value will do for a list.
        let list = array.into_iter().flatten().chain(string).filter(|it| !it.is_empty()).collect();
        set(&mut options, Values { name: &name, list })?;
    }
    let Options { inputs, compile, levels } = options;
    Ok((inputs, compile, levels))
}

/// Whether a text has a character that does something where it is shown.
fn acts(text: &str) -> bool {
    text.chars().any(printable::acts)
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
        assert_eq!(compile.skip, [Skip::Nad]);
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

    #[test]
    fn no_character_of_a_parameter_acts() {
        for bad in [r"\u0000", r"\u001b", r"\u009b", r"\n", r"\u202e", r"\u2028"] {
            for text in [
                format!(r#"[{{"name": "a{bad}b"}}]"#),
                format!(r#"[{{"name": "inputs", "array": ["a", "a{bad}b"]}}]"#),
                format!(r#"[{{"name": "default-nic", "string": "a{bad}b"}}]"#),
            ] {
                let said = problem(&text);
                assert!(said.ends_with("has a control character, which no parameter needs"), "{text}: {said}");
                assert!(!said.contains(printable::acts), "{text}: {said}");
            }
        }
    }
}
