"""The JSON Schemas are legal, take every Wukong and Site that we render without an error, and refuse broken ones."""

from common import Path, fail, failures, json, os, run, trees, verdict, yaml

KINDS = {"Wukong": "schemas/wukong.schema.json", "Site": "schemas/site.schema.json"}
work = Path(os.environ["JUDGES_WORK"]) / "schema"
work.mkdir()


def check(*arguments):
    """The files that check-jsonschema refuses, with its reason."""
    done = run([os.environ["CHECK_JSONSCHEMA"], "--output-format", "json", *arguments])
    if done.returncode not in (0, 1):
        raise SystemExit(f"check-jsonschema cannot work: {done.stderr}")
    answer = json.loads(done.stdout)
    refused = {it["filename"]: f"{it.get('path', '')}: {it['message']}" for it in answer.get("errors", [])}
    refused |= {it["filename"]: "cannot be parsed" for it in answer.get("parse_errors", [])}
    if bool(refused) != (done.returncode == 1):
        raise SystemExit(f"check-jsonschema does not make sense: {done.stdout}")
    return refused


def documents(path):
    """The documents of a file, lists unpacked."""
    # PyYAML refuses tabs, which JSON allows.
    text = path.read_bytes()
    waiting = [json.loads(text)] if path.suffix == ".json" else list(yaml.safe_load_all(text))
    while waiting:
        document = waiting.pop(0)
        if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
            waiting = list(document.get("items") or []) + waiting
        elif isinstance(document, dict):
            yield document


def written(kind, name, document):
    path = work / f"{kind}-{name}.json"
    path.write_text(json.dumps(document, default=str))
    return path


def broken(wukong):
    """One mistake each, in what is otherwise a good Wukong."""
    network = {"name": "lan", "type": "bridge"}
    for name, change in {
        "vlan-too-large": {"vlanId": 5000},
        "vlan-zero": {"vlanId": 0},
        "vlan-text": {"vlanId": "100"},
        "unknown-type": {"type": "brigde"},
        "unknown-key": {"vlanID": 100},
        "bad-name": {"name": "Lan_1"},
        "ip-config-without-mode": {"ipConfig": {"address": "10.0.0.1/24"}},
        "unknown-mode": {"ipConfig": {"mode": "auto"}},
    }.items():
        yield name, wukong | {"spec": wukong["spec"] | {"networks": [network | change]}}
    yield "no-type", wukong | {"spec": wukong["spec"] | {"networks": [{"name": "lan"}]}}
    yield "no-name", wukong | {"metadata": {}}
    yield "other-kind", wukong | {"kind": "Bajie"}
    yield "no-spec", {key: value for key, value in wukong.items() if key != "spec"}


schemas = {}
for kind, committed in KINDS.items():
    schemas[kind] = Path(committed)
    if not schemas[kind].is_file():
        schemas[kind] = work / f"{kind.lower()}.schema.json"
        schemas[kind].write_text(run([os.environ["WUKONG_RENDER"], "schema", kind.lower()]).stdout)
for path, why in check("--check-metaschema", *schemas.values()).items():
    fail(path, why)
if failures:
    verdict(len(schemas))  # nothing can be held against a schema that is none

good = {kind: {} for kind in KINDS}
for tree in trees():
    for path in sorted((tree.parent / "input").rglob("*")):
        below = path.relative_to(tree.parent / "input")
        if path.suffix not in (".yaml", ".yml", ".json") or any(part.startswith(".") for part in below.parts):
            continue
        for document in documents(path):
            if (kind := document.get("kind")) in KINDS:
                good[kind][str(written(kind, f"good-{len(good[kind])}", document))] = path, document
judged = 0
for kind, files in good.items():
    judged += len(files)
    if files:
        for path, why in check("--schemafile", schemas[kind], *files).items():
            fail(files[path][0], why)

if good["Wukong"]:
    wukong = next(document for _, document in good["Wukong"].values())
    bad = [written("Wukong", name, document) for name, document in broken(wukong)]
    refused = check("--schemafile", schemas["Wukong"], *bad)
    judged += len(bad)
    for path in bad:
        if str(path) not in refused:
            fail(path.stem, "the schema takes a broken Wukong")
verdict(judged)
