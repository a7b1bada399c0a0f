use super::nad_not_found::NAD_NOT_FOUND;
use crate::base::diagnostic::{Diagnostic, Report, Severity};
use crate::model::Plan;
use crate::rule;

rule! {
    /// A `nadName` leads into another namespace.
    ///
    /// With Multus' `namespaceIsolation`, a pod may only use attachments of its own namespace and of `default` (multus-cni,
    /// `docs/configuration.md`, "Namespace Isolation"); others are refused, and the virtual machine does not start. Whether the cluster has it,
    /// only the Site can say.
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
    pub(super) NAD_IN_ANOTHER_NAMESPACE = "WK236", "nad-in-another-namespace", Warning;
}

/// The namespace that Multus lets everybody use.
const SHARED: &str = "default";

pub(super) fn check(plan: &Plan, report: &mut Report) {
    if plan.namespace_isolation == Some(false) {
        return;
    }
    let missing = report.places_of(&NAD_NOT_FOUND);
    for wukong in &plan.wukongs {
        let Some(own) = wukong.identity.namespace.as_deref() else { continue };
        for network in &wukong.networks {
            let Some((Some(namespace), name)) = &network.nad_name else { continue };
            if namespace == own || namespace == SHARED {
                continue;
            }
            // One that is not there at all is most often a misspelt namespace.
            if missing.contains(&network.origin.at("nadName")) {
                continue;
            }
            let (condition, severity) = match plan.namespace_isolation {
                Some(_) => ("", Severity::Error),
                None => (" if Multus isolates namespaces", Severity::Warning),
            };
            let mut diagnostic = Diagnostic::new(
                &NAD_IN_ANOTHER_NAMESPACE,
                network.origin.at("nadName"),
                format!("`{}` cannot use `{name}` of the namespace `{namespace}`{condition}", wukong.identity.name),
                format!(
                    "use an attachment of `{own}` or `{SHARED}`; the Site's `attachment.namespaceIsolation` says whether it matters"
                ),
            );
            diagnostic.severity = severity;
            report.push(diagnostic);
        }
    }
}
