//! One mistake, one finding: every slip of the pen in a fleet that is sound is said once, at the place where it was made, and
//! nothing that follows from it is said besides.

mod common;

use std::fs;

use common::{copy, root, run, stdout};
use serde_json::Value;

/// A file, what is right in it, what is written instead, and the code of the one finding. The line must be that of the slip.
const TYPOS: &[(&str, &str, &str, &str)] = &[
    // A number or a name that another network has.
    ("db.yaml", "vlanId: 100", "vlanId: 1000", "WK304"),
    ("db.yaml", "vlanId: 100", "vlanId: 200", "WK304"),
    ("web.yaml", "bridgeName: br-lan", "bridgeName: br-dmz", "WK304"),
    ("web.yaml", "bridgeName: br-lan", "bridgeName: br-lna", "WK306"),
    ("web.yaml", "bridgeName: br-lan", "bridgeName: br-san", "WK304"),
    ("web.yaml", "physicalInterface: bond0", "physicalInterface: bond1", "WK304"),
    ("web.yaml", "physicalInterface: bond0", "physicalInterface: ens4f0", "WK304"),
    ("web.yaml", "physicalInterface: bond0", "physicalInterface: ens1f0", "WK304"),
    ("web.yaml", "type: bridge", "type: ovs", "WK304"),
    ("cache.yaml", "bridgeName: br-san", "bridgeName: br-sna", "WK305"),
    ("cache.yaml", "physicalInterface: ens4f0", "physicalInterface: ens4f1", "WK304"),
    ("cache.yaml", "physicalInterface: ens4f0", "physicalInterface: ens1f1", "WK304"),
    ("cache.yaml", "type: ovs", "type: bridge", "WK304"),
    ("cache.yaml", "name: lan", "name: san", "WK212"),
    ("cache.yaml", "physicalInterface: bond0", "physicalInterface: br-san", "WK304"),
    ("lab.yaml", "example.org/rack: a", "example.org/rack: b", "WK304"),
    // Addresses.
    ("dns.yaml", "198.51.100.11/24", "198.51.100.10/24", "WK307"),
    ("dns.yaml", "198.51.100.11/24", "198.51.100.11/16", "WK313"),
    ("dns.yaml", "198.51.100.11/24", "198.51.100.11/244", "WK201"),
    ("dns.yaml", "198.51.100.11/24", "198.51.100.255/24", "WK202"),
    ("dns.yaml", "198.51.100.11/24", "198.51.200.11/24", "WK203"),
    ("dns.yaml", "gateway: 198.51.100.1}", "gateway: 198.51.100.7}", "WK313"),
    ("dns.yaml", "gateway: 198.51.100.1}", "gateway: 198.51.101.1}", "WK203"),
    // Names.
    ("dns.yaml", "name: dns", "name: mail", "WK301"),
    ("dns.yaml", "name: dmz", "nmae: dmz", "WK101"),
    ("dns.yaml", "vlanId: 200", "vlanID: 200", "WK101"),
    ("dns.yaml", "vlanId: 200", "vlanId: 2000000", "WK104"),
    ("dns.yaml", "type: bridge", "type: brigde", "WK104"),
    ("dns.yaml", "kind: Wukong", "kind: Wukon", "WK106"),
    ("dns.yaml", "namespace: office", "namespace: Office", "WK107"),
    // The Site.
    ("site.yaml", "mode: 802.3ad", "mode: 802.3da", "WK104"),
    ("site.yaml", "type: ethernet", "type: ethernt", "WK104"),
];

#[test]
fn one_slip_is_one_finding_where_it_was_made() {
    let mut failures = Vec::new();
    for (file, right, wrong, code) in TYPOS {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&root().join("fixtures/sets/shared-bridges/input"), folder.path());
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).expect("the file is one of the fixture's");
        assert!(text.contains(right), "{file} has no {right}");
        let line = 1 + text[..text.find(right).unwrap_or_default()].matches('\n').count();
        fs::write(&path, text.replacen(right, wrong, 1)).expect("a temporary file can be written");
        let json = stdout(&run(folder.path(), &["check", "--allow", "WK232", "--format", "json", "."]));
        let json: Value = serde_json::from_str(&json).expect("the findings are JSON");
        let found: Vec<&Value> = json["diagnostics"].as_array().into_iter().flatten().collect();
        // Of two that contradict each other nobody knows which is wrong: then both places are shown. A node selector is not shown.
        let is_slip =
            |place: &&Value| place["file"] == *file && (place["line"] == line || right.contains("example.org/rack"));
        let places =
            found.iter().flat_map(|it| std::iter::once(*it).chain(it["related"].as_array().into_iter().flatten()));
        if found.len() != 1 || found[0]["code"] != *code || places.filter(is_slip).count() == 0 {
            let found: Vec<String> = found.iter().map(|it| format!("{it:#}")).collect();
            let found = found.join("\n");
            failures.push(format!("{right} -> {wrong}\n  expected {code} at {file}:{line}, found\n{found}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
