//! NodeNetworkConfigurationPolicy, `nmstate.io/v1`, cluster-scoped.

use serde_json::{Value, json};

use super::{Manifest, ManifestKind, SYNC_WAVE};
use crate::plan::{Policy, Settings};

/// Before the attachments (0), which Argo CD would otherwise apply in the order of their names.
const WAVE: &str = "-1";

pub(super) fn manifest(policy: &Policy, settings: &Settings) -> Manifest {
    let mut metadata = json!({"name": policy.name});
    if settings.sync_waves {
        metadata["annotations"] = json!({SYNC_WAVE: WAVE});
    }
    let mut spec = serde_json::Map::new();
    if !policy.node_selector.is_empty() {
        spec.insert("nodeSelector".to_owned(), json!(*policy.node_selector));
    }
    if let Some(max_unavailable) = &settings.max_unavailable {
        spec.insert("maxUnavailable".to_owned(), json!(max_unavailable));
    }
    spec.insert("desiredState".to_owned(), json!(policy.desired_state));
    Manifest {
        kind: ManifestKind::Nncp,
        path: format!("nncp/{}.yaml", policy.name),
        origin: Some(policy.origin.clone()),
        source: policy.source.clone(),
        body: json!({
            "apiVersion": "nmstate.io/v1",
            "kind": "NodeNetworkConfigurationPolicy",
            "metadata": metadata,
            "spec": Value::Object(spec),
        }),
    }
}
