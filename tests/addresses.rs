//! Fleets of fifty guests with one wrong address, gateway, prefix or tag: one finding each, in the line of the slip, whatever carries the
//! networks, in one node group or in two.

mod common;

use std::fmt::Write;
use std::path::Path;

use common::{run, stdout, write};
use serde_json::Value;

/// A network of a guest, as far as a slip can change it.
#[derive(Clone)]
struct Guest {
    number: usize,
    bridge: u16,
    vlan: u16,
    address: String,
    gateway: Option<String>,
    dns: &'static str,
}

/// What carries the networks of a fleet.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Carrier {
    VlanBridge,
    TrunkBridge,
    OpenVSwitch,
    Sriov,
}

use Carrier::{OpenVSwitch, Sriov, TrunkBridge, VlanBridge};

const CARRIERS: [Carrier; 4] = [VlanBridge, TrunkBridge, OpenVSwitch, Sriov];

/// The guest that is changed.
const SLIP: usize = 7;

/// Thirty guests on VLAN 110, twenty on VLAN 120.
fn fleet() -> Vec<Guest> {
    let guest = |number: usize| {
        let vlan = if number < 30 { 110 } else { 120 };
        Guest {
            number,
            bridge: vlan,
            vlan,
            address: format!("10.64.{vlan}.{}/24", 20 + number),
            gateway: Some(format!("10.64.{vlan}.1")),
            dns: "10.64.1.53",
        }
    };
    (0..50).map(guest).collect()
}

impl Guest {
    fn text(&self, carrier: Carrier) -> String {
        let Self { number, bridge, vlan, address, gateway, dns } = self;
        let carried = match carrier {
            VlanBridge => format!("type: bridge\n      bridgeName: br-{bridge}\n      physicalInterface: data"),
            TrunkBridge => "type: bridge\n      bridgeName: br-trunk".to_owned(),
            OpenVSwitch => "type: ovs\n      bridgeName: ovs-data\n      physicalInterface: data".to_owned(),
            Sriov => "type: sriov\n      physicalInterface: data".to_owned(),
        };
        let namespace = ["shop", "billing", "search"][number % 3];
        let mut text = format!(
            "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata:\n  name: app-{number:02}\n  namespace: {namespace}\n\
             spec:\n  cpu: 2\n  memory: 4Gi\n  networks:\n    - name: lan\n      {carried}\n      vlanId: {vlan}\n      ipConfig:\n        \
             mode: static\n        address: {address}\n        dnsServers: [{dns}]\n"
        );
        if let Some(gateway) = gateway {
            writeln!(text, "        gateway: {gateway}").expect("a text can be written to");
        }
        text
    }
}

fn site(groups: usize) -> String {
    let mut text = "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata:\n  name: fra1\n  annotations: \
                    {config.kubernetes.io/local-config: \"true\"}\nspec:\n  policy: {scope: bridge}\n  trunkBridges: [{name: br-trunk, \
                    physicalInterface: data}]\n  sriov: {defaultResourceName: openshift.io/sriovnics}\n  nodeGroups:\n"
        .to_owned();
    for group in 0..groups {
        writeln!(
            text,
            "    - name: rack-{group}\n      nodeSelector: {{example.org/rack: r{group}}}\n      physicalInterfaces: {{data: ens{group}f0}}\n      \
             uplinks: [{{name: ens{group}f0, type: ethernet, ipv4: {{enabled: false}}, ipv6: {{enabled: false}}}}]"
        )
        .expect("a text can be written to");
    }
    text
}

/// A slip: the key at which it is shown, the code, and what is changed.
type Slip = (&'static str, &'static str, fn(&mut Guest));

const SLIPS: &[Slip] = &[
    ("address", "WK313", |guest| guest.address = guest.address.replace("/24", "/16")),
    ("address", "WK203", |guest| guest.address = String::from("10.64.110.227/25")),
    ("address", "WK203", |guest| guest.address = String::from("10.64.101.27/24")),
    ("address", "WK203", |guest| guest.address = String::from("10.64.120.227/24")),
    ("address", "WK203", |guest| guest.address = String::from("10.64.110.1/24")),
    ("address", "WK202", |guest| guest.address = String::from("10.64.110.255/24")),
    ("address", "WK307", |guest| guest.address = String::from("10.64.110.23/24")),
    // The complete `ipConfig` of a guest on the other VLAN.
    ("address", "WK317", |guest| {
        (guest.address, guest.gateway) = ("10.64.120.64/24".to_owned(), Some("10.64.120.1".to_owned()));
    }),
    ("address", "WK318", |guest| (guest.address, guest.gateway) = ("10.64.110.1/24".to_owned(), None)),
    ("gateway", "WK313", |guest| guest.gateway = Some("10.64.110.2".to_owned())),
    ("gateway", "WK313", |guest| guest.gateway = Some("10.64.110.25".to_owned())),
    ("gateway", "WK203", |guest| guest.gateway = Some("10.64.120.1".to_owned())),
    ("dnsServers", "WK245", |guest| guest.dns = "10.64.110.0"),
    ("vlanId", "WK317", |guest| guest.vlan = 111),
    ("vlanId", "WK317", |guest| guest.vlan = 120),
];

/// The findings of a fleet: code, file and line of each.
fn findings(folder: &Path, guests: &[Guest], carrier: Carrier, groups: usize) -> Vec<(String, String, u64)> {
    for guest in guests {
        write(&folder.join(format!("app-{:02}.yaml", guest.number)), &guest.text(carrier));
    }
    write(&folder.join("site.yaml"), &site(groups));
    let json = stdout(&run(folder, &["check", "--format", "json", "."]));
    let json: Value = serde_json::from_str(&json).expect("the findings are JSON");
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let found = json["diagnostics"].as_array().into_iter().flatten();
    found.map(|it| (text(it, "code"), text(it, "file"), it["line"].as_u64().unwrap_or_default())).collect()
}

#[test]
fn a_fleet_of_fifty_is_sound() {
    for carrier in CARRIERS {
        for groups in [1, 2] {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            assert_eq!(findings(folder.path(), &fleet(), carrier, groups), [], "{carrier:?} in {groups} node groups");
        }
    }
}

#[test]
fn one_slip_among_fifty_is_one_finding_in_its_line() {
    let mut failures = Vec::new();
    for carrier in CARRIERS {
        for groups in [1, 2] {
            for (key, code, slip) in SLIPS {
                let mut guests = fleet();
                slip(&mut guests[SLIP]);
                let changed = &guests[SLIP];
                // A bridge on a VLAN interface has one tag: another is a conflict of bridges.
                let code = if carrier == VlanBridge && *key == "vlanId" { "WK304" } else { code };
                let is_key = |line: &str| line.trim_start().starts_with(&format!("{key}:"));
                let line = 1 + changed.text(carrier).lines().position(is_key).expect("the key is there");
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                let found = findings(folder.path(), &guests, carrier, groups);
                if found != [(code.to_owned(), "app-07.yaml".to_owned(), line as u64)] {
                    let what =
                        format!("{carrier:?} in {groups} node groups: VLAN {}, {}", changed.vlan, changed.address);
                    failures.push(format!("{what}\n  wanted {code} in line {line} ({key}), found {found:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
