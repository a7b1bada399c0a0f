//! What every room stands on: places and findings, names and addresses, and small things that many use. Nothing of ours is imported
//! here.

pub mod acceptance;
pub mod address;
pub mod diagnostic;
pub mod few;
pub mod header;
pub mod levels;
pub mod names;
pub mod place;
pub mod printable;
pub mod progress;
pub mod report;
pub mod rule;
pub mod secrets;
pub mod spelling;
