//! wukong-render compiles `Wukong` virtual machines into the network manifests of their nodes and pods, with no cluster at
//! hand.
//!
//! [`compile`] is the pipeline, and a function of values: texts, templates, what stands in the output folder and the time go in;
//! findings, the plan, the tree and its changes come out. Every stage is a function from the previous stage's type to the next. What an
//! author did wrong goes into the [`Report`].
//!
//! ```text
//! Sources -> Documents -> Objects -> Settings, Plan -> Findings, OutputTree -> Changes
//!        read::document   read::load     lower         check   write::render  write::tree
//! ```
//!
//! Files, streams and the command line are `io` and `cli`, behind the feature `cli`, which is on by default.

pub mod api;
pub mod base;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod io;
pub mod lower;
pub mod model;
pub mod read;
pub mod registry;
pub mod view;
pub mod ways;
pub mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::diagnostic::Findings;
use crate::base::levels::Levels;
use crate::base::place::Place;
use crate::base::progress::Progress;
use crate::base::report::Report;
use crate::base::rule::Rule;
use crate::model::{Overrides, Plan};
use crate::read::document::{self, Documents};
use crate::read::load;
use crate::read::source::Sources;
use crate::write::render::{Template, Templates};
use crate::write::retire::Leftovers;
use crate::write::tree::{Change, Existing, OutputTree};

/// What is compiled: all that a compilation knows.
#[derive(Debug, Default)]
pub struct Request {
    /// The texts.
    pub sources: Sources,
    /// The objects in the texts; none if they are to be read.
    pub documents: Option<Documents>,
    /// Templates that replace the built-in ones.
    pub templates: Vec<Template>,
    /// What stands in the output folder; none if there is no such folder to compare with.
    pub existing: Option<Existing>,
    /// What goes before the Site.
    pub overrides: Overrides,
    /// What the command line changes about severities.
    pub levels: Levels,
    /// Whether inputs without a Wukong are meant.
    pub allow_empty: bool,
    /// The time, in seconds since 1970, by which the age of the inventory is told; none if it does not matter.
    pub now: Option<i64>,
    /// What the inputs are called, where there is nothing in them to point at.
    pub called: String,
    /// What was found when the texts were read.
    pub findings: Findings,
    /// Counts the steps, for whoever watches.
    pub progress: Arc<Progress>,
}

/// What comes of a compilation.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was found.
    pub report: Report,
    /// Every text: findings point into them.
    pub sources: Sources,
    /// What everything comes to, as far as errors allow; none if the Site cannot be used.
    pub plan: Option<Plan>,
    /// The manifests; none if there is an error.
    pub tree: Option<OutputTree>,
    /// What they change in what stands in the output folder; nothing if that is not known.
    pub changes: Vec<Change>,
    /// What the changes leave on the nodes.
    pub leftovers: Leftovers,
    /// How many policies are retired.
    pub retired: usize,
    /// How many Wukongs were read.
    pub wukongs: usize,
    /// How many documents of which other kind were left aside.
    pub ignored: BTreeMap<String, usize>,
}

/// Compiles texts into an output tree. Nothing is read and nothing is written.
pub fn compile(request: Request) -> Outcome {
    let Request { sources, mut findings, existing, progress, .. } = request;
    let read = |findings: &mut Findings| document::parse(&sources, load::is_wanted, &progress, findings);
    let documents = request.documents.unwrap_or_else(|| read(&mut findings));
    let objects = load::load(documents.objects, &mut findings);
    let acceptances = check::acceptances(&objects, registry::all(), &mut findings);
    let mut outcome = Outcome {
        report: Report::new(request.levels, acceptances),
        sources,
        wukongs: objects.wukong_count,
        ignored: documents.ignored,
        ..Outcome::default()
    };
    if outcome.wukongs == 0 && !request.allow_empty && !findings.has_errors() {
        findings.push(check::no_wukong(&request.called, outcome.ignored.values().sum()));
    }
    let templates = Templates::new(request.templates, &mut outcome.sources, &mut findings);
    // With another Site than the one that is meant, most further findings would be guesses.
    let Some(settings) = lower::site::settings(&objects, &request.overrides, &mut findings) else {
        lower::network::check_without_site(objects, &outcome.sources, &mut findings);
        outcome.report.extend(findings);
        return outcome;
    };
    let plan = lower::lower(objects, Arc::new(settings), request.now, &outcome.sources, &mut findings);
    check::check(&plan, findings, &mut outcome.report);
    make(&plan, &templates, existing.as_ref(), &progress, &mut outcome);
    outcome.plan = Some(plan);
    outcome
}

/// The tree of a plan, and what it changes. No step is taken once there is an error.
fn make(
    plan: &Plan,
    templates: &Templates,
    existing: Option<&Existing>,
    progress: &Progress,
    outcome: &mut Outcome,
) -> Option<()> {
    let Outcome { report, sources, .. } = outcome;
    let mut go_on = |findings: Findings| {
        report.extend(findings);
        (!report.has_errors()).then_some(())
    };
    go_on(Findings::default())?;
    let mut findings = Findings::default();
    let tombstones = existing.map(|it| write::retire::retire(it, plan, &mut findings)).unwrap_or_default();
    go_on(findings)?;
    let mut findings = Findings::default();
    let tree = write::render::render(plan, &tombstones, &plan.settings, templates, sources, progress, &mut findings);
    go_on(findings)?;
    let (changes, findings) = existing.map(|it| tree.changes(it, progress)).unwrap_or_default();
    go_on(findings)?;
    let accepts = &mut |rule: &Rule, place: &Place| report.accepts(rule, std::slice::from_ref(place));
    let findings = write::guests::changed_under_guests(&tree, &changes, plan, accepts);
    report.extend(findings);
    (!report.has_errors()).then_some(())?;
    outcome.leftovers = write::retire::leftovers(&tree, &changes, plan);
    outcome.retired = tombstones.len();
    (outcome.tree, outcome.changes) = (Some(tree), changes);
    Some(())
}
