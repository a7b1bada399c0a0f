use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nad_not_found::NAD_NOT_FOUND;
use crate::base::diagnostic::More;
use crate::base::rule::Severity;
use crate::model::{Key, NadName, Plan};
use crate::rule;

rule! {
    /// A `nadName` leads into another namespace.
    ///
    /// With Multus' `namespaceIsolation`, a pod may only use attachments of its own namespace and of `default` (multus-cni,
    /// `docs/configuration.md`, "Namespace Isolation"); others are refused, and the virtual machine does not start. Whether the cluster has it,
    /// only the Site can say. As long as it does not, all of them are one warning.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   attachment:
    ///     namespaceIsolation: false     # the Site: nadName may lead anywhere
    /// ```
    ///
    /// ## Way out
    /// Say in the Site whether there is isolation. If there is, copy the attachment into the namespace, or put it into `default`.
    pub(super) NAD_IN_ANOTHER_NAMESPACE = "WK236", "nad-in-another-namespace", Warning, yields_to: &[&NAD_NOT_FOUND];
}

/// All networks of a run are one finding.
const RUN: usize = 0;

/// The namespace that Multus lets everybody use.
const SHARED: &str = "default";

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let (condition, severity) = match plan.settings.site.namespace_isolation() {
        Some(false) => return Vec::new(),
        Some(true) => ("", Severity::Error),
        None => (" if Multus isolates namespaces", Severity::Warning),
    };
    let mut hits = Vec::new();
    for wukong in &plan.wukongs {
        let identity = &wukong.identity;
        let Some(own) = identity.namespace.as_deref() else { continue };
        for network in &wukong.networks {
            let Some(NadName { namespace: Some(namespace), name }) = &network.nad_name else { continue };
            if namespace == own || namespace == SHARED {
                continue;
            }
            let words = move |more: More| {
                let others = more.words("; the same goes for one more network", |more| {
                    format!("; the same goes for {more} more networks")
                });
                Words::new(
                    format!(
                        "`{}` cannot use `{name}` of the namespace `{namespace}`{condition}{others}",
                        identity.name
                    ),
                    format!(
                        "use an attachment of `{own}` or `{SHARED}`; the Site's `attachment.namespaceIsolation` says whether it matters"
                    ),
                )
            };
            let place = network.at(Key::NadName);
            let hit = match severity {
                // One line in the Site answers for all of them.
                Severity::Warning => Hit::in_group(place, RUN, words),
                Severity::Error => Hit::new(place, move || words(More(0))),
            };
            hits.push(hit.with_severity(severity));
        }
    }
    hits
}
