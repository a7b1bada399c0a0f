"""Rows in which the node's own address moves to a bridge, as the inventory has it: what the node could do before, it can do after."""

import json

from node import ip, must, profile, reached, reaches, run, show, start_manager, until
from registry import row
from row import GATEWAY, hosts

STATIC = (
    f"[ipv4]\nmethod=manual\naddress1=192.0.2.11/24,{GATEWAY}\nroute1=198.51.100.0/24,192.0.2.254,150\ndns=192.0.2.53;\n"
    "[ipv6]\nmethod=manual\naddress1=2001:db8::11/64,2001:db8::1\n"
)


def tree_bytes(tree):
    return {str(path.relative_to(tree)): path.read_bytes() for path in sorted(tree.rglob("*.yaml"))}


def same_bytes(row, tree, *arguments, given=None):
    """The promise of the guide: an export made after the move gives the same policies."""
    again, said = row.render("--inventory", row.inventory(), *arguments, given=given, out="again")
    one, other = tree_bytes(tree), tree_bytes(again)
    for name in sorted(one.keys() | other.keys()):
        before, after = (it.get(name, b"").decode().splitlines() for it in (one, other))
        changed = [f"-{line.strip()}" for line in before if line not in after] + [f"+{line.strip()}" for line in after if line not in before]
        row.check(not changed, f"an export made after the move gives another {name}: {' '.join(changed)}")
    return said


def what_moves(row, interface):
    """What the node is known by: addresses, routes without their interface, DNS, and the MAC address."""
    routes = [tuple(it for it in route if it != interface) for route in [*row.routes(), *row.routes(family="-6")]]
    return {
        "addresses": row.addresses(interface),
        "routes": sorted(route for route in routes if route[0] != "unreachable"),
        "DNS": show()["dns-resolver"].get("config", {}).get("server"),
        "MAC address": row.mac(interface),
    }


def compare(row, interface, before, when):
    until(lambda: row.exists(interface) and what_moves(row, interface) == before, 10, 1)
    after = what_moves(row, interface)
    for what, wants in before.items():
        row.same(after[what], wants, f"{when} the node's {what}")


def guest_meets(row, tree, right=(1,), wrong=(20,)):
    """The guest of the network that took the NIC."""
    for config in row.nads(tree).values():
        row.meets(row.guest(config), right=right, wrong=wrong)


def static_node(row, nic="ens160"):
    """A node with a static address of each version, a route with a metric, and DNS: what it is known by."""
    row.wire("lan", [nic], vlans=[20, 30], hosts=hosts(20, 30))
    profile(nic, "ethernet", STATIC)
    row.start()
    row.check(reaches("h-lan-1", "2001:db8::11"), "the node's IPv6 address does not answer")
    return what_moves(row, nic)


@row("static-move", on_push=True)
def static_move(row):
    """The node's static addresses, default routes, a route with a metric and DNS move to the bridge, and survive a boot."""
    before = static_node(row)
    tree, said = row.render("--inventory", row.inventory(), given="moves")
    row.check("WK226" in said, f"the move is not told: {said}")
    row.apply_all(row.policies(tree))
    compare(row, "br-office", before, "after the move")
    row.same(row.addresses("ens160"), [], "the NIC's addresses")
    row.reachable("after the move")
    row.check(reaches("h-lan-1", "2001:db8::11"), "the node's IPv6 address does not answer after the move")
    guest_meets(row, tree)
    same_bytes(row, tree, given="moves")
    row.detach()
    row.reboot()
    compare(row, "br-office", before, "after a boot")
    row.reachable("after a boot")


