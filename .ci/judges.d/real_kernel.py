"""Manifests at work on a real kernel: nmstate applies the policies through NetworkManager, the CNI plugins attach guests, frames move.

  real_kernel.py            the rows that CI has time for, and outputs that are spoilt on purpose, which a row must notice
  real_kernel.py --all      every row, and every spoilt output (also: REAL_KERNEL=all)
  real_kernel.py NAME...    these rows alone; ROW=SPOILT for a spoilt output in a row
  real_kernel.py --list     their names

A row starts with bare NICs in a machine of its own kernel (`machine.py`) and ends with none. `real_kernel/node.py` has the node and the
world around it, `real_kernel/rows*.py` what is looked at.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import machine
from common import fail, skip, verdict

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "real_kernel"))
# The rows are run inside the machine; here only their names are wanted.
from rows import ROWS  # noqa: E402
from spoil import SPOILS  # noqa: E402

# Two, as CI has two cores. One needs about 10 s before its first row.
MACHINES = 2
# Seconds for a row, on a machine that has other things to do.
PATIENCE = 240


def nmstate():
    """The example `nmstate`: built here, or found beside the binary where there is no Cargo.toml."""
    beside = Path(os.environ["WUKONG_RENDER"]).parent / "examples" / "nmstate"
    root = HERE.parent.parent
    if not (root / "Cargo.toml").is_file():
        return beside if beside.is_file() else skip("no Cargo.toml here, and no examples/nmstate beside the binary")
    command = ["cargo", "build", "--quiet", "--locked", "--example", "nmstate", "--message-format", "json"]
    try:
        done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        skip("no cargo: nmstate is built from the dependency of the tests")
    if done.returncode:
        print(done.stdout[-2000:])
        fail("nmstate", "the example cannot be built")
        verdict(1)
    built = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return Path(next(it["executable"] for it in built if it.get("target", {}).get("kind") == ["example"]))


def run_rows(parts, program, words):
    """Boots a machine and runs the rows in it: their results."""
    shared = machine.shared_folder()
    command = [sys.executable, HERE / "real_kernel" / "guest.py", shared / "results", *words]
    environment = {"NMSTATE": program, "WUKONG_RENDER": os.environ["WUKONG_RENDER"]}
    code, said = machine.boot(parts, command, shared, 60 + PATIENCE * len(words), environment)
    results = shared / "results"
    found = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    if code or code is None or len(found) < len(words):
        print(said[-3000:])
        fail(" ".join(words), f"the machine ends with {code} after {len(found)} of {len(words)} rows")
    shutil.rmtree(shared)
    return found


def report(result):
    """One row's line, and what is wrong with it. A spoilt output must be noticed."""
    name, spoilt, wrong = result["row"], result["spoil"], result["wrong"]
    if spoilt and not result["spoilt"]:
        fail(name, f"it goes wrong before its output is spoilt ({spoilt}): {wrong}")
    elif spoilt and wrong:
        print(f"  {name}, spoilt ({spoilt}): noticed in {result['seconds']} s: {wrong[0].splitlines()[0]}")
    elif spoilt:
        fail(name, f"the output is spoilt ({spoilt}), and {result['checks']} checks do not notice it")
    else:
        print(f"  {name}: {result['checks']} checks in {result['seconds']} s")
        for what in wrong or ([] if result["checks"] else ["nothing was checked"]):
            fail(name, what)


def main():
    everything = "--all" in sys.argv or os.environ.get("REAL_KERNEL") == "all"
    words = [it for it in sys.argv[1:] if it.partition("=")[0] in ROWS]
    if "--list" in sys.argv:
        print("\n".join([*ROWS, *(f"{row}={name}" for name, (row, _) in SPOILS.items())]))
        return
    if not words:
        words = [name for name, (_, on_push) in ROWS.items() if on_push or everything]
        words += [f"{row}={name}" for name, (row, _, on_push) in SPOILS.items() if on_push or everything]
        if not everything:
            print(f"  {len(ROWS) + len(SPOILS) - len(words)} rows and spoilt outputs are left out: --all has them")
    started = time.monotonic()
    machine.end_with_signals()
    program = nmstate()
    try:
        parts = machine.parts()
    except machine.Missing as missing:
        skip(f"no machine: {missing}")
    # Dealt out in turn, so that both have long ones and short ones.
    hands = [hand for hand in (words[number::MACHINES] for number in range(MACHINES)) if hand]
    with ThreadPoolExecutor(MACHINES) as pool:
        results = [it for found in pool.map(lambda hand: run_rows(parts, program, hand), hands) for it in found]
    for result in sorted(results, key=lambda it: words.index(f"{it['row']}={it['spoil']}" if it["spoil"] else it["row"])):
        report(result)
    print(f"  {sum(it['checks'] for it in results)} checks, {time.monotonic() - started:.0f} s in {len(hands)} machines")
    verdict(len(results))


main()
