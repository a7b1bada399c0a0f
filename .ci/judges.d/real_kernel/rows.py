"""The rows: bridges, bonds, trunks, and the other kinds of attachment. `moves.py` adds those that move the node's own address.

Each is one sentence of what the manifests are for, and what must be seen for it to be true.
"""

import json

from node import ip, must, reached, reaches, run, show, until
from registry import ROWS, row
from row import hosts

import moves  # noqa: F401 - it registers its rows


@row("bridge-on-vlan", on_push=True)
def bridge_on_vlan(row):
    """A bridge on a VLAN of the node's own NIC: that tag alone, and the node keeps its address."""
    row.wire("lan", ["ens192"], vlans=[20, 21, 30], hosts=hosts(20, 21, 30))
    row.node_static("ens192")
    row.start()
    routes = row.routes()
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    row.reachable("with the bridge")
    row.same(row.routes(), routes, "the node's routes")
    row.same(row.addresses("ens192"), ["192.0.2.11/24"], "the NIC's addresses")
    for config in row.nads(tree).values():
        row.meets(row.guest(config), right=[20], wrong=[1, 21, 30])
    row.detach()


@row("bond", on_push=True)
def bond(row):
    """A bond of two NICs in mode active-backup: guests go on when the active port is unplugged."""
    row.wire("lan", ["ens1f0", "ens1f1"], vlans=[20], hosts=hosts(20))
    row.start_alone()
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    mode, active = sysfs("bond0", "mode"), sysfs("bond0", "active_slave")
    row.check(mode.startswith("active-backup"), f"the bond's mode is {mode}")
    row.same(sorted(sysfs("bond0", "slaves").split()), ["ens1f0", "ens1f1"], "the bond's ports")
    for config in row.nads(tree).values():
        pod = row.guest(config)
        row.meets(pod, right=[1], wrong=[20])
        if row.check(active in ("ens1f0", "ens1f1"), f"the bond's active port is {active or 'none'}"):
            ip("link", "set", f"p-{active}", "down", netns="sw")
            row.check(until(lambda: sysfs("bond0", "active_slave") not in ("", active)), "no other port takes over")
            row.meets(pod, right=[1])
    row.detach()


def sysfs(bond, name):
    done = run("cat", f"/sys/class/net/{bond}/bonding/{name}")
    return done.stdout.strip()


@row("trunk-bridge", on_push=True)
def trunk_bridge(row):
    """One bridge for many VLANs: the attachment's tag decides, and a tag that the port does not let through is dropped."""
    row.wire("lan", ["ens224"], vlans=[100, 210, 300], hosts=hosts(100, 210, 300))
    row.start_alone()
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    nads = row.nads(tree)
    row.meets(row.guest(nads["orders-front-nad"]), right=[100], wrong=[1, 210, 300])
    row.meets(row.guest(nads["ledger-back-nad"]), right=[210], wrong=[1, 100, 300])
    row.meets(row.guest({**nads["ledger-back-nad"], "vlan": 300}), right=[], wrong=[1, 100, 210, 300])
    row.detach()


@row("plain-bridge")
def plain_bridge(row):
    """A bridge on a NIC that is free: untagged frames, guests among themselves, and the node's own NIC as it was."""
    row.wire("mgmt", ["ens160"], hosts=hosts())
    row.wire("lan", ["ens192"], vlans=[20], hosts={20: ["192.0.2.201/24"], 1: ["192.0.2.2/24"]})
    row.node_static()
    row.start()
    before = (row.routes(), row.addresses("ens160"), row.mac("ens160"))
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    row.reachable("with the bridge")
    row.same((row.routes(), row.addresses("ens160"), row.mac("ens160")), before, "the node's own NIC")
    nads = row.nads(tree)
    first, second = row.guest(nads["mail-office-nad"]), row.guest(nads["print-office-nad"])
    row.check(reaches(first, "192.0.2.2"), "the guest does not reach the wire")
    row.check(reaches(first, "192.0.2.78"), "the guests do not reach each other")
    row.check(not reached(first, ["192.0.2.201"]), "the guest reaches a VLAN")
    row.same(run("ip", "-n", second, "-j", "route", "show", "default").stdout.count("192.0.2.2"), 1, "the guest's default routes by the gateway")
    row.detach()


@row("two-vlans-on-one-nic")
def two_vlans_on_one_nic(row):
    """Two networks with a tag each on one NIC: each guest has its own."""
    row.wire("lan", ["ens192"], vlans=[20, 30], hosts=hosts(20, 30))
    row.start_alone()
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    nads = row.nads(tree)
    row.meets(row.guest(nads["erp-front-nad"]), right=[20], wrong=[1, 30])
    row.meets(row.guest(nads["erp-back-nad"]), right=[30], wrong=[1, 20])
    row.detach()


