//! Spells manifests with minijinja, by the built-in templates or by a user's own, which are parsed again.
//!
//! Templates spell, Rust decides: a template gets a finished body. `minijinja` is at home here.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as TemplateValue};
use rayon::prelude::*;
use serde_json::Value;

use crate::base::diagnostic::{Diagnostic, Findings, Place};
use crate::base::progress::{Activity, Progress};
use crate::base::spelling::nearest;
use crate::model::{Plan, Settings, Tombstone};
use crate::read::source::{Source, SourceId, Sources};
use crate::rule;
use crate::write::manifest::{Manifest, ManifestKind, Planned, kustomizations};
use crate::write::nesting;
use crate::write::reread::parsed;
use crate::write::tree::OutputTree;
use crate::write::yaml;

rule! {
    /// A template has a mistake.
    ///
    /// Its syntax is wrong, or it uses something that is not there: templates are strict, so that a misspelt variable is no
    /// empty text. A template gets the finished object: `apiVersion`, `kind`, `metadata` and `spec`, or `resources` and
    /// `sortOptions` for a kustomization. The filter `yaml(indent)` spells a value as YAML.
    ///
    /// A template is a program of its author's, and bounded: 256 KiB of text, 200 operators in an expression, a million steps and 64
    /// MiB for a manifest, 4 MiB of result, and what a run may take grows with its manifests.
    ///
    /// ## Way out
    /// Correct the line that is shown. The built-in templates are in `templates/` of the project.
    pub TEMPLATE_ERROR = "WK401", "template-error", Error;
}

rule! {
    /// A file in the template folder overrides nothing.
    ///
    /// Templates are overridden by name: `nncp.yaml.j2`, `nad.yaml.j2` and `kustomization.yaml.j2`. One that is called
    /// otherwise would be passed over in silence. Names that begin with `_` are free for templates that others include.
    ///
    /// ## Way out
    /// Rename the file.
    pub UNKNOWN_TEMPLATE = "WK402", "unknown-template", Error;
}

rule! {
    /// What a template made is not the manifest that was meant, or no legal one.
    ///
    /// The result of an override is parsed again. It must be one YAML document with the same apiVersion, kind, name and
    /// namespace; a policy's `desiredState` must be a mapping of interfaces with names that the kernel takes, and without braces; an
    /// attachment's `config` must be JSON with a plugin type; no text may have `${`, which Flux takes for a variable.
    ///
    /// ## Way out
    /// Let the template add (labels, annotations), and leave the rest as it is.
    pub TEMPLATE_BROKE_MANIFEST = "WK403", "template-broke-manifest", Error;
}

rule! {
    /// A template adds a `capture` to a policy.
    ///
    /// kubernetes-nmstate does not let a policy's `capture` change once the policy is there (its admission policy,
    /// `deploy/handler/operator.yaml`): a later sync that adds, changes or removes one is refused. A capture is evaluated again when the policy is
    /// made anew or a node's labels change. By then the bridge is there, and what was found on the NIC is not.
    ///
    /// ## Way out
    /// Delete `capture` from the template. A node's own address moves to a bridge by `nodeIP`, by the Site's uplink, or by the inventory.
    pub TEMPLATE_ADDS_CAPTURE = "WK404", "template-adds-capture", Warning;
}

const BUILT_IN: [(ManifestKind, &str); 3] = [
    (ManifestKind::Nncp, include_str!("../../templates/nncp.yaml.j2")),
    (ManifestKind::Nad, include_str!("../../templates/nad.yaml.j2")),
    (ManifestKind::Kustomization, include_str!("../../templates/kustomization.yaml.j2")),
];

/// A template of the user's own.
#[derive(Debug, Clone)]
pub struct Template {
    /// The name by which it takes the place of a built-in one, or is included.
    pub name: String,
    /// The path as the user would write it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The templates of a run.
pub struct Templates {
    environment: Environment<'static>,
    /// The user's own, by name.
    overrides: BTreeMap<String, SourceId>,
    /// How many steps they have taken.
    steps: AtomicU64,
}

/// The largest template, in bytes: what it spells has some hundred lines.
pub const MAX_TEMPLATE: usize = nesting::MAX_BYTES;
/// How many steps the user's own templates may take for one manifest. A step is an instruction, or 64 bytes (`minijinja`,
/// `Environment::set_fuel`).
const STEPS: u64 = 1_000_000;
/// How many steps they may take in a run, besides those for every manifest.
const STEPS_OF_A_RUN: u64 = 10_000_000;
const STEPS_OF_EACH: u64 = 1_000;
/// How deep templates call and include each other.
const CALLS: usize = 50;
/// The largest indent of the filter `yaml`, in blanks.
const MAX_INDENT: usize = 100;

impl Templates {
    /// The built-in templates, with the user's own in their places.
    ///
    /// # Panics
    /// Never: every test that renders has compiled the built-in templates.
    pub fn new(overrides: Vec<Template>, sources: &mut Sources, findings: &mut Findings) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_recursion_limit(CALLS);
        if !overrides.is_empty() {
            environment.set_fuel(Some(STEPS));
        }
        environment.add_filter("yaml", |value: TemplateValue, indent: Option<usize>| spell(&value, indent));
        for (kind, text) in BUILT_IN {
            let added = environment.add_template(kind.template(), text);
            added.expect("every test that renders has compiled the built-in templates");
        }
        let mut templates = Self { environment, overrides: BTreeMap::new(), steps: AtomicU64::new(0) };
        for template in overrides {
            templates.add(template, sources, findings);
        }
        templates
    }

