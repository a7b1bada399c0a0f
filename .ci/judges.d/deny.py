"""cargo-deny looks at the dependencies: licences, where they come from, what is there twice, and known vulnerabilities where its database
can be fetched. deny.toml says what is allowed; the last check is that it can say no."""

import re

from common import Path, fail, os, run, skip, verdict

deny = os.environ["CARGO_DENY"]
if not Path("deny.toml").is_file() or not Path("Cargo.lock").is_file():
    skip("no deny.toml and Cargo.lock here")


def check(what, *options, package="Cargo.toml"):
    return run([deny, "--color", "never", "--locked", "--manifest-path", package, *options, "check", "--hide-inclusion-graph", *what])


judged = 0
for package, what in (("Cargo.toml", ["licenses", "bans", "sources"]), ("fuzz/Cargo.toml", ["sources"])):
    if not Path(package).is_file():
        continue
    config = Path("deny.toml").resolve()
    done = check(what, "--config", config, package=package)
    judged += len(what)
    if done.returncode:
        fail(package, done.stderr.strip())
    else:
        print(f"  {package}: {done.stdout.strip() or done.stderr.strip()}")

done = check(["advisories"])
if "failed to fetch advisory database" in done.stderr:
    print("  skipped: advisories: the database cannot be fetched from here")
else:
    judged += 1
    if done.returncode:
        fail("advisories", done.stderr.strip())

# With a licence and a source that are not allowed: it must say no.
text = Path("deny.toml").read_text()
for what, spoilt in (
    ("licenses", re.sub(r'"MIT", ', "", text)),
    ("bans", re.sub(r"(?m)^ +\{ crate = .*\n", "", text)),
    ("sources", re.sub(r"(?m)^allow-registry = .*$", "allow-registry = []", text)),
):
    config = Path(os.environ["JUDGES_WORK"]) / f"deny-{what}.toml"
    config.write_text(spoilt)
    judged += 1
    if spoilt == text or not check([what], "--config", config).returncode:
        fail(what, "what deny.toml does not allow is not refused")
verdict(judged)
