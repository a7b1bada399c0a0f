"""Everything under `deploy/`, the action and the plugin, run as those run it that they are for."""

import io
import json
import shutil
import signal
import stat
import subprocess
import tarfile

from common import Path, fail, os, run, verdict, yaml

binary = Path(os.environ["WUKONG_RENDER"])
work = Path(os.environ["JUDGES_WORK"]) / "gitops"
work.mkdir()
kubectl, check_jsonschema = os.environ["KUBECTL"], os.environ["CHECK_JSONSCHEMA"]
static = Path(os.environ["JUDGES_WORK"]) / "static" / "wukong-render"
judged = 0


def expect(what, is_good, why):
    global judged
    judged += 1
    if not is_good:
        fail(what, why)


def documents(path):
    return [document for document in yaml.safe_load_all(Path(path).read_text()) if document]


# Every file is YAML, and those for which somebody has a schema keep to it.
for path in sorted(Path("deploy").rglob("*.y*ml")):
    expect(path, documents(path), "is empty")
for schema, files in {
    "vendor.github-actions": ["action.yml"],
    "vendor.github-workflows": ["deploy/github/check.yaml", "deploy/github/render.yaml"],
    "vendor.gitlab-ci": ["deploy/gitlab/wukong-render.gitlab-ci.yml"],
}.items():
    done = run([check_jsonschema, "--builtin-schema", schema, *files])
    expect(schema, done.returncode == 0, done.stdout + done.stderr)

# Argo CD: the plugin's fields are those of its configuration (argo-cd, cmpserver/plugin/config.go).
FIELDS = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {"version", "init", "generate", "discover", "parameters", "preserveFileMode", "provideGitCreds"},
    "discover": {"find", "fileName"},
    "find": {"command", "args", "glob"},
    "generate": {"command", "args"},
    "parameters": {"static", "dynamic"},
    "static": {"name", "title", "tooltip", "required", "itemType", "collectionType", "string", "array", "map"},
}
(plugin,) = documents("deploy/argocd/plugin.yaml")
spec = plugin["spec"]
for name, keys in {
    "": plugin, "spec": spec, "discover": spec["discover"], "find": spec["discover"]["find"], "generate": spec["generate"],
    "parameters": spec["parameters"], "static": {key for it in spec["parameters"]["static"] for key in it},
}.items():
    expect(f"plugin.yaml {name}", set(keys) <= FIELDS[name], f"has {set(keys) - FIELDS[name]}")
expect("plugin.yaml", (plugin["apiVersion"], plugin["kind"]) == ("argoproj.io/v1alpha1", "ConfigManagementPlugin"), "is another kind")
IN_IMAGE = "/usr/local/bin/wukong-render"
sidecar = documents("deploy/argocd/repo-server-patch.yaml")[0]["spec"]["template"]["spec"]["containers"][0]
built = run([kubectl, "kustomize", "deploy/argocd"])
expect("deploy/argocd", built.returncode == 0 and sidecar["image"] in built.stdout, built.stderr)
uid = sidecar["securityContext"]["runAsUser"]
dockerfile = Path("Dockerfile").read_text()
expect("Dockerfile", f"USER {uid}" in dockerfile and f" {IN_IMAGE}\n" in dockerfile, "has another user or path than the sidecar and the plugin")
expect("Dockerfile", "/home/argocd/cmp-server/config/plugin.yaml" in dockerfile, "does not have the plugin where Argo CD looks for it")

