"""The hostile corpus: inputs that are made to exhaust whoever reads them. Each is bounded, and told in a finding.

  hostile.py            the small cases and some large ones, against WUKONG_RENDER: what CI has time for
  hostile.py --all      every case
  hostile.py NAME...    these cases alone
  hostile.py --list     their names

A small case may use 2 s of processor time and 256 MiB, one of 10 MB of text 10 s and 1 GiB. A binary without optimisation gets ten
times the time, and the same memory. Nothing is measured that another program on the machine could change: only what the process itself
has used is counted.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

BINARY = os.environ["WUKONG_RENDER"]
SLOWNESS = 10 if "debug" in Path(BINARY).resolve().parts else 1
MIB = 1 << 20
SMALL = (2, 256 * MIB)
LARGE = (10, 1024 * MIB)
TEN_MB = 10_000_000
# How many large cases CI has time for, at least.
IN_CI = 9

HEAD = "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: %s, namespace: prod}\nspec:\n  cpu: 2\n  memory: 4Gi\n"
NETWORKS = "  networks:\n    - {name: external, type: bridge, physicalInterface: ens192, vlanId: 100}\n"
SOUND = HEAD % "web" + NETWORKS
CASES = {}


def case(bounds=SMALL, codes=(0, 1), args=("check", "in")):
    """Registers a function that fills a folder. What it returns, if anything, takes the place of the arguments or goes to stdin."""

    def register(fill):
        CASES[fill.__name__] = (fill, bounds, codes, args)
        return fill

    return register


def put(folder, path, text):
    path = folder / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def chain(levels, first, each):
    """Anchors of which each is made of the one before."""
    lines = [f"x0: &x0 {first}"]
    lines += [f"x{n}: &x{n} {each.replace('@', f'*x{n - 1}')}" for n in range(1, levels + 1)]
    return "\n".join(lines) + "\n"


def list_bomb():
    return chain(40, "{kind: List, items: []}", "{kind: List, items: [@, @, @, @]}") + "kind: List\nitems: [*x40]\n"


def nested_lists():
    return chain(30_000, "{kind: List, items: []}", "{kind: List, items: [@]}") + "kind: List\nitems: [*x30000]\n"


def long_scalar():
    return f"big: &big {'x' * 20_000}\nitems: [{', '.join(['*big'] * 40_000)}]\n"


def merge_chain():
    return chain(60_000, "{a: 1}", "{<<: @, k: 1}")


def merge_fan():
    return chain(30, "{a: 1}", "{<<: [@, @, @]}") + "<<: *x30\n"


def within_limit():
    return "a: &a [" + "x, " * 99 + "x]\nb: &b [" + "*a, " * 99 + "*a]\nc: [" + "*b, " * 8 + "*b]\n"




@case()
def alias_bomb_of_lists(folder):
    put(folder, "in/web.yaml", SOUND + "---\n" + list_bomb())


@case()
def alias_bomb_in_a_wukong(folder):
    bomb = chain(40, "[x]", "[@, @, @, @]")
    put(folder, "in/web.yaml", SOUND + bomb + "status: *x40\n")


@case(args=("check", "in", "--inventory", "nodes"))
def alias_bomb_in_the_inventory(folder):
    put(folder, "in/web.yaml", SOUND)
    put(folder, "nodes/nns.yaml", list_bomb())


@case(args=("diff", "--live", "dump", "in"))
def alias_bomb_in_a_dump(folder):
    put(folder, "in/web.yaml", SOUND)
    put(folder, "dump/live.yaml", list_bomb())


@case(args=("check", "-"))
def alias_bomb_on_standard_input(folder):
    return list_bomb().encode()


@case(codes=(1, 2), args=("krm",))
def alias_bomb_in_a_resource_list(folder):
    items = list_bomb().replace("kind: List\nitems: [*x40]\n", "")
    return (items + "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [*x40]\n").encode()


@case(codes=(1, 2), args=("krm",))
def aliases_in_the_files_of_a_config_map(folder):
    data = {f"{n}.yaml": SOUND + within_limit() for n in range(300)}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data}
    return json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config, "items": []}).encode()


@case()
def thirty_thousand_nested_lists(folder):
    put(folder, "in/web.yaml", SOUND + "---\n" + nested_lists())


@case()
def brackets(folder):
    put(folder, "in/web.yaml", SOUND + "---\n" + "[" * 200_000 + "\n---\n" + "{a: " * 50_000 + "\n---\n" + "- " * 100_000)


@case()
def one_long_scalar_by_many_aliases(folder):
    put(folder, "in/web.yaml", SOUND + long_scalar())


@case()
def aliases_within_the_limit_in_many_documents(folder):
    documents = [(HEAD % f"vm{n}") + NETWORKS + "status:\n" + "".join(f"  {line}\n" for line in within_limit().splitlines()) for n in range(700)]
    put(folder, "in/web.yaml", "---\n".join(documents))


@case()
def aliases_within_the_limit_in_many_files(folder):
    for n in range(700):
        put(folder, f"in/vm{n}.yaml", (HEAD % f"vm{n}") + NETWORKS + "status:\n" + "".join(f"  {line}\n" for line in within_limit().splitlines()))


@case()
def merges_in_a_chain(folder):
    put(folder, "in/web.yaml", SOUND + "---\n" + merge_chain())


@case()
def merges_that_fan_out(folder):
    put(folder, "in/web.yaml", SOUND + "---\n" + merge_fan())


@case()
def unknown_keys(folder):
    put(folder, "in/web.yaml", SOUND + "".join(f"  unknown{n}: x\n" for n in range(20_000)))


@case()
def unknown_keys_of_a_network(folder):
    keys = ", ".join(f"unknown{n}: x" for n in range(20_000))
    put(folder, "in/web.yaml", HEAD % "web" + f"  networks: [{{name: external, type: bridge, {keys}}}]\n")


@case()
def duplicate_keys(folder):
    put(folder, "in/web.yaml", SOUND + "".join("  cpu: 2\n" for _ in range(12_000)))


@case()
def duplicate_keys_on_one_line(folder):
    put(folder, "in/web.yaml", SOUND + "status: {" + ", ".join("cpu: 2" for _ in range(12_000)) + "}\n")


def flawed_networks(count):
    return ", ".join(f"{{name: n{n}, type: bridge, vlanId: 5000, physicalInterface: ens192}}" for n in range(count))


@case()
def findings_on_long_lines(folder):
    for n in range(12):
        put(folder, f"in/vm{n}.yaml", HEAD % f"vm{n}" + f"  networks: [{flawed_networks(1000)}]\n")


def one_line_json(wukongs):
    network = {"name": "external", "type": "bridge", "vlanId": 5000, "oops": 1}
    return json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "vm.novasphere.dev/v1alpha1", "kind": "Wukong", "metadata": {"name": f"vm{n}"},
             "spec": {"cpu": 2, "memory": "4Gi", "networks": [network]}} for n in range(wukongs)]})


@case(args=("check", "--format", "sarif", "in"))
def one_line_json_as_sarif(folder):
    put(folder, "in/all.json", one_line_json(3000))


@case(args=("check", "--format", "json", "in"))
def one_line_json_as_json(folder):
    put(folder, "in/all.json", one_line_json(3000))


@case(args=("check", "-v", "in"))
def one_line_json_in_full(folder):
    put(folder, "in/all.json", one_line_json(1000))


@case(codes=(1,), args=("krm",))
def one_line_json_as_a_resource_list(folder):
    return one_line_json(3000).replace('"v1", "kind": "List"', '"config.kubernetes.io/v1", "kind": "ResourceList"').encode()


@case()
def folder_links_that_fan_out(folder):
    put(folder, "in/web.yaml", SOUND)
    for depth in range(30):
        (folder / f"d{depth}").mkdir()
        for name in ("a", "b"):
            (folder / f"d{depth}" / name).symlink_to(folder / f"d{depth + 1}")
    put(folder, "d30/site.yaml", "kind: ConfigMap\n")
    (folder / "in/fan").symlink_to(folder / "d0")


def policy(name, interfaces):
    return {"apiVersion": "nmstate.io/v1", "kind": "NodeNetworkConfigurationPolicy", "metadata": {"name": name},
            "spec": {"desiredState": {"interfaces": interfaces}}}


@case(args=("diff", "--live", "dump", "in"))
def live_with_many_interfaces(folder):
    put(folder, "in/web.yaml", SOUND)
    interfaces = [{"name": f"e{n}", "type": "ethernet", "state": "up"} for n in range(15_000)]
    put(folder, "dump/live.json", json.dumps(policy("web-external-bridge", interfaces)))


@case(args=("diff", "--live", "dump", "in"))
def live_with_many_routes(folder):
    put(folder, "in/web.yaml", SOUND)
    live = policy("web-external-bridge", [])
    live["spec"]["desiredState"]["routes"] = {"config": [{"destination": f"10.{n >> 8}.{n & 255}.0/24"} for n in range(15_000)]}
    put(folder, "dump/live.json", json.dumps(live))


@case(codes=(2,))
def fifo_as_input(folder):
    (folder / "in").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    return ("check", "in", "pipe.yaml")


@case(codes=(1, 2), args=("check", "--templates", "templates", "in"))
def fifo_as_template(folder):
    put(folder, "in/web.yaml", SOUND)
    (folder / "templates").mkdir()
    os.mkfifo(folder / "templates/nncp.yaml.j2")


@case(codes=(2,))
def device_as_input(folder):
    put(folder, "in/web.yaml", SOUND)
    return ("check", "in", "/dev/zero")


# Each is a program that would not end, or would take all memory, or be too deep for the stack.
TEMPLATES = {
    "loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}",
    "indent": "{{ kind|indent(1000000000) }}",
    "indent_of_many_lines": "{% set a = kind ~ '\\n' %}" + "{% set a = a ~ a %}" * 16 + "{{ a|indent(100000) }}",
    "our_filter": "{{ spec|yaml(1000000000) }}",
    "doubled": "{% set a = kind %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "times": "{{ 'x' * 9999999999 }}",
    "replaced": "{% set a = 'aaaaaaaaaaaaaaaaaaaa' %}" + "{% set a = a|replace('a', 'aaaaaaaaaaaaaaaaaaaa') %}" * 9 + "{{ a }}",
    "parentheses": "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}",
    "sums": "{{ 1" + " + 1" * 100_000 + " }}",
    "nots": "{{ " + "not " * 100_000 + "1 }}",
    "filters": "{{ 'x'" + "|upper" * 100_000 + " }}",
    "attributes": "{{ spec" + ".a" * 100_000 + " }}",
    "calls": "{{ spec" + "()" * 100_000 + " }}",
    "lists": "{{ " + "[" * 50_000 + "]" * 50_000 + " }}",
    "conditions": "{% if 1 %}" * 20_000 + "{% endif %}" * 20_000,
    "elifs": "{% if 0 %}" + "{% elif 0 %}" * 50_000 + "{% endif %}",
    "ternaries": "{{ " + "1 if 1 else " * 50_000 + "1 }}",
    "compared": "{{ 1" + " < 1" * 50_000 + " }}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "include": "{% include 'nncp.yaml.j2' %}",
    "lipsum": "{{ range(9999)|list|join('x' * 9999) }}",
}
for name, text in TEMPLATES.items():

    def fill(folder, text=text):
        put(folder, "in/web.yaml", SOUND)
        put(folder, "templates/nncp.yaml.j2", text)

    CASES[f"template_{name}"] = (fill, SMALL, (1, 2), ("check", "--templates", "templates", "in"))


LARGE_TEXTS = {
    "numbers": lambda: "[" + "1," * (TEN_MB // 2) + "1]",
    "items": lambda: "- a\n" * (TEN_MB // 4),
    "keys": lambda: "".join(f"k{n}: 1\n" for n in range(TEN_MB // 12)),
    "documents": lambda: "---\n" * (TEN_MB // 4),
    "broken_documents": lambda: "---\n{\n" * (TEN_MB // 6),
    "broken_documents_with_a_secret": lambda: "password: x\n" + "---\n}\n" * (TEN_MB // 6),
    "one_scalar": lambda: "a: " + "x" * TEN_MB,
    "one_quoted_scalar": lambda: 'a: "' + "\\x41" * (TEN_MB // 4) + '"',
    "one_block": lambda: "a: |\n" + "  line\n" * (TEN_MB // 7),
    "comments": lambda: "# c\n" * (TEN_MB // 4) + "}",
    "blank_lines": lambda: "\n" * TEN_MB + "}",
    "anchors": lambda: "".join(f"- &a{n} x\n" for n in range(TEN_MB // 12)),
    "aliases": lambda: "a: &a x\nb: [" + "*a," * (TEN_MB // 3) + "*a]",
    "flows": lambda: "[[]," * (TEN_MB // 4),
    "maps": lambda: "[" + "{}," * (TEN_MB // 3) + "{}]",
    "questions": lambda: "? a\n" * (TEN_MB // 4),
    "tabs": lambda: "a:\n" + "\t" * TEN_MB,
    "quotes": lambda: '"' * TEN_MB,
    "words_for_secrets": lambda: "}\n" + "".join(f"pass{n} " for n in range(TEN_MB // 10)),
    "one_line_of_words": lambda: "}" + "".join(f"w{n} " for n in range(TEN_MB // 8)),
    "tags": lambda: "- !!str x\n" * (TEN_MB // 10),
    "commas": lambda: "[" + "," * TEN_MB + "]",
    "dashes": lambda: "-" * TEN_MB,
    "colons": lambda: "a" + ": " * (TEN_MB // 2),
    "nul_bytes_of_json": lambda: json.dumps("\0" * (TEN_MB // 6)),
    "lines_of_windows": lambda: "a: 1\r\n" * (TEN_MB // 6),
    "wide_characters": lambda: "a: " + "管" * (TEN_MB // 3),
}
for name, text in LARGE_TEXTS.items():

    def fill(folder, text=text):
        put(folder, "in/web.yaml", SOUND)
        put(folder, "in/large.yaml", text())

    CASES[f"large_{name}"] = (fill, LARGE, (0, 1), ("check", "--format", "sarif", "in"))

    def fill_wukong(folder, text=text):
        put(folder, "in/web.yaml", SOUND + "status:\n  x:\n" + "".join(f"    {line}\n" for line in text().splitlines()[: TEN_MB // 12]))

    CASES[f"large_{name}_in_a_wukong"] = (fill_wukong, LARGE, (0, 1), ("check", "in"))


def large_networks(of):
    return lambda folder: put(
        folder, "in/web.yaml", HEAD % "web" + "  networks:\n" + "".join(of(n) for n in range(TEN_MB // len(of(10_000))))
    )


LARGE_WUKONGS = {
    "networks": lambda n: f"    - {{name: n{n}, type: bridge, physicalInterface: ens192, vlanId: {n % 4094 + 1}}}\n",
    "flawed_networks": lambda n: f"    - {{name: n{n}, type: brigde, vlanId: x, oops: 1}}\n",
    "equal_networks": lambda n: "    - {name: external, type: bridge, physicalInterface: ens192}\n",
    "static_networks": lambda n: f"    - {{name: n{n}, type: macvlan, physicalInterface: ens192, ipConfig: {{mode: static, address: 10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}/8}}}}\n",
    "empty_networks": lambda n: "    -\n",
}
for name, of in LARGE_WUKONGS.items():
    CASES[f"large_{name}"] = (large_networks(of), LARGE, (0, 1), ("check", "in"))


@case(LARGE)
def large_wukongs_with_mistakes(folder):
    document = (HEAD % "vm") + "  networks: [{name: a, type: brigde}]\n"
    put(folder, "in/all.yaml", "---\n".join([document] * (TEN_MB // len(document))))


@case(LARGE)
def large_sound_wukongs(folder):
    documents = [(HEAD % f"vm{n}") + NETWORKS for n in range(TEN_MB // 200)]
    put(folder, "in/all.yaml", "---\n".join(documents))


def state(name, interfaces):
    return {"apiVersion": "nmstate.io/v1beta1", "kind": "NodeNetworkState", "metadata": {"name": name},
            "status": {"currentState": {"interfaces": interfaces}}}


@case(LARGE, args=("check", "in", "--inventory", "nodes"))
def large_inventory_of_one_node(folder):
    put(folder, "in/web.yaml", SOUND)
    interfaces = [{"name": f"e{n}", "type": "ethernet", "state": "up", "mtu": 1500} for n in range(TEN_MB // 64)]
    put(folder, "nodes/nns.json", json.dumps(state("node-1", interfaces)))


@case(LARGE, args=("check", "in", "--inventory", "nodes"))
def large_inventory_of_many_nodes(folder):
    put(folder, "in/web.yaml", SOUND)
    nodes = [state(f"node-{n}", [{"name": "ens192", "type": "ethernet", "ipv4": {"enabled": True, "address": [{"ip": "10.0.0.1", "prefix-length": 24}]}}]) for n in range(TEN_MB // 300)]
    put(folder, "nodes/nns.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}))


@case(LARGE)
def large_site(folder):
    put(folder, "in/web.yaml", SOUND)
    uplinks = "".join(f"    - {{name: bond{n}, kind: bond, bond: {{mode: active-backup, port: [e{n}]}}}}\n" for n in range(TEN_MB // 80))
    put(folder, "in/site.yaml", "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata: {name: dc, annotations: {config.kubernetes.io/local-config: 'true'}}\nspec:\n  uplinks:\n" + uplinks)


def bridges(count):
    return [{"name": f"b{n}", "type": "linux-bridge", "state": "up", "bridge": {"port": [{"name": f"e{n}"}]}} for n in range(count)]


@case(LARGE)
def large_policy_of_others(folder):
    put(folder, "in/web.yaml", SOUND)
    put(folder, "in/policy.json", json.dumps(policy("others", bridges(TEN_MB // 100))))


@case(LARGE)
def large_policies_of_others(folder):
    put(folder, "in/web.yaml", SOUND)
    items = [policy(f"p{n}", [{"name": f"b{n % 1000}", "type": "linux-bridge", "bridge": {"port": [{"name": f"e{n}"}]}}]) for n in range(TEN_MB // 300)]
    put(folder, "in/policies.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


@case(LARGE)
def large_attachments_of_others(folder):
    put(folder, "in/web.yaml", SOUND)
    items = [{"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": f"n{n}", "namespace": "prod"},
              "spec": {"config": json.dumps({"type": "bridge", "bridge": f"b{n}", "vlan": 5})}} for n in range(TEN_MB // 250)]
    put(folder, "in/attachments.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


OURS = "# Generated by wukong-render from old.yaml. Do not edit: the next run replaces this file.\n"


def old_policy(folder):
    put(folder, "in/web.yaml", SOUND)
    old = policy("old", bridges(TEN_MB // 100))
    put(folder, "out/nncp/old.yaml", OURS + "".join(f"{key}: {json.dumps(value)}\n" for key, value in old.items()))


@case(LARGE, args=("in", "out"))
def large_policy_that_goes(folder):
    old_policy(folder)


@case(LARGE, args=("--retire", "in", "out"))
def large_policy_that_is_retired(folder):
    old_policy(folder)


@case(LARGE, args=("diff", "in", "out"))
def large_policy_that_differs(folder):
    put(folder, "in/web.yaml", SOUND)
    put(folder, "out/nncp/web-external-bridge.yaml", OURS + "apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nx:\n" + "".join(f"  k{n}: {n % 97}\n" for n in range(TEN_MB // 14)))


@case(LARGE)
def large_node_selectors(folder):
    selectors = "".join(f"    - {{name: g{n}, nodeSelector: {{rack: r{n}}}}}\n" for n in range(TEN_MB // 2000))
    put(folder, "in/web.yaml", SOUND)
    put(folder, "in/site.yaml", "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata: {name: dc, annotations: {config.kubernetes.io/local-config: 'true'}}\nspec:\n  nodeGroups:\n" + selectors)


@case(LARGE)
def large_bridges_that_differ(folder):
    documents = [(HEAD % f"vm{n}") + f"  networks: [{{name: external, type: bridge, bridgeName: br0, physicalInterface: e{n}, vlanId: {n % 4000 + 1}}}]\n" for n in range(TEN_MB // 230)]
    put(folder, "in/all.yaml", "---\n".join(documents))


@case(LARGE)
def large_bridges_on_nodes_of_their_own(folder):
    documents = [(HEAD % f"vm{n}") + f"  highAvailability: {{nodeSelector: {{zone: z{n}}}}}\n  networks: [{{name: external, type: bridge, bridgeName: br0, physicalInterface: e{n}, vlanId: {n % 4000 + 1}}}]\n" for n in range(TEN_MB // 290)]
    put(folder, "in/all.yaml", "---\n".join(documents))


@case(LARGE)
def large_addresses_that_meet(folder):
    documents = [(HEAD % f"vm{n}") + "  networks: [{name: external, type: bridge, physicalInterface: ens192, vlanId: 5, ipConfig: {mode: static, address: 10.0.0.1/24}}]\n" for n in range(TEN_MB // 260)]
    put(folder, "in/all.yaml", "---\n".join(documents))


@case(LARGE, args=("krm",), codes=(0, 1, 2))
def large_resource_list(folder):
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}"}} for n in range(TEN_MB // 75)]
    return json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items}).encode()


@case(LARGE, args=("krm",))
def large_resource_list_of_wukongs(folder):
    network = {"name": "external", "type": "bridge", "physicalInterface": "ens192", "vlanId": 100}
    items = [{"apiVersion": "vm.novasphere.dev/v1alpha1", "kind": "Wukong", "metadata": {"name": f"vm{n}"},
              "spec": {"cpu": 2, "memory": "4Gi", "networks": [network]}} for n in range(TEN_MB // 250)]
    return json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items}).encode()


def run(name):
    """What is wrong with a case, and what it used."""
    fill, (seconds, memory), codes, args = CASES[name]
    seconds *= SLOWNESS
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # By a process of its own: the peak of this one would be counted as that of its children.
        if os.fork() == 0:
            given = fill(folder)
            (folder / "stdin").write_bytes(given if isinstance(given, bytes) else b"")
            (folder / "args").write_text(json.dumps(given if isinstance(given, tuple) else args))
            os._exit(0)
        os.wait()
        args = json.loads((folder / "args").read_text())

        def limits():
            # Twice what is allowed stops what has no bound; what is used is read afterwards.
            resource.setrlimit(resource.RLIMIT_CPU, (seconds * 2, seconds * 2 + 1))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        with open(folder / "stdin", "rb") as given, open(folder / "said", "wb") as said:
            process = subprocess.Popen([BINARY, *args], cwd=folder, stdin=given, stdout=said, stderr=said, preexec_fn=limits)
            try:
                # A process that waits uses no time.
                _, status, used = wait(process, seconds * 6 + 20)
            except TimeoutError:
                return "hangs", 0, 0
        time, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
        code = os.waitstatus_to_exitcode(status)
        said = (folder / "said").read_text(errors="replace")
        problems = []
        if code not in codes:
            problems.append(f"exit {code}: {said[-600:]}")
        if "panicked" in said:
            problems.append("panics")
        if time > seconds:
            problems.append(f"{time:.1f} s")
        if peak > memory:
            problems.append(f"{peak // MIB} MiB")
        return "; ".join(problems), time, peak


def wait(process, seconds):
    import signal

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(int(seconds))
    try:
        return os.wait4(process.pid, 0)
    except TimeoutError:
        process.kill()
        os.wait4(process.pid, 0)
        raise
    finally:
        signal.alarm(0)


def main():
    names = [name for name in sys.argv[1:] if name in CASES] or list(CASES)
    if "--list" in sys.argv:
        print("\n".join(names))
        return 0
    if names == list(CASES) and "--all" not in sys.argv:
        large = [name for name in CASES if name.startswith("large_")]
        left = set(large) - set(large[:: len(large) // IN_CI])
        names = [name for name in names if name not in left]
        print(f"  {len(left)} large inputs are left out: --all tries them, too")
    failed, worst, peak = [], 0.0, 0
    for name in names:
        problem, time, memory = run(name)
        worst, peak = max(worst, time / CASES[name][1][0]), max(peak, memory)
        if problem:
            failed.append(name)
            print(f"{name}: {problem}", flush=True)
        elif os.environ.get("VERBOSE"):
            print(f"{name}: {time:.2f} s, {memory // MIB} MiB", flush=True)
    print(f"{len(names)} hostile inputs, {len(failed)} of them not bounded; the longest took {worst / SLOWNESS:.0%} of its time, the largest {peak // MIB} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