@row("vlan-over-bond")
def vlan_over_bond(row):
    """Two policies that share a bond, applied in the reverse order; full frames of 9000 bytes with a tag."""
    row.wire("lan", ["ens1f0", "ens1f1"], vlans=[20, 30], hosts=hosts(20, 30), mtu=9000)
    row.start_alone()
    tree, _ = row.render()
    row.apply_all(reversed(row.policies(tree)))
    nads = row.nads(tree)
    for name, right, wrong in (("files-data-nad", 20, 30), ("mirror-copy-nad", 30, 20)):
        pod = row.guest(nads[name])
        row.meets(pod, right=[right], wrong=[1, wrong])
        row.check(reaches(pod, hosts(right)[right][0].partition("/")[0], "-M", "do", "-s", 8972), "9000 bytes do not pass")
    row.detach()


@row("jumbo-frames")
def jumbo_frames(row):
    """An uplink with an MTU of 9000: 9000 bytes pass, and not one more."""
    row.wire("lan", ["ens192"], vlans=[20], hosts=hosts(20), mtu=9000)
    row.wire("mgmt", ["ens160"])
    ip("link", "set", "ens192", "mtu", 1500)
    row.start_alone()
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    for config in row.nads(tree).values():
        pod = row.guest(config)
        row.meets(pod, right=[20], wrong=[1])
        row.check(reaches(pod, "192.0.2.201", "-M", "do", "-s", 8972), "9000 bytes do not pass")
        row.check(not reached(pod, ["192.0.2.201"], "-M", "do", "-s", "8973"), "9001 bytes pass")
    for interface in ("ens192", "ens192.20", "br-storage"):
        row.same(row.mtu(interface), 9000, f"the MTU of {interface} with a guest")
    row.detach()


def on_the_nic(row):
    """Guests straight on a NIC, without a policy."""
    row.wire("lan", ["ens192"], vlans=[20], hosts=hosts(20))
    row.wire("mgmt", ["ens160"])
    row.start_alone()
    ip("link", "set", "ens192", "up")
    # The NIC of which a wrong manifest might make its master.
    ip("link", "set", "ens160", "up")
    tree, _ = row.render()
    row.same(row.policies(tree) if (tree / "nncp").is_dir() else [], [], "policies")
    nads = list(row.nads(tree).values())
    pods = [row.guest(config) for config in nads]
    row.meets(pods[0], right=[1], wrong=[20])
    other = nads[1]["ipam"]["addresses"][0]["address"].partition("/")[0]
    row.check(reaches(pods[0], other), "the guests do not reach each other")
    row.detach()


@row("macvlan")
def macvlan(row):
    """Guests on macvlan interfaces reach the wire and each other."""
    on_the_nic(row)


@row("ipvlan")
def ipvlan(row):
    """Guests on ipvlan interfaces reach the wire and each other."""
    on_the_nic(row)


@row("ipv6-static")
def ipv6_static(row):
    """A guest with an IPv6 address and gateway of its own."""
    row.wire("lan", ["ens192"], vlans=[20, 30], hosts=hosts(20, 30))
    row.start_alone()
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    for config in row.nads(tree).values():
        pod = row.guest(config)
        row.check(reaches(pod, "2001:db8::201"), "the guest does not reach its VLAN")
        row.check(not reached(pod, ["2001:db8::1", "2001:db8::202"]), "the guest reaches another VLAN")
        default = json.loads(must("ip", "-6", "-n", pod, "-j", "route", "show", "default") or "[]")
        row.same([it.get("gateway") for it in default], ["2001:db8::201"], "the guest's default routes")
    row.detach()


@row("routes-and-dns-of-the-site")
def routes_and_dns_of_the_site(row):
    """A bridge that takes an uplink whole gets the addresses, routes and DNS that the Site gives it."""
    row.wire("lan", ["ens192"], vlans=[20], hosts=hosts(20))
    row.node_static("ens192")
    row.start()
    mac = row.mac("ens192")
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    row.reachable("with the bridge")
    row.same(row.addresses("br-lan"), ["192.0.2.11/24"], "the bridge's addresses")
    row.same(row.addresses("ens192"), [], "the NIC's addresses")
    row.same(row.mac("br-lan"), mac, "the bridge's MAC address")
    row.same(row.routes("default"), [("default", "192.0.2.1", "br-lan", 120)], "the default routes")
    row.same(row.routes("198.51.100.0/24"), [("198.51.100.0/24", "192.0.2.254", "br-lan", 150)], "the Site's route")
    row.same(show()["dns-resolver"]["config"].get("server"), ["192.0.2.53"], "the DNS servers")
    for config in row.nads(tree).values():
        row.meets(row.guest(config), right=[1], wrong=[20])
    row.detach()


