//! Outside judges: what a golden file shows to be stable, these show to be right.

mod common;
#[path = "common/nmstate_judge.rs"]
mod nmstate_judge;

use std::path::Path;

use common::{files, good_cases};
use nmstate::NetworkState;
use nmstate_judge::{judge, judge_on, without_node};
use serde_json::Value;
use wukong_render::base::rule::Severity;
use wukong_render::read::document::syntax;
use wukong_render::read::source::{Source, Sources};
use wukong_render::{Outcome, Request, compile};

/// The plugins that the manifests may name.
const PLUGINS: &[&str] = &["bridge", "ovs", "macvlan", "ipvlan", "sriov", "ovn-k8s-cni-overlay"];

fn parse(path: &Path, bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).expect("manifests are UTF-8");
    let documents = syntax::parse(text);
    let [Ok(document)] = documents.as_slice() else { panic!("{} is not one YAML document", path.display()) };
    document.value(document.root()).expect("manifests have no duplicate keys")
}

/// Every manifest of every expected tree, with its path.
fn manifests(kind: &str) -> Vec<(String, Value)> {
    let mut manifests = Vec::new();
    for case in good_cases() {
        for (path, bytes) in files(&case.join("expected")) {
            let path = case.join("expected").join(path);
            let value = parse(&path, &bytes);
            if value["kind"] == kind {
                manifests.push((path.display().to_string(), value));
            }
        }
    }
    assert!(!manifests.is_empty(), "no {kind} to judge");
    manifests
}

#[test]
fn nmstate_accepts_every_desired_state() {
    for (path, policy) in manifests("NodeNetworkConfigurationPolicy") {
        let state = &policy["spec"]["desiredState"];
        let text = serde_json::to_string(state).expect("a value becomes JSON");
        if let Err(error) = NetworkState::new_from_json(&text) {
            panic!("{path}: {error}");
        }
        if let Err(error) = judge(&without_node(state)) {
            panic!("{path}: {error}");
        }
    }
}

/// The documents of one kind among a case's inputs.
fn inputs(case: &Path, kind: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for (path, bytes) in files(case) {
        if path.starts_with("expected") || path.starts_with("before") {
            continue;
        }
        for document in syntax::parse(&String::from_utf8_lossy(&bytes)).into_iter().flatten() {
            let Ok(value) = document.value(document.root()) else { continue };
            let items = value["items"].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            found.extend(items.into_iter().filter(|item| item["kind"] == kind));
        }
    }
    found
}

