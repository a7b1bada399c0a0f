"""Writes a larger input than any fixture: make_input.py plain|full FOLDER. The same bytes every time.

Thirty Wukongs with every network type, IPv4 and IPv6, static and DHCP, with and without namespace, and with names that
careless YAML turns into numbers and booleans. `full` has a Site that sets what `plain` leaves alone.
"""

import json
import sys
from pathlib import Path

SITE = {
    "plain": {"sriov": {"defaultResourceName": "openshift.io/sriovnics"}},
    "full": {
        "defaultNIC": "bond0",
        "uplinks": [
            {"name": "bond0", "type": "bond", "mtu": 9000, "link-aggregation": {"mode": "802.3ad", "options": {"miimon": 100}, "port": ["1e4", "0x1"]}},
            {"name": "ens162", "type": "ethernet", "ipv4": {"enabled": True, "address": [{"ip": "192.168.0.121", "prefix-length": 24}]},
             "routes": {"config": [{"destination": "0.0.0.0/0", "next-hop-address": "192.168.0.1"}]}},
        ],
        "nodeGroups": [{"name": "on", "nodeSelector": {"example.com/site": "yes"}},
                       {"name": "null", "nodeSelector": {"example.com/site": "no"}, "defaultNIC": "0b1"}],
        "policy": {"scope": "bridge", "nodeSelector": {"node-role.kubernetes.io/worker": "", "example.com/on": "yes"}, "maxUnavailable": "30%"},
        "attachment": {"cniVersion": "1.0.0", "macSpoofCheck": False, "bridgeResources": True},
        "sriov": {"resourceNames": {"ens2f0": "intel.com/ens2f0_vfs"}},
        "syncWaves": False,
    },
}
NAMES = ["1e3", "0x1f", "null", "true", "on", "0o14", "014", "12e03", "y", "n"]
NAMESPACES = [None, "prod", "1e3", "null", "no", "0b11"]
BRIDGES = ["yes", "0b11", "1_0", "014", "on", "0x1f", "=", "null", "1e3", "2001-01-01"]


def ip_config(number, subnet):
    """IPv4, IPv6, DHCP and none in turn. Addresses differ by `number`, and are neighbours by `subnet`."""
    return [
        {"mode": "static", "address": f"10.1.{subnet}.{10 + number}/24", "gateway": f"10.1.{subnet}.1", "dnsServers": ["8.8.8.8", "2001:db8::53"]},
        {"mode": "static", "address": f"2001:db8:{subnet}::{10 + number}/64", "gateway": f"2001:db8:{subnet}::1"},
        {"mode": "dhcp"},
        None,
        {"mode": "static", "address": f"10.1.{subnet}.{10 + number}/24"},
    ][number % 5]


def networks(number):
    shared, own = number % 3, ip_config(number, 100 + number)
    yield {"name": "default"} | ({"type": "bridge"} if number % 2 else {})
    # Several Wukongs on one bridge: they must reach each other.
    yield {"name": "lan", "type": "bridge", "bridgeName": f"br-lan{shared}", "physicalInterface": "ens192", "vlanId": 101 + shared,
           "ipConfig": ip_config(number, shared)}
    if number < len(BRIDGES):
        yield {"name": NAMES[-1 - number], "type": "bridge", "bridgeName": BRIDGES[number], "vlanId": 201 + number, "ipConfig": own}
    if number == 10:
        yield {"name": "nic", "type": "bridge", "physicalInterface": "ens161"}
    if number == 11:
        yield {"name": "node", "type": "bridge", "physicalInterface": "ens162", "nodeIP": "192.168.0.121/24"}
    if number % 4 == 0:
        yield {"name": "storage", "type": "ovs", "bridgeName": "br-ovs", "physicalInterface": "ens224", "vlanId": 300 + number, "ipConfig": own}
    if number % 4 == 1:
        yield {"name": "side", "type": "macvlan", "physicalInterface": "ens256", "ipConfig": ip_config(number // 4, 50)}
    if number % 4 == 2:
        yield {"name": "flat", "type": "ipvlan", "physicalInterface": "ens257", "ipConfig": {"mode": "static", "address": f"10.2.0.{10 + number}/24"}}
    if number % 4 == 3:
        yield {"name": "fast", "type": "sriov", "physicalInterface": "ens2f0", "vlanId": 400 + number}


def wukong(number):
    metadata = {"name": NAMES[number] if number < len(NAMES) else f"vm-{number}"}
    if namespace := NAMESPACES[number % len(NAMESPACES)]:
        metadata["namespace"] = namespace
    spec = {"cpu": 2, "memory": "4Gi", "networks": [{key: value for key, value in it.items() if value is not None} for it in networks(number)]}
    if number in (5, 11):
        spec["highAvailability"] = {"nodeSelector": {"kubernetes.io/hostname": "014"}}
    return {"apiVersion": "vm.novasphere.dev/v1alpha1", "kind": "Wukong", "metadata": metadata, "spec": spec}


def main(kind, folder):
    folder.mkdir(parents=True)
    site = {"apiVersion": "render.novasphere.dev/v1alpha1", "kind": "Site", "spec": SITE[kind],
            "metadata": {"name": "site", "annotations": {"config.kubernetes.io/local-config": "true"}}}
    wukongs = [wukong(number) for number in range(30)]
    # JSON is YAML: one document a file, many in a stream, and a List.
    (folder / "site.yaml").write_text(json.dumps(site, indent=2))
    for number, it in enumerate(wukongs[:10]):
        (folder / f"{number}.json").write_text(json.dumps(it, indent=2))
    (folder / "stream.yaml").write_text("\n---\n".join(json.dumps(it, indent=2) for it in wukongs[10:20]))
    (folder / "list.yaml").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": wukongs[20:]}, indent=2))


main(sys.argv[1], Path(sys.argv[2]))
