//! Quiet where all is sound: what a team of fifty virtual machines with ordinary habits is told, and what it is told of a change under
//! them.

mod common;

use std::fs;
use std::path::Path;

use common::{code, run, stderr, stdout, write};
use serde_json::Value;

const TEAMS: [(&str, u16); 5] = [("infra", 130), ("payments", 110), ("sales", 120), ("tools", 140), ("web", 150)];
const GUESTS: [&str; 10] = ["billing", "ci", "crm", "dns", "erp", "grafana", "mail", "portal", "vault", "wiki"];

const SITE: &str = r#"apiVersion: render.novasphere.dev/v1alpha1
kind: Site
metadata:
  name: frankfurt
  annotations:
    config.kubernetes.io/local-config: "true"
spec:
"#;

/// What the platform team knows anyway.
const NODES: &str = "  defaultNIC: bond0
  uplinks:
    - name: ens2f0
      type: ethernet
      ipv4: {enabled: false}
      ipv6: {enabled: false}
    - name: ens4f0
      type: ethernet
      ipv4: {enabled: false}
      ipv6: {enabled: false}
  sriov:
    defaultResourceName: openshift.io/sriovnics
";

/// Three kinds of servers, whose NICs have other names.
const GROUPS: &str = "  sriov:
    defaultResourceName: openshift.io/sriovnics
  nodeGroups:
    - name: dell
      nodeSelector: {example.org/vendor: dell}
      defaultNIC: eno1
      physicalInterfaces: {ens2f0: eno2, ens3f0: eno3}
    - name: hpe
      nodeSelector: {example.org/vendor: hpe}
      defaultNIC: ens1f0
      physicalInterfaces: {ens2f0: ens1f1, ens3f0: ens1f2}
    - name: lenovo
      nodeSelector: {example.org/vendor: lenovo}
      defaultNIC: enp65s0f0
      physicalInterfaces: {ens2f0: enp65s0f1, ens3f0: enp65s0f2}
";

/// The one place in which the team answers for what is left.
const ANSWERS: &str = "  policy:
    scope: bridge
  accept:
    - rule: WK217
      reason: our images drop the default route of the pod network (NET-31)
";

/// Fifty virtual machines of five teams: the pod network and a VLAN each, some with static addresses, some with DHCP, some with nothing
/// said. With `has_more` a few have a second network, of Open vSwitch or SR-IOV.
fn fleet(folder: &Path, has_more: bool) {
    for (team, vlan) in TEAMS {
        for (number, guest) in GUESTS.into_iter().enumerate() {
            let ip = match number % 3 {
                0 => format!(
                    "      ipConfig:\n        mode: static\n        address: 10.20.{vlan}.{}/24\n        gateway: 10.20.{vlan}.1\n        \
                     dnsServers: [10.20.0.53]\n",
                    20 + number
                ),
                1 => "      ipConfig: {mode: dhcp}\n".to_owned(),
                _ => String::new(),
            };
            let more = match number {
                7 if has_more => format!(
                    "    - {{name: data, type: ovs, bridgeName: ovs-data, physicalInterface: ens2f0, vlanId: {}}}\n",
                    vlan + 200
                ),
                8 if has_more => {
                    format!("    - {{name: fast, type: sriov, physicalInterface: ens3f0, vlanId: {}}}\n", vlan + 400)
                }
                _ => String::new(),
            };
            let text = format!(
                "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata:\n  name: {guest}-{team}\n  namespace: {team}\nspec:\n  \
                 cpu: 2\n  memory: 4Gi\n  cloudInitUser: {{name: ops, password: hunter2}}\n  networks:\n    - name: default\n    \
                 - name: lan\n      type: bridge\n      bridgeName: br-{team}\n      vlanId: {vlan}\n{ip}{more}"
            );
            write(&folder.join(format!("{team}/{guest}.yaml")), &text);
        }
    }
}

/// What is found, as `CODE file:line`.
fn found(json: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(json).expect("the findings are JSON");
    let diagnostics = json["diagnostics"].as_array().into_iter().flatten();
    let finding = |it: &Value| {
        let file = it["file"].as_str().unwrap_or_default();
        format!("{} {file}:{}", it["code"].as_str().unwrap_or_default(), it["line"])
    };
    diagnostics.map(finding).collect()
}

fn check(site: Option<&str>, has_more: bool) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fleet(folder.path(), has_more);
    if let Some(spec) = site {
        write(&folder.path().join("site.yaml"), &format!("{SITE}{spec}"));
    }
    found(&stdout(&run(folder.path(), &["check", "--format", "json", "."])))
}

