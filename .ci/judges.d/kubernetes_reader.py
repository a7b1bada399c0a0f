"""Every manifest means to kubectl what it means to a YAML 1.1 reader that knows more traps than kubectl does."""

from common import each, fail, halves, kubectl_objects, load, manifests, same, trees, verdict


def judge(tree):
    files = manifests(*halves(tree))
    if not files:
        return 0
    objects = kubectl_objects(files)
    if len(objects) != len(files):
        fail(tree, f"{len(files)} files, {len(objects)} objects")
    for path, read in zip(files, objects):
        if not same(load(path), read):
            fail(path, f"PyYAML reads {load(path)}, kubectl {read}")
        # A string that both take for a number would pass so far: names must be strings.
        text = NAMES | {"config"} if read["kind"] == "NetworkAttachmentDefinition" else NAMES
        for where, value in names(read, text):
            if not isinstance(value, str):
                fail(path, f"`{where}` is {value!r}")
    return len(files)


NAMES = {
    "name", "namespace", "base-iface", "ip", "state", "type", "mac-address", "copy-mac-from", "mode", "destination",
    "next-hop-address", "next-hop-interface", "localnet",
}


def names(value, text):
    """Every value that has to be text, with its key; `text` are the keys of such values."""
    if isinstance(value, list):
        for item in value:
            yield from names(item, text)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in text:
                yield key, item
            elif key in ("annotations", "nodeSelector"):
                yield from item.items()
            elif key in ("port", "server", "search") and not any(isinstance(it, dict) for it in item):
                yield from ((key, it) for it in item)
            else:
                yield from names(item, text)


verdict(sum(filter(None, each(judge, trees()))))
