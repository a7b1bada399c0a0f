#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets, fuzz/corpus/<target>/: what the fixtures have, and what an attacker would write.

    python3 fuzz/seeds.py

Run it after fixtures were added, and commit what it writes. Only the standard library is used.
"""

import shutil
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
FIXTURES = FUZZ.parent / "fixtures"
NEXT = "####"
# A seed above this teaches little and costs much: libFuzzer mutates small ones best.
LARGEST = 6_000
IN_ALL = 1_000_000

POLICY = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: theirs}
spec:
  nodeSelector: {rack: old}
  desiredState:
    interfaces:
      - {name: eno1, type: ethernet, mtu: 9000, 802.1x: {identity: x, private-key-password: WKSECRET1, password: WKSECRET2}}
      - {name: macsec0, type: macsec, macsec: {base-iface: eno1, mka-cak: WKSECRET3, mka-ckn: "01"}}
      - {name: br-lan, type: linux-bridge, bridge: {port: [{name: eno1, vlan: {mode: trunk}}]}}
      - {name: eno1.5, type: vlan, state: absent, vlan: {base-iface: eno1, id: 5}}
"""
WUKONG = """\
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {name: web, namespace: prod}
spec:
  cpu: 2
  memory: 4Gi
  cloudInitUser:
    name: admin
    password: WKSECRET1
    passwordHash: "WKSECRET2"
  networks:
    - {name: lan, type: bridge, physicalInterface: eno1, vlanId: 5}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: it}
stringData: {userData: WKSECRET1, other: WKSECRET2}
data:
  token: WKSECRET3
"""
# Broken and odd texts around secrets; each is a file of its own kind of trouble.
AROUND_SECRETS = [
    '{"a": "b"}, {"password": "WKSECRET1"}\n',
    '{"apiVersion": "vm.novasphere.dev/v1alpha1", "kind": "Wukong", "metadata": {"name": "a"}, "spec": {"cpu": 1, "memory": "1Gi", '
    '"cloudInitUser": {"nam1", 2userData": "WKSECRET2"}, "networks": [{"name": "a"}]}}\n',
    WUKONG.replace("name: admin", "nmae: admin\n    password: WKSECRET1"),
    WUKONG.replace("    password: WKSECRET1", "    password:\n      WKSECRET1"),
    WUKONG.replace("    password: WKSECRET1", "    password: |\n      WKSECRET1\n      WKSECRET2"),
    WUKONG.replace("    password: WKSECRET1", "    password: >-\n      WKSECRET1"),
    WUKONG.replace("    password: WKSECRET1", "    password: [WKSECRET1, {x: WKSECRET2}]"),
    WUKONG.replace("    password: WKSECRET1", "    password: &it WKSECRET1\n    passwordHash: *it"),
    WUKONG.replace("    password: WKSECRET1", "    password: 'WKSECRET1"),
    WUKONG.replace("vlanId: 5}", "vlanId: 5, password: WKSECRET1}"),
    WUKONG.replace("vlanId: 5}", "vlanId: 5, token: WKSECRET1, psk: WKSECRET2"),
    WUKONG.replace("cpu: 2", "cpu: 2\n  password: WKSECRET1\n  password: WKSECRET2"),
    WUKONG.replace("cpu: 2", "cpu: 2\n\tpassword: WKSECRET1"),
    '{"apiVersion": "vm.novasphere.dev/v1alpha1", "kind": "Wukong", "metadata": {"name": "a"}, "spec": {"cpu": 1, "memory": "1Gi", '
    '"cloudInitUser": {"name": "x", "password": "WKSECRET1", "userData": "WKSECRET2"}, "networks": [{"name": "a"}]}}',
    '{"kind": "Secret", "apiVersion": "v1", "data": {"token": "WKSECRET1", "password": "WKSECRET2"}, "x": ',
    SECRET, SECRET + "broken: [\n", POLICY + "broken: [\n",
    "apiVersion: v1\nkind: List\nitems:\n- " + SECRET.replace("\n", "\n  ").rstrip() + "\n- " + WUKONG.replace("\n", "\n  ").rstrip() + "\n",
]
HOSTILE = [
    "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "base: &base {<<: {a: 1}, b: 2}\nnext: {<<: [*base, {c: 3}], b: !!str 4}\n",
    "? [a, b]\n: {? c : d}\n? |\n  key\n: value\n",
    "--- !!map\n%YAML 1.1\n---\n...\n--- |\n text\n--- >+1\n  x\n",
    "a: 0x1F\nb: 014\nc: 1_000\nd: .inf\ne: yes\nf: ~\n0: x\ntrue: y\nnull: z\n1.5: w\n",
    "\ufeffa: \"\\e[31m\\x07\\u202e\\0\\x9b\\\"\"\nb: '\u009b31m \u2028'\n",
    "a:\n  - - - - - - - - {b: [[[[[[1]]]]]]}\n",
    WUKONG.replace("name: lan", "name: \"::error::\\x1b[2J</script><b>\\r\\n%0A\""),
    WUKONG.replace("name: web", "name: \"${x} }{ \\u202e\\x85\"").replace("eno1", '"\\x9b1m"'),
    WUKONG.replace("\n", "\r\n"),
    WUKONG.replace("metadata: {name: web, namespace: prod}", "metadata:\n  name: web\n  annotations:\n    "
                   "render.novasphere.dev/accept: WK215=\"it is so\", WK999, *=no"),
]
NODE = """\
apiVersion: v1
kind: List
items:
- apiVersion: nmstate.io/v1beta1
  kind: NodeNetworkState
  metadata: {name: node-1}
  status:
    lastSuccessfulUpdateTime: "2026-11-24T07:00:00Z"
    currentState:
      interfaces:
      - {name: eno1, type: ethernet, state: up, mtu: 1500, mac-address: "02:00:00:00:00:01", ipv4: {enabled: true, address: [{ip: 192.0.2.10, prefix-length: 24}]}, ethernet: {sr-iov: {total-vfs: 8}}}
      - {name: bond0, type: bond, state: up, link-aggregation: {mode: active-backup, port: [eno1, eno2]}, ipv4: {enabled: true, dhcp: true, address: [{ip: 192.0.2.11, prefix-length: 24}]}}
      - {name: ens8.30, type: vlan, state: up, vlan: {base-iface: ens8, id: 30}, ipv6: {enabled: true, autoconf: true, address: [{ip: "2001:db8::1", prefix-length: 64}]}}
      - {name: br-plain, type: ovs-bridge, bridge: {port: [{name: ens8, vlan: {mode: access, tag: 3}}]}, 802.1x: {password: WKSECRET1}}
      routes: {running: [{destination: 0.0.0.0/0, next-hop-address: 192.0.2.1, next-hop-interface: bond0, metric: 100, table-id: 254}], config: []}
      dns-resolver: {running: {server: [192.0.2.53], search: [example.com]}, config: {}}
      ovn: {bridge-mappings: [{localnet: data, bridge: br-plain}]}
- apiVersion: v1
  kind: Node
  metadata: {name: node-1, labels: {kubernetes.io/hostname: node-1, rack: old}}
"""
TEMPLATES = [
    "{% if nodeSelector is defined %}{{ nodeSelector | yaml }}{% endif %}\n",
    "apiVersion: {{ apiVersion | yaml }}\nkind: {{ kind | yaml }}\nmetadata:\n  {{ metadata | yaml(2) }}\nspec:\n  {{ spec | yaml(2) }}\n",
    "apiVersion: {{ apiVersion | yaml }}\nkind: {{ kind | yaml }}\nmetadata:\n  {{ metadata | yaml(2) }}\nspec:\n  {{ spec | yaml(2) }}\n# {{ self }} {{ wukong }}\n",
    "{% for key, value in spec.desiredState | items %}{{ key }}: {{ value | tojson }}\n{% endfor %}",
    "{% macro it(x) %}{{ x | upper }}{% endmacro %}{{ it(kind) }}{{ range(20) | join(',') }}{{ kind[:3] ~ 'x' * 3 }}\n",
    "{{ debug() }}{{ namespace(a=1) }}{{ dict(a=2) | dictsort }}{% set a = [1, 2] %}{{ a | map('string') | list }}\n",
    "{% include 'x' %}{% extends 'y' %}{% import 'z' as z %}{% block a %}{% endblock %}{{ loop.index }}{{ 1 / 0 }}{{ -9223372036854775807 - 2 }}\n",
    "{{ spec | indent(100) | yaml(3) | length }}{{ 'a' | replace('a', 'bb') | repeat(3) }}{%- raw %}{{ }}{% endraw -%}\n",
    "kind: \"\x1b[31m{{ kimd }}\n",
]


