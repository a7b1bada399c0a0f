//! Who is shown when networks contradict each other: never the many who agree where the one is, and nobody for what others did among
//! themselves. Each case is a few networks, and the places at which something is found.

mod common;

use std::fs;

use common::{root, run, stdout};
use serde_json::Value;

/// A Wukong of one network on the nodes of a selector.
fn wukong(name: &str, selector: &str, network: &str) -> String {
    format!(
        "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {{name: {name}, namespace: prod}}\nspec:\n  cpu: 2\n  \
         memory: 4Gi\n  highAvailability: {{nodeSelector: {{{selector}}}}}\n  networks:\n    - {{{network}}}\n---\n"
    )
}

/// The codes that are found, each with the file.
fn found(files: &[(&str, String)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in files {
        fs::write(folder.path().join(format!("{name}.yaml")), text).expect("a temporary file can be written");
    }
    let args = ["check", "--allow", "WK215", "--allow", "WK232", "--format", "json", "."];
    let json: Value = serde_json::from_str(&stdout(&run(folder.path(), &args))).expect("the findings are JSON");
    let findings = json["diagnostics"].as_array().into_iter().flatten();
    let word =
        |it: &Value| format!("{} {}", it["code"], it["file"]).replace(['"'], "").replace("./", "").replace(".yaml", "");
    let mut found: Vec<String> = findings.map(word).collect();
    found.dedup();
    found
}

fn many(count: usize, name: &str, selector: &str, network: &str) -> String {
    (0..count).map(|number| wukong(&format!("{name}-{number}"), selector, network)).collect()
}

const LAN: &str = "name: lan, type: bridge, physicalInterface: ens224, vlanId: 100";
const TYPO: &str = "name: lan, type: bridge, physicalInterface: ens224, vlanId: 101";

#[test]
fn only_those_count_who_are_there() {
    // Twelve on other nodes say what the copy says; ten where it is say something else.
    let files = [
        ("a-ten", many(10, "m1", "rack: a", LAN)),
        ("b-copy", wukong("copy", "rack: a", TYPO)),
        ("c-twelve", many(12, "m2", "rack: b", TYPO)),
    ];
    assert_eq!(found(&files), ["WK304 b-copy"]);
    // One that lost its selector contradicts the ten.
    let files = [
        ("a-lost", wukong("lost", "", TYPO)),
        ("b-ten", many(10, "m3", "rack: a", LAN)),
        ("c-twelve", many(12, "m4", "rack: b", TYPO)),
    ];
    assert_eq!(found(&files), ["WK304 a-lost"]);
}

#[test]
fn a_bridge_that_is_called_like_a_nic_is_in_the_wrong() {
    let nic = "name: san, type: ovs, physicalInterface: ens256";
    let files = [
        ("a", wukong("a", "", "name: lan, type: bridge, bridgeName: ens256, physicalInterface: ens224")),
        ("b", wukong("b", "", nic) + &wukong("c", "", nic)),
    ];
    assert_eq!(found(&files), ["WK308 a"]);
    // And one that is called like the Site's bond.
    let site = fs::read_to_string(root().join("fixtures/sets/shared-bridges/input/site.yaml")).expect("it is there");
    let files = [
        ("a", wukong("a", "", "name: lan, type: bridge, bridgeName: bond0, physicalInterface: ens224")),
        ("b", wukong("b", "", "name: lan, type: bridge, bridgeName: br-b, physicalInterface: bond0, vlanId: 5")),
        ("site", site),
    ];
    assert_eq!(found(&files), ["WK304 a"]);
}

fn policy(state: &str) -> String {
    format!(
        "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {{name: theirs}}\nspec: {{desiredState: {state}}}\n"
    )
}

#[test]
fn what_others_do_counts() {
    let whole = "name: lan, type: bridge, physicalInterface: ens224";
    for (state, network, expected) in [
        // The NICs of an OVS bond are taken.
        (
            "{interfaces: [{name: ovs, type: ovs-bridge, state: up, bridge: {port: [{name: ob, link-aggregation: {mode: \
             balance-slb, port: [{name: ens224}, {name: ens225}]}}]}}]}",
            whole,
            &["WK305 a"][..],
        ),
        (
            "{interfaces: [{name: v, type: vrf, state: up, vrf: {port: [ens224], route-table-id: 9}}]}",
            whole,
            &["WK305 a"],
        ),
        ("{interfaces: [{name: ens224, type: ethernet, state: absent}]}", LAN, &["WK311 a"]),
        ("{interfaces: [{name: br-lan, type: linux-bridge, state: down}]}", LAN, &["WK311 a"]),
        ("{interfaces: [{name: br-lan, type: dummy, state: up}]}", LAN, &["WK304 a"]),
        (
            "{interfaces: [{name: ens224.100, type: vlan, state: up, vlan: {base-iface: ens224, id: 101}}]}",
            LAN,
            &["WK304 a"],
        ),
        ("{interfaces: [{name: ens224.100, type: vlan, state: up, vlan: {base-iface: ens224, id: 100}}]}", LAN, &[]),
        (
            "{interfaces: [{name: storage, type: vlan, state: up, vlan: {base-iface: ens224, id: 100}}]}",
            LAN,
            &["WK306 a"],
        ),
        ("{interfaces: [{name: storage, type: vlan, state: up, vlan: {base-iface: ens225, id: 100}}]}", LAN, &[]),
        ("{interfaces: [{name: br-lan, type: linux-bridge, state: up, mtu: 9000}]}", LAN, &[]),
        ("{interfaces: [{name: ens224, type: ethernet, state: up, mtu: 9000}]}", LAN, &[]),
    ] {
        let files = [("a", wukong("a", "", network)), ("theirs", policy(state))];
        assert_eq!(found(&files), expected, "{state}");
    }
}

#[test]
fn one_mistake_of_the_site_is_not_one_for_each_machine() {
    let site = "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata: {name: s, annotations: \
                {config.kubernetes.io/local-config: \"true\"}}\nspec:\n  uplinks:\n    - {name: bond0, type: bond, link-aggregation: {mode: \
                802.3ad, port: [ens1, ens224]}}\n";
    let files = [
        ("a", many(5, "m5", "", "name: san, type: ovs, physicalInterface: ens224, bridgeName: br-san")),
        ("b", wukong("b", "", "name: lan, type: bridge, physicalInterface: bond0, vlanId: 5")),
        ("site", site.to_owned()),
    ];
    assert_eq!(found(&files), ["WK305 a"]);
}

#[test]
fn one_wide_prefix_is_one_finding() {
    let lan = |name: &str, address: &str| {
        wukong(
            name,
            "",
            &format!(
                "name: lan, type: bridge, physicalInterface: ens224, vlanId: 7, ipConfig: {{mode: static, address: {address}}}"
            ),
        )
    };
    let files = [
        ("a", lan("a", "10.0.0.1/8")),
        ("b", (1..20).map(|net| lan(&format!("b{net}"), &format!("10.0.{net}.5/24"))).collect()),
    ];
    assert_eq!(found(&files), ["WK313 a"]);
}

#[test]
fn the_order_of_the_files_decides_only_between_two() {
    let odd = wukong("odd", "", TYPO);
    let others = many(3, "m6", "", LAN);
    for (odd_name, others_name) in [("a", "b"), ("b", "a")] {
        assert_eq!(found(&[(odd_name, odd.clone()), (others_name, others.clone())]), [format!("WK304 {odd_name}")]);
    }
}
