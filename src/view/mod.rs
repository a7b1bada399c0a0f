//! What a person or a program sees of a run: positions of findings, output formats, pictures.

pub mod emit;
pub mod graph;
mod lines;
pub mod resolve;
mod secrets;
