//! Fleets that are made up: virtual machines, a Site and an inventory that go together, from a seed.
//!
//! A fleet is planned first, as a platform team would plan it: the lans, each with what carries it, and then the machines on them. That is
//! why most of them have no errors. [`slip`](Fleet::slip) then makes one mistake in one of the files.

use std::fmt::Write;

/// A generator of numbers: xorshift64*, which needs no crate and no clock.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Seeds that are neighbours must not give numbers that are.
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number from 0 to below the bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or_default() % bound.max(1)
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// A layer 2 that machines share.
struct Lan {
    name: String,
    /// What each network on it says, but for its name and its address.
    keys: String,
    number: usize,
    /// How many machines may be on it.
    room: usize,
    /// Whether a machine may have an address there, as IPAM or from DHCP.
    has_addresses: bool,
    /// Whether its attachments must be in a namespace that is known.
    needs_namespace: bool,
}

/// Files that belong together.
pub(crate) struct Fleet {
    /// The files, with their names.
    pub(crate) files: Vec<(String, String)>,
    /// How many virtual machines there are.
    pub(crate) machines: usize,
    /// What there is in it, for whoever counts: `trunk`, `bond`, ...
    pub(crate) has: Vec<&'static str>,
}

const LOCAL: &str = "config.kubernetes.io/local-config: \"true\"";

/// Makes a fleet of so many machines.
pub(crate) fn fleet(seed: u64, machines: usize) -> Fleet {
    let mut maker = Maker { random: Random::new(seed), has: Vec::new() };
    let mut files = Vec::new();
    let has_inventory = maker.random.once_in(2);
    let site = if maker.random.below(10) > 0 { Some(maker.site()) } else { None };
    let lans = maker.lans(site.is_some());
    if let Some(site) = site {
        files.push(("site.yaml".to_owned(), site));
    }
    for number in 0..machines {
        files.push((format!("vm-{number}.yaml"), maker.machine(number, &lans)));
    }
    if has_inventory {
        files.push(("nodes.yaml".to_owned(), maker.inventory(lans.len())));
    }
    if maker.has.contains(&"nadName") {
        files.push(("nad.yaml".to_owned(), THEIRS.to_owned()));
    }
    Fleet { files, machines, has: maker.has }
}

/// The attachment that some networks name.
const THEIRS: &str = "apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: theirs, namespace: default}
spec: {config: '{\"cniVersion\": \"0.3.1\", \"name\": \"theirs\", \"type\": \"bridge\", \"bridge\": \"br-theirs\", \"ipam\": {}}'}
";

struct Maker {
    random: Random,
    has: Vec<&'static str>,
}

impl Maker {
    fn note(&mut self, what: &'static str) {
        if !self.has.contains(&what) {
            self.has.push(what);
        }
    }

