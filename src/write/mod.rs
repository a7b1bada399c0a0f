//! The plan to text: manifests, templates, the output tree, and what becomes of policies that are no longer wanted.

pub mod guests;
pub mod manifest;
mod nesting;
pub mod render;
mod reread;
pub mod retire;
pub mod tree;
pub mod yaml;
