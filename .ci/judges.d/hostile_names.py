"""Names that act: every ASCII control, C1, bidirectional and invisible characters, commands of GitHub's, and markup, in file names, keys,
values, names and reasons. What the tool says is read by those who would act on it: a terminal emulator (pyte), GitHub's parser of commands
(actions/runner, src/Runner.Common/ActionCommand.cs, written down here), parsers of JSON, YAML, XML and HTML.
"""

import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree
from pathlib import Path

import pyte
import yaml

from common import fail, verdict

BINARY = os.environ["WUKONG_RENDER"]
CONTROLS = [chr(it) for it in range(1, 32)] + ["\x7f"] + [chr(it) for it in range(0x80, 0xA0)]
INVISIBLE = list("\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ufff9") + ["\U000e0041", "\uffff", "\ufffe"]
SEQUENCES = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b[?1049h", "\x9b31m", "\x1b(0", "\x1bc", "\x1b[5;10r", "\x1b[8m", "\x1b]8;;http://x\x1b\\",
    "\n::error::x", "\r::set-env name=a::b", "\n  ::add-mask::a", "\u2028::error::x", "##[error]x", "##[add-path]x", "::error::x", "%0A::error::x",
    "</title><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "]]><x/>", "<!--", "-->", "</script>", "&lt;", "`]:::x", "\"]\nclick n0 call x()",
    "\" onload=\"alert(1)", "${x}", "{{7*7}}", "\\N", "<br/>", "'; DROP",
]
NAMES = [f"a{it}b" for it in CONTROLS + INVISIBLE] + SEQUENCES
COMMANDS = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "echo", "stop-commands",
            "set-env", "set-output", "save-state", "add-path", "internal-set-repo-path"}


def quoted(name):
    """A double-quoted YAML scalar."""
    return '"' + "".join(it if it.isalnum() or it in " -_./:" else f"\\U{ord(it):08x}" for it in name) + '"'


def files(name):
    """A file for each place, so that a mistake in one hides no other."""
    word = quoted(name)
    network = "{name: external, type: bridge, physicalInterface: ens192, vlanId: 100}"

    def wukong(metadata="", spec="", of=network):
        return f"apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {{name: web{metadata}}}\nspec:\n  cpu: 2\n  memory: 4Gi\n{spec}  networks: [{of}]\n"

    yield "key", wukong(spec=f"  {word}: 1\n")
    yield "network-key", wukong(of=network[:-1] + f", {word}: 1}}")
    yield "value", wukong(of=network.replace("bridge", word))
    yield "network", wukong(of=network.replace("external", word))
    yield "bridge", wukong(of=network[:-1] + f", bridgeName: {word}}}")
    yield "uplink", wukong(of=network.replace("ens192", word))
    yield "attachment", wukong(of=f"{{name: external, type: bridge, nadName: {word}}}")
    yield "name", wukong(metadata=f", namespace: {word}")
    yield "reason", wukong(metadata=f", annotations: {{accept.render.novasphere.dev/WK101: {word}}}", spec="  oops: 1\n")
    yield "acceptance", wukong(metadata=f", annotations: {{? {quoted('accept.render.novasphere.dev/' + name)} : x}}")
    yield "selector", wukong(spec=f"  highAvailability: {{nodeSelector: {{{word}: {word}}}}}\n")
    yield "kind", f"apiVersion: v1\nkind: {word}\n---\n" + wukong()
    yield "version", f"apiVersion: {quoted('vm.novasphere.dev/' + name)}\nkind: Wukong\n---\n" + wukong()
    yield "raw", f"# {name}\n{name}: [\n"
    yield "site", ("apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata: {name: " + word + ", annotations: {config.kubernetes.io/local-config: 'true'}}\n"
                   f"spec: {{nodeGroups: [{{name: {word}, nodeSelector: {{a: {word}}}}}], uplinks: [{{name: {word}}}]}}\n---\n" + wukong())
    yield "policy", ("apiVersion: nmstate.io/v1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: " + word + "}\n"
                     f"spec: {{desiredState: {{interfaces: [{{name: br-external, type: linux-bridge, bridge: {{port: [{{name: {word}}}]}}}}]}}}}\n---\n" + wukong())
    yield "node", ("apiVersion: nmstate.io/v1beta1\nkind: NodeNetworkState\nmetadata: {name: " + word + "}\n"
                   f"status: {{currentState: {{interfaces: [{{name: ens192, type: ethernet, ipv4: {{address: [{{ip: {word}, prefix-length: 24}}]}}}}]}}}}\n---\n" + wukong())


def commands(text):
    """The commands that GitHub's runner finds in a log."""
    found = []
    for line in re.split(r"\r\n|\n|\r", text):
        trimmed = line.lstrip()
        if trimmed.startswith("::") and (end := trimmed.find("::", 2)) >= 0:
            name = trimmed[2:end].split(" ", 1)[0].lower()
            if name in COMMANDS:
                found.append(name)
                continue
        if (start := line.find("##[")) >= 0 and (end := line.find("]", start)) >= 0:
            name = line[start + 3 : end].split(" ", 1)[0].lower()
            if name in COMMANDS:
                found.append(name)
    return found


class Watched(pyte.Screen):
    """A terminal that notes everything but text and line ends."""

    def __init__(self):
        super().__init__(200, 50)
        self.acted = []

    def __getattribute__(self, name):
        if name in {"set_title", "set_icon_name", "set_mode", "reset_mode", "define_charset", "shift_in", "shift_out", "set_margins", "select_graphic_rendition",
                    "cursor_position", "cursor_up", "erase_in_display", "erase_in_line", "bell", "save_cursor", "restore_cursor", "index", "reverse_index",
                    "report_device_attributes", "report_device_status", "alignment_display", "backspace", "debug"}:
            acted = object.__getattribute__(self, "__dict__").get("acted")
            if acted is not None:
                acted.append(name)
        return object.__getattribute__(self, name)


def acts_on_terminal(said):
    screen = Watched()
    stream = pyte.ByteStream(screen)
    screen.acted.clear()
    # A terminal returns the carriage at each line end; that is not the text's doing.
    stream.feed(said.replace(b"\n", b"\r\n"))
    # `index` is what a line feed does.
    return sorted({it for it in screen.acted if it not in {"index"}})


def raw(text, allowed="\n\t"):
    """What in a text is a control or steers its direction."""
    return sorted({f"U+{ord(it):04X}" for it in text if it not in allowed and (unicodedata.category(it) in {"Cc", "Zl", "Zp"} or it in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")})


class Page(html.parser.HTMLParser):
    """The elements of a page, and whether any of them runs something that is not ours."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.handlers = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements[tag] = self.elements.get(tag, 0) + 1
        self.handlers += [name for name, _ in attributes if name.startswith("on")]


def run(folder, *args, stdin=b""):
    return subprocess.run([BINARY, *args], cwd=folder, capture_output=True, input=stdin, check=False, timeout=60)


def judge_log(where, said):
    text = said.decode("utf-8", "strict")
    if acted := acts_on_terminal(said):
        fail(where, f"acts on a terminal: {acted}")
    if found := raw(text):
        fail(where, f"has {found}")
    if found := commands(text):
        fail(where, f"GitHub takes {found} for commands")


def judge(place, name, folder):
    where = f"{place}, {name!r}"
    inputs = [str(it) for it in folder.iterdir()]
    for args in (["check", "-v"], ["diff"], ["graph", "--as", "mermaid"], ["graph", "--as", "dot"]):
        output = run(folder, *args, *inputs, *(["out"] if args == ["diff"] else []))
        if output.returncode not in (0, 1, 2) or b"panicked" in output.stderr:
            fail(where, f"{args}: exit {output.returncode}: {output.stderr[-300:]}")
        judge_log(f"{where}, {args}, standard error", output.stderr)
        judge_log(f"{where}, {args}, standard output", output.stdout)
    output = run(folder, *inputs, "-")
    judge_log(f"{where}, stream", output.stdout)
    for document in yaml.safe_load_all(output.stdout):
        assert document is None or document["kind"]
    output = run(folder, "check", "--format", "github", *inputs)
    lines = output.stdout.decode().splitlines()
    if raw(output.stdout.decode()) or commands(output.stdout.decode()) != [line[2:].split(" ")[0] for line in lines]:
        fail(where, f"github: {lines}")
    count = len(lines)
    for form in ("json", "sarif"):
        output = run(folder, "check", "--format", form, *inputs)
        judge_log(f"{where}, {form}", output.stdout)
        read = json.loads(output.stdout)
        results = read["diagnostics"] if form == "json" else read["runs"][0]["results"]
        if len(results) != count:
            fail(where, f"{form}: {len(results)} findings, and {count} for GitHub")
    svg = run(folder, "graph", "--as", "svg", *inputs).stdout
    if svg:
        judge_log(f"{where}, svg", svg)
        tags = {it.tag.rsplit("}", 1)[1] for it in xml.etree.ElementTree.fromstring(svg).iter()}
        if extra := tags - {"svg", "title", "style", "rect", "path", "text", "g"}:
            fail(where, f"svg has {extra}")
    page = run(folder, "graph", "--as", "html", *inputs).stdout.decode()
    if page:
        read = Page(page)
        if read.elements.get("script") != SCRIPTS or read.handlers or "img" in read.elements:
            fail(where, f"html has {read.elements}, {read.handlers}")
        if found := raw(page):
            fail(where, f"html has {found}")


def scripts():
    """How many scripts the page has without anything hostile."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "web.yaml").write_text(dict(files("plain"))["key"])
        return Page(run(folder, "graph", "--as", "html", "web.yaml").stdout.decode()).elements["script"]


SCRIPTS = scripts()
judged = 0
places = [place for place, _ in files("plain")]
with tempfile.TemporaryDirectory() as root:
    for number, name in enumerate(NAMES):
        for place, text in files(name):
            # Every name in a place or two: all in all is twenty thousand runs.
            if "--all" not in sys.argv and (number + places.index(place)) % 10 != 0:
                continue
            folder = Path(root) / f"{number}-{place}"
            folder.mkdir()
            (folder / "web.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
            judge(place, name, folder)
            judged += 1
        # A file name has no slash and no NUL.
        folder = Path(root) / f"{number}-file"
        folder.mkdir()
        shown = name.replace("/", "_")[:100]
        (folder / f"{shown}.yaml").write_text(dict(files("plain"))["key"])
        judge("file name", name, folder)
        judged += 1
verdict(judged)
