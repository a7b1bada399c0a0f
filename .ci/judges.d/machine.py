"""A machine with a kernel of its own, for judges whose host's kernel lacks something or must not be touched.

Debian's user-mode-linux is a kernel that runs as an ordinary process. The machine's root is the root of the host, which it only
reads, with unpacked packages over it. Nothing is installed on the host and nothing is started there: `apt-get download` and `dpkg -x`
fill a cache, which the next run finds.
"""

import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# What the machine itself needs; unpacked even where the host has it.
KERNEL = ["user-mode-linux", "kmod", "busybox-static"]
# What runs in it: of these and of what they depend on, only what the host lacks is unpacked.
PROGRAMS = ["network-manager", "udev", "dbus", "dnsmasq-base", "nftables", "iproute2", "iputils-ping", "containernetworking-plugins"]
INIT = Path(__file__).resolve().parent / "machine" / "init"
# MiB. The root's upper layer is in it.
MEMORY = 640
# The process groups of the machines that are up.
running = set()


class Missing(Exception):
    """Why there can be no machine here."""


def _run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def _cache():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("WUKONG_RENDER_JUDGES_CACHE") or Path(base) / "wukong-render" / "machine")


def _plan():
    """The packages with their versions, as apt would install them; None where apt does not know them."""
    simulated = _run("apt-get", "install", "-s", "--no-install-recommends", *PROGRAMS)
    policy = _run("apt-cache", "policy", *KERNEL)
    found = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", simulated.stdout, re.MULTILINE)
    found += zip(re.findall(r"^(\S+):$", policy.stdout, re.MULTILINE), re.findall(r"^  Candidate: (\S+)$", policy.stdout, re.MULTILINE))
    if simulated.returncode or {name for name, version in found if version != "(none)"} < set(KERNEL):
        return None
    return sorted({f"{name}={version}" for name, version in found})


def _unpack(packages, place):
    """Downloads and unpacks the packages into `place`, which appears only when it is complete."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="new-") as new:
        new = Path(new)
        (new / "debs").mkdir()
        done = _run("apt-get", "-q", "download", *packages, cwd=new / "debs")
        if done.returncode:
            return f"the packages cannot be downloaded: {done.stderr.strip().splitlines()[-1:]}"
        root = new / "whole" / "root"
        root.mkdir(parents=True)
        for package in sorted((new / "debs").iterdir()):
            done = _run("dpkg", "-x", package, root)
            if done.returncode:
                return f"{package.name} cannot be unpacked: {done.stderr.strip()}"
        # The host has links there, which folders of an upper layer would hide.
        for name in ("bin", "sbin", "lib"):
            if (root / name).is_dir():
                shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
                shutil.rmtree(root / name)
        for version in (root / "usr/lib/uml/modules").iterdir():
            (root / "usr/lib/modules").mkdir(exist_ok=True)
            (root / "usr/lib/modules" / version.name).symlink_to(Path("../uml/modules") / version.name)
        # udev would give a plugin's interface another address, and NetworkManager leave every veth alone: here they are NICs.
        for name in ("usr/lib/systemd/network/99-default.link", "usr/lib/udev/rules.d/85-nm-unmanaged.rules"):
            (root / name).unlink(missing_ok=True)
        for name in ("etc/NetworkManager/dispatcher.d", "usr/lib/NetworkManager/dispatcher.d", "usr/lib/NetworkManager/conf.d"):
            shutil.rmtree(root / name, ignore_errors=True)
        try:
            (new / "whole").rename(place)
        except OSError:
            # Another run was faster.
            if not place.is_dir():
                raise
    return None


def parts():
    """The folder with the unpacked packages, fetched now where the cache lacks them."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise Missing(f"user-mode-linux is for Linux on amd64, not for {platform.system()} on {platform.machine()}")
    for program in ("apt-get", "apt-cache", "dpkg"):
        if not shutil.which(program):
            raise Missing(f"no {program}: the parts are Debian's packages")
    cache, why = _cache(), "apt does not know the packages"
    for attempt in ("as they are", "updated"):
        if attempt == "updated":
            done = _run("apt-get", "-q", "-o", "DPkg::Lock::Timeout=60", "update")
            if done.returncode:
                break
        packages = _plan()
        if packages is None:
            continue
        key = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:16]
        if not (cache / key).is_dir():
            why = _unpack(packages, cache / key)
        if (cache / key).is_dir():
            return cache / key
    raise Missing(f"{why}, and the package lists cannot be fetched anew by this user from here")


def shared_folder():
    """A new folder that the host and a machine share."""
    return Path(tempfile.mkdtemp(prefix="machine-", dir=os.environ.get("JUDGES_WORK")))


def boot(place, command, shared, seconds, environment=()):
    """Runs a command in a new machine, as root: its exit code (None: it did not come to an end) and what the console said.

    `shared` is the one folder of the host that the machine can write.
    """
    words = " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in command)
    exports = "".join(f"export {name}='{value}'\n" for name, value in dict(environment).items())
    (shared / "command").write_text(f"{exports}exec {words}\n", encoding="utf-8")
    (shared / "status").unlink(missing_ok=True)
    kernel = [
        place / "root/usr/bin/linux.uml", f"mem={MEMORY}M", f"uml_dir={shared}/", "umid=machine", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
        f"init={INIT}", "con=null", "con0=fd:0,fd:1", "ssl=null", "quiet", "loglevel=3", f"judge.parts={place}", f"judge.shared={shared}",
    ]
    with open(shared / "console", "wb") as console:
        process = subprocess.Popen([str(it) for it in kernel], stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        running.add(process.pid)
        # For `.ci/judges`, which ends what outlives the judge.
        (shared / "pid").write_text(str(process.pid))
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            end(process.pid)
            process.wait()
            running.discard(process.pid)
            (shared / "pid").unlink(missing_ok=True)
    said = (shared / "console").read_text(errors="replace")
    status = shared / "status"
    return (int(status.read_text()) if status.exists() and status.read_text().strip() else None), said


def end(group):
    """Ends a machine: the kernel and the processes of its programs, which are one group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end_all(*_):
    """Ends every machine of this process, and the process: they are no part of the terminal's group, and would outlive it."""
    for group in tuple(running):
        end(group)
    sys.exit(130)


def end_with_signals():
    """Has the machines end when the process is told to."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_all)


if __name__ == "__main__":
    # By hand: a command in a machine of its own.
    end_with_signals()
    folder = shared_folder()
    try:
        code, text = boot(parts(), sys.argv[1:] or ["uname", "-a"], folder, 300)
    except Missing as missing:
        sys.exit(f"no machine: {missing}")
    sys.stdout.write(text)
    shutil.rmtree(folder)
    sys.exit(99 if code is None else code)
