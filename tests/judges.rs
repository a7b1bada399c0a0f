//! Outside judges: what a golden file shows to be stable, these show to be right.

mod common;

use std::path::Path;

use common::{files, good_cases};
use nmstate::NetworkState;
use serde_json::Value;
use wukong_render::diagnostic::{Report, Severity};
use wukong_render::document::tree;
use wukong_render::progress::Progress;
use wukong_render::source::Inputs;
use wukong_render::{Options, compile};

/// The plugins that the manifests may name.
const PLUGINS: &[&str] = &["bridge", "ovs", "macvlan", "ipvlan", "sriov"];

fn parse(path: &Path, bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).expect("manifests are UTF-8");
    let documents = tree::parse(text);
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

/// What nmstate says of a desired state: its parser, then the checks that it does before it applies anything.
fn judge(state: &Value) -> Result<(), String> {
    let text = serde_json::to_string(state).map_err(|error| error.to_string())?;
    let state = NetworkState::new_from_json(&text).map_err(|error| error.to_string())?;
    state.gen_conf().map(drop).map_err(|error| error.to_string())
}

#[test]
fn nmstate_accepts_every_desired_state() {
    for (path, policy) in manifests("NodeNetworkConfigurationPolicy") {
        if let Err(error) = judge(&policy["spec"]["desiredState"]) {
            panic!("{path}: {error}");
        }
    }
}

/// Every combination of what a bridge network can say, beyond what the fixtures show.
#[test]
fn nmstate_accepts_every_combination() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut count = 0;
    for network_type in ["bridge", "ovs"] {
        for nic in ["", "ens192", "bond0", "ens192.7", "\"1e3\"", "enp0s31f6"] {
            for vlan in ["", "1", "100", "4094"] {
                for node_ip in ["", "192.168.0.121/24", "2001:db8::121/64", "10.0.0.0/31"] {
                    for bridge in ["", "br-mgmt", "\"yes\"", "\"014\"", "br-管理"] {
                        let mut text = format!(
                            "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {{name: vm-{count}}}\nspec:\n  cpu: 1\n  \
                             memory: 1Gi\n  highAvailability:\n    nodeSelector: {{n: \"{count}\"}}\n  networks:\n  - name: net\n    type: {network_type}\n"
                        );
                        let keys =
                            [("physicalInterface", nic), ("vlanId", vlan), ("nodeIP", node_ip), ("bridgeName", bridge)];
                        let written = keys.iter().filter(|(_, value)| !value.is_empty());
                        text.extend(written.map(|(key, value)| format!("    {key}: {value}\n")));
                        std::fs::write(folder.path().join(format!("{count}.yaml")), text).expect("it can be written");
                        count += 1;
                    }
                }
            }
        }
    }
    let inputs = Inputs { paths: vec![folder.path().to_owned()], ..Inputs::default() };
    let mut report = Report::default();
    let compilation = compile(&inputs, &Options::default(), &Progress::default(), &mut report).expect("it compiles");
    let tree = compilation
        .tree
        .unwrap_or_else(|| panic!("{:?}", report.diagnostics().iter().find(|it| it.severity == Severity::Error)));
    let mut judged = 0;
    for document in tree::parse(&tree.stream()) {
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
        for interface in policy["spec"]["desiredState"]["interfaces"].as_array().expect("a list of interfaces") {
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
