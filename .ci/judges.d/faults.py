"""The writer under faults: each system call that touches the output folder fails once in every way, and is once the last of its process.

strace puts the faults in. Afterwards every file is as it was or as it is to be, no kustomization names a file that is not there, the
exit code is one of ours, and the next run makes the tree that a run without faults makes, with nothing left over."""

import re
import shutil

from common import Path, each, fail, os, run, skip, verdict, yaml

ERRORS = ["ENOSPC", "EIO", "EACCES", "EINTR"]
# What opens, reads, makes, moves and removes. A failure of the rest (close, fcntl, lseek) is not the writer's to see.
CALLS = set(
    "open openat openat2 creat read pread64 write pwrite64 writev stat lstat newfstatat statx getdents64 mkdir mkdirat rename renameat "
    "renameat2 link linkat symlinkat unlink unlinkat rmdir flock fsync fdatasync sync_file_range fchmod fchmodat fchown ftruncate "
    "fallocate copy_file_range".split()
)
READS = set("read pread64 stat lstat newfstatat statx getdents64".split())
MOVES = {"rename", "renameat", "renameat2", "link", "linkat"}
# Fewer than these were not a test: a run of the writer has more than a hundred such calls.
LEAST = 400

WUKONG = """\
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  cpu: 2
  memory: 4Gi
  networks:
    - {{name: lan, type: bridge, physicalInterface: eno1, vlanId: {vlan}}}
    - {{name: {second}, type: bridge, physicalInterface: eno1, vlanId: 200}}
"""
BEFORE = {
    "web": WUKONG.format(name="web", namespace="prod", vlan=100, second="san"),
    "db": WUKONG.format(name="db", namespace="test", vlan=100, second="san"),
}
# A policy that changes, some that go, with their folder, and some that come.
AFTER = {
    "web": WUKONG.format(name="web", namespace="prod", vlan=101, second="backup"),
    "dns": WUKONG.format(name="dns", namespace="infra", vlan=101, second="backup"),
}

binary = os.environ["WUKONG_RENDER"]
work = Path(os.environ["JUDGES_WORK"]) / "faults"
# Two threads at most, whose calls come in one order, so that the number of a call means the same in every run.
environment = os.environ | {"RAYON_NUM_THREADS": "1"}


def inputs(name, texts):
    folder = work / name
    folder.mkdir(parents=True)
    for stem, text in texts.items():
        (folder / f"{stem}.yaml").write_text(text)
    return folder


def files(folder):
    """Every file below a folder."""
    return {str(it.relative_to(folder)): it.read_bytes() for it in sorted(folder.rglob("*")) if not it.is_dir()}


def render(source, output, *strace):
    return run([*strace, binary, "-q", "--allow", "WK232", source, output], env=environment)


def traced(source, output, log, *options):
    done = render(source, output, "strace", "-f", "-y", "-s", "16", "-o", log, *options)
    return done, (log.read_text(errors="replace") if log.exists() else "")


def calls(log, output):
    """The calls that touch the output folder: the name of each, and its number among those of its thread."""
    counts, found = {}, set()
    for line in log.splitlines():
        match = re.match(r"(\d+) +(\w+)\((.*)", line)
        if match and match[2] in CALLS:
            key = (match[1], match[2])
            counts[key] = counts.get(key, 0) + 1
            if output.name in match[3]:
                found.add((match[2], counts[key]))
    return sorted(found)


def told(log, output):
    """Whether a fault was put into a call that touches the output folder."""
    return any("(INJECTED)" in line and output.name in line for line in log.splitlines())


def is_sound(where, output, old, new):
    """Whether the tree is between the old one and the new one, each file in one piece."""
    now = {path: text for path, text in files(output).items() if not Path(path).name.startswith(".")} if output.is_dir() else {}
    for path, text in now.items():
        if text not in (old.get(path), new.get(path)):
            fail(where, f"{path} is neither old nor new: {len(text)} bytes")
        if Path(path).name == "kustomization.yaml":
            for name in yaml.safe_load(text).get("resources", []):
                if not (output / path).parent.joinpath(name).exists():
                    fail(where, f"{path} names {name}, which is not there")
    for path in old.keys() & new.keys() - now.keys():
        fail(where, f"{path} is gone")


