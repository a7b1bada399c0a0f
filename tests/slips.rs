//! Fleets of fifty machines, each sound: whatever slip of the pen is made in one file, it is one finding, at the slip.
//!
//! `typos.rs` has few machines and many keys. Here are as many machines as a team has, on every kind of bridge, with two racks, so that
//! what is told once for each machine, each node or each group is seen.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write;

use common::{code, run, stdout, write};
use serde_json::Value;

const TEAMS: [&str; 5] = ["billing", "catalogue", "frontend", "logistics", "payments"];
const MACHINES: usize = 50;

/// How the machines' networks are carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// A bridge for each VLAN on one NIC, no Site but for the scope.
    Vlans,
    /// The same in two racks with NICs of their own, by an alias, with an inventory.
    Racks,
    /// One trunk bridge for all.
    Trunk,
    /// An OVS bridge for all.
    Ovs,
    /// Virtual functions.
    Sriov,
}

/// The number of a machine's team.
fn team(number: usize) -> usize {
    number % TEAMS.len()
}

fn file_of(number: usize) -> String {
    format!("{}/vm-{number:02}.yaml", TEAMS[team(number)])
}

/// One machine. Each team has a VLAN and a subnet of its own.
fn machine(shape: Shape, number: usize) -> String {
    let team = team(number);
    let (name, tag, third, host) = (TEAMS[team], 110 + 10 * team, 110 + 10 * team, 20 + number);
    let (kind, carrier) = match shape {
        Shape::Vlans => ("bridge", format!("bridgeName: br-{name}\n      physicalInterface: ens192\n      ")),
        Shape::Racks => ("bridge", format!("bridgeName: br-{name}\n      physicalInterface: data\n      ")),
        Shape::Trunk => ("bridge", "bridgeName: br-trunk\n      ".to_owned()),
        Shape::Ovs => ("ovs", "bridgeName: ovs-data\n      physicalInterface: ens192\n      ".to_owned()),
        Shape::Sriov => ("sriov", "physicalInterface: ens2f0\n      ".to_owned()),
    };
    let selector = match (shape, number % 7) {
        (Shape::Racks, 3) => "  highAvailability:\n    nodeSelector:\n      example.org/rack: a\n",
        (Shape::Racks, 5) => "  highAvailability:\n    nodeSelector:\n      kubernetes.io/hostname: node-b2\n",
        _ => "",
    };
    // Two default gateways in one machine are a finding of their own.
    let (pod_network, gateway) = match shape {
        Shape::Trunk => ("", format!("        gateway: 10.20.{third}.1\n        dnsServers: [10.20.{third}.2]\n")),
        _ => ("    - name: default\n", String::new()),
    };
    format!(
        "apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata:
  name: vm-{number:02}
  namespace: {name}
spec:
  cpu: 2
  memory: 4Gi
  cloudInitUser:
    name: ops
{selector}  networks:
{pod_network}    - name: lan
      type: {kind}
      {carrier}vlanId: {tag}
      ipConfig:
        mode: static
        address: 10.20.{third}.{host}/24
{gateway}"
    )
}

/// The Site of a shape.
fn site(shape: Shape) -> String {
    let more = match shape {
        Shape::Vlans => "",
        Shape::Ovs => {
            "
  uplinks:
    - name: ens192
      type: ethernet
      ipv4:
        enabled: false
      ipv6:
        enabled: false"
        }
        Shape::Racks => {
            "
  nodeGroups:
    - name: rack-a
      nodeSelector:
        example.org/rack: a
      physicalInterfaces:
        data: ens192
        backup: ens224
    - name: rack-b
      nodeSelector:
        example.org/rack: b
      physicalInterfaces:
        data: eno1
        backup: eno2"
        }
        Shape::Trunk => {
            "
  uplinks:
    - name: bond0
      type: bond
      link-aggregation:
        mode: active-backup
        port:
          - ens1f0
          - ens1f1
      ipv4:
        enabled: false
      ipv6:
        enabled: false
  trunkBridges:
    - name: br-trunk
      physicalInterface: bond0
      trunk-tags: [{id-range: {min: 100, max: 199}}]"
        }
        Shape::Sriov => {
            "
  sriov:
    defaultResourceName: openshift.io/nics"
        }
    };
    format!(
        "apiVersion: render.novasphere.dev/v1alpha1
kind: Site
metadata:
  name: site
  annotations:
    config.kubernetes.io/local-config: \"true\"
spec:
  policy:
    scope: bridge{more}
"
    )
}

