//! Texts to typed objects: what is written, checked by itself. A function of one file at a time.

pub mod document;
pub mod load;
pub mod ours;
pub mod schema;
pub mod source;
