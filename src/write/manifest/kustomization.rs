//! The `kustomization.yaml` of the root, of `nncp` and of `nad`: Argo CD takes the root, Flux the two folders in turn.
//!
//! `sortOptions: {order: fifo}` keeps our order; kustomize's own puts attachments before policies (tried with
//! `kubectl kustomize` 5.5). A folder without manifests keeps its kustomization, so that a Flux Kustomization that points at it does not fail.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Manifest, ManifestKind};
use crate::api::kinds;
use crate::base::header;
use crate::model::Settings;

/// The name that kustomize looks for.
pub const KUSTOMIZATION: &str = "kustomization.yaml";

/// The other names that kustomize looks for. It refuses a folder in which two of them stand.
const OTHER_NAMES: [&str; 2] = ["kustomization.yml", "Kustomization"];

/// The paths at which a file would be a second kustomization beside one of ours.
pub(in crate::write) fn rivals(path: &str) -> impl Iterator<Item = String> {
    let folder = path.strip_suffix(KUSTOMIZATION);
    folder.into_iter().flat_map(|folder| OTHER_NAMES.map(|name| format!("{folder}{name}")))
}

/// The kustomizations for these manifest paths, which are in order.
pub fn kustomizations<'a>(paths: impl Iterator<Item = &'a str>, settings: &Settings) -> Vec<Manifest> {
    let mut resources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (folder, below) in paths.filter_map(|path| path.split_once('/')) {
        resources.entry(folder).or_default().push(below);
    }
    let mut folders = Vec::new();
    let mut manifests = Vec::new();
    for (kind, is_skipped) in [(ManifestKind::Nncp, settings.skip_nncp), (ManifestKind::Nad, settings.skip_nad)] {
        if let Some(folder) = kind.folder().filter(|_| !is_skipped) {
            folders.push(folder);
            let resources = resources.remove(folder).unwrap_or_default();
            manifests.push(manifest(&format!("{folder}/{KUSTOMIZATION}"), &resources));
        }
    }
    manifests.push(manifest(KUSTOMIZATION, &folders));
    manifests
}

fn manifest(path: &str, resources: &[&str]) -> Manifest {
    Manifest {
        kind: ManifestKind::Kustomization,
        path: path.to_owned(),
        origin: None,
        header: header::line("what stands beside it"),
        body: json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": kinds::KUSTOMIZATION,
            "sortOptions": {"order": "fifo"},
            "resources": resources,
        }),
    }
}
