"""The node inside the machine, and the world around it.

The machine's own network namespace is the node; its NICs are veths. Their other ends are ports of a switch: a namespace with one
bridge per wire, which knows VLANs. Every VLAN of a wire has a host, and all hosts are in one subnet, so that nothing but the tag decides
who is reached. Guests are namespaces, with the interface that the real CNI plugin makes for them.
"""

import itertools
import json
import os
import subprocess
import time
from pathlib import Path

NMSTATE = os.environ.get("NMSTATE", "nmstate")
UNTAGGED = 1
CONFIGURATION = """\
[main]
plugins=keyfile
no-auto-default=*
dns=none
rc-manager=unmanaged
[device]
match-device=*
managed=1
[keyfile]
unmanaged-devices=interface-name:veth*
[logging]
level=WARN
"""
numbers = itertools.count(1)


class Broken(Exception):
    """The row cannot go on: a step that the others build upon has failed."""


def run(*command, **options):
    options = {"timeout": 120, **options}
    return subprocess.run([str(it) for it in command], capture_output=True, text=True, check=False, **options)


def must(*command, **options):
    done = run(*command, **options)
    if done.returncode:
        raise Broken(f"`{' '.join(map(str, command))}`: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def ip(*arguments, netns=None):
    return must("ip", *(["-n", netns] if netns else []), *arguments)


def ip_json(*arguments, netns=None):
    return json.loads(ip("-j", *arguments, netns=netns) or "[]")


def until(question, seconds=20, pause=0.25):
    """The first true answer, or the last one after so many seconds."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(pause)
    return answer


def namespace(name):
    ip("netns", "add", name)
    ip("link", "set", "lo", "up", netns=name)
    return name


# --- NetworkManager ---

manager = None


def start_services():
    """The bus and udev, once for the machine."""
    os.environ["SYSTEMD_IGNORE_CHROOT"] = "1"
    for folder in ("/run/dbus", "/run/udev", "/var/lib/NetworkManager"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    Path("/etc/NetworkManager").mkdir(exist_ok=True)
    Path("/etc/NetworkManager/NetworkManager.conf").write_text(CONFIGURATION, encoding="utf-8")
    must("rm", "-rf", "/usr/share/dbus-1/system-services/org.freedesktop.nm_dispatcher.service", "/etc/NetworkManager/conf.d", "/etc/NetworkManager/system-connections", "/run/NetworkManager")
    must("dbus-uuidgen", "--ensure")
    must("dbus-daemon", "--system", "--fork")
    must("/usr/lib/systemd/systemd-udevd", "--daemon")
    # What was there before udev: NetworkManager waits until it has been seen.
    must("udevadm", "trigger", "--subsystem-match=net")


def start_manager():
    """NetworkManager, with the profiles that are there: also what a boot of the node is."""
    global manager
    must("udevadm", "settle", "-t", "30")
    manager = subprocess.Popen(["NetworkManager", "--no-daemon"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: Path("/run/NetworkManager").is_dir(), 30, 0.05)
    # Until it has tried every profile.
    if not until(lambda: run("nm-online", "-s", "-q", "-t", "60").returncode == 0, 60):
        raise Broken("NetworkManager does not start")


def stop_manager():
    global manager
    if manager:
        manager.terminate()
        manager.wait(30)
        manager = None


def profile(name, kind, settings, interface=None):
    """A profile as an installer or an administrator leaves it; used from the next start of NetworkManager."""
    interface = interface or name
    text = f"[connection]\nid={name}\ntype={kind}\ninterface-name={interface}\nautoconnect=true\n{settings}"
    path = Path("/etc/NetworkManager/system-connections") / f"{name}.nmconnection"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


# --- nmstate ---


def show():
    """What nmstate sees: the `currentState` of a NodeNetworkState."""
    return json.loads(must(NMSTATE, "show"))


def apply(policy):
    path = Path("/run/desired.json")
    path.write_text(json.dumps(policy["spec"]["desiredState"]), encoding="utf-8")
    done = run(NMSTATE, "apply", path, timeout=240)
    if done.returncode:
        raise Broken(f"nmstate does not apply {policy['metadata']['name']}: {done.stderr.strip()}")


# --- the world ---


class World:
    """One node with its wires, from bare links to nothing left."""

    def __init__(self):
        self.processes = []
        self.namespaces = []
        namespace("sw")
        self.namespaces.append("sw")

    def wire(self, name, nics, vlans=(), hosts=None, mtu=1500):
        """A wire: the NICs on it, and a host for untagged frames and for each VLAN. `hosts` gives them addresses: VLAN to CIDRs."""
        ip("link", "add", "name", name, "mtu", mtu, "type", "bridge", "vlan_filtering", "1", "vlan_default_pvid", "0", netns="sw")
        ip("link", "set", name, "up", netns="sw")
        for nic in nics:
            self.port(name, nic, mtu)
            run("bridge", "-n", "sw", "vlan", "add", "dev", f"p-{nic}", "vid", UNTAGGED, "pvid", "untagged")
            for vlan in vlans:
                must("bridge", "-n", "sw", "vlan", "add", "dev", f"p-{nic}", "vid", vlan)
        for vlan, addresses in (hosts or {}).items():
            host = f"h-{name}-{vlan}"
            self.namespaces.append(namespace(host))
            ip("link", "add", "name", f"p-{host}", "mtu", mtu, "type", "veth", "peer", "name", "eth0", "netns", host, netns="sw")
            ip("link", "set", f"p-{host}", "master", name, "up", netns="sw")
            must("bridge", "-n", "sw", "vlan", "add", "dev", f"p-{host}", "vid", vlan, "pvid", "untagged")
            ip("link", "set", "eth0", "mtu", mtu, "up", netns=host)
            for address in addresses:
                ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []), netns=host)

    def port(self, wire, nic, mtu):
        """A NIC of the node. Its address is that of no vendor, and always the same."""
        number = int("".join(filter(str.isdigit, nic)) or 0)
        mac = f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}"
        ip("link", "add", "name", nic, "address", mac, "mtu", mtu, "type", "veth", "peer", "name", f"p-{nic}", "netns", "sw")
        ip("link", "set", f"p-{nic}", "mtu", mtu, "master", wire, "up", netns="sw")

    def dhcp(self, host, *arguments):
        """A DHCP server on a host, with dnsmasq's arguments."""
        number = next(numbers)
        command = [
            "ip", "netns", "exec", host, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-interfaces", "--interface=eth0",
            f"--dhcp-leasefile=/run/leases-{number}", f"--pid-file=/run/dnsmasq-{number}.pid", "--user=root", "--dhcp-authoritative", *arguments,
        ]
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return Path(f"/run/leases-{number}")

    def pod(self):
        name = f"pod-{next(numbers)}"
        self.namespaces.append(namespace(name))
        return name

    def bare(self):
        """What a boot leaves of the node's interfaces: the NICs, without anything on them."""
        for link in ip_json("-d", "link", "show"):
            kind = link.get("linkinfo", {}).get("info_kind")
            if kind == "veth":
                ip("address", "flush", "dev", link["ifname"])
                ip("link", "set", link["ifname"], "nomaster", "down")
            elif kind and run("ip", "link", "show", link["ifname"]).returncode == 0:
                ip("link", "delete", link["ifname"])

    def reboot(self, *forgets):
        """A boot of the node; it forgets what NetworkManager keeps until then, or else would take links for up that are not."""
        stop_manager()
        self.bare()
        must("rm", "-rf", "/run/NetworkManager", *forgets)
        start_manager()

    def end(self):
        """Leaves the machine as it was: no interface, no namespace, no profile."""
        stop_manager()
        for process in self.processes:
            process.kill()
            process.wait()
        run("sh", "-c", "for pid in $(ip netns list | cut -d' ' -f1 | xargs -r -n1 ip netns pids); do kill -9 $pid; done")
        self.bare()
        for link in ip_json("link", "show"):
            if link["ifname"] != "lo" and run("ip", "link", "show", link["ifname"]).returncode == 0:
                ip("link", "delete", link["ifname"])
        for name in self.namespaces:
            run("ip", "netns", "delete", name)
        must("sh", "-c", "rm -rf /etc/NetworkManager/system-connections /run/NetworkManager /var/lib/NetworkManager/* /var/lib/cni/*; nft flush ruleset")
        left = until(lambda: [it["ifname"] for it in ip_json("link", "show")] == ["lo"], 10)
        if not left:
            raise Broken(f"the row leaves interfaces behind: {ip('-br', 'link')}")


def _ping(netns, target, *arguments):
    prefix = ["ip", "netns", "exec", netns] if netns else []
    command = [*prefix, "ping", "-n", "-q", *arguments, target]
    return subprocess.Popen([str(it) for it in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def reaches(netns, target, *arguments, tries=8):
    """Whether the target answers; an IPv6 address is not used at once, nor a port of a bridge."""
    return any(_ping(netns, target, "-c", "1", "-W", "1", *arguments).wait() == 0 for _ in range(tries))


def reached(netns, targets, *arguments):
    """Those of the targets that answer one of two pings, all asked at the same time."""
    asked = {target: _ping(netns, target, "-c", "2", "-i", "0.3", "-W", "1", *arguments) for target in targets}
    return {target for target, process in asked.items() if process.wait() == 0}
