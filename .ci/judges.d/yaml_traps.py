"""We read YAML as Kubernetes does: a field means to us what kubectl says it means, and has the type that it has there."""

import re

from common import Path, fail, kubectl_objects, os, run, verdict

# Plain scalars that YAML 1.1, YAML 1.2, Go and a reader in a hurry take for different things.
NUMBERS = """
    100, 0x64, 0X64, 1_00, 0144, 0o144, 0b1100100, +100, 100.0, 100., 1e2, 1E+2, 0_144, 08, 010, 0x1000, 0x0, -1, 100.5,
    1e400, 1:40, 0x, 0b2, 100_, _100, "100", '100', !!int 100, !!str 100, !!int "100", !!float 100, yes"""
WORDS = """
    br0, yes, no, on, off, y, n, Yes, TRUE, true, False, 1e3, 12e03, 014, 08, 0o14, 0x1F, 0b11, 1_000, 1__0, .5, 1., -1, +1,
    0x, 0b2, 1e, 1e400, _1, NaN, .nan, .inf, =, 2001-01-01, 1.2.3, "yes", '1e3', "014", !!str 014, !!str yes, y_, yes-no, nullx"""

WUKONG = """\
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata:
  name: {name}
spec:
  cpu: 2
  memory: 4Gi
  highAvailability:
    nodeSelector:
      example.com/trap: {label}
  networks:
    - name: lan
      type: bridge
      physicalInterface: {nic}
      bridgeName: {bridge}
      vlanId: {vlan}
"""
PLAIN = {"label": "'true'", "nic": "ens192", "bridge": "br-lan", "vlan": "100"}

# Anchors, aliases and merge keys, with every order of merged and own keys.
MERGED = """\
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata:
  name: merged
spec:
  cpu: &two 2
  memory: 4Gi
  highAvailability:
    nodeSelector: &selector
      example.com/a: "yes"
      example.com/b: "0144"
      example.com/c: 'null'
      ? example.com/d
      : "1_00"
  networks:
    - &base
      name: base
      type: bridge
      physicalInterface: ens192
      vlanId: 0x64
    - <<: *base
      name: own-last
      vlanId: 0145
    - {<<: *base, name: flow, vlanId: 1_02}
    - name: own-first
      vlanId: 103
      <<: {type: bridge, physicalInterface: ens224}
    - {name: merged-over, vlanId: 1, <<: {type: bridge, physicalInterface: ens192, vlanId: 108}}
    - name: first-of-two
      <<: [{vlanId: 104, type: bridge}, {vlanId: 105, physicalInterface: ens192}]
    - &nested
      <<: *base
      name: nested
      vlanId: 0b1101010
    - {<<: *nested, name: nested-twice, vlanId: 0x6b}
"""


def rows(text):
    return [row.strip() for row in text.split(",")]


def meanings(wukong):
    """What each network of a Wukong means, by the name of its policy: by kubectl's reading."""
    selector = wukong["spec"]["highAvailability"]["nodeSelector"]
    for network in wukong["spec"]["networks"]:
        yield f"{wukong['metadata']['name']}-{network['name']}-bridge", {
            "label": selector,
            "nic": network["physicalInterface"],
            "bridge": network.get("bridgeName", f"br-{network['name']}"),
            "vlan": network["vlanId"],
        }


def rendered(policy):
    """The same of a policy that we wrote."""
    interfaces = {it["type"]: it for it in policy["spec"]["desiredState"]["interfaces"]}
    return {
        "label": policy["spec"].get("nodeSelector"),
        "nic": interfaces["vlan"]["vlan"]["base-iface"],
        "bridge": interfaces["linux-bridge"]["name"],
        "vlan": interfaces["vlan"]["vlan"]["id"],
    }


def is_legal(meaning):
    """Whether the cluster would take these values: the types, what a label may hold, and the range of VLAN ids."""
    labels, vlan = meaning["label"].values(), meaning["vlan"]
    return (
        all(isinstance(it, str) and it for it in (*labels, meaning["nic"], meaning["bridge"]))
        and all(re.fullmatch(r"[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?", it, re.ASCII) for it in labels)
        and type(vlan) is int
        and 1 <= vlan <= 4094
    )


def short(meaning, what):
    """What matters of a meaning: the field that the case is about."""
    return repr(meaning.get(what.split(":")[0], meaning))


folder = Path(os.environ["JUDGES_WORK"]) / "traps"
folder.mkdir()
cases = [("vlan", text) for text in rows(NUMBERS)] + [(field, text) for field in ("label", "nic", "bridge") for text in rows(WORDS)]
texts = {
    f"trap-{number}": (f"{field}: {text}", WUKONG.format(name=f"trap-{number}", **(PLAIN | {field: text})))
    for number, (field, text) in enumerate(cases)
}
texts["merged"] = ("merge keys", MERGED)
paths = []
for name, (_, text) in texts.items():
    paths.append(folder / f"{name}.yaml")
    paths[-1].write_text(text)

accepted = 0
# What is missing here kubectl refuses, as it does not-a-number: so must we.
wukongs = {it["metadata"]["name"]: it for it in kubectl_objects(paths, leave_out_refused=True)}
expected = {name: dict(meanings(wukong)) for name, wukong in wukongs.items()}
streams = []
for path in paths:
    what, meaning = texts[path.stem][0], expected.get(path.stem)
    legal = meaning is not None and all(map(is_legal, meaning.values()))
    done = run([os.environ["WUKONG_RENDER"], "-q", path, "-"])
    if done.returncode != (0 if legal else 1):
        first = (done.stderr.strip() or "nothing said").splitlines()[0]
        reading = f"kubectl reads {[short(it, what) for it in meaning.values()]}" if meaning else "kubectl refuses it"
        fail(what, f"{reading}: we should {'accept' if legal else 'refuse'} it; exit {done.returncode}: {first}")
    elif legal:
        accepted += 1
        streams.append(path.with_suffix(".out.yaml"))
        streams[-1].write_text(done.stdout)
written = {}
for policy in kubectl_objects(streams):
    if policy["kind"] == "NodeNetworkConfigurationPolicy":
        written[policy["metadata"]["name"]] = rendered(policy)
for path in streams:
    stem = path.name.removesuffix(".out.yaml")
    what = texts[stem][0]
    for name, meaning in expected[stem].items():
        if written.get(name) != meaning:
            fail(f"{what} ({name})", f"kubectl reads {short(meaning, what)}, we wrote {short(written.get(name, {}), what)}")
print(f"  {accepted} of them legal")
verdict(len(paths))
