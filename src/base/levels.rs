//! The command line's word on severities: `--deny warnings`, `--deny CODE`, `--warn CODE`, `--allow CODE`.

use super::rule::{Rule, Severity};

/// What the command line changes about severities. Only warnings can be changed: an error means that the
/// manifest cannot work, and no flag makes it work.
#[derive(Debug, Default, Clone)]
pub struct Levels {
    /// Every warning is an error, unless something else is said of it by name.
    pub deny_warnings: bool,
    /// These warnings are errors.
    pub deny: Vec<&'static Rule>,
    /// These warnings stay warnings.
    pub warn: Vec<&'static Rule>,
    /// These warnings are not reported.
    pub allow: Vec<&'static Rule>,
}

impl Levels {
    /// The severity that a finding gets, or `None` when it is not wanted.
    pub fn apply(&self, rule: &'static Rule, severity: Severity) -> Option<Severity> {
        if severity == Severity::Error {
            return Some(severity);
        }
        if self.deny.contains(&rule) {
            return Some(Severity::Error);
        }
        if self.allow.contains(&rule) {
            return None;
        }
        let is_denied = self.deny_warnings && !self.warn.contains(&rule);
        Some(if is_denied { Severity::Error } else { severity })
    }
}
