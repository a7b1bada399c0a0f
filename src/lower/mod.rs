//! Objects to the plan: the Site resolved for every node group, networks placed on it, their needs as policies.

mod claims;
pub mod names;
pub mod network;
pub mod policy;
pub mod site;
