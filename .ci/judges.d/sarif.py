"""Microsoft's SARIF Multitool (PyPI has none; npm has) reads the findings on every fixture, and has nothing against them."""

from common import Path, each, fail, json, os, run, verdict

binary, multitool = os.environ["WUKONG_RENDER"], os.environ["SARIF_MULTITOOL"]
work = Path(os.environ["JUDGES_WORK"]) / "sarif"
work.mkdir()

# SARIF2005 wants the address of a page about the tool: there is none yet.
KNOWN = {"SARIF2005"}


def log_of(name, inputs):
    """The findings on some inputs as SARIF, in a file; as many as there are in the other formats."""
    said = {kind: run([binary, "check", "--format", kind, *inputs]).stdout for kind in ("sarif", "json", "github")}
    log = json.loads(said["sarif"])
    results = log["runs"][0]["results"]
    counts = len(results), len(json.loads(said["json"])["diagnostics"]), len(said["github"].splitlines())
    if len(set(counts)) != 1:
        fail(name, f"SARIF, JSON and GitHub have {counts} findings")
    for line in said["github"].splitlines():
        if not line.startswith(("::error file=", "::warning file=")):
            fail(name, f"no annotation: {line}")
    path = work / f"{name}.sarif"
    path.write_text(said["sarif"])
    return path, len(results)


def judge(item):
    name, inputs = item
    path, count = log_of(name, inputs)
    verdict_path = path.with_suffix(".verdict.sarif")
    done = run([multitool, "validate", path, "--output", verdict_path, "--log", "ForceOverwrite"])
    if not verdict_path.exists():
        raise RuntimeError(f"the Multitool cannot work: {done.stdout}{done.stderr}")
    for result in json.loads(verdict_path.read_bytes())["runs"][0].get("results", []):
        if result.get("level", "warning") in ("error", "warning") and result["ruleId"] not in KNOWN:
            fail(name, f"{result['ruleId']}: {json.dumps(result['message'])}")
    return count


rules = sorted(path / "input" for path in Path("fixtures/rules").iterdir() if (path / "input").is_dir())
# A few logs with many findings: the Multitool takes a second to start.
cases = [("rules", rules), ("clean", [Path("fixtures/sets/shared-bridges/input")])]
cases += [(path.parent.name, [path]) for path in rules if path.parent.name[:5] in ("WK001", "WK004", "WK113", "WK304")]
counts = each(judge, cases)
verdict(sum(count for count in counts if count))