/// The states and labels of six nodes in two racks, as nmstate and kubectl print them.
fn inventory() -> String {
    let mut text = String::new();
    for (rack, nics) in [("a", ["ens160", "ens192", "ens224"]), ("b", ["eno0", "eno1", "eno2"])] {
        for number in 1..=3 {
            let name = format!("node-{rack}{number}");
            let _ = write!(
                text,
                "---
apiVersion: v1
kind: Node
metadata:
  name: {name}
  labels:
    kubernetes.io/hostname: {name}
    node-role.kubernetes.io/worker: \"\"
    example.org/rack: {rack}
---
apiVersion: nmstate.io/v1beta1
kind: NodeNetworkState
metadata:
  name: {name}
status:
  currentState:
    dns-resolver:
      config: {{}}
      running: {{}}
    interfaces:
"
            );
            for (place, nic) in nics.iter().enumerate() {
                let mac = format!("52:54:00:{}:0{number}:{place:02X}", if rack == "a" { "0A" } else { "0B" });
                let ip = match place {
                    0 => format!(
                        "enabled: true
        dhcp: false
        address:
        - ip: 192.0.2.{}
          prefix-length: 24",
                        number + if rack == "a" { 10 } else { 20 }
                    ),
                    _ => "enabled: false".to_owned(),
                };
                let _ = write!(
                    text,
                    "    - name: {nic}
      type: ethernet
      state: up
      mac-address: {mac}
      mtu: 1500
      min-mtu: 68
      max-mtu: 9000
      ipv4:
        {ip}
      ipv6:
        enabled: false
"
                );
            }
            let _ = write!(
                text,
                "    routes:
      running:
      - destination: 0.0.0.0/0
        next-hop-interface: {0}
        next-hop-address: 192.0.2.1
        metric: 100
        table-id: 254
      config:
      - destination: 0.0.0.0/0
        next-hop-interface: {0}
        next-hop-address: 192.0.2.1
        metric: 100
        table-id: 254
  lastSuccessfulUpdateTime: '2026-11-24T06:00:00Z'
",
                nics[0]
            );
        }
    }
    text
}

/// The files of a fleet.
fn fleet(shape: Shape) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> =
        (0..MACHINES).map(|number| (file_of(number), machine(shape, number))).collect();
    files.insert("site.yaml".to_owned(), site(shape));
    if shape == Shape::Racks {
        files.insert("nodes.yaml".to_owned(), inventory());
    }
    files
}

/// What `check` finds in a fleet.
fn findings(files: &BTreeMap<String, String>) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        write(&folder.path().join(path), text);
    }
    let output = run(folder.path(), &["check", "--format", "json", "."]);
    assert!(code(&output) < 2, "{output:?}");
    let json: Value = serde_json::from_str(&stdout(&output)).expect("the findings are JSON");
    json["diagnostics"].as_array().cloned().unwrap_or_default()
}