    fn add(&mut self, template: Template, sources: &mut Sources, findings: &mut Findings) {
        let Template { name, path, text } = template;
        let known: Vec<&str> = ManifestKind::ALL.iter().map(|kind| kind.template()).collect();
        if !(known.contains(&name.as_str()) || name.starts_with('_')) {
            let help = match nearest(&name, &known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("rename it to one of {}; names with `_` first are for includes", known.join(", ")),
            };
            let message = format!("the template `{name}` overrides nothing");
            findings.push(Diagnostic::new(&UNKNOWN_TEMPLATE, Place::Path(path), message, help));
            return;
        }
        let source = sources.add(Source { path, label: name.clone(), text: text.clone() });
        self.overrides.insert(name.clone(), source);
        if let Some((what, line)) = nesting::excess(&text) {
            let place = Place::Span { source, range: line_range(&text, line) };
            let help = "divide it: a file whose name begins with `_` can be included";
            findings.push(Diagnostic::new(
                &TEMPLATE_ERROR,
                place,
                format!("the template cannot be used: {what}"),
                help,
            ));
            return;
        }
        if let Err(error) = self.environment.add_template_owned(name.clone(), text) {
            findings.push(self.template_error(&error, &name, sources));
        }
    }

    fn template_error(&self, error: &minijinja::Error, name: &str, sources: &Sources) -> Diagnostic {
        // An error inside an included template names that template.
        let name = error.name().filter(|name| self.overrides.contains_key(*name)).unwrap_or(name);
        let place = match self.overrides.get(name) {
            Some(source) => {
                let text = &sources.get(*source).text;
                let line = error.line().unwrap_or(1);
                let range =
                    error.range().filter(|range| range.end <= text.len()).unwrap_or_else(|| line_range(text, line));
                Place::Span { source: *source, range }
            }
            None => Place::Path(name.to_owned()),
        };
        let detail = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
        Diagnostic::new(
            &TEMPLATE_ERROR,
            place,
            format!("the template cannot be used: {}{detail}", error.kind()),
            "correct it; a template gets `apiVersion`, `kind`, `metadata` and `spec`, and the filter `yaml(indent)`",
        )
    }

    /// Whether the templates have taken more steps than a run of so many manifests may.
    fn is_exhausted(&self, manifests: usize) -> bool {
        self.steps.load(Ordering::Relaxed) > STEPS_OF_A_RUN + STEPS_OF_EACH * manifests as u64
    }

    /// The finding that the templates take too many steps. Where they were when they had to stop depends on what ran beside them, so
    /// that it is told of the first of them.
    fn exhausted(&self, sources: &Sources) -> Option<Diagnostic> {
        let source = self.overrides.values().next()?;
        let place = Place::Span { source: *source, range: line_range(&sources.get(*source).text, 1) };
        let message = "the templates take too long: a million steps for one manifest, or too many for all of them";
        Some(Diagnostic::new(&TEMPLATE_ERROR, place, message, "make loops and texts in the templates shorter"))
    }

