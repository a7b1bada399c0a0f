"""The real CNI plugins take the configuration of every NAD, and leave the pod with the interface that was meant.

Each tree gets a node of its own, a network namespace with the tree's bridges and NICs, and each NAD a pod. Nothing is done
in the namespace of the machine. What this kernel lacks (VLAN filtering, ipvlan) is done in a machine that has it (`machine.py`), by this
very script: `cni_plugins.py --only ABILITIES TREE...`. The plugins for ovs, sriov and OVN need what no CI machine has: the shape of their
configuration is looked at, and they are counted apart. A type that no plugin has is a failure.
"""

import ipaddress
import itertools
import re
import shutil
import sys
from collections import Counter, defaultdict

import machine
from cni import POD_INTERFACE, end, plugin
from common import each, fail, json, load, manifests, os, run, skip, trees, verdict

PREFIX = os.environ["JUDGES_NETNS"]
numbers = itertools.count(1)
# What is run, and what of it is only read.
RUN = {"bridge", "macvlan", "ipvlan"}
READ = {"ovs", "sriov", "ovn-k8s-cni-overlay"}
# Trees that have a NAD for which this kernel lacks something; NADs whose JSON is all that is looked at.
elsewhere, only_read = defaultdict(set), []


def must(*command):
    done = run(command)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def namespace():
    """A new network namespace; `.ci/judges` removes them all."""
    name = f"{PREFIX}-{next(numbers)}"
    must("ip", "netns", "add", name)
    must("ip", "-n", name, "link", "set", "lo", "up")
    return name


def on(node):
    """What a command begins with that is for a node."""
    return ["ip", "netns", "exec", node]


def shape(path, config):
    """What libcni itself wants of a configuration."""
    for key in ("cniVersion", "name", "type"):
        if not isinstance(config.get(key), str) or not config[key]:
            fail(path, f"the CNI configuration has no `{key}`")
    if not re.fullmatch(r"[a-zA-Z0-9][\w.-]*", config.get("name", "x"), re.ASCII):
        fail(path, f"libcni refuses the name `{config['name']}`")


def needs(config):
    """What a kernel must be able to do for a configuration. Without `macspoofchk` it is run all the same, with that left out."""
    return {config["type"]} | ({"vlan"} if config["type"] == "bridge" and "vlan" in config else set())


def is_for_here(tree, path, config):
    """Whether the configuration is run here, on this kernel; if not, where else."""
    kind = config.get("type")
    if kind in READ:
        only_read.append(kind)
        return False
    if kind not in RUN:
        fail(path, f"there is no CNI plugin of the type {kind!r}")
        return False
    if only:
        return bool(needs(config) & only)
    elsewhere[tree] |= needs(config) - can
    return needs(config) <= can


def check_pod(path, pod, config):
    """The pod's interface is there, with the addresses and default routes of the configuration and no others."""
    link = json.loads(must("ip", "-j", "-n", pod, "address", "show"))
    link = next((it for it in link if it["ifname"] == POD_INTERFACE), None)
    if link is None:
        return fail(path, f"ADD made no `{POD_INTERFACE}`")
    has = {f"{it['local']}/{it['prefixlen']}" for it in link["addr_info"] if it["scope"] != "link"}
    ipam = config.get("ipam", {})
    wants = {str(ipaddress.ip_interface(it["address"])) for it in ipam.get("addresses", [])}
    if has != wants:
        fail(path, f"the pod has the addresses {sorted(has)}, not {sorted(wants)}")
    for family, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        routes = json.loads(must("ip", "-j", family, "-n", pod, "route", "show", "default") or "[]")
        has = {it.get("gateway") for it in routes if it.get("dev") == POD_INTERFACE}
        wants = {it.get("gw") for it in ipam.get("routes", []) if it["dst"] == everything}
        if has != wants:
            fail(path, f"the pod's default routes ({family}) are via {has or 'nothing'}, not {wants or 'nothing'}")


def ping(neighbours):
    """The first pod of a layer 2 reaches the others of its subnet."""
    count = 0
    by_subnet = defaultdict(list)
    for path, pod, config in neighbours:
        for it in config.get("ipam", {}).get("addresses", []):
            address = ipaddress.ip_interface(it["address"])
            by_subnet[address.network].append((path, pod, address.ip))
    for (_, pod, _), *others in by_subnet.values():
        for path, _, target in others[:2]:
            # Three tries: an IPv6 address is not used before it has been checked for duplicates.
            command = ["ip", "netns", "exec", pod, "ping", "-n", "-q", "-c", "1", "-W", "2", target]
            count += 1
            if all(run(command).returncode for _ in range(3)):
                fail(path, f"{target} does not answer on its own network")
    return count