@row("copy-mac-from")
def copy_mac_from(row):
    """A bond that copies the MAC address of the NIC with the lease, and the bridge on it: the node gets the same address."""
    row.wire("lan", ["ens1f0", "ens1f1"], hosts=hosts())
    row.dhcp_server()
    row.dhcp_profile("ens1f0")
    row.start_with_lease("ens1f0")
    mac = row.mac("ens1f0")
    tree, _ = row.render()
    row.apply_all(row.policies(tree))
    row.check(row.comes_up("br-lan", "192.0.2.100/24"), "the bridge has not the node's lease")
    row.same((row.mac("bond0"), row.mac("br-lan")), (mac, mac), "the MAC addresses of bond and bridge")
    row.reachable("with the bridge", "192.0.2.100")
    for config in row.nads(tree).values():
        row.meets(row.guest(config), right=[1])
    row.detach()


@row("scope-bridge")
def scope_bridge(row):
    """One policy for a bridge that two namespaces use: when one of them goes, bridge and the other's guest stay."""
    row.wire("lan", ["ens192"], vlans=[20, 30], hosts=hosts(20, 30))
    row.start_alone()
    tree, _ = row.render(given="scope-bridge/both")
    policies = row.policies(tree)
    row.same(len(policies), 1, "the number of policies")
    row.apply_all(policies)
    nads = row.nads(tree)
    stays, goes = row.guest(nads["crm-front-nad"]), row.guest(nads["wiki-front-nad"])
    row.meets(stays, right=[20], wrong=[1, 30])
    row.meets(goes, right=[20], wrong=[1, 30])
    tree, _ = row.render("--retire", given="scope-bridge/one")
    row.same(sorted(row.nads(tree)), ["crm-front-nad"], "the attachments that stay")
    row.apply_all(row.policies(tree))
    row.meets(stays, right=[20], wrong=[1, 30])
    row.detach()


@row("node-groups")
def node_groups(row):
    """One attachment for two groups: a NIC in one, a bond in the other. Each node gets the policy of its group."""
    for group, nics in (("rack-a", ["ens192"]), ("rack-b", ["ens2f0", "ens2f1"])):
        row.wire(group, nics, vlans=[20, 30], hosts=hosts(20, 30))
    row.start_alone()
    tree, _ = row.render()
    (config,) = row.nads(tree).values()
    for group in ("rack-a", "rack-b"):
        policies = [it for it in row.policies(tree) if it["spec"]["nodeSelector"].get("example.org/rack") == group]
        row.same(len(policies), 1, f"the number of policies of {group}")
        row.apply_all(policies)
        row.meets(row.guest(config), right=[20], wrong=[1, 30])
        row.detach()
        # The other node is another machine: what the first one had goes.
        row.reboot("/etc/NetworkManager/system-connections")


@row("retired")
def retired(row):
    """A network that is no longer wanted goes off the node, bridge and VLAN interface, and what another one uses stays."""
    row.wire("lan", ["ens192"], vlans=[20, 30], hosts=hosts(20, 30))
    row.node_static("ens192")
    row.start()
    tree, _ = row.render(given="retired/before")
    row.apply_all(row.policies(tree))
    stays = row.guest(row.nads(tree)["api-front-nad"])
    row.meets(stays, right=[20], wrong=[1, 30])
    row.check(row.exists("br-back") and row.exists("ens192.30"), "the second network is not there")
    tree, _ = row.render("--retire", given="retired/after")
    for _ in range(2):
        row.apply_all(row.policies(tree))
        row.check(not row.exists("br-back") and not row.exists("ens192.30"), "the retired network is still there")
        row.meets(stays, right=[20], wrong=[1, 30])
        row.reachable("without the second network")
    row.detach()


@row("foreign-mac-address")
def foreign_mac_address(row):
    """`macspoofchk`: a guest that takes another MAC address is not heard."""
    row.wire("lan", ["ens192"], vlans=[20], hosts=hosts(20))
    row.start_alone()
    tree, _ = row.render(given="bridge-on-vlan")
    row.apply_all(row.policies(tree))
    for config in row.nads(tree).values():
        pod = row.guest(config)
        row.meets(pod, right=[20])
        ip("link", "set", "net1", "address", "02:aa:aa:aa:aa:aa", netns=pod)
        row.check(not reached(pod, ["192.0.2.201"]), "the guest is heard with a MAC address that is not its own")
    row.check(len(row.attached) == 1, "there is one guest")