/// Where a case has an inventory, every policy is judged on every node that it selects, as the node is.
#[test]
fn nmstate_accepts_every_desired_state_on_its_nodes() {
    let mut judged = 0;
    for case in good_cases() {
        let labels = inputs(&case, "Node");
        for node in inputs(&case, "NodeNetworkState") {
            let name = &node["metadata"]["name"];
            let labels = labels.iter().find(|it| it["metadata"]["name"] == *name).map(|it| &it["metadata"]["labels"]);
            for (path, bytes) in files(&case.join("expected/nncp")) {
                let policy = parse(Path::new(&path), &bytes);
                let selector = policy["spec"]["nodeSelector"].as_object().cloned().unwrap_or_default();
                let is_selected = policy["kind"] == "NodeNetworkConfigurationPolicy"
                    && selector.iter().all(|(key, value)| match labels {
                        Some(labels) => labels[key] == *value,
                        None => key == "kubernetes.io/hostname" && value == name,
                    });
                if is_selected {
                    let current = &node["status"]["currentState"];
                    if let Err(error) = judge_on(&policy["spec"]["desiredState"], Some(current)) {
                        panic!("{}: {path} on {name}: {error}", case.display());
                    }
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 5, "only {judged} policies were judged on a node");
}

/// Every mode, kind of address and place of a Site's uplinks, in all combinations.
#[test]
fn nmstate_accepts_every_uplink() {
    let modes = ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"];
    let addresses = [
        "",
        "ipv4: {enabled: false}, ipv6: {enabled: false}",
        "ipv4: {enabled: true, dhcp: true}",
        "ipv6: {enabled: true, dhcp: true, autoconf: true}",
        "ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]}, \
         routes: {config: [{destination: 0.0.0.0/0, next-hop-address: 192.0.2.254}]}, \
         dns-resolver: {config: {server: [192.0.2.53]}}",
        "ipv6: {enabled: true, address: [{ip: '2001:db8::1', prefix-length: 64}]}",
    ];
    let networks = [
        "type: bridge",
        "type: bridge, vlanId: 100",
        "type: bridge, bridgeName: br-trunk, vlanId: 100",
        "type: ovs, vlanId: 100",
    ];
    let mut judged = 0;
    for (mode, mtu) in modes.iter().zip([1280, 1500, 9000, 1400, 1500, 9000, 2000]) {
        for address in addresses {
            for base in ["bond0", "bond0.7", "ens9"] {
                for network in networks {
                    let (bond, vlan, nic) = match base {
                        "bond0" => (address, "", ""),
                        "bond0.7" => ("", address, ""),
                        _ => ("", "", address),
                    };
                    // A network without a tag cannot be on a trunk bridge.
                    let trunk = if network.contains("br-trunk") {
                        format!("  trunkBridges:\n  - {{name: br-trunk, physicalInterface: {base}}}\n")
                    } else {
                        String::new()
                    };
                    let text = format!(
                        "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata: {{name: site}}\nspec:\n  policy:\n    nodeSelector: {{kubernetes.io/hostname: node-1}}\n  uplinks:\n  \
                         - {{name: bond0, type: bond, mtu: {mtu}, link-aggregation: {{mode: {mode}, port: [ens1, ens2]}}, {bond}}}\n  \
                         - {{name: bond0.7, type: vlan, vlan: {{base-iface: bond0, id: 7}}, {vlan}}}\n  \
                         - {{name: ens9, type: ethernet, {nic}}}\n{trunk}---\n\
                         apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {{name: vm}}\nspec:\n  cpu: 1\n  memory: 1Gi\n  \
                         networks:\n  - {{name: net, physicalInterface: {base}, {network}}}\n"
                    );
                    judged += judge_text(&text);
                }
            }
        }
    }
    assert_eq!(judged, modes.len() * addresses.len() * 3 * networks.len());
}

/// Compiles texts, each as a file.
fn compile_texts(texts: impl IntoIterator<Item = String>) -> Outcome {
    let source = |(number, text): (usize, String)| {
        let path = format!("{number}.yaml");
        Source { path: path.clone(), label: path, text }
    };
    let sources: Sources = texts.into_iter().enumerate().map(source).collect();
    compile(Request { sources, ..Request::default() })
}

/// Renders a text and judges its policies; how many there were.
fn judge_text(text: &str) -> usize {
    let Outcome { tree, report, .. } = compile_texts([text.to_owned()]);
    let Some(tree) = tree else { panic!("{:?}\n{text}", report.diagnostics().collect::<Vec<_>>()) };
    let mut judged = 0;
    for document in syntax::parse(&tree.stream()) {
        let document = document.expect("our own YAML is valid");
        let manifest = document.value(document.root()).expect("our own YAML has no duplicate keys");
        if manifest["kind"] == "NodeNetworkConfigurationPolicy" {
            if let Err(error) = judge(&without_node(&manifest["spec"]["desiredState"])) {
                panic!("{error}\n{text}\n{manifest:#}");
            }
            judged += 1;
        }
    }
    judged
}

/// Every combination of what a bridge network can say, beyond what the fixtures show.
#[test]
fn nmstate_accepts_every_combination() {
    let mut texts = Vec::new();
    for network_type in ["bridge", "ovs"] {
        for nic in ["", "ens192", "bond0", "ens192.7", "\"1e3\"", "enp0s31f6"] {
            for vlan in ["", "1", "100", "4094"] {
                for node_ip in ["", "10.1HI.LO.121/24", "2001:db8:HI:LO::121/64", "10.2HI.LO.0/31"] {
                    for bridge in ["", "br-mgmt", "\"yes\"", "\"014\"", "br-管理"] {
                        let count = texts.len();
                        let mut text = format!(
                            "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {{name: vm-{count}}}\nspec:\n  cpu: 1\n  \
                             memory: 1Gi\n  highAvailability:\n    nodeSelector: {{n: \"{count}\"}}\n  networks:\n  - name: net\n    type: {network_type}\n"
                        );
                        // Each of the nodes has an address of its own.
                        let node_ip = &node_ip
                            .replace("HI", &(count / 256).to_string())
                            .replace("LO", &(count % 256).to_string());
                        let keys =
                            [("physicalInterface", nic), ("vlanId", vlan), ("nodeIP", node_ip), ("bridgeName", bridge)];
                        let written = keys.iter().filter(|(_, value)| !value.is_empty());
                        text.extend(written.map(|(key, value)| format!("    {key}: {value}\n")));
                        texts.push(text);
                    }
                }
            }
        }
    }
    let count = texts.len();
    let Outcome { tree, report, .. } = compile_texts(texts);
    let error = || report.diagnostics().find(|it| it.severity == Severity::Error);
    let Some(tree) = tree else { panic!("{:?}", error()) };
    let mut judged = 0;
    for document in syntax::parse(&tree.stream()) {
        let document = document.expect("our own YAML is valid");
        let manifest = document.value(document.root()).expect("our own YAML has no duplicate keys");
        if manifest["kind"] == "NodeNetworkConfigurationPolicy" {
            if let Err(error) = judge(&manifest["spec"]["desiredState"]) {
                panic!("{error}\n{manifest:#}");
            }
            judged += 1;
        }
    }
    assert_eq!(judged, count);
}

/// The judge can say no, too.
#[test]
fn nmstate_refuses_what_is_wrong() {
    let wrong = [
        serde_json::json!({"interfaces": [{"name": "b", "type": "linux-bridge", "bridge": {"port": ["eth0"]}}]}),
        serde_json::json!({"interfaces": [{"name": "b", "type": "linux-bridge", "brigde": {}}]}),
        serde_json::json!({"interfaces": [{"name": "v", "type": "vlan", "vlan": {"base-iface": "eth0", "id": "x"}}]}),
        serde_json::json!({"interfaces": [
            {"name": "eth0", "type": "ethernet", "ipv4": {"enabled": true, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]}},
            {"name": "b", "type": "linux-bridge", "bridge": {"port": [{"name": "eth0"}]}},
        ]}),
    ];
    for state in wrong {
        assert!(judge(&state).is_err(), "{state}");
    }
}

/// Older nmstate releases refuse the aliases of newer ones (`bond` for `link-aggregation`: nmstate#2926).
#[test]
fn policies_have_no_alias_that_older_nmstate_refuses() {
    for (path, policy) in manifests("NodeNetworkConfigurationPolicy") {
        for interface in policy["spec"]["desiredState"]["interfaces"].as_array().into_iter().flatten() {
            for alias in ["bond", "ports", "slaves"] {
                assert!(interface.get(alias).is_none(), "{path}: {alias}");
            }
            assert!(interface["bridge"].get("ports").is_none(), "{path}: bridge.ports");
        }
    }
}

#[test]
fn cni_configurations_are_json_with_a_known_plugin() {
    for (path, attachment) in manifests("NetworkAttachmentDefinition") {
        let config = attachment["spec"]["config"].as_str().unwrap_or_else(|| panic!("{path}: config is no text"));
        let config: Value = serde_json::from_str(config).unwrap_or_else(|error| panic!("{path}: {error}"));
        let plugin = config["type"].as_str().unwrap_or_default();
        assert!(PLUGINS.contains(&plugin), "{path}: unknown plugin {plugin:?}");
        let name = config["name"].as_str().unwrap_or_default();
        assert!(
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)),
            "{path}: {name:?} is no CNI network name"
        );
        // containernetworking/plugins, bridge.go: the two together are an error.
        assert!(config.get("ipam").is_none() || config.get("disableContainerInterface").is_none(), "{path}");
    }
}

#[test]
fn nothing_can_be_taken_for_a_flux_variable() {
    for case in good_cases() {
        for (path, bytes) in files(&case.join("expected")) {
            assert!(!String::from_utf8_lossy(&bytes).contains("${"), "{}: {path}", case.display());
        }
    }
}
