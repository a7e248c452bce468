"""Starts the agent, its processes, the lease process, and the kill path. Nothing is loaded that they do not need: it would be
locked in memory, or late."""

import fcntl
import gc
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable

from .harden import harden
from .run_files import RunFiles
from .version import VERSION

if TYPE_CHECKING:
    from .address.loop import AddressAgent
    from .address.setup import AddressSetup
    from .loop import Agent
    from .setup import Setup
    from .wakeups import Wakeups

CONFIGURATION = "/etc/ha-rancher/agent.json"
RUN = "/run/ha-rancher"
#: Bytes of a thread's stack: it is locked in memory as a whole.
_STACK = 256 << 10


def quick(words: Sequence[str]) -> "int | None":
    """One of these with nothing but `--run` and `--configuration`; None for any other command line."""
    if len(words) % 2 == 0 or words[0] not in _DAEMONS:
        return None
    options = {"--run": RUN, "--configuration": CONFIGURATION}
    for name, value in zip(words[1::2], words[2::2]):
        if name not in options:
            return None
        options[name] = value
    return run_daemon(words[0], options["--run"], options["--configuration"])


def run_daemon(name: str, run: str, configuration: str) -> int:
    threading.stack_size(_STACK)
    os.makedirs(run, mode=0o755, exist_ok=True)
    # Whoever removes old versions sees by this that they are in use.
    os.chdir(os.path.dirname(os.path.realpath(__file__)))
    return _DAEMONS[name](run, configuration)


def alone(path: str) -> bool:
    """Whether no other process has this lock; it is this one's until it ends. A second agent would end what the first one runs."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return True  # /run is full or broken, which the others find out
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return False
    return True


def _loaded() -> None:
    """What is here now stays: the collector, which __main__ has switched off, need not look at it again and again."""
    gc.freeze()
    gc.enable()


def _agent(run: str, configuration: str) -> int:
    """78 for a configuration that is refused; then nothing was touched."""
    from .address.setup import AddressSetup  # noqa: PLC0415
    from .configuration import CONFIGURATION_ERROR, Refused, freeze, load  # noqa: PLC0415
    from .setups import setup_of  # noqa: PLC0415
    from .wakeups import Wakeups  # noqa: PLC0415

    files = RunFiles(run)
    try:
        told = load(configuration)
        setup = setup_of(told, VERSION, configuration)
    except Refused as refused:
        print(f"ha-rancher: {refused}", file=sys.stderr)
        return CONFIGURATION_ERROR
    if not alone(files.path("agent.lock")):
        print("ha-rancher: an agent runs on this node already; `agent restart` lets another one take over", file=sys.stderr)
        return 1
    freeze(told, files.running)
    wakeups = Wakeups()
    wakeups.install()
    agent = _without_lease(setup, files, wakeups) if isinstance(setup, AddressSetup) else _with_lease(setup, files, wakeups)
    _loaded()
    agent.run()
    return 0


def _with_lease(setup: "Setup", files: RunFiles, wakeups: "Wakeups") -> "Agent":
    from .loop import Agent  # noqa: PLC0415
    from .node import open_node  # noqa: PLC0415

    node = open_node(setup, files, wakeups.wake)
    node.degraded.extend(harden())
    for words in node.degraded:
        node.events.say("degraded", words, node=setup.core.node)
    return Agent(node, wakeups)


def _without_lease(setup: "AddressSetup", files: RunFiles, wakeups: "Wakeups") -> "AddressAgent":
    from .address.loop import AddressAgent  # noqa: PLC0415

    return AddressAgent(setup, files, wakeups, harden())


def _lease(run: str, configuration: str) -> int:
    """Until it is told to end, or killed. It needs no configuration: the agent tells it."""
    from .events import Events  # noqa: PLC0415
    from .lease.deadman import Deadman  # noqa: PLC0415
    from .lease.process import Server  # noqa: PLC0415

    del configuration
    files = RunFiles(run)
    if not alone(files.path("lease.lock")):
        print("ha-rancher: a lease process runs on this node already", file=sys.stderr)
        return 1
    server = Server(files.lease, VERSION, Deadman(Events(files.events, by="lease")))
    for words in harden():
        print(f"ha-rancher: {words}", file=sys.stderr)
    _loaded()
    server.run()
    return 0


def _stop(run: str, configuration: str) -> int:
    from .stop import stop  # noqa: PLC0415

    del configuration
    return stop(run)


def _with_running(run: str, check: "Callable[[dict[str, Any], str, str], Any]", process: "Callable[[Any, RunFiles], int]") -> int:
    """A process of the agent's, with the configuration that the agent runs with."""
    from .configuration import CONFIGURATION_ERROR, Refused, load  # noqa: PLC0415

    files = RunFiles(run)
    try:
        setup = check(load(files.running), VERSION, files.running)
    except Refused as refused:
        print(f"ha-rancher: {refused}", file=sys.stderr)
        return CONFIGURATION_ERROR
    _loaded()
    return process(setup, files)


def _jobs(run: str, _: str) -> int:
    from .configuration import check  # noqa: PLC0415
    from .fork_server import serve  # noqa: PLC0415
    from .job import run_job  # noqa: PLC0415

    return _with_running(run, check, lambda setup, files: serve(lambda kind, arguments: run_job(setup, files, kind, arguments)))


def _health(run: str, _: str) -> int:
    from .configuration import check  # noqa: PLC0415
    from .health import run_health  # noqa: PLC0415

    return _with_running(run, check, lambda setup, _: run_health(setup))


def _checks(run: str, _: str) -> int:
    from .address.asking import run_checks  # noqa: PLC0415
    from .address.configuration import check_address  # noqa: PLC0415

    return _with_running(run, check_address, lambda setup, _: run_checks(setup))


_DAEMONS: "dict[str, Callable[[str, str], int]]" = {
    "agent": _agent,
    "lease": _lease,
    "stop": _stop,
    "jobs": _jobs,
    "health": _health,
    "checks": _checks,
}
