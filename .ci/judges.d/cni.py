"""How a container runtime uses a CNI plugin. Standard library alone: it is used inside the machine, too."""

import json
import os
import subprocess

PLUGINS = "/usr/lib/cni"
POD_INTERFACE = "net1"


def plugin(pod, command, config, prefix=()):
    """Runs a plugin for a pod, by `prefix` on another node than this one: its exit code and answer."""
    environment = {
        "CNI_COMMAND": command, "CNI_CONTAINERID": pod, "CNI_NETNS": f"/run/netns/{pod}",
        "CNI_IFNAME": POD_INTERFACE, "CNI_PATH": PLUGINS, "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [*prefix, f"{PLUGINS}/{config['type']}"], input=json.dumps(config), env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    try:
        answer = json.loads(done.stdout) if done.stdout.strip() else {}
    except json.JSONDecodeError:
        answer = {"msg": done.stdout + done.stderr}
    return done.returncode, answer


def end(pod, config, answer, prefix=()):
    """What the runtime does with an attachment from its ADD, which gave `answer`, to its end: what is refused, in words."""
    commands = ["DEL"]
    # From 0.4.0 on the runtime hands the first answer back, and may ask whether all is still well.
    if not config["cniVersion"].startswith("0.3."):
        config["prevResult"] = answer
        # Without IPAM the bridge plugin's CHECK looks for an IPAM plugin without a name, whatever the configuration.
        if "ipam" in config:
            commands = ["CHECK", "DEL"]
    for command in commands:
        code, said = plugin(pod, command, config, prefix)
        yield f"{command} is refused: {said.get('msg', said)} {said.get('details', '')}" if code else None
