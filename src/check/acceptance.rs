//! Which findings are accepted: by annotations on a Wukong, and by the Site.

use crate::api::Site;
use crate::base::acceptance::{Acceptance, Scope};
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::report::Report;
use crate::base::rule::{Inventory, Rule, Severity};
use crate::base::spelling::nearest;
use crate::model::Plan;
use crate::read::load::{LoadedWukong, Object, Objects};
use crate::rule;

rule! {
    /// An acceptance that accepts nothing, because it is not written as it must be.
    ///
    /// A warning is accepted in one Wukong by an annotation on it: `accept.render.novasphere.dev/CODE`, or `CODE.NETWORK` for one of its
    /// networks, with the reason as its value. The Site accepts it for the run or for namespaces, in `spec.accept`. A code that does not
    /// exist, a network that is not there, an empty reason, or a rule that only knows errors accept nothing.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   annotations:
    ///     accept.render.novasphere.dev/WK215: ens224 is for storage only, on all nodes (NET-12)
    ///     accept.render.novasphere.dev/WK309.lab: the lab is meant to be cut off
    /// ```
    ///
    /// In the Site:
    /// ```yaml
    /// spec:
    ///   accept:
    ///     - {rule: WK217, reason: our images take the pod network's default route alone (NET-31)}
    ///     - {rule: WK215, reason: ens224 is for storage only (NET-12), namespaces: [storage]}
    /// ```
    ///
    /// ## Way out
    /// Correct the annotation, or the entry of the Site. `wukong-render explain` lists the codes.
    pub INVALID_ACCEPTANCE = "WK118", "invalid-acceptance", Warning;
}

rule! {
    /// An acceptance is of a finding that is not there.
    ///
    /// What it accepted was mended, or is found in another Wukong. Left there, it would hide the next one of its kind without anybody looking.
    /// Warnings that depend on the inventory are only missed where there is one. An entry of the Site for namespaces is only missed in a run
    /// that has a Wukong of one of them, so that one Site can serve several runs. Warnings about what a render changes come and go, and
    /// are never missed.
    ///
    /// ## Way out
    /// Delete the annotation, or the entry of the Site.
    pub UNUSED_ACCEPTANCE = "WK119", "unused-acceptance", Warning;
}

const PREFIX: &str = "accept.render.novasphere.dev";
const HELP: &str = "write `accept.render.novasphere.dev/CODE: reason`, or `CODE.NETWORK` for one network";
const SITE_HELP: &str = "write `{rule: CODE, reason: why}`; `wukong-render explain` lists the codes";
const REASON_HELP: &str = "say why, for those who read it next year";

/// What the Wukongs and the Site accept.
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
        acceptances.extend(of_site(site, &objects.wukongs, rules, findings));
    }
    acceptances
}

