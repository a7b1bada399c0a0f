//! Which files are ours.

use serde_json::Value;

use crate::api::kinds;
use crate::base::diagnostic::Diagnostic;
use crate::base::header;
use crate::read::document::syntax;
use crate::read::source::{MAX_BYTES, Source};

/// The kinds of what is written.
const WRITTEN: [&str; 3] = [kinds::NNCP, kinds::NAD, kinds::KUSTOMIZATION];

/// Whether a file is ours: only those are ever replaced, removed, or left out as input. Its first line is a header, and what follows is
/// one document of a kind that is written: a header that was pasted makes nothing ours. An empty file counts as ours, because there
/// is nothing in it to lose and a crash of the machine may leave one behind.
pub fn is_ours(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    // Most files are not, and are not looked at any further.
    if !bytes.starts_with(header::START.as_bytes()) {
        return false;
    }
    let Some(body) = std::str::from_utf8(bytes).ok().and_then(header::strip) else { return false };
    is_spelt_as_usual(body) || is_one_manifest(body)
}

/// Whether a text is a manifest as the built-in templates spell it: tens of thousands of files are asked.
fn is_spelt_as_usual(text: &str) -> bool {
    let mut kinds = text.lines().filter_map(|line| line.strip_prefix("kind:"));
    let is_written = kinds.next().is_some_and(|kind| WRITTEN.contains(&kind.trim()));
    is_written && kinds.next().is_none() && !text.lines().any(|line| line.starts_with("---"))
}

/// Whether a text is one manifest, however a template of the user's own has spelt it.
fn is_one_manifest(text: &str) -> bool {
    if !WRITTEN.iter().any(|kind| text.contains(kind)) {
        return false;
    }
    let documents = syntax::parse(text);
    let [Ok(document)] = documents.as_slice() else { return false };
    let Ok(value) = document.value(document.root()) else { return false };
    value.get("kind").and_then(Value::as_str).is_some_and(|kind| WRITTEN.contains(&kind))
}

impl Source {
    /// The text of a file, without a byte order mark; none if the file is one of ours. What is not a text is a finding.
    pub fn of_bytes(path: String, label: String, bytes: Vec<u8>) -> Result<Option<Self>, Box<Diagnostic>> {
        // An empty file is read: it may be one of the user's.
        if !bytes.is_empty() && bytes.len() <= MAX_BYTES && is_ours(&bytes) {
            return Ok(None);
        }
        Self::decode(path, label, bytes).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_ours_by_its_header_and_its_kind() {
        let with_header = |body: &str| is_ours(format!("{}{body}", header::line("web.yaml")).as_bytes());
        for body in [
            "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: x}\n",
            "kind: NetworkAttachmentDefinition\r\nspec: {}\r\n",
            "kind: Kustomization\n",
            "{\"apiVersion\": \"nmstate.io/v1\", \"kind\": \"NodeNetworkConfigurationPolicy\"}\n",
            "{\n  \"kind\": \"Kustomization\"\n}\n",
            "---\n# a comment\n\"kind\":   'Kustomization' # and another\n...\n",
            "? kind\n: !!str NetworkAttachmentDefinition\n",
            "kind: &kind Kustomization\n",
        ] {
            assert!(with_header(body), "{body}");
        }
        for body in [
            "",
            "a: b\n",
            "kind: Wukong\n",
            "kind: Secret\ndata: {kind: Kustomization}\n",
            "kind: Secret\nstringData:\n  kind: Kustomization\n",
            "# kind: Kustomization\nkind: Wukong\n",
            "kind: Kustomization\n---\nkind: Wukong\n",
            "kind: Kustomization\n---\nkind: Kustomization\n",
            "kind: Wukong\n---\nkind: Kustomization\n",
            "kind: Kustomization\nkind: Secret\n",
            "kind: Secret\nkind: Kustomization\n",
            "- kind: Kustomization\n",
            "kind: [Kustomization\n",
        ] {
            assert!(!with_header(body), "{body}");
        }
        assert!(is_ours(b""));
        assert!(!is_ours(b"kind: Kustomization\n"));
        let broken = [header::line("web.yaml").as_bytes(), b"kind: Kustomization\n# \xff\n"].concat();
        assert!(!is_ours(&broken));
    }
}
