//! The output formats: each a file that takes resolved findings, so that they cannot disagree.

pub mod json;
pub mod text;
