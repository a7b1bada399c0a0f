"""What a row is made of: inputs rendered by the binary, policies applied, guests attached, and checks."""

import copy
import datetime
import json
import os
import shutil
from pathlib import Path

import yaml
from cni import POD_INTERFACE, end, plugin
from node import UNTAGGED, Broken, World, apply, ip, ip_json, must, profile, reached, reaches, run, show, start_manager, until

BINARY = os.environ["WUKONG_RENDER"]
INPUTS = Path(__file__).resolve().parent / "rows"
NODE = "node-a"
# One subnet on every VLAN: nothing but the tag separates the hosts.
GATEWAY, GATEWAY6 = "192.0.2.1", "2001:db8::1"
HOST_NUMBERS = {UNTAGGED: 1}


class Wrong(Exception):
    """The first check that fails, where that is all that is asked."""


def host(vlan):
    """The address of a VLAN's host, 192.0.2.1 for untagged frames and .2xx for the others."""
    number = HOST_NUMBERS.setdefault(vlan, 200 + len(HOST_NUMBERS))
    return f"192.0.2.{number}"


def hosts(*vlans):
    """The addresses of the hosts of these VLANs, and of the one of untagged frames."""
    addresses = {vlan: [f"{host(vlan)}/24", f"2001:db8::{host(vlan).rpartition('.')[2]}/64"] for vlan in (UNTAGGED, *vlans)}
    return addresses