    /// A Site of everything, or of some of it. `bond0` and `storage` are always there.
    fn site(&mut self) -> String {
        let random = &mut self.random;
        let mode = random.of(&["802.3ad", "active-backup", "balance-xor", "balance-rr"]);
        let mtu = random.of(&["", "mtu: 9000, ", "mtu: 1500, "]);
        let address = random.of(&[
            "",
            ", ipv4: {enabled: true, dhcp: true}",
            ", ipv6: {enabled: true, dhcp: true, autoconf: true}",
            ", ipv4: {enabled: false}, ipv6: {enabled: false}",
        ]);
        let tags = random.of(&[
            "",
            ", trunk-tags: [{id-range: {min: 400, max: 499}}]",
            ", trunk-tags: [{id-range: {min: 2, max: 4094}}]",
        ]);
        let scope = random.of(&["network", "bridge"]);
        let unavailable = random.of(&["", ", maxUnavailable: 2", ", maxUnavailable: \"30%\""]);
        let cni = random.of(&["0.3.1", "0.4.0", "1.0.0"]);
        let (ipam, check, resources) =
            (random.of(&["static", "static", "none"]), random.of(&["true", "false"]), random.of(&["true", "false"]));
        let waves = random.of(&["true", "false"]);
        let mut text = format!(
            "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata:\n  name: site\n  annotations: {{{LOCAL}}}\nspec:\n  \
             defaultNIC: bond0\n  syncWaves: {waves}\n  policy: {{scope: {scope}{unavailable}}}\n  attachment: {{cniVersion: {cni}, ipam: {ipam}, \
             macSpoofCheck: {check}, bridgeResources: {resources}}}\n  sriov: {{defaultResourceName: openshift.io/nics, resourceNames: {{ens41: \
             intel.com/ens41}}}}\n  ovn: {{bridge-mappings: [{{localnet: physnet, bridge: br-ex}}, {{localnet: data-net, bridge: ovs-data, physicalInterface: ens50}}]}}\n  \
             trunkBridges:\n  - {{name: br-trunk, physicalInterface: ens9{tags}}}\n  uplinks:\n  \
             - {{name: bond0, type: bond, {mtu}link-aggregation: {{mode: {mode}, port: [eno1, eno2]}}}}\n  \
             - {{name: storage, type: vlan, vlan: {{base-iface: bond0, id: 77}}{address}}}\n"
        );
        if random.once_in(2) {
            text.push_str(
                "  nodeGroups:\n  - {name: old, nodeSelector: {rack: old}, physicalInterfaces: {data: ens5}}\n  \
                 - {name: new, nodeSelector: {rack: new}, physicalInterfaces: {data: ens6}}\n",
            );
            self.note("groups");
        }
        if scope == "bridge" {
            self.note("scope bridge");
        }
        text
    }

    /// Lans, each on a wire of its own or on a tag of one that carries many.
    fn lans(&mut self, has_site: bool) -> Vec<Lan> {
        let count = 3 + self.random.below(12);
        (0..count).map(|number| self.lan(number, has_site)).collect()
    }

    fn lan(&mut self, number: usize, has_site: bool) -> Lan {
        let groups = self.has.contains(&"groups");
        let tag = 400 + number;
        let bridge = match self.random.below(3) {
            0 => String::new(),
            _ => format!(", bridgeName: br-{}{number}", self.random.of(&["lan", "x.", "Z_"])),
        };
        let (mut room, mut has_addresses, mut needs_namespace) = (usize::MAX, true, false);
        let keys = match self.random.below(if has_site { 12 } else { 7 }) {
            0 | 1 => {
                let nic = self.random.of(&["ens3", "eno4"]);
                format!("type: bridge, physicalInterface: {nic}, vlanId: {tag}{bridge}")
            }
            2 => {
                // A NIC of its own, whose node may have its address on the bridge.
                let mut keys = format!("type: bridge, physicalInterface: ens1{number:02}{bridge}");
                if self.random.once_in(2) {
                    self.note("nodeIP");
                    room = 1;
                    let _ = write!(keys, ", nodeIP: 10.250.{number}.2/24");
                }
                keys
            }
            3 => {
                let vlan = if self.random.once_in(2) { format!(", vlanId: {tag}") } else { String::new() };
                self.note("ovs");
                format!("type: ovs, physicalInterface: ens2{number:02}{vlan}{bridge}")
            }
            4 => {
                self.note("macvlan");
                let plugin = self.random.of(&["macvlan", "ipvlan"]);
                format!("type: {plugin}, physicalInterface: ens3{number:02}")
            }
            5 => {
                self.note("nadName");
                has_addresses = false;
                "type: bridge, nadName: default/theirs, bridgeName: br-theirs, physicalInterface: ens3, vlanId: 399"
                    .to_owned()
            }
            6 => {
                let nic = format!("ens3.{}", number + 1);
                format!("type: bridge, physicalInterface: {nic}{bridge}")
            }
            7 => {
                self.note("bond");
                // On the default NIC, with and without its name.
                let nic = self.random.of(&["", ", physicalInterface: bond0"]);
                format!("type: bridge{nic}, vlanId: {tag}{bridge}")
            }
            8 => {
                self.note("trunk");
                format!("type: bridge, bridgeName: br-trunk, vlanId: {tag}")
            }
            9 => {
                self.note("sriov");
                let nic = self.random.of(&["ens40", "ens41"]);
                format!("type: sriov, physicalInterface: {nic}, vlanId: {tag}")
            }
            10 => {
                self.note("localnet");
                (has_addresses, needs_namespace) = (false, true);
                let localnet = self.random.of(&["physnet", "data-net"]);
                format!("type: ovs, physicalInterface: {localnet}, vlanId: {tag}")
            }
            _ if groups => {
                self.note("aliases");
                format!("type: bridge, physicalInterface: data, vlanId: {tag}{bridge}")
            }
            _ => {
                self.note("vlan uplink");
                "type: macvlan, physicalInterface: storage".to_owned()
            }
        };
        Lan { name: format!("lan{number}"), keys, number, room, has_addresses, needs_namespace }
    }

