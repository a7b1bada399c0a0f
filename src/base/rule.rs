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
    /// Whether it can be found in a run with, or without, the nodes' states.
    pub inventory: Inventory,
    /// The rules before which it gives way, and with them those before which they do: in a network in which one of them has found something,
    /// it finds nothing. One slip of the pen is one finding.
    pub yields_to: &'static [&'static Rule],
    /// Whether it compares with what stands in the output folder: what it finds is gone when that is written.
    pub is_about_changes: bool,
}

/// What a rule needs to know of the nodes as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inventory {
    /// It can be found in any run.
    Any,
    /// It is only found where there are states of nodes.
    Needed,
    /// It is a guess, and only made where there are none.
    Absent,
}

impl Rule {
    /// A rule that says nothing else of itself.
    pub const fn new(code: &'static str, name: &'static str, severity: Severity, doc: &'static str) -> Self {
        Self { code, name, severity, doc, inventory: Inventory::Any, yields_to: &[], is_about_changes: false }
    }

    /// The same rule, with what it needs to know of the nodes.
    #[must_use]
    pub const fn with_inventory(self, inventory: Inventory) -> Self {
        Self { inventory, ..self }
    }

    /// The same rule, giving way before these.
    #[must_use]
    pub const fn yielding_to(self, yields_to: &'static [&'static Self]) -> Self {
        Self { yields_to, ..self }
    }

    /// The same rule, as one about what changes in the output folder, or not.
    #[must_use]
    pub const fn about_changes(self, is_about_changes: bool) -> Self {
        Self { is_about_changes, ..self }
    }

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
    ($(#[doc = $doc:literal])+ $visibility:vis $ident:ident = $code:literal, $name:literal, $severity:ident
     $(, inventory: $inventory:ident)? $(, yields_to: $yields_to:expr)? $(, about_changes: $about_changes:literal)?;) => {
        $(#[doc = $doc])+
        $visibility static $ident: $crate::base::rule::Rule = $crate::base::rule::Rule::new(
            $code,
            $name,
            $crate::base::rule::Severity::$severity,
            concat!($($doc, "\n"),+),
        )
        $(.with_inventory($crate::base::rule::Inventory::$inventory))?
        $(.yielding_to($yields_to))?
        $(.about_changes($about_changes))?;
    };
}
