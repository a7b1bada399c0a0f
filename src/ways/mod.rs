//! Ways in besides files: a KRM function, and an export of a cluster to compare with.

pub mod krm;
pub mod live;