/// A slip: the file that has it, what is right, what is written instead, the code, and the text of the line at which it is found.
type Slip = (String, &'static str, &'static str, &'static str);

/// Every slip that a fleet of this shape can have.
fn slips(shape: Shape) -> Vec<Slip> {
    // The machines 21 and 43 are of the second and the fourth team.
    let (second, fourth) = (file_of(21), file_of(43));
    let mut slips = Vec::new();
    let mut slip = |file: &str, right, wrong, code| slips.push((file.to_owned(), right, wrong, code));
    // Keys and kinds.
    slip(&second, "vlanId:", "vlanid:", "WK101");
    slip(&second, "address:", "adress:", "WK101");
    slip(&second, "mode: static", "mode: statik", "WK104");
    // Addresses.
    slip(&second, "10.20.120.41/24", "10.20.120.41/16", "WK313");
    slip(&second, "10.20.120.41/24", "10.20.120.46/24", "WK307");
    slip(&second, "10.20.120.41/24", "10.20.120.256/24", "WK201");
    // A tag of another team, and one that does not exist.
    slip(&second, "namespace: catalogue", "namespace: cataloge", "WK319");
    slip(&second, "namespace: catalogue", "namespace: catalgoue", "WK319");
    match shape {
        Shape::Vlans | Shape::Racks => {
            slip(&second, "vlanId: 120", "vlanId: 130", "WK304");
            slip(&second, "vlanId: 120", "vlanId: 210", "WK304");
            slip(&fourth, "bridgeName: br-logistics", "bridgeName: br-logisitcs", "WK306");
            slip(&fourth, "bridgeName: br-logistics", "bridgeName: br-payments", "WK304");
            slip(&fourth, "type: bridge", "type: ovs", "WK304");
            slip(&second, "10.20.120.41/24", "10.20.102.41/24", "WK320");
        }
        Shape::Trunk => {
            slip(&second, "vlanId: 120", "vlanId: 130", "WK317");
            slip(&second, "vlanId: 120", "vlanId: 102", "WK317");
            slip(&second, "vlanId: 120", "vlanId: 210", "WK225");
            slip(&second, "gateway: 10.20.120.1", "gateway: 10.20.120.3", "WK313");
            slip(&second, "gateway: 10.20.120.1", "gateway: 10.20.121.1", "WK203");
            slip(&second, "10.20.120.41/24", "10.20.102.41/24", "WK203");
            slip(&second, "[10.20.120.2]", "[127.0.0.53]", "WK245");
            slip(&fourth, "type: bridge", "type: ovs", "WK252");
            slip(&fourth, "      vlanId: 140\n", "", "WK251");
        }
        Shape::Ovs => {
            slip(&second, "vlanId: 120", "vlanId: 130", "WK317");
            slip(&second, "vlanId: 120", "vlanId: 210", "WK317");
            slip(&fourth, "bridgeName: ovs-data", "bridgeName: ovs-dta", "WK305");
            slip(&fourth, "type: ovs", "type: bridge", "WK304");
            slip(&second, "10.20.120.41/24", "10.20.102.41/24", "WK320");
            slip(&second, "10.20.120.41/24", "10.20.130.41/24", "WK317");
        }
        Shape::Sriov => {
            slip(&second, "vlanId: 120", "vlanId: 130", "WK317");
            slip(&second, "vlanId: 120", "vlanId: 210", "WK317");
        }
    }
    match shape {
        Shape::Vlans | Shape::Ovs => slip(&fourth, "physicalInterface: ens192", "physicalInterface: ens129", "WK304"),
        Shape::Racks => {
            let selects = |text: &str| {
                (0..MACHINES).find(|number| machine(shape, *number).contains(text)).map(file_of).unwrap_or_default()
            };
            let (by_rack, by_name) = (selects("example.org/rack"), selects("hostname"));
            slip(&fourth, "physicalInterface: data", "physicalInterface: dtaa", "WK304");
            slip(&by_rack, "example.org/rack: a", "example.org/rack: aa", "WK222");
            slip(&by_rack, "example.org/rack: a", "example.org/rakc: a", "WK246");
            slip(&by_name, "hostname: node-b2", "hostname: node-b22", "WK234");
            slip("site.yaml", "data: ens192", "data: ens129", "WK228");
            slip("site.yaml", "data: eno1", "dtaa: eno1", "WK228");
            slip("site.yaml", "example.org/rack: a", "example.org/rakc: a", "WK246");
            slip("site.yaml", "example.org/rack: b", "example.org/rack: bb", "WK246");
        }
        Shape::Trunk => slip("site.yaml", "max: 199", "max: 119", "WK225"),
        Shape::Sriov => {}
    }
    slips
}

const SHAPES: [Shape; 5] = [Shape::Vlans, Shape::Racks, Shape::Trunk, Shape::Ovs, Shape::Sriov];

#[test]
fn fifty_machines_without_a_slip_are_silent() {
    for shape in SHAPES {
        let found = findings(&fleet(shape));
        assert!(found.is_empty(), "{shape:?}: {found:#?}");
    }
}

#[test]
fn one_slip_among_fifty_machines_is_one_finding_where_it_was_made() {
    let mut failures = String::new();
    let mut count = 0;
    for shape in SHAPES {
        let sound = fleet(shape);
        for (file, right, wrong, code) in slips(shape) {
            let text = &sound[&file];
            let Some(start) = text.find(right) else { panic!("{file} of {shape:?} has no {right}:\n{text}") };
            // What is taken out has no line: the network that lacks it is shown.
            let line = 1 + text[..start].matches('\n').count();
            let mut files = sound.clone();
            files.insert(file.clone(), text.replacen(right, wrong, 1));
            let found = findings(&files);
            let is_there = |place: &Value| place["file"] == file && (wrong.is_empty() || place["line"] == line);
            // Of two machines with one address, and of a tag and an address that do not go together, either may be the slip: both are shown.
            let has_it = |it: &Value| {
                is_there(it)
                    || ["WK307", "WK317"].contains(&code)
                        && it["related"].as_array().into_iter().flatten().any(is_there)
            };
            count += 1;
            if found.len() != 1 || found[0]["code"] != code || !has_it(&found[0]) {
                let _ = writeln!(failures, "{shape:?} {file}:{line}: `{right}` -> `{wrong}`: expected {code}, found");
                for it in &found {
                    let _ = writeln!(failures, "    {}:{} {} {}", it["file"], it["line"], it["code"], it["message"]);
                }
            }
        }
    }
    assert!(failures.is_empty(), "of {count} slips\n{failures}");
}
