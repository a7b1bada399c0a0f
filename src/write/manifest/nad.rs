//! NetworkAttachmentDefinition, `k8s.cni.cncf.io/v1`, in the Wukong's namespace.

use serde_json::{Map, json};

use super::{Manifest, ManifestKind, SYNC_WAVE};
use crate::api::kinds;
use crate::base::header;
use crate::model::{Attachment, Settings};

const WAVE: &str = "0";
/// The annotation by which a pod with this attachment asks for a node resource.
const RESOURCE_NAME: &str = "k8s.v1.cni.cncf.io/resourceName";

pub(super) fn manifest(attachment: &Attachment, settings: &Settings) -> Manifest {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(attachment.name));
    let namespace = attachment.wukong.namespace.as_ref();
    if let Some(namespace) = namespace {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    let mut annotations = Map::new();
    if settings.site.writes_sync_waves() {
        annotations.insert(SYNC_WAVE.to_owned(), json!(WAVE));
    }
    if let Some(resource_name) = &attachment.resource_name {
        annotations.insert(RESOURCE_NAME.to_owned(), json!(resource_name));
    }
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), json!(annotations));
    }
    // Indented: a reviewer reads it line by line, and the plugin does not care.
    let config = format!("{:#}\n", json!(attachment.config));
    Manifest {
        kind: ManifestKind::Nad,
        path: ManifestKind::Nad.path(namespace.map(String::as_str), &attachment.name),
        origin: Some(attachment.origin.clone()),
        header: header::line(&attachment.wukong.source),
        body: json!({
            "apiVersion": kinds::CNI_API_VERSION,
            "kind": kinds::NAD,
            "metadata": metadata,
            "spec": {"config": config},
        }),
    }
}
