"""Asks the fence agent: to power a node off, or for a node's state. Run as jobs.

`DIRECTORY/NODE` holds what the agent is told on its standard input, one `option=value` a line (FenceAgentAPI); nothing of it
is ever an argument. Lines after `# secret` are never shown.
"""

import os
import re
import subprocess
from typing import Callable, NamedTuple

from .core.record import NODE_NAME
from .files import read_small
from .setup import Fence
from .shared_data import Failed

#: What an agent ends with when it is asked for the state of a node: FenceAgentAPI.
ON_CODE, OFF_CODE = 0, 2
#: Bytes of a node's file.
_LONGEST = 64 << 10


class Target(NamedTuple):
    node: str
    options: bytes
    secrets: "tuple[str, ...]"


def _target(fence: Fence, node: str) -> Target:
    if not NODE_NAME.fullmatch(node):
        raise Failed(f"{node!r} is no node's name")
    path = os.path.join(fence.directory, node)
    try:
        content = read_small(path, _LONGEST)
    except OSError as error:
        raise Failed(
            f"it is not known how to fence {node} ({path}: {error.strerror}): "
            f"if it is off, say so with `npm run fence-confirm -- {node}`"
        ) from error
    lines = content.decode("utf-8", "replace").split("\n")
    secret = lines[lines.index("# secret") + 1 :] if "# secret" in lines else []
    return Target(node, content, tuple(line.partition("=")[2] for line in secret if "=" in line))


def _ask(fence: Fence, target: Target, action: str) -> "tuple[int, str]":
    """Its exit code, and its last line without secrets."""
    done = subprocess.run(
        [fence.agent],
        input=f"action={action}\n".encode() + target.options,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    for secret in target.secrets:
        if secret:
            text = text.replace(secret, "***")
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    return done.returncode, lines[-1] if lines else "no word"


def power_off(fence: Fence, own: str, nodes: "tuple[str, ...]", still_last: Callable[[], None]) -> str:
    """Makes certain that nodes are off. Raises Failed unless the agent has confirmed each. `still_last` raises if the owner
    that is to be turned off is not the last one any more; asked right before each is."""
    for node in nodes:
        if node == own:
            raise Failed(f"{node} is this node")
        target = _target(fence, node)
        still_last()
        code, words = _ask(fence, target, "off")
        if code != 0:
            raise Failed(f"{fence.agent} off {node}: {words}")
        code, words = _ask(fence, target, "status")
        if code != OFF_CODE:
            raise Failed(f"{fence.agent} says that {node} is not off: {words}")
    if not nodes:
        raise Failed("there is no node to fence")
    return f"{' '.join(nodes)} confirmed off"


def check(fence: Fence, nodes: "tuple[str, ...]") -> str:
    """Whether the agent would work: it must know the state of each node. Raises Failed."""
    for node in nodes:
        code, words = _ask(fence, _target(fence, node), "status")
        if code not in (ON_CODE, OFF_CODE):
            raise Failed(f"{fence.agent} status {node}: {words}")
    return ""
