//! What a text may come to. A few lines of aliases can stand for gigabytes, and the readers behind the parser go as deep as a value does.

use crate::rule;

rule! {
    /// A document is nested too deep.
    ///
    /// Lists and mappings within each other may be 250 deep, which no manifest comes near. Aliases count as what they stand for.
    ///
    /// ## Example
    /// ```yaml
    /// items: [[[[[[[[      # and so on
    /// ```
    ///
    /// ## Way out
    /// Check the brackets, or leave the file out with `--exclude GLOB`.
    pub NESTED_TOO_DEEP = "WK008", "nested-too-deep", Error;
}

/// How deep a document may be nested.
pub(super) const MAX_DEPTH: u32 = 250;
/// How many values the aliases of a document may add.
const MAX_VALUES: u64 = 100_000;
/// How many bytes of text the aliases of a document may add.
const MAX_BYTES: u64 = 8 << 20;
/// Of how many bytes one more value may come in a run: aliases that repeat a little are common, and a run may have many files.
const BYTES_OF_A_VALUE: u64 = 8;

/// How large a value is with its aliases expanded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Scalars, sequences and mappings.
    pub(super) values: u64,
    /// Bytes of text.
    pub(super) bytes: u64,
    /// Collections within each other.
    pub(super) depth: u32,
}

impl Extent {
    /// A scalar of this many bytes.
    pub(super) fn of_scalar(bytes: usize) -> Self {
        Self { values: 1, bytes: bytes as u64, depth: 0 }
    }

    /// Adds what stands in a collection.
    pub(super) fn add(&mut self, child: Self) {
        self.values = self.values.saturating_add(child.values);
        self.bytes = self.bytes.saturating_add(child.bytes);
        self.depth = self.depth.max(child.depth);
    }

    /// A collection of what has been added.
    pub(super) fn closed(self) -> Self {
        Self { values: self.values.saturating_add(1), depth: self.depth + 1, ..self }
    }

    /// Whether it is more than the aliases of one document may add.
    pub(super) fn is_too_large(&self) -> bool {
        self.values > MAX_VALUES || self.bytes > MAX_BYTES
    }
}

/// What the aliases of a run may still add: what one document may, and more for longer texts.
#[derive(Debug)]
pub(super) struct Allowance {
    values: u64,
    bytes: u64,
}

impl Allowance {
    /// The allowance of texts of this length.
    pub(super) fn of(bytes: u64) -> Self {
        Self { values: MAX_VALUES + bytes / BYTES_OF_A_VALUE, bytes: MAX_BYTES + bytes }
    }

    /// Takes what the aliases of a text add, if so much is left.
    pub(super) fn take(&mut self, added: Extent) -> bool {
        let left = self.values.checked_sub(added.values).zip(self.bytes.checked_sub(added.bytes));
        let Some((values, bytes)) = left else { return false };
        *self = Self { values, bytes };
        true
    }
}
