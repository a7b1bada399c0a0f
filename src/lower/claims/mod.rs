//! What each source of truth about the nodes claims, in one language: the Site, networks, others' manifests, the nodes as they are.
//!
//! Interfaces that the Site or a policy of others states are read by one function, [`interface::claims`]: what one is, with which ports,
//! MTU and addresses. A network claims what it needs, a node the addresses that it has.

mod attachments;
mod interface;
mod inventory;
mod network;
mod policies;
mod site;

pub(super) use attachments::{Bridges, of_attachments};
pub(super) use inventory::of_inventory;
pub(super) use network::{Others, of_attachment_name, of_network, of_ovn_network, ovn_mtus};
pub(super) use policies::of_policies;
pub(super) use site::of_site;
