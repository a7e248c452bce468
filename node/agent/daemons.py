"""Starts the agent and the lease process."""

import os
import sys
import threading

from .configuration import CONFIGURATION_ERROR, Refused, check, freeze, load
from .harden import harden
from .lease.deadman import Deadman
from .lease.process import Server
from .loop import Agent, Wakeups
from .node import open_node
from .run_files import RunFiles
from .version import VERSION

#: Bytes of a thread's stack: it is locked in memory as a whole.
_STACK = 256 << 10


def run_agent(run: str, configuration: str) -> int:
    """78 for a configuration that is refused; then nothing was touched."""
    threading.stack_size(_STACK)
    os.makedirs(run, mode=0o755, exist_ok=True)
    files = RunFiles(run)
    try:
        told = load(configuration)
        setup = check(told, VERSION, configuration)
    except Refused as refused:
        print(f"ha-rancher: {refused}", file=sys.stderr)
        return CONFIGURATION_ERROR
    freeze(told, files.running)
    wakeups = Wakeups()
    wakeups.install()
    node = open_node(setup, files, wakeups.wake)
    refusals = harden()
    for words in refusals:
        node.events.say("degraded", words, node=setup.core.node)
    Agent(node, wakeups).run()
    return 0


def run_lease(run: str) -> int:
    """Until it is told to end, or killed."""
    threading.stack_size(_STACK)
    os.makedirs(run, mode=0o755, exist_ok=True)
    files = RunFiles(run)
    server = Server(files.lease, VERSION, Deadman())
    for words in harden():
        print(f"ha-rancher: {words}", file=sys.stderr)
    server.run()
    return 0
