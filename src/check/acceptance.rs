//! Which findings a Wukong accepts, by annotations on it.

use crate::base::acceptance::Acceptance;
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::report::Report;
use crate::base::rule::{Inventory, Rule, Severity};
use crate::base::spelling::nearest;
use crate::model::Plan;
use crate::read::load::{LoadedWukong, Objects};
use crate::rule;

rule! {
    /// An annotation that accepts nothing, because it is not written as it must be.
    ///
    /// A warning is accepted in one Wukong by an annotation on it: `accept.render.novasphere.dev/CODE`, or `CODE.NETWORK` for one of its
    /// networks, with the reason as its value. A code that does not exist, a network that is not there, an empty reason, or a rule that
    /// only knows errors accept nothing.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   annotations:
    ///     accept.render.novasphere.dev/WK215: ens224 is for storage only, on all nodes (NET-12)
    ///     accept.render.novasphere.dev/WK309.lab: the lab is meant to be cut off
    /// ```
    ///
    /// ## Way out
    /// Correct the annotation. `wukong-render explain` lists the codes.
    pub INVALID_ACCEPTANCE = "WK118", "invalid-acceptance", Warning;
}

rule! {
    /// An annotation accepts a finding that is not there.
    ///
    /// What it accepted was mended, or is found in another Wukong. Left there, it would hide the next one of its kind without anybody looking.
    /// Warnings that depend on the inventory are only missed where there is one.
    ///
    /// ## Way out
    /// Delete the annotation.
    pub UNUSED_ACCEPTANCE = "WK119", "unused-acceptance", Warning;
}

const PREFIX: &str = "accept.render.novasphere.dev";
const HELP: &str = "write `accept.render.novasphere.dev/CODE: reason`, or `CODE.NETWORK` for one network";

/// What the Wukongs accept.
pub fn acceptances(objects: &Objects, rules: &[&'static Rule], findings: &mut Findings) -> Vec<Acceptance> {
    let mut acceptances = Vec::new();
    for loaded in &objects.wukongs {
        for (prefix, name, reason) in loaded.own_annotations() {
            match acceptance(loaded, rules, prefix, name, reason) {
                Ok(acceptance) => acceptances.push(acceptance),
                Err((message, help)) => {
                    let annotations = loaded.wukong.origin.child("metadata").child("annotations");
                    let place = annotations.key(&format!("{prefix}/{name}"));
                    findings.push(Diagnostic::new(&INVALID_ACCEPTANCE, place, message, help));
                }
            }
        }
    }
    if let Some(site) = &objects.site {
        let annotations = site.value.metadata.annotations.iter().flatten();
        for (key, _) in annotations.filter(|(key, _)| key.starts_with(PREFIX)) {
            let place = site.origin.child("metadata").child("annotations").key(key);
            let message = "a Site accepts nothing: a finding is accepted in the Wukong where it is";
            let help = "annotate the Wukong, or use --allow CODE for the whole run";
            findings.push(Diagnostic::new(&INVALID_ACCEPTANCE, place, message, help));
        }
    }
    acceptances
}

/// What an annotation accepts; or what is wrong with it, and the way out.
fn acceptance(
    loaded: &LoadedWukong,
    rules: &[&'static Rule],
    prefix: &str,
    name: &str,
    reason: &str,
) -> Result<Acceptance, (String, String)> {
    if prefix != PREFIX {
        return Err((format!("`{prefix}/{name}` means nothing here"), HELP.to_owned()));
    }
    let (code, network) = match name.split_once('.') {
        Some((code, network)) => (code, Some(network)),
        None => (name, None),
    };
    let rule = rules.iter().copied().find(|rule| rule.is_named(code)).ok_or_else(|| {
        let known: Vec<&str> = rules.iter().flat_map(|rule| [rule.code, rule.name]).collect();
        let help = nearest(code, &known).map_or_else(|| HELP.to_owned(), |meant| format!("did you mean `{meant}`?"));
        (format!("there is no rule `{code}` to accept"), help)
    })?;
    if reason.trim().is_empty() {
        let message = format!("{} is accepted without a reason", rule.code);
        return Err((message, "say why, for those who read it next year".to_owned()));
    }
    let object = &loaded.wukong.origin;
    let scope = match network {
        None => object.clone(),
        Some(name) => {
            let found = loaded.networks.iter().find(|network| network.value.name == name);
            let names: Vec<&str> = loaded.networks.iter().map(|network| network.value.name.as_str()).collect();
            let help = || match nearest(name, &names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => HELP.to_owned(),
            };
            found.ok_or_else(|| (format!("there is no network `{name}`"), help()))?.origin.clone()
        }
    };
    let place = object.child("metadata").child("annotations").key(&format!("{prefix}/{name}"));
    Ok(Acceptance { rule, scope, place, reason: reason.trim().to_owned(), uses: 0 })
}

/// The acceptances that accept nothing, once every rule has been asked.
pub(super) fn unused(plan: &Plan, report: &Report) -> Findings {
    let mut findings = Findings::default();
    // What was dropped because of an error is not looked at, and may be what is accepted.
    if plan.is_partial {
        return findings;
    }
    let is_unused = |acceptance: &&Acceptance| {
        acceptance.uses == 0 && is_looked_for(acceptance.rule, plan) && !report.is_allowed(acceptance.rule)
    };
    let finding = |acceptance: &Acceptance| {
        let Rule { code, name, severity, .. } = acceptance.rule;
        let (rule, message) = match severity {
            Severity::Error => {
                (&INVALID_ACCEPTANCE, format!("{code} {name} is an error, and only warnings are accepted"))
            }
            Severity::Warning => (&UNUSED_ACCEPTANCE, format!("{code} {name} is accepted here, and is not found here")),
        };
        Diagnostic::new(rule, acceptance.place.clone(), message, "delete the annotation")
    };
    findings.extend(report.acceptances().iter().filter(is_unused).map(finding));
    findings
}

/// Whether a run like this one could have found it: some rules need the inventory, others are for where there is none.
fn is_looked_for(rule: &Rule, plan: &Plan) -> bool {
    match rule.inventory {
        Inventory::Any => true,
        Inventory::Needed => !plan.inventory.is_empty(),
        Inventory::Absent => plan.inventory.is_empty(),
    }
}
