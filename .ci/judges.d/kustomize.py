"""kustomize builds the tree and both of its halves, and loses, adds and changes nothing; node policies come first."""

from common import each, fail, halves, kubectl_objects, manifests, os, run, same, trees, verdict


def judge(tree):
    expected = manifests(*halves(tree))
    for folder, files in [(tree, expected), *((half, manifests(half)) for half in halves(tree))]:
        done = run([os.environ["KUBECTL"], "kustomize", folder])
        if done.returncode:
            fail(folder, done.stderr.strip())
            continue
        if not files:
            if done.stdout.strip():
                fail(folder, "there is no manifest, but the build has objects")
            continue
        # What Argo CD and Flux would apply, against the files themselves.
        built, written = kubectl_objects(stream=done.stdout), kubectl_objects(files)
        kinds = [it["kind"] for it in built]
        if len(built) != len(written):
            fail(folder, f"{len(written)} manifests, but the build has {len(built)} objects")
        elif kinds != sorted(kinds, key=["NodeNetworkConfigurationPolicy", "NetworkAttachmentDefinition"].index):
            fail(folder, f"node policies are not first: {kinds}")
        elif not same(sorted(built, key=identity), sorted(written, key=identity)):
            fail(folder, "the build's objects are not those of the files")
    return len(expected)


def identity(value):
    return value["kind"], value["metadata"].get("namespace", ""), value["metadata"]["name"]


verdict(sum(filter(None, each(judge, trees()))))