    fn machine(&mut self, number: usize, lans: &[Lan]) -> String {
        let namespace = self.random.of(&["", ", namespace: prod", ", namespace: test"]);
        let mut text = format!(
            "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {{name: vm-{number}{namespace}}}\nspec:\n  cpu: {}\n  memory: 4Gi\n",
            1 + number % 64
        );
        let may_be_on =
            |lan: &&Lan| (lan.room > 1 || number == lan.number) && (!lan.needs_namespace || !namespace.is_empty());
        let mut on: Vec<&Lan> = lans.iter().filter(may_be_on).collect();
        self.random.shuffle(&mut on);
        on.truncate(self.random.below(5));
        // A node's address is that of one node.
        if let Some(lan) = on.iter().find(|lan| lan.room == 1) {
            on = vec![*lan];
            let _ = writeln!(
                text,
                "  highAvailability: {{nodeSelector: {{kubernetes.io/hostname: node-{}}}}}",
                1 + number % 3
            );
        } else if self.random.once_in(4) {
            self.note("selector");
            text.push_str("  highAvailability: {nodeSelector: {zone: a}}\n");
        }
        if self.random.once_in(5) {
            text.push_str("  cloudInitUser: {name: admin, password: hunter2}\n");
        }
        text.push_str(if on.is_empty() { "  networks: [{name: default}]\n" } else { "  networks:\n" });
        for lan in on {
            let address = if lan.has_addresses { self.address(number, lan.number) } else { String::new() };
            let _ = writeln!(text, "  - {{name: {}, {}{address}}}", lan.name, lan.keys);
        }
        text
    }

    /// How a machine gets its address in a lan. Its own is the only one of that number.
    fn address(&mut self, machine: usize, lan: usize) -> String {
        let host = 10 + machine;
        match self.random.below(6) {
            0 | 1 => String::new(),
            2 => ", ipConfig: {mode: dhcp}".to_owned(),
            3 => format!(", ipConfig: {{mode: static, address: \"2001:db8:{lan}::{host}/64\"}}"),
            4 => format!(", ipConfig: {{mode: static, address: 10.{lan}.0.{host}/24, dnsServers: [10.{lan}.0.3]}}"),
            _ => {
                self.note("static");
                format!(", ipConfig: {{mode: static, address: 10.{lan}.0.{host}/24, gateway: 10.{lan}.0.1}}")
            }
        }
    }