@row("dhcp-move", on_push=True)
def dhcp_move(row):
    """A node that asks a server: the bridge gets the same lease, also after a boot."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    leases = row.dhcp_server()
    row.dhcp_profile("ens160")
    row.start_with_lease("ens160")
    mac, leased = row.mac("ens160"), leases.read_text().split()[1:5]
    tree, _ = row.render("--inventory", row.inventory(), given="moves")
    row.apply_all(row.policies(tree))
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "the bridge has not the node's address")
    row.same(row.mac("br-office"), mac, "the bridge's MAC address")
    row.reachable("after the move", "192.0.2.100")
    same_bytes(row, tree, given="moves")
    guest_meets(row, tree)
    row.detach()
    row.same([line.split()[1:5] for line in leases.read_text().splitlines()], [leased], "the server's leases")
    row.reboot()
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "after a boot the bridge has not the node's address")
    row.reachable("after a boot", "192.0.2.100")


@row("retire-after-move", on_push=True)
def retire_after_move(row):
    """The network that took the node's NIC is no longer wanted: the NIC gets everything back, also after a boot."""
    before = static_node(row)
    row.wire("data", ["ens224"], vlans=[20])
    tree, _ = row.render("--inventory", row.inventory(), given="retire-after-move/before")
    row.apply_all(row.policies(tree))
    compare(row, "br-office", before, "after the move")
    tree, _ = row.render("--inventory", row.inventory(), "--retire", given="retire-after-move/after")
    row.apply_all(row.policies(tree))
    row.check(not row.exists("br-office"), "the bridge is still there")
    row.check(row.exists("br-backup"), "the other network's bridge is gone")
    compare(row, "ens160", before, "after it is retired")
    row.reachable("after it is retired")
    row.reboot()
    compare(row, "ens160", before, "after it is retired, and a boot,")


# Timers of the kernel's bridges, and what NetworkManager counts.
RUNS_DOWN = ("timer", "_life_time", "-life-time")


def flat(value, path=""):
    """Every value of a tree of lists and mappings by its path, without what runs down by itself."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {key: it for name, below in items if not str(name).endswith(RUNS_DOWN) for key, it in flat(below, f"{path}/{name}").items()}
    return {path: value}


def snapshot():
    """What the kernel, NetworkManager and nmstate have."""
    kernel = [json.loads(must("ip", "-j", *words) or "[]") for words in (["-d", "address", "show"], ["-4", "route"], ["-6", "route"])]
    kernel.append(json.loads(must("bridge", "-j", "vlan", "show") or "[]"))
    profiles = sorted(run("nmcli", "-c", "no", "-t", "-f", "NAME,UUID,TYPE,DEVICE,ACTIVE", "connection", "show").stdout.splitlines())
    return {"the kernel": flat(kernel), "NetworkManager": flat(profiles), "nmstate": flat(show())}


@row("applied-twice", on_push=True)
def applied_twice(row):
    """kubernetes-nmstate applies a policy again whenever it likes: nothing changes, and guests stay attached."""
    static_node(row)
    row.wire("data", ["ens224"], vlans=[20, 30], hosts={20: ["192.0.2.201/24"], 30: ["192.0.2.202/24"]})
    tree, _ = row.render("--inventory", row.inventory(), given="two-networks")
    policies, nads = row.policies(tree), row.nads(tree)
    row.apply_all(policies)
    office, backup = row.guest(nads["desk-office-nad"]), row.guest(nads["vault-backup-nad"])
    row.meets(office, right=[1], wrong=[20, 30])
    until(lambda: "tentative" not in must("ip", "address"), 10)
    first = snapshot()
    row.apply_all(policies)
    for who, has in snapshot().items():
        paths = sorted(has.keys() | first[who].keys())
        changed = [f"{path}: {has.get(path)}, not {first[who].get(path)}" for path in paths if has.get(path) != first[who].get(path)]
        row.check(not changed, f"after the second time {who} has {'; '.join(changed[:5])}")
    row.reachable("after the second time")
    row.meets(office, right=[1], wrong=[20, 30])
    row.meets(backup, right=[20], wrong=[1, 30])
    row.detach()


def as_kubernetes_nmstate(policy):
    """What kubernetes-nmstate makes of a policy before nmstate sees it (pkg/bridge of that project): a port without `vlan` is a trunk."""
    for interface in policy["spec"]["desiredState"]["interfaces"]:
        if interface.get("type") == "linux-bridge" and interface.get("state") == "up":
            for port in interface["bridge"]["port"]:
                port.setdefault("vlan", {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 2, "max": 4094}}]})
    return policy


@row("ports-of-kubernetes-nmstate", on_push=True)
def ports_of_kubernetes_nmstate(row):
    """Policies with the ports that kubernetes-nmstate rewrites: guests are where they belong, and an export of it finds nothing."""
    before = static_node(row)
    row.wire("data", ["ens224"], vlans=[20, 30], hosts={20: ["192.0.2.201/24"], 30: ["192.0.2.202/24"]})
    tree, _ = row.render("--inventory", row.inventory(), given="two-networks")
    row.apply_all([as_kubernetes_nmstate(it) for it in row.policies(tree)])
    filtering = [it["vlan-filtering"] if "vlan-filtering" in it else it["options"].get("vlan-filtering") for it in bridges()]
    row.check(len(filtering) == 2, f"the node has {len(filtering)} bridges")
    compare(row, "br-office", before, "after the move")
    row.reachable("after the move")
    nads = row.nads(tree)
    row.meets(row.guest(nads["desk-office-nad"]), right=[1], wrong=[20, 30])
    row.meets(row.guest(nads["vault-backup-nad"]), right=[20], wrong=[1, 30])
    said = same_bytes(row, tree, given="two-networks")
    row.check("error" not in said, f"an export of the rewritten ports is found fault with: {said}")
    row.detach()


def bridges():
    return [it["bridge"] for it in show()["interfaces"] if it["type"] == "linux-bridge"]


@row("node-ip-without-inventory")
def node_ip_without_inventory(row):
    """`nodeIP` alone: the bridge has the node's address; the default route is not among what a Wukong can say (WK214)."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    row.node_static()
    row.start()
    tree, said = row.render()
    row.check("WK214" in said, f"the lost default route is not told: {said}")
    row.apply_all(row.policies(tree))
    row.same(row.addresses("br-office"), ["192.0.2.11/24"], "the bridge's addresses")
    row.reachable("with the bridge")
    guest_meets(row, tree)
    row.detach()