#[test]
fn a_team_of_fifty_starts_with_two_warnings_and_gets_to_none_in_the_site() {
    // Nothing is known but the guests: the NIC, and the two default routes of twenty of them.
    assert_eq!(check(None, false), ["WK216 infra/billing.yaml:12", "WK217 infra/billing.yaml:19"]);
    // The Site names the NIC. That there are fifty policies for five bridges is the next thing.
    assert_eq!(check(Some(NODES), true), ["WK217 infra/billing.yaml:19", "WK232 infra/ci.yaml:12"]);
    assert_eq!(check(Some(&[NODES, ANSWERS].concat()), true), Vec::<String>::new());
}

#[test]
fn a_finding_is_said_once_for_three_node_groups() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fleet(folder.path(), true);
    write(&folder.path().join("site.yaml"), &format!("{SITE}{GROUPS}{ANSWERS}"));
    let args = ["check", "--format", "json", "."];
    assert_eq!(found(&stdout(&run(folder.path(), &args))), ["WK215 infra/portal.yaml:17"]);
    // With the nodes, the NIC of each group that has the node's own address is one finding, too.
    let node = |name: &str, vendor: &str, nics: [&str; 3], last: u8| {
        let interface = |(index, nic): (usize, &&str)| {
            let ipv4 = if index == 1 {
                format!("{{enabled: true, dhcp: false, address: [{{ip: 10.9.0.{last}, prefix-length: 24}}]}}")
            } else {
                "{enabled: false}".to_owned()
            };
            format!(
                "      - {{name: {nic}, type: ethernet, state: up, mac-address: '52:54:00:00:0{index}:{last:02}', ipv4: {ipv4}}}\n"
            )
        };
        let interfaces: String = nics.iter().enumerate().map(interface).collect();
        format!(
            "---\napiVersion: v1\nkind: Node\nmetadata:\n  name: {name}\n  labels: {{kubernetes.io/hostname: {name}, \
             example.org/vendor: {vendor}}}\n---\napiVersion: nmstate.io/v1beta1\nkind: NodeNetworkState\nmetadata:\n  name: {name}\n\
             status:\n  currentState:\n    interfaces:\n{interfaces}"
        )
    };
    let nodes = [
        node("dell-1", "dell", ["eno1", "eno2", "eno3"], 11),
        node("hpe-1", "hpe", ["ens1f0", "ens1f1", "ens1f2"], 12),
        node("lenovo-1", "lenovo", ["enp65s0f0", "enp65s0f1", "enp65s0f2"], 13),
    ];
    write(&folder.path().join("nodes.yaml"), &nodes.concat());
    assert_eq!(found(&stdout(&run(folder.path(), &args))), ["WK226 infra/portal.yaml:17"]);
    // A NIC that no group has.
    let path = folder.path().join("sales/wiki.yaml");
    let text = fs::read_to_string(&path).expect("the fleet was written");
    fs::write(
        &path,
        text.replace("vlanId: 120", "vlanId: 121\n      physicalInterface: ens9f9").replace("br-sales", "br-lab"),
    )
    .expect("a temporary file can be written");
    let args = ["check", "--allow", "WK226", "--format", "json", "."];
    assert_eq!(found(&stdout(&run(folder.path(), &args))), ["WK228 sales/wiki.yaml:16"]);
}

/// A change of a fleet that was rendered.
struct Change {
    /// What it is.
    what: &'static str,
    /// The files in which it is: all of a folder, or one.
    at: &'static str,
    from: &'static str,
    to: &'static str,
    /// What is found.
    found: &'static [&'static str],
}

const CHANGES: &[Change] = &[
    Change {
        what: "the VLAN of a bridge",
        at: "sales",
        from: "vlanId: 120",
        to: "vlanId: 125",
        found: &["WK505 sales/billing.yaml:15"],
    },
    Change {
        what: "the name of a bridge",
        at: "sales",
        from: "bridgeName: br-sales",
        to: "bridgeName: br-vertrieb",
        found: &["WK505 sales/billing.yaml:14"],
    },
    Change {
        what: "the name of a bridge that is called after its network",
        at: "tools",
        from: "- name: lan\n      type: bridge\n      bridgeName: br-tools",
        to: "- name: office\n      type: bridge",
        found: &["WK505 tools/billing.yaml:12"],
    },
    Change {
        what: "the NIC of all bridges, in the Site",
        at: "site.yaml",
        from: "defaultNIC: bond0",
        to: "defaultNIC: bond1",
        found: &["WK505 infra/billing.yaml:12"],
    },
    Change {
        what: "the NIC of a bridge of Open vSwitch",
        at: "",
        from: "physicalInterface: ens2f0",
        to: "physicalInterface: ens4f0",
        found: &["WK505 infra/portal.yaml:17"],
    },
    Change {
        what: "the type of a bridge, which takes its port to another",
        at: "web",
        from: "type: bridge\n      bridgeName: br-web",
        to: "type: bridge\n      bridgeName: br-internet",
        found: &["WK505 web/billing.yaml:14"],
    },
    Change {
        what: "one address",
        at: "sales/billing.yaml",
        from: "10.20.120.20/24",
        to: "10.20.120.77/24",
        found: &["WK506 sales/billing.yaml:16"],
    },
    Change {
        what: "the tags of ports of Open vSwitch, in all attachments",
        at: "",
        from: "bridgeName: ovs-data, physicalInterface: ens2f0, vlanId: 3",
        to: "bridgeName: ovs-data, physicalInterface: ens2f0, vlanId: 23",
        found: &["WK506 infra/portal.yaml:17"],
    },
    Change {
        what: "what no guest notices",
        at: "",
        from: "cpu: 2\n  memory: 4Gi",
        to: "cpu: 4\n  memory: 8Gi",
        found: &[],
    },
    Change {
        what: "another version of CNI, another order of syncs",
        at: "site.yaml",
        from: "  policy:\n",
        to: "  attachment: {cniVersion: 1.0.0}\n  syncWaves: false\n  policy:\n    maxUnavailable: 1\n",
        found: &[],
    },
    Change {
        what: "policies for each network instead of one for each bridge",
        at: "site.yaml",
        from: "    scope: bridge",
        to: "    scope: network",
        found: &["WK232 infra/ci.yaml:12"],
    },
];