    /// Three nodes with every NIC that so many lans may be on, some of them with addresses, and their labels.
    fn inventory(&mut self, lans: usize) -> String {
        self.note("inventory");
        let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
        for node in 1..=3 {
            let _ = write!(
                text,
                "- apiVersion: nmstate.io/v1beta1\n  kind: NodeNetworkState\n  metadata: {{name: node-{node}}}\n  status:\n    \
                 lastSuccessfulUpdateTime: \"2026-11-24T07:00:00Z\"\n    currentState:\n      \
                 dns-resolver: {{config: {{}}, running: {{server: [192.0.2.53]}}}}\n      \
                 routes: {{config: [], running: [{{destination: 0.0.0.0/0, next-hop-address: 192.0.2.1, next-hop-interface: eno4, metric: 100, table-id: 254}}]}}\n      interfaces:\n"
            );
            let fixed = ["ens160", "eno1", "eno2", "eno4", "ens3", "ens5", "ens6", "ens9", "ens40", "ens41", "ens50"];
            let own = (1..4).flat_map(|kind| (0..lans).map(move |number| format!("ens{kind}{number:02}")));
            for (number, nic) in fixed.iter().map(|nic| (*nic).to_owned()).chain(own).enumerate() {
                let is_own = nic.starts_with("ens1") && nic.len() == 6;
                let address = match nic.as_str() {
                    "eno4" => format!(
                        "ipv4: {{enabled: true, dhcp: false, address: [{{ip: 192.0.2.{}, prefix-length: 24}}]}}",
                        10 + node
                    ),
                    // The address of a node on a NIC that a bridge may take.
                    _ if is_own && self.random.once_in(4) => {
                        self.note("address on a NIC");
                        let host = 100 + node;
                        format!(
                            "ipv4: {{enabled: true, dhcp: false, address: [{{ip: 10.200.{number}.{host}, prefix-length: 24}}]}}"
                        )
                    }
                    _ if is_own && self.random.once_in(8) => {
                        self.note("lease on a NIC");
                        let host = 100 + node;
                        format!(
                            "ipv4: {{enabled: true, dhcp: true, auto-dns: true, auto-gateway: true, auto-routes: true, auto-route-table-id: 0, \
                             auto-route-metric: -1, address: [{{ip: 10.201.{number}.240, prefix-length: 24}}, {{ip: 10.201.{number}.{host}, \
                             prefix-length: 24, valid-life-time: 3592sec, preferred-life-time: 3592sec}}]}}"
                        )
                    }
                    _ => "ipv4: {enabled: false}".to_owned(),
                };
                let mtu = if is_own && node == 2 { 9000 } else { 1500 };
                let functions =
                    if nic.starts_with("ens4") { ", ethernet: {sr-iov: {total-vfs: 8, max-vfs: 8}}" } else { "" };
                let _ = writeln!(
                    text,
                    "      - {{name: {nic}, type: ethernet, state: up, mtu: {mtu}, min-mtu: 68, max-mtu: 9000, mac-address: \
                     \"52:54:00:00:{node:02x}:{number:02x}\"{functions}, {address}, ipv6: {{enabled: false}}}}"
                );
            }
            text.push_str("      - {name: br-ex, type: ovs-bridge, state: up, bridge: {port: [{name: br-ex}]}}\n");
            let rack = if node == 1 { "old" } else { "new" };
            let _ = writeln!(
                text,
                "- {{apiVersion: v1, kind: Node, metadata: {{name: node-{node}, labels: {{kubernetes.io/hostname: node-{node}, rack: {rack}, zone: a}}}}}}"
            );
        }
        text
    }
}

/// What is right in a file, and what is written there by mistake.
const SLIPS: &[(&str, &str)] = &[
    ("vlanId: 4", "vlanId: 40"),
    ("vlanId: 40", "vlanId: 41"),
    ("type: bridge", "type: ovs"),
    ("type: ovs", "type: brigde"),
    ("bridgeName: br-", "bridgeName: ens"),
    ("bridgeName: ", "bridgename: "),
    ("physicalInterface: ens", "physicalInterface: br-lan"),
    ("address: 10.", "address: 11."),
    (".0.1}", ".9.1}"),
    ("/24", "/32"),
    ("name: lan1", "name: lan2"),
    ("name: vm-1", "name: vm-2"),
    ("cpu: ", "cpus: "),
    ("port: [eno1, eno2]", "port: [eno1, eno1]"),
    ("ens9", "ens3"),
    ("rack: new", "rack: old"),
];

impl Fleet {
    /// Makes a mistake in one file, where one of those that are known can be made.
    pub(crate) fn slip(&mut self, seed: u64) {
        let mut random = Random::new(seed);
        for _ in 0..50 {
            let (right, wrong) = SLIPS[random.below(SLIPS.len())];
            let at = random.below(self.files.len());
            let text = &mut self.files[at].1;
            if text.contains(right) {
                *text = text.replacen(right, wrong, 1);
                return;
            }
        }
    }
}
