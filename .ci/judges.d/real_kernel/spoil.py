"""Outputs that are spoilt on purpose, one mistake each. A row that passes with one of them proves nothing, and the judge fails."""

import json

SPOILS = {}


def spoil(name, row, on_push=False):
    """Registers what changes a manifest in place; `row` is the row that must notice."""

    def register(function):
        SPOILS[name] = (row, function, on_push)
        return function

    return register


def interfaces(manifest, kind):
    """The interfaces of a kind in a policy; none in an attachment."""
    state = manifest["spec"].get("desiredState", {})
    return [it for it in state.get("interfaces", []) if it.get("type") == kind]


def configuration(manifest, change):
    """Changes the configuration of an attachment; leaves a policy alone."""
    if "config" in manifest["spec"]:
        config = json.loads(manifest["spec"]["config"])
        change(config)
        manifest["spec"]["config"] = json.dumps(config)


@spoil("another-tag", "bridge-on-vlan", on_push=True)
def another_tag(manifest):
    for interface in interfaces(manifest, "vlan"):
        interface["vlan"]["id"] += 1


@spoil("no-port", "bridge-on-vlan", on_push=True)
def no_port(manifest):
    for interface in interfaces(manifest, "linux-bridge"):
        interface["bridge"]["port"] = []


@spoil("no-base", "bridge-on-vlan", on_push=True)
def no_base(manifest):
    """The VLAN interface that the bridge stands on is left out."""
    if "desiredState" in manifest["spec"]:
        state = manifest["spec"]["desiredState"]
        state["interfaces"] = [it for it in state["interfaces"] if it["type"] != "vlan"]


@spoil("another-bridge-in-the-policy", "bridge-on-vlan", on_push=True)
def another_bridge_in_the_policy(manifest):
    for interface in interfaces(manifest, "linux-bridge"):
        interface["name"] += "x"


@spoil("another-bridge-in-the-attachment", "bridge-on-vlan", on_push=True)
def another_bridge_in_the_attachment(manifest):
    configuration(manifest, lambda config: config.update(bridge=config["bridge"] + "x"))


@spoil("another-type", "bridge-on-vlan")
def another_type(manifest):
    configuration(manifest, lambda config: config.update(type="brigde"))


@spoil("no-default-route", "static-move", on_push=True)
def no_default_route(manifest):
    state = manifest["spec"].get("desiredState", {})
    if "routes" in state:
        config = state["routes"]["config"]
        config[:] = [it for it in config if it["destination"] not in ("0.0.0.0/0", "::/0")]


@spoil("no-mac", "static-move")
def no_mac(manifest):
    """Another MAC address: a switch's port security or a DHCP server would not know the node again."""
    for interface in interfaces(manifest, "linux-bridge"):
        interface["mac-address"] = "52:54:00:99:99:99"


@spoil("no-address", "static-move")
def no_address(manifest):
    for interface in interfaces(manifest, "linux-bridge"):
        interface["ipv4"] = {"enabled": False}


@spoil("dhcp-off", "dhcp-move")
def dhcp_off(manifest):
    for interface in interfaces(manifest, "linux-bridge"):
        interface["ipv4"] = {"enabled": False}


@spoil("nothing-given-back", "retire-after-move")
def nothing_given_back(manifest):
    """The bridge goes, and the NIC does not get the address back."""
    for interface in interfaces(manifest, "ethernet"):
        interface["ipv4"] = {"enabled": False}


@spoil("attachment-without-tag", "trunk-bridge", on_push=True)
def attachment_without_tag(manifest):
    configuration(manifest, lambda config: config.pop("vlan", None))


@spoil("attachment-with-another-tag", "trunk-bridge")
def attachment_with_another_tag(manifest):
    configuration(manifest, lambda config: config.update(vlan=config["vlan"] + 1))


@spoil("another-bond-mode", "bond")
def another_bond_mode(manifest):
    for interface in interfaces(manifest, "bond"):
        interface["link-aggregation"]["mode"] = "balance-xor"


@spoil("one-port-of-the-bond", "bond")
def one_port_of_the_bond(manifest):
    for interface in interfaces(manifest, "bond"):
        del interface["link-aggregation"]["port"][1:]


@spoil("mtu-left-out", "jumbo-frames")
def mtu_left_out(manifest):
    for kind in ("ethernet", "vlan", "linux-bridge"):
        for interface in interfaces(manifest, kind):
            interface.pop("mtu", None)
    configuration(manifest, lambda config: config.pop("mtu", None))


@spoil("another-master", "macvlan")
def another_master(manifest):
    configuration(manifest, lambda config: config.update(master="ens160"))


@spoil("another-address", "ipvlan")
def another_address(manifest):
    def change(config):
        for address in config["ipam"]["addresses"]:
            address["address"] = address["address"].replace("192.0.2.", "198.51.100.")

    configuration(manifest, change)


@spoil("trunk-that-is-too-narrow", "trunk-bridge")
def trunk_that_is_too_narrow(manifest):
    for interface in interfaces(manifest, "linux-bridge"):
        for port in interface["bridge"]["port"]:
            port["vlan"]["trunk-tags"] = [{"id": 300}]
