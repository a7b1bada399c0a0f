//! What a finding is called, how severe it is, and its manual page.

use serde::Serialize;

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Cannot work, or breaks a node or another VM for certain. Nothing is written.
    Error,
    /// Works today, and may bite.
    Warning,
}

impl Severity {
    /// The word as it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One kind of finding. Declared with [`rule!`](crate::rule), so that its doc comment is its manual.
#[derive(Debug)]
pub struct Rule {
    /// The stable code, `WK` and three digits; never reused. The first digit names the stage: 0 files and YAML,
    /// 1 schema, 2 one network, 3 the whole set, 4 templates, 5 the output tree.
    pub code: &'static str,
    /// The stable name in kebab-case, accepted wherever the code is.
    pub name: &'static str,
    /// The severity unless the place decides otherwise or the command line changes it.
    pub severity: Severity,
    /// The manual page in Markdown, from the doc comment.
    pub doc: &'static str,
}

impl Rule {
    /// The manual page with the blank that rustdoc puts before each line taken away.
    pub fn manual(&self) -> String {
        let lines: Vec<&str> = self.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n").trim().to_owned()
    }

    /// The first sentence of the manual page.
    pub fn summary(&self) -> String {
        let manual = self.manual();
        let paragraph = manual.split("\n\n").next().unwrap_or_default();
        paragraph.replace('\n', " ")
    }

    /// Whether `word` names this rule, by code (in any case) or by name.
    pub fn is_named(&self, word: &str) -> bool {
        self.code.eq_ignore_ascii_case(word) || self.name == word
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

/// Declares a [`Rule`] as a static whose manual page is the doc comment above it.
#[macro_export]
macro_rules! rule {
    ($(#[doc = $doc:literal])+ $visibility:vis $ident:ident = $code:literal, $name:literal, $severity:ident;) => {
        $(#[doc = $doc])+
        $visibility static $ident: $crate::base::diagnostic::Rule = $crate::base::diagnostic::Rule {
            code: $code,
            name: $name,
            severity: $crate::base::diagnostic::Severity::$severity,
            doc: concat!($($doc, "\n"),+),
        };
    };
}