def text(folder, *names):
    """The inputs of a case in one text, with lines between the files; none if it is too large."""
    parts = []
    for name in names:
        start = folder / name
        files = [start] if start.is_file() else sorted(it for it in start.rglob("*") if it.suffix in {".yaml", ".yml", ".json"})
        parts += [it.read_text(errors="replace") for it in files]
    joined = f"{NEXT}\n".join(it if it.endswith("\n") else it + "\n" for it in parts)
    return joined if 0 < len(joined.encode()) <= LARGEST else None


def cases(*kinds):
    return [folder for kind in kinds for folder in sorted((FIXTURES / kind).iterdir()) if folder.is_dir()]


def standing(folder):
    """A case's output folder, each file with its path."""
    start = folder / "before"
    files = sorted(it for it in start.rglob("*.yaml") if it.is_file())
    return "".join(f"{NEXT} {it.relative_to(start)}\n{it.read_text()}" for it in files)


def seeds():
    """Pairs of a target and a seed of it."""
    for case in cases("rules", "near", "sets", *(f"networks/{it.name}" for it in cases("networks"))):
        found = text(case, "input", "inventory")
        if found is None:
            continue
        yield "compile", found
        if case.parent.name == "rules":
            yield "reader", found
        if "NodeNetworkState" in found or "NodeNetworkConfigurationPolicy" in found:
            yield "inventory", found
        if (case / "before").is_dir() and len(found + standing(case)) <= LARGEST:
            yield "compile", found + standing(case)
    for case in cases("found"):
        found = text(case, "input", "inventory")
        if found is not None and "NodeNetwork" in found:
            yield "inventory", found
    for case in cases("krm"):
        found = text(case, "input.yaml")
        if found is not None:
            yield "krm", found
    for case in cases("live"):
        dump, inputs = text(case, "dump.yaml"), text(case, "input")
        if dump is not None:
            yield "live", f"{dump}{NEXT}\n{inputs or ''}"
    for path in sorted(FIXTURES.rglob("*.j2")):
        yield "templates", path.read_text()
    for template in TEMPLATES:
        yield "templates", template
    for hostile in HOSTILE + AROUND_SECRETS:
        yield "reader", hostile
        yield "compile", hostile
        yield "krm", item(hostile)
        yield "live", hostile
        yield "inventory", hostile
    yield "compile", f"{WUKONG}{NEXT}\n{POLICY}{NEXT}\n{NODE}"
    yield "inventory", NODE
    yield "inventory", POLICY
    yield "inventory", f"{POLICY}{NEXT}\n{NODE}"
    yield "krm", item(NODE)
    yield "krm", item(POLICY) + "functionConfig:\n  " + WUKONG.replace("\n", "\n  ").rstrip() + "\n"
    yield "live", f"{POLICY}{NEXT}\n{WUKONG}"


def item(document):
    """A ResourceList with one item."""
    body = document.replace("\n", "\n  ").rstrip()
    return f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {body}\n"


corpus = FUZZ / "corpus"
shutil.rmtree(corpus, ignore_errors=True)
counts, size = {}, 0
for target, seed in seeds():
    number = counts[target] = counts.get(target, 0) + 1
    path = corpus / target / f"{number:03}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(seed.encode())
    size += len(seed.encode())
print(", ".join(f"{count} {target}" for target, count in counts.items()), f"({size:,} bytes)")
assert size <= IN_ALL, f"{size} bytes are too many seeds"
