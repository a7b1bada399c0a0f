"""Graphviz, Mermaid and a browser draw the topology of every fixture; what they draw is what is meant."""

import html
import re
import xml.etree.ElementTree as ElementTree

from common import Path, each, fail, json, os, run, verdict

binary, chromium, mermaid = (os.environ[key] for key in ("WUKONG_RENDER", "CHROMIUM", "MERMAID"))
work = Path(os.environ["JUDGES_WORK"]) / "pictures"
work.mkdir()
SVG = "{http://www.w3.org/2000/svg}"


def draw(kind, path):
    return run([binary, "graph", "--quiet", "--as", kind, path]).stdout


def page(url, budget=4000):
    """What a browser makes of a page: the whole document after its scripts have run."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--virtual-time-budget={budget}", "--dump-dom"]
    return run([chromium, *options, url]).stdout


def attribute(dom, name):
    found = re.search(rf"<body[^>]* data-{name}=\"([^\"]*)\"", dom)
    return html.unescape(found.group(1)) if found else None


def judge_static(path):
    """DOT by Graphviz; SVG as XML, with a box for each node of DOT, none over another, and all text within."""
    dot = draw("dot", path)
    if not dot:
        return 0  # the Site cannot be used
    drawn = run(["dot", "-Tplain"], input=dot)
    boxes = [line for line in drawn.stdout.splitlines() if line.startswith("node ")]
    if drawn.returncode or drawn.stderr.strip():
        fail(path, f"Graphviz: {drawn.stderr.strip()}")
    root = ElementTree.fromstring(draw("svg", path))
    rects = [it for it in root.iter(f"{SVG}rect") if it.get("class", "").startswith("box")]
    if len(rects) != len(boxes):
        fail(path, f"{len(rects)} boxes in SVG, {len(boxes)} in DOT")
    edges = [tuple(float(it.get(key)) for key in ("x", "y", "width", "height")) for it in rects]
    for number, (x, y, width, height) in enumerate(edges):
        if x < 0 or y < 0 or x + width > float(root.get("width")) or y + height > float(root.get("height")):
            fail(path, "a box is outside the picture")
        for x2, y2, width2, height2 in edges[number + 1:]:
            if x < x2 + width2 and x2 < x + width and y < y2 + height2 and y2 < y + height:
                fail(path, "a box is over another")
    return 1


def judge_mermaid(path):
    return flowchart(path, draw("mermaid", path))


def judge_readme(path):
    blocks = re.findall(r"```mermaid\n(.*?)```", path.read_text(), re.DOTALL)
    return sum(flowchart(path, block) for block in blocks)


def flowchart(path, text):
    """Mermaid draws all the nodes of a flowchart."""
    expected = len(set(re.findall(r"\b(n\d+)(?=[\[({])", text)))
    file = work / f"{path.parent.name or path.name}.mermaid.html"
    file.write_text(f"""<!DOCTYPE html><meta charset="utf-8"><body><pre class="mermaid">{html.escape(text)}</pre>
<script src="{Path(mermaid).as_uri()}"></script><script>
mermaid.initialize({{startOnLoad: false}});
mermaid.run({{querySelector: ".mermaid"}}).then(
  () => document.body.dataset.drawn = document.querySelectorAll("svg g.node[id*='-n']").length,
  error => document.body.dataset.error = String(error.message || error));</script>""")
    dom = page(file.as_uri(), 10000)
    if attribute(dom, "drawn") != str(expected):
        fail(path, f"Mermaid draws {attribute(dom, 'drawn')} of {expected}: {attribute(dom, 'error')}")
    return 1


def judge_page(path):
    """The page of its own: everything is drawn or folded, a search finds what it should, and nothing of a name becomes markup."""
    file = work / f"{path.parent.name}.html"
    file.write_text(draw("html", path))
    data = json.loads(re.search(r'id="topology">(.*?)</script>', file.read_text(), re.DOTALL).group(1))
    dom = page(file.as_uri())
    images = [it for it in ("<img", "<iframe") if it in dom.split("<script", 1)[0]]
    if images:
        fail(path, f"a name has become markup: {images}")
    visible = int(attribute(dom, "visible") or -1)
    few = len(data["nodes"]) <= 20
    if visible > len(data["nodes"]) or (few and visible != len(data["nodes"])):
        fail(path, f"the page shows {visible} of {len(data['nodes'])} nodes")
    for node in data["nodes"][-1:]:
        dom = page(f"{file.as_uri()}#q={node['name']}")
        if int(attribute(dom, "matches") or 0) < 1 or html.escape(node["name"].rsplit("/", 1)[-1], quote=False) not in dom:
            fail(path, f"a search for {node['name']} does not find it")
    return 1


inputs = [path / "input" for folder in ("graph", "sets", "near", "rules") for path in sorted(Path("fixtures", folder).iterdir())]
inputs = [path for path in inputs if path.is_dir()]
# A browser takes a second for a page: the cases made for pictures, and a few more.
chosen = [path for path in inputs if path.parts[1] == "graph" or path.parent.name in ("node-groups", "uplink-stack", "seed")]
counts = each(judge_static, inputs) + each(judge_mermaid, chosen) + each(judge_page, chosen)
counts.append(judge_readme(Path("README.md")))
verdict(sum(count for count in counts if count))