# --- the seven of the field report ---


@row("move-of-two-leases")
def move_of_two_leases(row):
    """Two NICs with a lease each: the node's default route stays on the wire that it was on."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    row.wire("data", ["ens192"], hosts={1: ["198.51.100.1/24"]})
    row.dhcp_server()
    row.dhcp("h-data-1", "--dhcp-range=198.51.100.100,198.51.100.150,255.255.255.0,1h", "--dhcp-option=option:router,198.51.100.1")
    row.dhcp_profile("ens160")
    row.start_with_lease("ens160")
    row.dhcp_profile("ens192")
    must("nmcli", "connection", "reload")
    until(lambda: row.exists("ens192") and row.addresses("ens192"), 20)
    leaves = lambda: json.loads(must("ip", "-j", "route", "get", "203.0.113.9"))[0]["dev"]  # noqa: E731
    row.same(leaves(), "ens160", "before the move the default route's interface")
    tree, _ = row.render("--inventory", row.inventory(), given="moves")
    row.apply_all(row.policies(tree))
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "the bridge has not the node's address")
    row.check(until(lambda: leaves() == "br-office"), f"after the move the default route goes to {leaves()}")
    same_bytes(row, tree, given="moves")
    row.reboot()
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "after a boot the bridge has not the node's address")
    row.check(until(lambda: leaves() == "br-office"), f"after a boot the default route goes to {leaves()}")


@row("move-without-client-id")
def move_without_client_id(row):
    """An ordinary lease: the export before the move has no client id, that after it has, and the policies are the same."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    row.dhcp_server()
    row.dhcp_profile("ens160", more="")
    row.start_with_lease("ens160")
    tree, _ = row.render("--inventory", row.inventory(), given="moves")
    row.apply_all(row.policies(tree))
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "the bridge has not the node's address")
    same_bytes(row, tree, given="moves")