def inject(job):
    """One run with one fault, and one without. Whether the fault was put in."""
    number, (scenario, start, source, old, new), call, at, fault = job
    output = work / f"output-{number}"
    where = f"{scenario}: {call} number {at}: {fault}"
    if start is not None:
        shutil.copytree(start, output)
    how = "signal=SIGKILL" if fault == "SIGKILL" else f"error={fault}"
    done, log = traced(source, output, work / f"{number}.log", "-e", f"inject={call}:{how}:when={at}")
    is_in = done.returncode in (-9, 137) if fault == "SIGKILL" else told(log, output)
    # Another thread's call of this number may be the loader's, before the program is there to answer for anything.
    is_loader = done.returncode == 127 and "shared librar" in done.stderr
    if fault != "SIGKILL" and done.returncode not in (0, 2) and not is_loader:
        fail(where, f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
    # The other thread's call of this number may be the one that writes the message.
    # strace breaks a call in two where another thread's comes between.
    to_stderr = [line for line in log.splitlines() if " write(2" in line]
    is_broken = any("(INJECTED)" in line and "write resumed" in line for line in log.splitlines())
    is_mute = any("(INJECTED)" in line or is_broken and "unfinished" in line for line in to_stderr)
    if done.returncode == 2 and not done.stderr.strip() and not is_mute:
        fail(where, "exit 2 without a word")
    if done.returncode == 0 and files(output) != new:
        fail(where, "exit 0, but the tree is not the one that was wanted")
    is_sound(where, output, old, new)
    again = render(source, output)
    if again.returncode != 0:
        fail(where, f"the next run: exit {again.returncode}: {again.stderr.strip()[-300:]}")
    elif files(output) != new:
        odd = sorted(path for path, text in files(output).items() if new.get(path) != text)
        fail(where, f"the next run does not make the tree that is wanted: {odd or 'files are missing'}")
    shutil.rmtree(output, ignore_errors=True)
    (work / f"{number}.log").unlink(missing_ok=True)
    return is_in


work.mkdir(parents=True)
tried = run(["strace", "-f", "-o", "/dev/null", "true"])
if tried.returncode:
    skip(f"strace cannot trace here: {tried.stderr.strip()[:200]}")

before, after = inputs("before", BEFORE), inputs("after", AFTER)
trees = {}
for name, source in (("old", before), ("new", after)):
    trees[name] = work / name
    done = render(source, trees[name])
    if done.returncode:
        fail(name, f"cannot be rendered: {done.stderr.strip()}")
        verdict(1)
old, new = files(trees["old"]), files(trees["new"])

# The calls of an update, and the first of them that moves a file into its place: a run killed there leaves its unfinished file.
output = work / "output-update"
shutil.copytree(trees["old"], output)
_, log = traced(after, output, work / "update.log")
update = calls(log, output)
killed = work / "output-killed"
shutil.copytree(trees["old"], killed)
move = next((it for it in update if it[0] in MOVES), None)
if move:
    traced(after, killed, work / "killed.log", "-e", f"inject={move[0]}:signal=SIGKILL:when={move[1]}")
if not set(files(killed)) - set(old) - set(new):
    fail("a killed run", "it has left nothing unfinished: whether the next one clears it away is not tested")

jobs = []
for scenario in (
    ("a first tree", None, after, {}, new),
    ("an update", trees["old"], after, old, new),
    ("an update after a killed one", killed, after, old, new),
):
    name, start, source = scenario[:3]
    output = work / f"output-{name.replace(' ', '-')}"
    if start is not None:
        shutil.copytree(start, output)
    _, log = traced(source, output, work / "calls.log")
    if files(output) != new:
        fail(name, "a run without faults does not make the tree")
    found = calls(log, output)
    print(f"  {name}: {len(found)} calls: " + ", ".join(sorted({call for call, _ in found})))
    for call, at in found:
        # A disk is not too full to be read, and a process that dies while it reads has changed nothing.
        faults = ["EIO", "EINTR"] if call in READS else [*ERRORS, "SIGKILL"] if start is not killed else ["EIO", "SIGKILL"]
        jobs += [(scenario, call, at, fault) for fault in faults]
made = sum(map(bool, each(inject, [(number, *job) for number, job in enumerate(jobs)])))
print(f"  {made} faults put in")
if made < LEAST:
    fail("faults", f"only {made} of {len(jobs)} were put in: it was no test")
verdict(made)