    fn spell(&self, manifest: &Manifest, sources: &Sources) -> Result<Spelt, Box<Diagnostic>> {
        let name = manifest.kind.template();
        let with_network = |diagnostic: Diagnostic| match &manifest.origin {
            Some(origin) => {
                Box::new(diagnostic.with_related(origin.at("name"), "while spelling a manifest of this network"))
            }
            None => Box::new(diagnostic),
        };
        let text = self
            .environment
            .get_template(name)
            .and_then(|template| {
                let rendered = template.render_captured(TemplateValue::from(Serde(&manifest.body)))?;
                if let Some((steps, _)) = rendered.state().fuel_levels() {
                    self.steps.fetch_add(steps, Ordering::Relaxed);
                }
                Ok(rendered.into_output())
            })
            .map_err(|error| {
                if error.kind() == ErrorKind::OutOfFuel {
                    self.steps.store(EXHAUSTED, Ordering::Relaxed);
                }
                with_network(self.template_error(&error, name, sources))
            })?;
        let Some(source) = self.overrides.get(name) else { return Ok(Spelt { text, warning: None }) };
        let text_of_template = &sources.get(*source).text;
        let result = match parsed(&text, manifest) {
            Ok(result) => result,
            Err(problem) => {
                return Err(with_network(Diagnostic::new(
                    &TEMPLATE_BROKE_MANIFEST,
                    Place::Span { source: *source, range: line_range(text_of_template, 1) },
                    format!("the template breaks the manifest `{}`: {problem}", manifest.path),
                    "let the template add labels or annotations, and leave the rest as it is",
                )));
            }
        };
        let adds_capture = manifest.kind == ManifestKind::Nncp && result.pointer("/spec/capture").is_some();
        let warning = adds_capture.then(|| {
            let line = text_of_template.lines().position(|line| line.trim_start().starts_with("capture:"));
            with_network(Diagnostic::new(
                &TEMPLATE_ADDS_CAPTURE,
                Place::Span { source: *source, range: line_range(text_of_template, line.map_or(1, |line| line + 1)) },
                format!("the template adds `spec.capture` to `{}`, which cannot change afterwards", manifest.path),
                "delete `capture` from the template; a node's own address moves by `nodeIP`, the Site or the inventory",
            ))
        });
        Ok(Spelt { text, warning })
    }
}

/// A manifest as text, and what is in doubt about it.
struct Spelt {
    text: String,
    warning: Option<Box<Diagnostic>>,
}

/// More steps than any run may take.
const EXHAUSTED: u64 = u64::MAX / 2;

fn line_range(text: &str, line: usize) -> std::ops::Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = text[start..].lines().next().unwrap_or_default().len();
    start..start + length
}

fn spell(value: &TemplateValue, indent: Option<usize>) -> Result<TemplateValue, minijinja::Error> {
    if value.is_undefined() {
        return Err(minijinja::Error::from(ErrorKind::UndefinedError));
    }
    let value = serde_json::to_value(value).map_err(|error| {
        minijinja::Error::new(ErrorKind::BadSerialization, "the value cannot be spelt as YAML").with_source(error)
    })?;
    let mut text = String::new();
    let indent = indent.unwrap_or_default();
    if indent > MAX_INDENT {
        let message = format!("an indent of more than {MAX_INDENT} blanks");
        return Err(minijinja::Error::new(ErrorKind::InvalidOperation, message));
    }
    yaml::write(&mut text, &value, indent);
    Ok(TemplateValue::from_safe_string(text))
}

/// Spells everything in the plan into the output tree. Nothing is written.
pub fn render(
    plan: &Plan,
    tombstones: &[Tombstone],
    settings: &Settings,
    templates: &Templates,
    sources: &Sources,
    progress: &Progress,
    findings: &mut Findings,
) -> OutputTree {
    let planned = Planned::all(plan, tombstones);
    let count = planned.len();
    progress.begin(Activity::Rendering, count);
    let spelt: Vec<(Manifest, Result<Spelt, Box<Diagnostic>>)> = planned
        .into_par_iter()
        .filter(|_| !templates.is_exhausted(count))
        .map(|planned| {
            let mut manifest = planned.manifest(settings);
            let text = templates.spell(&manifest, sources);
            // The text has it all; sixty thousand bodies would only take up memory.
            manifest.body = Value::Null;
            progress.step();
            (manifest, text)
        })
        .collect();
    let mut tree = OutputTree::default();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut file = |tree: &mut OutputTree, manifest: &Manifest, spelt: Result<Spelt, Box<Diagnostic>>| {
        let diagnostic = match spelt {
            Ok(Spelt { text, warning }) => {
                tree.add(manifest, &text);
                warning
            }
            Err(diagnostic) => Some(diagnostic),
        };
        // One mistake in a template is one finding, not one for each manifest.
        if let Some(diagnostic) = diagnostic
            && seen.insert((diagnostic.rule.code, diagnostic.place.clone()))
        {
            found.push(*diagnostic);
        }
    };
    for (manifest, text) in spelt {
        file(&mut tree, &manifest, text);
    }
    for manifest in kustomizations(tree.paths(), settings) {
        let text = templates.spell(&manifest, sources);
        file(&mut tree, &manifest, text);
    }
    // What else was found depends on how far the others came.
    match templates.exhausted(sources).filter(|_| templates.is_exhausted(count)) {
        Some(exhausted) => findings.push(exhausted),
        None => findings.extend(found),
    }
    tree
}
