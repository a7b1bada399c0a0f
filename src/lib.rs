//! wukong-render compiles `Wukong` virtual machines into the network manifests of their nodes and pods, with no cluster at
//! hand.
//!
//! [`compile`] is the whole pipeline. Every stage is a function from the previous stage's type to the next; what an author did
//! wrong goes into the [`Report`], and an `Err` means that the tool itself failed.
//!
//! ```text
//! files -> Sources -> Documents -> Objects -> Settings -> Plan ---> Policies -> rules -> OutputTree -> changes -> files
//!       source     document    load       site        network  policy       rules    render       tree
//! ```

pub mod api;
pub mod base;
pub mod check;
pub mod cli;
pub mod lower;
pub mod model;
pub mod read;
pub mod registry;
pub mod view;
pub mod ways;
pub mod write;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::diagnostic::Findings;
use crate::base::levels::Levels;
use crate::base::progress::Progress;
use crate::base::report::Report;
use crate::model::{Overrides, Plan, Settings};
use crate::read::document::Documents;
use crate::read::source::{Inputs, Sources};
use crate::write::render::Templates;
use crate::write::retire::Unwanted;
use crate::write::tree::OutputTree;

/// What the command line says of a compilation.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// What goes before the Site.
    pub overrides: Overrides,
    /// A folder with templates that replace the built-in ones.
    pub templates: Option<PathBuf>,
    /// Whether inputs without a Wukong are meant.
    pub allow_empty: bool,
    /// The time, in seconds since 1970, by which the age of the inventory is told; none if it does not matter.
    pub now: Option<i64>,
}

/// The result of a compilation.
#[derive(Debug)]
pub struct Compilation {
    /// Every text that was read: findings point into them.
    pub sources: Sources,
    /// What everything comes to, as far as errors allow; none if the Site cannot be used.
    pub plan: Option<Plan>,
    /// The manifests; none if there is an error.
    pub tree: Option<OutputTree>,
    /// How many Wukongs were read.
    pub wukongs: usize,
    /// How many documents of which other kind were passed over.
    pub passed_over: BTreeMap<String, usize>,
    /// How many policies are retired.
    pub retired: usize,
    /// The interfaces of the nodes that are still used, or known to the Site.
    pub used_interfaces: HashSet<String>,
}

/// Compiles the inputs into an output tree. Nothing is written.
///
/// # Errors
/// The tool could not do its work: a glob or a template folder that cannot be used.
pub fn compile(
    inputs: &Inputs,
    options: &Options,
    levels: Levels,
    progress: &Progress,
) -> anyhow::Result<(Compilation, Report)> {
    let mut findings = Findings::default();
    let sources = read::source::read(inputs, progress, &mut findings)?;
    let documents = read::document::parse(&sources, read::load::is_wanted, progress, &mut findings);
    compile_documents(sources, documents, inputs, options, levels, findings, progress)
}

/// Compiles documents that were read from `sources`. `inputs` says where from, and where to.
///
/// # Errors
/// As for [`compile`].
pub fn compile_documents(
    sources: Sources,
    documents: Documents,
    inputs: &Inputs,
    options: &Options,
    levels: Levels,
    mut findings: Findings,
    progress: &Progress,
) -> anyhow::Result<(Compilation, Report)> {
    let passed_over = documents.passed_over;
    let objects = read::load::load(documents.objects, &mut findings);
    let mut report = Report::new(levels, check::acceptances(&objects, registry::all(), &mut findings));
    let wukongs = objects.wukong_count;
    if wukongs == 0 && !options.allow_empty && !findings.has_errors() {
        findings.extend(check::no_wukong(inputs, passed_over.values().sum()));
    }
    let mut compilation = Compilation {
        sources,
        plan: None,
        tree: None,
        wukongs,
        passed_over,
        retired: 0,
        used_interfaces: HashSet::new(),
    };
    let sources = &mut compilation.sources;
    // With another Site than the one that is meant, most further findings would be guesses.
    let Some(settings) = lower::site::settings(&objects, &options.overrides, &mut findings) else {
        lower::network::check_without_site(objects, sources, &mut findings);
        report.extend(findings);
        return Ok((compilation, report));
    };
    let settings = Arc::new(settings);
    let plan = lower::lower(objects, Arc::clone(&settings), options.now, sources, &mut findings);
    let templates = Templates::load(options.templates.as_deref(), sources, &mut findings)?;
    check::check(&plan, findings, &mut report);
    let plan = compilation.plan.insert(plan);
    if report.has_errors() {
        return Ok((compilation, report));
    }
    let unwanted = unwanted_policies(inputs, plan, &settings)?;
    let mut findings = Findings::default();
    let tombstones = write::retire::retire(&unwanted, plan, &settings, &mut findings);
    report.extend(findings);
    if report.has_errors() {
        return Ok((compilation, report));
    }
    let mut findings = Findings::default();
    let tree = write::render::render(plan, &tombstones, &settings, &templates, sources, progress, &mut findings);
    report.extend(findings);
    compilation.tree = Some(tree).filter(|_| !report.has_errors());
    compilation.retired = tombstones.len();
    compilation.used_interfaces = used_interfaces(plan, &settings);
    Ok((compilation, report))
}

/// The policies that stand in the output folder and are no longer wanted. Without policies at all nothing is retired: the
/// cluster has no NMState that could.
fn unwanted_policies(inputs: &Inputs, plan: &Plan, settings: &Settings) -> anyhow::Result<Vec<Unwanted>> {
    let Some(folder) = inputs.output.as_ref().filter(|_| !settings.skip_nncp) else { return Ok(Vec::new()) };
    let wanted = plan.policies.iter().map(|policy| policy.name.as_str()).collect();
    let unwanted = write::tree::unwanted_policies(folder, &wanted)?;
    Ok(unwanted.into_iter().map(|(path, text)| Unwanted { path, text }).collect())
}

/// The interfaces that policies use or the Site lists.
fn used_interfaces(plan: &Plan, settings: &Settings) -> HashSet<String> {
    let used = plan.policies.iter().flat_map(|policy| write::retire::used(&policy.desired_state)).map(str::to_owned);
    let listed = settings.groups.iter().flat_map(|group| group.uplinks.keys().cloned());
    used.chain(listed).collect()
}
