//! The plan as Kubernetes objects: what each manifest is called, where it goes, and its finished body.
//!
//! Templates only spell the body; everything in it is decided here.

mod kustomization;
mod nad;
mod nncp;

use serde_json::Value;

use crate::base::diagnostic::Origin;
use crate::model::{Plan, Settings, Tombstone};

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
