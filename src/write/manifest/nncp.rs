//! NodeNetworkConfigurationPolicy, `nmstate.io/v1`, cluster-scoped.

use serde_json::{Map, Value, json};

use super::{Manifest, ManifestKind, SYNC_WAVE};
use crate::api::kinds;
use crate::api::nmstate::NetworkState;
use crate::base::diagnostic::Origin;
use crate::base::header;
use crate::model::{NodeSelector, Policy, Settings, Tombstone};

/// Before the attachments (0), which Argo CD would otherwise apply in the order of their names.
const WAVE: &str = "-1";
/// The annotation of a policy that takes away what it made.
pub const RETIRED: &str = "render.novasphere.dev/retired";

pub(super) fn manifest(policy: &Policy, settings: &Settings) -> Manifest {
    let (origin, header) = (Some(policy.origin.clone()), header::line(&policy.source.to_string()));
    object(&policy.name, &policy.node_selector, &policy.desired_state, Map::new(), origin, header, settings)
}

pub(super) fn tombstone(tombstone: &Tombstone, settings: &Settings) -> Manifest {
    let mut annotations = Map::new();
    annotations.insert(RETIRED.to_owned(), json!("true"));
    let Tombstone { name, node_selector, desired_state } = tombstone;
    object(name, node_selector, desired_state, annotations, None, header::retired_line(), settings)
}

fn object(
    name: &str,
    node_selector: &NodeSelector,
    desired_state: &NetworkState,
    mut annotations: Map<String, Value>,
    origin: Option<Origin>,
    header: String,
    settings: &Settings,
) -> Manifest {
    let mut metadata = json!({"name": name});
    if settings.site.writes_sync_waves() {
        annotations.insert(SYNC_WAVE.to_owned(), json!(WAVE));
    }
    if !annotations.is_empty() {
        metadata["annotations"] = Value::Object(annotations);
    }
    let mut spec = Map::new();
    if !node_selector.is_empty() {
        spec.insert("nodeSelector".to_owned(), json!(node_selector));
    }
    if let Some(max_unavailable) = settings.site.max_unavailable() {
        spec.insert("maxUnavailable".to_owned(), json!(max_unavailable));
    }
    spec.insert("desiredState".to_owned(), json!(desired_state));
    Manifest {
        kind: ManifestKind::Nncp,
        path: ManifestKind::Nncp.path(None, name),
        origin,
        header,
        body: json!({
            "apiVersion": kinds::NMSTATE_API_VERSION,
            "kind": kinds::NNCP,
            "metadata": metadata,
            "spec": Value::Object(spec),
        }),
    }
}