# The image: an empty folder with the static binary, if pre-commit's judge has built one.
image = None
if static.exists() and os.getuid() == 0:
    image = work / "image"
    for folder in ("usr/local/bin", "tmp", "home/argocd/cmp-server/config"):
        (image / folder).mkdir(parents=True)
    shutil.copy(static, image / IN_IMAGE[1:])
    shutil.copy("deploy/argocd/plugin.yaml", image / "home/argocd/cmp-server/config/plugin.yaml")
    (image / "tmp").chmod(0o1777)
    # Every container has them.
    (image / "dev").mkdir()
    for name, minor in (("random", 8), ("urandom", 9)):
        os.mknod(image / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        (image / "dev" / name).chmod(0o666)
print(f"  the plugin runs {'in an empty root, as user ' + str(uid) if image else 'on this machine, for want of a static binary'}")


def repository(folder):
    """What Argo CD does with a repository: packed, sent, and unpacked into a folder of another name each time, no file executable."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(folder, ".")
    packed.seek(0)
    parent = image / "tmp" if image else work
    target = parent / f"cmp-{os.urandom(8).hex()}"
    with tarfile.open(fileobj=packed) as tar:
        tar.extractall(target)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


def argocd(command, folder, parameters=None, path="."):
    """Runs a command of the plugin as argocd-cmp-server does: no shell, its own session, only its own environment."""
    place = folder / path
    environment = {"ARGOCD_APP_NAME": "networks", "ARGOCD_APP_SOURCE_PATH": path, "KUBE_VERSION": "1.32"}
    if parameters is not None:
        environment["ARGOCD_APP_PARAMETERS"] = json.dumps(parameters)
    program = list(command) if image else [str(binary), *command[1:]]

    def prepare():
        if image:
            os.chroot(image)
            os.chdir("/" + str(place.relative_to(image)))
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)

    with subprocess.Popen(program, cwd=None if image else place, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=prepare) as process:
        try:
            out, error = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, error


if not image:
    # Another user has to reach the folders and the binary.
    work.chmod(0o755)
    work.parent.chmod(0o755)
    shutil.copy(binary, work / "wukong-render")
    binary = work / "wukong-render"
discover, generate = spec["discover"]["find"]["command"], spec["generate"]["command"]
expect("plugin.yaml", discover[0] == generate[0] == IN_IMAGE, "runs something else")
app = work / "app"
shutil.copytree("fixtures/sets/quickstart/input", app / "vms")
(app / "vms" / "site.yaml").rename(app / "site.yaml")
(app / "other").mkdir()
(app / "kustomized").mkdir()
shutil.copy(app / "site.yaml", app / "kustomized")
(app / "kustomized" / "kustomization.yaml").write_text("kind: Kustomization\n")
(app / "other" / "values.yaml").write_text("kind: Values\n")
code, out, error = argocd(discover, repository(app))
expect("discover", code == 0 and out.strip(), f"does not find a Site: {code} {out} {error}")
# An application that syncs Wukongs would lose them to us, and be pruned.
for path in ("other", "vms", "kustomized"):
    code, out, error = argocd(discover, repository(app), path=path)
    expect("discover", (code, out) == (0, ""), f"takes what is not its own ({path}): {code} {out}")
shutil.rmtree(app / "kustomized")  # a second Site
code, first, error = argocd(generate, repository(app))
expect("generate", code == 0, error)
expect("generate", argocd(generate, repository(app))[1] == first, "gives other bytes in another folder")
read = run([kubectl, "annotate", "--local", "-f", "-", "x=y", "-o", "name"], input=first, env=os.environ)
kinds = [line.split(".")[0] for line in read.stdout.splitlines()]
expect("generate", read.returncode == 0 and kinds == ["nodenetworkconfigurationpolicy"] * 2 + ["networkattachmentdefinition"] * 2,
       f"Kubernetes reads {kinds}: {read.stderr}")
code, out, error = argocd(generate, repository(app), [{"name": "skip", "array": ["nad", "nncp"]}])
expect("nothing rendered", code == 1 and not out and "pruned" in error, f"{code} {out} {error}")
code, out, _ = argocd(generate, repository(app), [{"name": "skip", "array": ["nad"]}, {"name": "default-nic", "string": "bond9"}])
expect("parameters", code == 0 and "NetworkAttachmentDefinition" not in out, "are not taken")
for parameters, text in [
    ([{"name": "inputs", "array": ["/etc"]}], "leads out of the application's folder"),
    ([{"name": "input", "string": "vms"}], "did you mean `inputs`?"),
]:
    code, out, error = argocd(generate, repository(app), parameters)
    expect("parameters", code == 2 and not out and text in error, f"{parameters}: {code} {out} {error}")
# Those of the plugin are those that the binary knows.
_, _, error = argocd(generate, repository(app), [{"name": "zzzzzz"}])
known = error.strip().split("there are ")[-1].split(", ")
expect("parameters", sorted(known) == sorted(it["name"] for it in spec["parameters"]["static"]), f"the binary knows {known}")
application = documents("deploy/argocd/application.yaml")[0]["spec"]["source"]["plugin"]
expect("application.yaml", application["name"] == plugin["metadata"]["name"] and {it["name"] for it in application["parameters"]} <= set(known),
       "has another plugin, or parameters that there are not")
# What stands on the page of the application when it fails.
(app / "vms" / "web.yaml").write_text((app / "vms" / "web.yaml").read_text().replace("vlanId", "vlanID"))
code, out, error = argocd(generate, repository(app))
expect("a mistake", code == 1 and not out, f"{code} {out}")
expect("a mistake", "error[WK101] vms/web.yaml:" in error and "did you mean `vlanId`?" in error and "\x1b" not in error, error)
expect("a mistake", len(error.splitlines()) < 10 and "hunter2" not in error, error)
code, out, error = argocd(generate, repository(app), path="other")
expect("no Wukong", code == 1 and not out and "WK007" in error, f"an empty application would be pruned: {code} {out} {error}")

# Health of policies for an older Argo CD, in Lua.
lua = shutil.which("lua5.4") or shutil.which("lua5.3") or shutil.which("lua")
if lua:
    script = documents("deploy/argocd/nncp-health.yaml")[0]["data"]["resource.customizations.health.nmstate.io_NodeNetworkConfigurationPolicy"]
    for conditions, status in [
        (None, "Progressing"),
        ([("Available", "False"), ("Degraded", "False"), ("Progressing", "True")], "Progressing"),
        ([("Available", "True"), ("Degraded", "False"), ("Progressing", "False")], "Healthy"),
        ([("Available", "False"), ("Degraded", "True"), ("Progressing", "False")], "Degraded"),
        ([("Available", "False"), ("Degraded", "False"), ("Ignored", "True")], "Suspended"),
    ]:
        rows = "".join(f'{{type="{kind}", status="{value}", reason="r"}},' for kind, value in conditions or [])
        given = "{}" if conditions is None else f"{{status={{conditions={{{rows}}}}}}}"
        done = run([lua, "-e", f"obj = {given}; local f = function()\n{script}\nend; print(f().status)"])
        expect("nncp-health.yaml", done.stdout.strip() == status, f"{conditions}: {done.stdout}{done.stderr}")
else:
    print("  nncp-health.yaml is not run: there is no lua")

# kustomize runs the function. `docker` is ours, and does what the image does: kyaml gives it no arguments of the function's own.
shim = work / "shim"
shim.mkdir()
(shim / "docker").write_text(f"""#!/bin/sh
case "$*" in *"--network none --user nobody "*) ;; *) echo "docker is run otherwise: $*" >&2; exit 9;; esac
exec {binary} krm
""")
(shim / "docker").chmod(0o755)


def kustomize(folder):
    environment = os.environ | {"PATH": f"{shim}:{os.environ['PATH']}"}
    return run([kubectl, "kustomize", "--enable-alpha-plugins", folder], env=environment)


def names(text):
    return [(it["kind"], it["metadata"]["name"]) for it in yaml.safe_load_all(text) if it]


NNCP, NAD = "NodeNetworkConfigurationPolicy", "NetworkAttachmentDefinition"
for folder, expected in {
    # The machine that is local is rendered, and is not in the result itself.
    "transformer": [("Wukong", "web"), (NNCP, "database-storage-bridge"), (NNCP, "web-lan-bridge"), (NAD, "database-storage-nad"), (NAD, "web-lan-nad")],
    "generator": [(NNCP, "web-lan-bridge"), (NAD, "web-lan-nad")],
}.items():
    done = kustomize(f"deploy/kustomize/{folder}")
    expect(f"kustomize {folder}", done.returncode == 0, done.stderr)
    expect(f"kustomize {folder}", names(done.stdout) == expected, f"gives {names(done.stdout)}")
    expect(f"kustomize {folder}", "config.kubernetes.io/function" not in done.stdout and "kind: Site" not in done.stdout, "gives the Site")
broken = work / "broken"
shutil.copytree("deploy/kustomize/transformer", broken)
(broken / "web.yaml").write_text((broken / "web.yaml").read_text().replace("vlanId: 100", "vlanId: 5000"))
done = kustomize(broken)
expect("kustomize with a mistake", done.returncode != 0 and not done.stdout, "is built all the same")
expect("kustomize with a mistake", "Wukong prod/web spec.networks[1].vlanId: `vlanId` cannot be `5000`" in done.stderr, done.stderr)

# Flux: the folders are those that are rendered, in the right order; the expressions say what they should.
flux = {it["metadata"]["name"]: it for it in documents("deploy/flux/kustomizations.yaml") if it["kind"] == "Kustomization"}
expect("flux", [it["name"] for it in flux["nad"]["spec"]["dependsOn"]] == ["nncp"], "attachments do not wait for policies")
tree = work / "tree"
expect("flux", run([binary, "-q", "fixtures/sets/quickstart/input", tree]).returncode == 0, "cannot be rendered")
for name, it in flux.items():
    done = run([kubectl, "kustomize", tree / it["spec"]["path"]])
    expect(f"flux {name}", done.returncode == 0 and {kind for kind, _ in names(done.stdout)} == {{"nncp": NNCP, "nad": NAD}[name]}, done.stderr)
    expect(f"flux {name}", "${" not in done.stdout, "has what Flux takes for a variable")
try:
    import celpy
    for check in flux["nncp"]["spec"]["healthCheckExprs"]:
        for kind, (failed, current) in {"Available": (False, True), "Degraded": (True, False), "Ignored": (False, True), "Progressing": (False, False)}.items():
            status = {"conditions": [{"type": kind, "status": "True"}, {"type": "Other", "status": "False"}]}
            for key, wanted in (("failed", failed), ("current", current)):
                environment = celpy.Environment()
                program = environment.program(environment.compile(check[key]))
                got = bool(program.evaluate({"status": celpy.json_to_cel(status)}))
                expect(f"flux {key}", got == wanted, f"{kind} gives {got}")
except ImportError:
    print("  Flux' expressions are not evaluated: there is no cel-python")

# GitHub's action and GitLab's job, on a repository with a mistake and one with drift.
ci = work / "ci"
shutil.copytree("fixtures/sets/quickstart/input", ci / "vms")
path = work / "path"
path.mkdir()
shutil.copy(binary, path / "wukong-render")
action = documents("action.yml")[0]
command = action["runs"]["steps"][-1]["run"].replace("$ACTION", str(Path.cwd()))


def github(**inputs):
    environment = {"PATH": f"{path}:{os.environ['PATH']}", **{key.upper(): value for key, value in inputs.items()}}
    return subprocess.run(["bash", "-e", "-c", command], cwd=ci, env=environment, capture_output=True, text=True, check=False)


done = github(inputs="vms", output="rendered", sarif="wukong.sarif")
expect("action", done.returncode == 1 and "missing  nncp/web-external-bridge.yaml" in done.stdout, f"does not see drift: {done.stdout}{done.stderr}")
expect("action", json.loads((ci / "wukong.sarif").read_text())["version"] == "2.1.0", "has no SARIF")
expect("action", github(inputs="vms", output="rendered", render="true").returncode == 0, "does not render")
done = github(inputs="vms", output="rendered")
expect("action", done.returncode == 0 and done.stdout.startswith("::warning file=vms/"), f"{done.stdout}{done.stderr}")
expect("action", github(inputs="vms", arguments="--deny warnings").returncode == 1, "does not take arguments")
expect("action", github(inputs="vms\nrendered\n").returncode == 0, "does not take several lines")
expect("action", github(inputs="vms", render="True", output="rendered").returncode == 2, "takes any word for true or false")
expect("action", github(inputs="vms; touch owned").returncode == 2 and not (ci / "owned").exists(), "an input has become a command")
(ci / "vms" / "web.yaml").write_text((ci / "vms" / "web.yaml").read_text().replace("vlanId: 100", "vlanId: 5000"))
done = github(inputs="vms", output="rendered")
expect("action", done.returncode == 1 and "::error file=vms/web.yaml,line=" in done.stdout, f"{done.stdout}{done.stderr}")
job = documents("deploy/gitlab/wukong-render.gitlab-ci.yml")[0]["wukong-render"]
if shutil.which("jq"):
    environment = {"PATH": f"{path}:{os.environ['PATH']}", "WUKONG_INPUTS": "vms", "WUKONG_OUTPUT": "rendered"}
    done = subprocess.run(["bash", "-e", "-c", "\n".join(job["script"])], cwd=ci, env=environment, capture_output=True, text=True, check=False)
    report = json.loads((ci / "gl-code-quality-report.json").read_text())
    expect("gitlab", done.returncode == 1, f"takes a mistake for good: {done.stdout}{done.stderr}")
    expect("gitlab", report[0]["check_name"] and report[0]["location"]["path"].startswith("vms/") and report[0]["location"]["lines"]["begin"] > 0, report)
    expect("gitlab", {"critical"} <= {it["severity"] for it in report}, report)
    expect("gitlab", len({it["fingerprint"] for it in report}) == len(report), "has equal fingerprints")
else:
    print("  GitLab's job is not run: there is no jq")
verdict(judged)