def judge(tree):
    nads = {path: load(path) for path in manifests(tree / "nad")}
    configs = {}
    for path, nad in nads.items():
        try:
            configs[path] = json.loads(nad["spec"]["config"])
        except (KeyError, TypeError, ValueError) as error:
            fail(path, f"`spec.config` is no JSON: {error}")
            continue
        shape(path, configs[path])
    configs = {path: it for path, it in configs.items() if is_for_here(tree, path, it)}
    if not configs:
        return len(nads), 0, 0
    node = namespace()
    # The node as its policies leave it: a NAD on a bridge that no policy makes would get an isolated one from the plugin.
    policies = [load(path) for path in manifests(tree / "nncp")] if (tree / "nncp").is_dir() else None
    interfaces = [it for policy in policies or [] for it in policy["spec"]["desiredState"].get("interfaces", [])]
    linux_bridges = [it for it in interfaces if it.get("type") == "linux-bridge" and it["state"] == "up"]
    bridges = {it["name"] for it in linux_bridges}
    trunks = {it["name"] for it in linux_bridges if any("vlan" in port for port in it["bridge"]["port"])}
    for number, bridge in enumerate(sorted(bridges & {it.get("bridge") for it in configs.values()})):
        # An address of its own: otherwise it changes with every port, which CHECK does not like.
        address = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        filtering = ["vlan_filtering", "1"] if bridge in trunks and "vlan" in can else []
        must("ip", "-n", node, "link", "add", "name", bridge, "address", address, "up", "type", "bridge", *filtering)
    for number, nic in enumerate(sorted({it["master"] for it in configs.values() if "master" in it})):
        must("ip", "-n", node, "link", "add", "name", nic, "up", "type", "veth", "peer", "name", f"wire{number}")
        must("ip", "-n", node, "link", "set", f"wire{number}", "up")
    added, wires = [], defaultdict(list)
    for path, config in configs.items():
        if "macspoofchk" not in can:
            config.pop("macspoofchk", None)
        pod = namespace()
        code, answer = plugin(pod, "ADD", config, on(node))
        if code:
            fail(path, f"ADD is refused: {answer.get('msg', answer)} {answer.get('details', '')}")
            continue
        added.append((path, pod, config, answer))
        wires[config["type"], config.get("bridge", config.get("master")), config.get("vlan")].append((path, pod, config))
        check_pod(path, pod, config)
    if policies is not None:
        has = {it["ifname"] for it in json.loads(must("ip", "-j", "-n", node, "link", "show", "type", "bridge")) if it}
        for bridge in has - bridges:
            fail(tree, f"the plugin had to make the bridge `{bridge}`: no policy does")
    pings = sum(ping(neighbours) for neighbours in wires.values())
    for path, pod, config, answer in added:
        for refused in filter(None, end(pod, config, answer, on(node))):
            fail(path, refused)
        if run(["ip", "-n", pod, "link", "show", POD_INTERFACE]).returncode == 0:
            fail(path, f"DEL left `{POD_INTERFACE}` behind")
    return len(nads), len(added), pings


def abilities():
    """What this kernel can do, tried in a namespace of its own."""
    try:
        node = namespace()
    except OSError as error:
        skip(f"no network namespace can be made: {error}")
    for kind in (["bridge"], ["veth", "peer", "name", "t-peer"]):
        if run(["ip", "-n", node, "link", "add", "name", f"t-{kind[0]}", "type", *kind]).returncode:
            skip(f"the kernel has no {kind[0]}")
    can = {"bridge"}
    tries = {
        "vlan": ["ip", "-n", node, "link", "add", "name", "t-trunk", "type", "bridge", "vlan_filtering", "1"],
        "macvlan": ["ip", "-n", node, "link", "add", "link", "t-veth", "name", "t-macvlan", "type", "macvlan", "mode", "bridge"],
        # On the other end: a NIC has either.
        "ipvlan": ["ip", "-n", node, "link", "add", "link", "t-peer", "name", "t-ipvlan", "type", "ipvlan", "mode", "l2"],
        "macspoofchk": ["ip", "netns", "exec", node, "nft", "add", "table", "bridge", "probe"],
    }
    can |= {ability for ability, command in tries.items() if not run(command).returncode}
    if "macspoofchk" not in can:
        print("  skipped: macspoofchk, left out of the configurations: the kernel has no nftables for bridges")
    return can


def in_a_machine():
    """The NADs for which this kernel lacks something, in a machine of its own kernel: how many it ran, and how many pings."""
    lacks = sorted(set().union(*elsewhere.values()))
    if not lacks:
        return 0, 0
    try:
        parts = machine.parts()
    except machine.Missing as missing:
        print(f"  skipped: NADs that need {' or '.join(lacks)}, which this kernel lacks: {missing}")
        return 0, 0
    shared = machine.shared_folder()
    command = [sys.executable, __file__, "--only", ",".join(lacks), *(tree.resolve() for tree, lacking in elsewhere.items() if lacking)]
    code, said = machine.boot(parts, command, shared, 900, {"JUDGES_NETNS": "cni"})
    shutil.rmtree(shared)
    done = re.search(r"^  (\d+) NADs through ADD and DEL, (\d+) pings$", said, re.MULTILINE)
    if code or code is None or not done or done[1] == "0":
        fail("the machine", f"it ends with {code}:\n{said[-3000:]}")
        return 0, 0
    print(f"  in a machine of its own kernel, for {' and '.join(lacks)}: {done[0].strip()}")
    return int(done[1]), int(done[2])


only = set()
if sys.argv[1:2] == ["--only"]:
    only = set(sys.argv[2].split(","))
    del sys.argv[1:3]
can = abilities()
for ability in sorted(only - can):
    fail("the machine", f"its kernel has no {ability} either")
nads, added, pings = map(sum, zip((0, 0, 0), *filter(None, each(judge, trees()))))
if not only:
    more = in_a_machine()
    added, pings = added + more[0], pings + more[1]
    for kind, count in sorted(Counter(only_read).items()):
        print(f"  {count} NADs of type {kind}: only their JSON is read")
print(f"  {added} NADs through ADD and DEL, {pings} pings")
verdict(added if only else added + len(only_read))