/// The files below a folder in which a text is to be replaced.
fn replace(folder: &Path, change: &Change) {
    let mut count = 0;
    for (path, bytes) in common::files(folder) {
        let text = String::from_utf8(bytes).expect("the fleet is text");
        if path.starts_with(change.at) && text.contains(change.from) {
            write(&folder.join(path), &text.replace(change.from, change.to));
            count += 1;
        }
    }
    assert!(count > 0, "{}: nothing to change", change.what);
}

#[test]
fn a_change_under_guests_is_said_once_and_where_it_was_made() {
    let mut failures = Vec::new();
    for change in CHANGES {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fleet(&folder.path().join("in"), true);
        write(&folder.path().join("in/site.yaml"), &format!("{SITE}{NODES}{ANSWERS}"));
        let render = ["in", "out"];
        let first = run(folder.path(), &render);
        assert!(code(&first) == 0 && !stderr(&first).contains("warning"), "{}", stderr(&first));
        replace(&folder.path().join("in"), change);
        // A diff has its findings on standard error, because standard output is the diff.
        let diff = run(folder.path(), &["diff", "--format", "json", "in", "out"]);
        let said = stderr(&diff);
        let end = said.rfind('}').map_or(0, |end| end + 1);
        let in_diff = found(&said[..end]);
        let in_render = found(&stdout(&run(folder.path(), &["--format", "json", "in", "out"])));
        let again = found(&stdout(&run(folder.path(), &["--format", "json", "in", "out"])));
        let wanted: Vec<String> = change.found.iter().map(|it| it.replacen(' ', " in/", 1)).collect();
        let kept: Vec<String> = wanted.iter().filter(|it| !it.starts_with("WK5")).cloned().collect();
        if in_diff != wanted || in_render != wanted || again != kept {
            failures.push(format!(
                "{}\n  wanted {wanted:?}\n  diff {in_diff:?}\n  render {in_render:?}\n  again {again:?}",
                change.what
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// A change that is accepted in the Site is not missed when it is done.
#[test]
fn an_accepted_change_is_not_missed_afterwards() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let accepts = "    - {rule: WK505, reason: VLANs change in the maintenance window (CHG-7), namespaces: [sales]}\n";
    fleet(&folder.path().join("in"), true);
    write(&folder.path().join("in/site.yaml"), &format!("{SITE}{NODES}{ANSWERS}{accepts}"));
    let args = ["--deny", "warnings", "in", "out"];
    assert_eq!(code(&run(folder.path(), &args)), 0);
    for team in ["sales", "web"] {
        let vlan = TEAMS.into_iter().find(|it| it.0 == team).map_or(0, |it| it.1);
        for guest in GUESTS {
            let path = folder.path().join(format!("in/{team}/{guest}.yaml"));
            let text = fs::read_to_string(&path).expect("the fleet was written");
            write(&path, &text.replace(&format!("vlanId: {vlan}\n"), &format!("vlanId: {}\n", vlan + 7)));
        }
        let output = run(folder.path(), &args);
        // Of the other namespace it is not accepted, and denied: nothing is written.
        assert_eq!(code(&output), i32::from(team == "web"), "{}", stderr(&output));
        assert_eq!(stderr(&output).contains("WK505"), team == "web", "{}", stderr(&output));
    }
    let listed = run(folder.path(), &["check", "-v", "in"]);
    assert!(stderr(&listed).contains("our images drop the default route"), "{}", stderr(&listed));
}
