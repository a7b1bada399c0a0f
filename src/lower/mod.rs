//! Objects to the plan: the Site resolved for every node group, networks placed on it, their needs as policies, and what all sources
//! claim of the nodes.

mod claims;
pub mod names;
pub mod network;
pub mod policy;
pub mod site;

use std::sync::Arc;

use crate::base::diagnostic::Findings;
use crate::model::{ById, Plan, Settings};
use crate::read::load::Objects;
use crate::read::source::Sources;

use network::Networks;
use policy::Policies;

/// Lowers objects to the plan. `now` is the time of the run, in seconds since 1970.
pub fn lower(
    mut objects: Objects,
    settings: Arc<Settings>,
    now: Option<i64>,
    sources: &Sources,
    findings: &mut Findings,
) -> Plan {
    let networks = network::lower(&mut objects, &settings, sources, findings);
    let policies = policy::policies(&networks.wukongs, &objects.inventory, &settings, findings);
    assemble(objects, networks, policies, settings, now)
}

/// Puts the plan together.
pub fn assemble(
    objects: Objects,
    networks: Networks,
    policies: Policies,
    settings: Arc<Settings>,
    now: Option<i64>,
) -> Plan {
    let mut claims = claims::of_site(&settings);
    claims.extend(claims::of_policies(&objects.policies, &settings));
    // Where the bridges lead to matters to attachments of others alone.
    if !objects.attachments.is_empty() {
        let bridges = claims::Bridges::of(claims.iter().chain(&networks.claims));
        let of_attachments = claims::of_attachments(&objects.attachments, &bridges, &settings);
        claims.extend(of_attachments);
    }
    claims.extend(claims::of_inventory(&objects.inventory, &settings.groups));
    claims.extend(networks.claims);
    claims.extend(policies.claims);
    Plan {
        settings,
        wukongs: networks.wukongs,
        policies: policies.policies,
        attachments: networks.attachments,
        claims,
        attachments_of_others: objects.attachments,
        policies_of_others: objects.policies,
        inventory: objects.inventory,
        now,
        is_partial: networks.is_partial || policies.is_partial,
        by_id: ById::default(),
    }
}
