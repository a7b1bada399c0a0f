//! The plan as Kubernetes objects: what each manifest is called, where it goes, and its finished body.
//!
//! Templates only spell the body; everything in it is decided here.

mod kustomization;
mod nad;
mod nncp;

use serde_json::Value;

use crate::api::kinds;
use crate::base::diagnostic::Origin;
use crate::model::{Plan, Settings, Tombstone};

pub(in crate::write) use kustomization::rivals;
pub use kustomization::{KUSTOMIZATION, kustomizations};
pub use nncp::RETIRED;

/// What a manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ManifestKind {
    /// A NodeNetworkConfigurationPolicy.
    Nncp,
    /// A NetworkAttachmentDefinition.
    Nad,
    /// A kustomization of the manifests of a folder.
    Kustomization,
}

impl ManifestKind {
    /// Every kind there is.
    pub const ALL: [Self; 3] = [Self::Nncp, Self::Nad, Self::Kustomization];

    /// The folder of the manifests of this kind; none for kustomizations, which stand beside what they name.
    pub fn folder(self) -> Option<&'static str> {
        match self {
            Self::Nncp => Some("nncp"),
            Self::Nad => Some("nad"),
            Self::Kustomization => None,
        }
    }

    /// What a file below the output folder is, if it is at a place that a tree can have: the root's kustomization, and `*.yaml` in a
    /// folder of manifests or, for attachments, in a namespace's below it.
    pub fn of_path(path: &str) -> Option<Self> {
        let (place, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == KUSTOMIZATION && (place.is_empty() || Self::ALL.iter().any(|kind| kind.folder() == Some(place))) {
            return Some(Self::Kustomization);
        }
        name.strip_suffix(".yaml").filter(|stem| !stem.is_empty())?;
        Self::ALL.into_iter().find(|kind| kind.has_place(place))
    }

    /// Whether a folder is one of those in which manifests of this kind stand.
    pub fn has_place(self, place: &str) -> bool {
        let Some(folder) = self.folder() else { return false };
        match place.strip_prefix(folder) {
            Some("") => true,
            Some(below) => self == Self::Nad && below.starts_with('/') && !below[1..].contains('/'),
            None => false,
        }
    }

    /// The path of the manifest of an object. One that is called `kustomization` gets another file name, which no object's name can be:
    /// kustomize takes a file of its own name for a kustomization, and one of the two would be lost.
    pub fn path(self, namespace: Option<&str>, name: &str) -> String {
        let name = if KUSTOMIZATION.strip_suffix(".yaml") == Some(name) { "kustomization_" } else { name };
        let parts = [self.folder(), namespace, Some(name)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/") + ".yaml"
    }

    /// What an object of this apiVersion and kind would be.
    pub fn of_object(api_version: &str, kind: &str) -> Option<Self> {
        match (api_version.split('/').next().unwrap_or_default(), kind) {
            (kinds::NMSTATE_GROUP, kinds::NNCP) => Some(Self::Nncp),
            (kinds::CNI_GROUP, kinds::NAD) => Some(Self::Nad),
            _ => None,
        }
    }

    /// The template that spells it.
    pub fn template(self) -> &'static str {
        match self {
            Self::Nncp => "nncp.yaml.j2",
            Self::Nad => "nad.yaml.j2",
            Self::Kustomization => "kustomization.yaml.j2",
        }
    }
}

/// A manifest, ready to be spelt.
#[derive(Debug)]
pub struct Manifest {
    /// What it is.
    pub kind: ManifestKind,
    /// Its path below the output folder, with `/`.
    pub path: String,
    /// The network that it is made for; none for a kustomization.
    pub origin: Option<Origin>,
    /// Its first line, with the line break.
    pub header: String,
    /// The object.
    pub body: Value,
}

/// A part of the plan that becomes one manifest.
#[derive(Debug, Clone, Copy)]
pub enum Planned<'a> {
    /// A node policy.
    Policy(&'a crate::model::Policy),
    /// A node policy that is no longer wanted.
    Tombstone(&'a Tombstone),
    /// A network attachment.
    Attachment(&'a crate::model::Attachment),
}

impl Planned<'_> {
    /// Everything that becomes a manifest: policies first, each kind in the order of its paths.
    pub fn all<'a>(plan: &'a Plan, tombstones: &'a [Tombstone]) -> Vec<Planned<'a>> {
        let mut policies: Vec<_> = plan.policies.iter().collect();
        policies.sort_by(|a, b| a.name.cmp(&b.name));
        let mut attachments: Vec<_> = plan.attachments.iter().collect();
        attachments.sort_by(|a, b| (&a.wukong.namespace, &a.name).cmp(&(&b.wukong.namespace, &b.name)));
        let policies = policies.into_iter().map(Planned::Policy);
        let tombstones = tombstones.iter().map(Planned::Tombstone);
        policies.chain(tombstones).chain(attachments.into_iter().map(Planned::Attachment)).collect()
    }

    /// The manifest.
    pub fn manifest(self, settings: &Settings) -> Manifest {
        match self {
            Planned::Policy(policy) => nncp::manifest(policy, settings),
            Planned::Tombstone(tombstone) => nncp::tombstone(tombstone, settings),
            Planned::Attachment(attachment) => nad::manifest(attachment, settings),
        }
    }
}

/// The annotation by which Argo CD orders what it applies.
const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