/// What the Site accepts.
fn of_site(
    site: &Object<Site>,
    wukongs: &[LoadedWukong],
    rules: &[&'static Rule],
    findings: &mut Findings,
) -> Vec<Acceptance> {
    let annotations = site.value.metadata.annotations.iter().flatten();
    for (key, _) in annotations.filter(|(key, _)| key.starts_with(PREFIX)) {
        let place = site.origin.child("metadata").child("annotations").key(key);
        let message = "an annotation on a Site accepts nothing";
        let help = "write `{rule: CODE, reason: why}` in the list `spec.accept` of the Site";
        findings.push(Diagnostic::new(&INVALID_ACCEPTANCE, place, message, help));
    }
    let entries = site.value.spec.iter().flat_map(|spec| spec.accept.iter().flatten());
    let list = site.origin.child("spec").child("accept");
    let mut acceptances = Vec::new();
    for (index, entry) in entries.enumerate() {
        let origin = list.child(index);
        let mut invalid = |place, (message, help): (String, String)| {
            findings.push(Diagnostic::new(&INVALID_ACCEPTANCE, place, message, help));
        };
        let rule = match known(&entry.rule, rules, SITE_HELP) {
            Ok(rule) => rule,
            Err(problem) => {
                invalid(origin.at("rule"), problem);
                continue;
            }
        };
        if entry.reason.trim().is_empty() {
            invalid(origin.at("reason"), without_reason(rule));
            continue;
        }
        let scope = match &entry.namespaces {
            None => Scope::Run,
            Some(namespaces) => {
                let is_in = |it: &&LoadedWukong| {
                    it.wukong.value.metadata.namespace.as_ref().is_some_and(|it| namespaces.contains(it))
                };
                let ids = wukongs.iter().filter(is_in).map(|it| (it.wukong.origin.document, it.wukong.origin.object));
                Scope::Wukongs(ids.collect())
            }
        };
        let reason = entry.reason.trim().to_owned();
        acceptances.push(Acceptance { rule, scope, place: origin.at("rule"), reason, uses: 0 });
    }
    acceptances
}

/// The rule of a code or a name; or what is wrong with that, and the way out.
fn known(word: &str, rules: &[&'static Rule], help: &str) -> Result<&'static Rule, (String, String)> {
    rules.iter().copied().find(|rule| rule.is_named(word)).ok_or_else(|| {
        let known: Vec<&str> = rules.iter().flat_map(|rule| [rule.code, rule.name]).collect();
        let help = nearest(word, &known).map_or_else(|| help.to_owned(), |meant| format!("did you mean `{meant}`?"));
        (format!("there is no rule `{word}` to accept"), help)
    })
}

fn without_reason(rule: &Rule) -> (String, String) {
    (format!("{} is accepted without a reason", rule.code), REASON_HELP.to_owned())
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
    let rule = known(code, rules, HELP)?;
    if reason.trim().is_empty() {
        return Err(without_reason(rule));
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
    Ok(Acceptance { rule, scope: Scope::Within(scope), place, reason: reason.trim().to_owned(), uses: 0 })
}

/// The acceptances that accept nothing, once every rule has been asked.
pub(super) fn unused(plan: &Plan, report: &Report) -> Findings {
    let mut findings = Findings::default();
    // What was dropped because of an error is not looked at, and may be what is accepted.
    if plan.is_partial {
        return findings;
    }
    let is_unused = |acceptance: &&Acceptance| {
        acceptance.uses == 0
            && is_looked_for(acceptance.rule, plan)
            && !report.is_allowed(acceptance.rule)
            && !matches!(&acceptance.scope, Scope::Wukongs(wukongs) if wukongs.is_empty())
    };
    let finding = |acceptance: &Acceptance| {
        let Rule { code, name, severity, .. } = acceptance.rule;
        let (whereabouts, help) = match &acceptance.scope {
            Scope::Within(_) => ("is accepted here, and is not found here", "delete the annotation"),
            Scope::Wukongs(_) => ("is accepted for these namespaces, and is not found in them", "delete this entry"),
            Scope::Run => ("is accepted for the run, and is not found in it", "delete this entry"),
        };
        let (rule, message) = match severity {
            Severity::Error => {
                (&INVALID_ACCEPTANCE, format!("{code} {name} is an error, and only warnings are accepted"))
            }
            Severity::Warning => (&UNUSED_ACCEPTANCE, format!("{code} {name} {whereabouts}")),
        };
        Diagnostic::new(rule, acceptance.place.clone(), message, help)
    };
    findings.extend(report.acceptances().iter().filter(is_unused).map(finding));
    findings
}

/// Whether a run like this one could have found it: some rules need the inventory, others are for where there is none.
fn is_looked_for(rule: &Rule, plan: &Plan) -> bool {
    match rule.inventory {
        // What a render changes is found once, and not when it is rendered again.
        _ if rule.is_about_changes => false,
        Inventory::Any => true,
        Inventory::Needed => !plan.inventory.is_empty(),
        Inventory::Absent => plan.inventory.is_empty(),
    }
}