@row("move-of-jumbo-frames")
def move_of_jumbo_frames(row):
    """A NIC with an MTU of 9000: the bridge keeps it when the first guest, whose cable has 1500, comes."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20), mtu=9000)
    profile("ens160", "ethernet", f"[ethernet]\nmtu=9000\n{STATIC}")
    row.start()
    before = what_moves(row, "ens160")
    tree, _ = row.render("--inventory", row.inventory(), given="moves")
    row.apply_all(row.policies(tree))
    compare(row, "br-office", before, "after the move")
    guest_meets(row, tree)
    row.same(row.mtu("br-office"), 9000, "the bridge's MTU with a guest")
    row.check(reaches(None, GATEWAY, "-M", "do", "-s", 8972), "the node's own 9000 bytes do not pass")
    same_bytes(row, tree, given="moves")
    row.detach()


@row("move-with-route-rules")
def move_with_route_rules(row):
    """A node with policy routing cannot be moved: that is an error, and nothing is written."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    more = f"route1=0.0.0.0/0,{GATEWAY}\nroute1_options=table=200\nrouting-rule1=priority 500 from 192.0.2.11/32 table 200\n"
    row.node_static(more=more)
    row.start()
    row.check("lookup 200" in ip("rule"), "the node has no rule to lose")
    tree, said = row.render("--inventory", row.inventory(), given="moves", wants=1)
    row.check("WK227" in said, f"the rule that cannot move is not told: {said}")
    row.check(not tree.exists(), "there is a tree")


@row("move-with-iaid-and-duid")
def move_with_iaid_and_duid(row):
    """A client id that is made of the interface's name: the node would come back at another address, which is told."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    row.dhcp_server()
    row.dhcp_profile("ens160", more="dhcp-client-id=duid\n")
    row.start_with_lease("ens160")
    _, said = row.render("--inventory", row.inventory(), given="moves")
    row.check("WK242" in said, f"the other address is not told: {said}")


@row("move-of-a-lease-and-a-static-address")
def move_of_a_lease_and_a_static_address(row):
    """A static address beside a lease: both move, and both stay."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    row.dhcp_server()
    row.dhcp_profile("ens160", more="dhcp-client-id=mac\naddress1=192.0.2.240/24\n")
    row.start_with_lease("ens160")
    both = row.addresses("ens160")
    row.same(both, ["192.0.2.100/24", "192.0.2.240/24"], "before the move the addresses")
    tree, _ = row.render("--inventory", row.inventory(), given="moves")
    row.apply_all(row.policies(tree))
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "the bridge has not the node's lease")
    row.same(row.addresses("br-office"), both, "after the move the addresses")
    row.check(reaches("h-lan-1", "192.0.2.240"), "the static address does not answer")
    same_bytes(row, tree, given="moves")
    row.reboot()
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "after a boot the bridge has not the node's lease")
    row.same(row.addresses("br-office"), both, "after a boot the addresses")


@row("move-of-ipv6-addresses-that-change")
def move_of_ipv6_addresses_that_change(row):
    """Addresses made of the interface's name, and leases of DHCPv6, change with it: that is told. IPv4 stays."""
    row.wire("lan", ["ens160"], vlans=[20], hosts=hosts(20))
    row.dhcp_server("h-lan-1", "--enable-ra", "--dhcp-range=2001:db8::1:0,2001:db8::1:ff,64,1h")
    row.dhcp_profile("ens160", ipv6="method=auto\naddr-gen-mode=stable-privacy\n")
    row.start_with_lease("ens160")
    row.check(until(lambda: any(":" in it for it in row.addresses("ens160")), 30), "the node has no IPv6 address to lose")
    tree, said = row.render("--inventory", row.inventory(), given="moves")
    row.check("WK242" in said, f"the other addresses are not told: {said}")
    row.apply_all(row.policies(tree))
    row.check(row.comes_up("br-office", "192.0.2.100/24"), "the bridge has not the node's IPv4 address")
    row.reachable("after the move", "192.0.2.100")
