"""The real pre-commit builds the hooks from this repository, as README has them pasted, and they catch drift in a scratch repository."""

import re
import shutil
import subprocess

from common import Path, fail, os, run, skip, verdict, yaml

work = Path(os.environ["JUDGES_WORK"]) / "pre-commit"
work.mkdir()
here = Path.cwd()
if run(["git", "rev-parse", "HEAD"]).returncode or shutil.which("cargo") is None:
    skip("no git repository here, or no cargo: pre-commit builds from a commit")
head = run(["git", "rev-parse", "HEAD"]).stdout.strip()
pre_commit = os.environ["PRE_COMMIT"]

# One build serves two judges: static, so that it runs in an empty folder as in the image. Without optimisation, which is not judged here.
environment = os.environ | {
    "PRE_COMMIT_HOME": str(work / "home"),
    "CARGO_TARGET_DIR": os.environ.get("JUDGES_TARGET", str(here / "target" / "judges")),
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "RUSTFLAGS": "-C target-feature=+crt-static",
    "CARGO_BUILD_TARGET": f"{os.uname().machine}-unknown-linux-gnu",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "judge", "GIT_AUTHOR_EMAIL": "judge@example.org",
    "GIT_COMMITTER_NAME": "judge", "GIT_COMMITTER_EMAIL": "judge@example.org",
}
scratch = work / "scratch"
judged = 0


def sh(*command, **options):
    return run(command, cwd=scratch, env=environment, **options)


def expect(what, done, code, *texts):
    global judged
    judged += 1
    said = done.stdout + done.stderr
    if done.returncode != code or any(text not in said for text in texts):
        fail(what, f"exit {done.returncode} instead of {code}, or one of {texts} is missing:\n{said}")


expect("manifest", run([pre_commit, "validate-manifest", ".pre-commit-hooks.yaml"]), 0)
ids = [hook["id"] for hook in yaml.safe_load(Path(".pre-commit-hooks.yaml").read_text())]
pasted = [block for block in re.findall(r"```yaml\n(.*?)```", Path("README.md").read_text(), re.DOTALL) if "repos:" in block]
if len(pasted) != 1:
    fail("README.md", "there is no one snippet for pre-commit")
    verdict(judged)
config = yaml.safe_load(pasted[0])
if sorted(hook["id"] for hook in config["repos"][0]["hooks"]) != sorted(ids)[:1] or len(pasted[0].splitlines()) > 6:
    fail("README.md", "the snippet has other hooks, or more than six lines")
shutil.copytree("fixtures/sets/quickstart/input", scratch / "vms")
sh("git", "init", "-q", "-b", "main")


text = yaml.safe_dump({"repos": [config["repos"][0] | {
    "repo": str(here), "rev": head, "hooks": [{"id": hook, "args": ["vms", "rendered"]} for hook in ids]}]})
(scratch / ".pre-commit-config.yaml").write_text(text)
sh("git", "add", "--all")
expect("config", sh(pre_commit, "validate-config"), 0)
expect("first render", sh(pre_commit, "run", "wukong-render"), 1, "Failed", "4 created")
sh("git", "add", "--all")
expect("second render", sh(pre_commit, "run", "wukong-render"), 0, "Passed")
sh("git", "commit", "-q", "-m", "first")
expect("no drift", sh(pre_commit, "run", "wukong-render-check"), 0, "Passed")
wukong = scratch / "vms" / "web.yaml"
text = wukong.read_text()
wukong.write_text(text.replace("vlanId: 100", "vlanId: 101"))
if wukong.read_text() == text:
    fail("fixture", "there is no VLAN to change")
sh("git", "add", "--all")
expect("a changed VLAN", sh(pre_commit, "run", "wukong-render-check"), 1, "stale    nncp/web-external-bridge.yaml")
# pre-commit passes no file that is deleted: the hook has to run all the same.
sh("git", "reset", "-q", "--hard")
sh("git", "rm", "-q", "vms/database.yaml")
expect("a deleted file", sh(pre_commit, "run", "wukong-render-check"), 1, "orphaned nncp/database-storage-bridge.yaml")
sh("git", "reset", "-q", "--hard")
wukong.write_text(text.replace("vlanId: 100", "vlanID: 100"))
sh("git", "add", "--all")
expect("a misspelt key", sh(pre_commit, "run", "wukong-render-check"), 1, "did you mean `vlanId`?", "vms/web.yaml:")

built = next((work / "home").rglob("bin/wukong-render"), None)
if built is None:
    fail("build", "pre-commit has installed nothing")
else:
    static = Path(os.environ["JUDGES_WORK"]) / "static"
    static.mkdir(exist_ok=True)
    shutil.copy(built, static / "wukong-render")
    libraries = subprocess.run(["ldd", built], capture_output=True, text=True, check=False)
    if "statically linked" not in libraries.stdout + libraries.stderr and "not a dynamic" not in libraries.stderr:
        fail("build", f"is not static: {libraries.stdout}")
verdict(judged)