class Row(World):
    """A world, and what is asked of it."""

    def __init__(self, name, spoil=None):
        super().__init__()
        self.name, self.spoil, self.is_spoilt = name, spoil, False
        self.checks, self.wrong, self.attached = 0, [], []
        self.scratch = Path("/run/row")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    def check(self, is_right, what):
        self.checks += 1
        if not is_right:
            self.wrong.append(what)
            # Of a spoilt output it is enough to know that it is noticed.
            if self.spoil:
                raise Wrong(what)
        return bool(is_right)

    def same(self, has, wants, what):
        return self.check(has == wants, f"{what}: {has}, not {wants}")

    # --- rendering ---

    def inventory(self):
        """An export of the node, as kubernetes-nmstate keeps it: without the ends of guests' cables, and with NICs that are NICs."""
        state = show()
        state["interfaces"] = [it for it in state["interfaces"] if not it["name"].startswith("veth")]
        for interface in state["interfaces"]:
            if interface["type"] == "veth":
                interface["type"] = "ethernet"
                interface.pop("veth", None)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        status = {"currentState": state, "handlerNmstateVersion": "2.2.62", "lastSuccessfulUpdateTime": now}
        labels = {"kubernetes.io/hostname": NODE, "node-role.kubernetes.io/worker": ""}
        items = [
            {"apiVersion": "nmstate.io/v1beta1", "kind": "NodeNetworkState", "metadata": {"name": NODE}, "status": status},
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": labels}},
        ]
        path = self.scratch / "nodes.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
        return path

    def render(self, *arguments, given=None, out="out", wants=0):
        """Renders `rows/GIVEN`, the row's own folder if not told otherwise: the tree, and what was said."""
        target = self.scratch / out
        command = [BINARY, "--color", "never", *arguments, INPUTS / (given or self.name), target]
        done = run(*command)
        if done.returncode != wants:
            raise Broken(f"the render ends with {done.returncode}: {(done.stdout + done.stderr).strip()[-1500:]}")
        return target, done.stdout + done.stderr

    def policies(self, tree):
        found = [yaml.safe_load(path.read_bytes()) for path in sorted((tree / "nncp").glob("*.yaml")) if path.name != "kustomization.yaml"]
        for policy in found:
            self.spoilt(policy)
        return found

    def nads(self, tree):
        """The configurations of the attachments, by their names."""
        found = {}
        for path in sorted((tree / "nad").rglob("*.yaml")):
            if path.name != "kustomization.yaml":
                nad = yaml.safe_load(path.read_bytes())
                self.spoilt(nad)
                found[nad["metadata"]["name"]] = json.loads(nad["spec"]["config"])
        return found

    def spoilt(self, manifest):
        if self.spoil:
            sound = copy.deepcopy(manifest)
            self.spoil(manifest)
            self.is_spoilt |= manifest != sound

    def apply_all(self, policies):
        for policy in policies:
            apply(policy)

    # --- guests ---

    def guest(self, config, addresses=()):
        """A guest on an attachment: the namespace that the plugin gave an interface to. `addresses` are for one without IPAM."""
        pod = self.pod()
        config = copy.deepcopy(config)
        code, answer = plugin(pod, "ADD", config)
        if code:
            raise Broken(f"ADD of {config['name']} is refused: {answer.get('msg', answer)} {answer.get('details', '')}")
        self.attached.append((pod, config, answer))
        if config.get("disableContainerInterface"):
            ip("link", "set", "net1", "up", netns=pod)
        for address in addresses:
            ip("address", "add", address, "dev", "net1", *(["nodad"] if ":" in address else []), netns=pod)
        return pod

    def meets(self, pod, right, wrong=(), ipv6=False):
        """The guest reaches the hosts of these VLANs, and none of those."""
        for vlan in right:
            self.check(reaches(pod, host(vlan)), f"the guest does not reach the host of VLAN {vlan}")
            if ipv6:
                address = f"2001:db8::{host(vlan).rpartition('.')[2]}"
                self.check(reaches(pod, address), f"the guest does not reach {address} of VLAN {vlan}")
        for address in sorted(reached(pod, [host(vlan) for vlan in wrong])):
            vlan = next(vlan for vlan in wrong if host(vlan) == address)
            self.check(False, f"the guest reaches the host of VLAN {vlan}, which is not its own")
        self.checks += len(wrong)

    def detach(self):
        """CHECK and DEL of every guest, as the runtime does when it ends."""
        for pod, config, answer in reversed(self.attached):
            for refused in end(pod, config, answer):
                self.check(not refused, f"{config['name']}: {refused}")
            self.check(run("ip", "-n", pod, "link", "show", POD_INTERFACE).returncode, f"DEL of {config['name']} leaves the interface")
        self.attached = []

    # --- the node ---

    def node_static(self, nic="ens160", address="192.0.2.11/24", more=""):
        """The profile of a NIC with the node's own address and the default route."""
        profile(nic, "ethernet", f"[ipv4]\nmethod=manual\naddress1={address},{GATEWAY}\n{more}[ipv6]\nmethod=disabled\n")

    def start(self):
        """The node comes up, and reaches its gateway."""
        start_manager()
        self.reachable("before anything is applied")

    def start_alone(self):
        """The node comes up with NICs that are not its own."""
        start_manager()

    def reachable(self, when, address="192.0.2.11"):
        """The node's own address, from its gateway and from itself."""
        gateway = next(it for it in self.namespaces if it.startswith("h-") and it.endswith(f"-{UNTAGGED}"))
        self.check(reaches(gateway, address), f"{when} the node's own address {address} does not answer")
        self.check(reaches(None, GATEWAY), f"{when} the node does not reach its gateway")

    def dhcp_server(self, host_name="h-lan-1", *arguments):
        """A server that gives the first client 192.0.2.100, with a default route: the file with its leases."""
        return self.dhcp(host_name, "--dhcp-range=192.0.2.100,192.0.2.150,255.255.255.0,1h", f"--dhcp-option=option:router,{GATEWAY}", "--dhcp-sequential-ip", *arguments)

    def dhcp_profile(self, nic, more="dhcp-client-id=mac\n", ipv6="method=disabled\n"):
        profile(nic, "ethernet", f"[ipv4]\nmethod=auto\n{more}[ipv6]\n{ipv6}")

    def start_with_lease(self, nic):
        start_manager()
        self.check(self.comes_up(nic, "192.0.2.100/24"), f"{nic} gets no lease")
        self.reachable("before anything is applied", "192.0.2.100")

    def addresses(self, interface):
        link = ip_json("address", "show", "dev", interface)[0]
        return sorted(f"{it['local']}/{it['prefixlen']}" for it in link["addr_info"] if it["scope"] != "link")

    def routes(self, *destination, family="-4"):
        """Destination, gateway, interface and metric of routes, without what the kernel makes for addresses."""
        found = json.loads(must("ip", "-j", family, "route", "show", *destination) or "[]")
        wanted = [it for it in found if it.get("protocol") not in ("kernel", "ra")]
        return sorted((it["dst"], it.get("gateway", ""), it["dev"], it.get("metric", 0)) for it in wanted)

    def mac(self, interface):
        return ip_json("link", "show", "dev", interface)[0]["address"]

    def mtu(self, interface):
        return ip_json("link", "show", "dev", interface)[0]["mtu"]

    def exists(self, interface):
        return run("ip", "link", "show", interface).returncode == 0

    def comes_up(self, interface, address):
        """Waits for an address, which a server may have to give."""
        return until(lambda: self.exists(interface) and address in self.addresses(interface), 30)
