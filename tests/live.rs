//! `diff --live`: each case has an `input`, a cluster's `dump.yaml`, and what is said (`expected.txt`). `BLESS=1` writes it.

mod common;

use std::fs;

use common::{folders, is_blessing, root, run, stderr, stdout};

#[test]
fn a_render_is_compared_with_a_cluster() {
    let cases = folders(&root().join("fixtures/live"));
    assert!(cases.len() > 1, "there are no cases");
    for case in cases {
        let output = run(&case, &["diff", "--check", "--live", "dump.yaml", "input"]);
        let said =
            format!("{}{}exit {:?}\n", stdout(&output), stderr(&output), output.status.code().unwrap_or_default());
        let path = case.join("expected.txt");
        if is_blessing() {
            fs::write(&path, &said).expect("an expectation can be written");
        }
        assert_eq!(said, fs::read_to_string(&path).unwrap_or_default(), "{} (BLESS=1 accepts it)", case.display());
    }
}

/// What is rendered is what it is compared with: a cluster that has applied it agrees to the byte.
#[test]
fn what_was_applied_is_the_same() {
    for case in folders(&root().join("fixtures/sets")) {
        let tree = case.join("expected");
        if !case.join("input").exists() || case.join("args").exists() || case.join("before").exists() || !tree.exists()
        {
            continue;
        }
        // The files with our header would be passed over as our own: they come back without it from a cluster.
        let dump: String = common::files(&tree)
            .into_iter()
            .filter(|(path, _)| !path.ends_with("kustomization.yaml"))
            .map(|(_, bytes)| {
                format!(
                    "---\n{}",
                    String::from_utf8_lossy(&bytes).lines().skip(1).collect::<Vec<_>>().join("\n") + "\n"
                )
            })
            .collect();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("dump.yaml");
        fs::write(&path, &dump).expect("a temporary file can be written");
        let live = path.to_str().expect("temporary paths are UTF-8");
        let output = run(&case, &["diff", "--check", "--quiet", "--live", live, "input"]);
        let differs: Vec<&str> = std::str::from_utf8(&output.stdout)
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.starts_with("same "))
            .collect();
        assert_eq!(differs, Vec::<&str>::new(), "{}", case.display());
        assert_eq!(output.status.code(), Some(0), "{}\n{}", case.display(), stderr(&output));
    }
}
