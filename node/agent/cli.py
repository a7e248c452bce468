"""The agent's command line. What daemons.py starts is for units and the agent, all else for operators and programs."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Callable

from . import cli_scripts
from .address.setup import AddressSetup
from .configuration import CONFIGURATION_ERROR, Refused, load
from .control import NoAgent, ask_agent
from .daemons import CONFIGURATION, RUN, run_daemon
from .orders import LASTING, OrderBook, read_lasting, write_lasting
from .run_files import RunFiles
from .setup import Setup
from .setups import setup_of
from .version import VERSION

#: Seconds for an answer that needs no work.
_SOON = 10.0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="agent", description="The agent of a ha-rancher node.")
    commands = top.add_subparsers(dest="command", required=True)

    def add(name: str, words: str, *arguments: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("--run", default=RUN, help="the agent's folder in /run")
        command.add_argument("--configuration", default=CONFIGURATION)
        for argument in arguments:
            command.add_argument(argument)
        return command

    add("agent", "run the agent (its unit does)")
    add("lease", "hold the lease for the agent (its unit does)")
    add("stop", "make certain that nothing runs here after the agent has ended (its unit does)")
    add("health", "ask the service whether it is well (the agent does)")
    add("checks", "ask what runs here behind the VIPs whether it is well (the agent does, where there is no lease)")
    add("jobs", "do pieces of work, each in a process of its own (the agent does)")
    add("check", "check a configuration, and say all mistakes", "file")
    cli_scripts.add_to(add)
    hand_over = add("hand-over", "hand the service over and refuse the VIP for so long; 0: no longer")
    hand_over.add_argument("seconds", type=float)
    hand_over.add_argument("reason", nargs="?", default="")
    for name, words in (
        ("pause", "let the agent look and touch nothing"),
        ("halt", "stop the service in order; it then runs nowhere while all nodes are told so"),
        ("ban", "let this node not serve"),
    ):
        add(name, words, "reason")
    for name, words in (("resume", "end `pause`"), ("start", "end `halt`"), ("allow", "end `ban`")):
        add(name, words)
    add("prefer", "let a node serve next, if it is fit; an empty name: none", "node")
    failures = add("failures", "print how often the service failed here")
    failures.add_argument("--clear", action="store_true", help="forget them")
    add("fence-confirm", "say that a node is off; counts once", "node")
    add("restart", "let a new agent take over; the service runs on")
    add("events", "print what happened, as JSON lines")
    return top


def main(words: Sequence[str]) -> int:
    told = parser().parse_args(words)
    try:
        return _COMMANDS[told.command](told)
    except Refused as refused:
        for mistake in refused.mistakes:
            print(mistake, file=sys.stderr)
        return CONFIGURATION_ERROR


def _daemon(told: argparse.Namespace) -> int:
    return run_daemon(told.command, told.run, told.configuration)


def _running_or_written(told: argparse.Namespace) -> "Setup | AddressSetup":
    """What the agent runs with, or would where none has run since the boot. Raises Refused."""
    path = RunFiles(told.run).running
    path = path if os.path.lexists(path) else told.configuration
    return setup_of(load(path), VERSION, path)


def _check(told: argparse.Namespace) -> int:
    """Loads all of the agent, too: Python then has it compiled, and its first start does not take longer than the next."""
    if isinstance(setup_of(load(told.file), VERSION, told.file), AddressSetup):
        from .address import asking, loop  # noqa: F401, PLC0415

        return 0
    from . import fork_server, health, job, node, stop  # noqa: F401, PLC0415
    from . import loop as with_lease  # noqa: F401, PLC0415
    from .lease import process  # noqa: F401, PLC0415

    return 0


def _ask(told: argparse.Namespace, request: "dict[str, Any]", timeout: float) -> int:
    try:
        answer = ask_agent(RunFiles(told.run).control, request, timeout)
    except NoAgent as error:
        print(error, file=sys.stderr)
        return 1
    if answer.get("error"):
        print(answer["error"], file=sys.stderr)
        return 1
    return 0


def _hand_over(told: argparse.Namespace) -> int:
    """0 also where there is nothing to hand over: no agent has run here, or none does, and neither does the service."""
    from .stop import nothing_runs  # noqa: PLC0415

    files, seconds = RunFiles(told.run), told.seconds
    if not os.path.lexists(files.running):
        print("nothing to hand over: no agent has run on this node since it was booted")
        return 0
    setup = _running_or_written(told)
    if isinstance(setup, AddressSetup):
        return _hand_vips_over(told, setup)
    core = setup.core
    limit = (core.stop_grace + core.start_limit + 3 * core.watchdog) / 1000 if seconds else 0
    # An agent that is being started meanwhile knows it, too.
    OrderBook({}, files.leave).leave(seconds + limit, told.reason)
    request = {"do": "hand-over", "seconds": seconds + limit, "reason": told.reason}
    # Without one nothing runs any more by then.
    patience = time.monotonic() + core.watchdog / 1000
    while True:
        try:
            error = ask_agent(files.control, request, limit or _SOON).get("error")
            break
        except NoAgent as gone:
            if nothing_runs(files):
                OrderBook({}, files.leave).leave(seconds, told.reason)
                print(f"nothing to hand over: the service does not run here, and {gone}")
                return 0
            error = str(gone)
            if time.monotonic() > patience:
                break
            time.sleep(0.2)
    if error:
        print(error, file=sys.stderr)
        return 1
    return _ask(told, {"do": "leave", "seconds": seconds, "reason": told.reason}, _SOON) if seconds else 0


def _hand_vips_over(told: argparse.Namespace, setup: AddressSetup) -> int:
    """Of an agent without a lease. Without an agent there is nobody who keeps the VIPs: `yield` then gives them away."""
    files, limit = RunFiles(told.run), setup.plan.start_limit / 1000 + _SOON
    try:
        error = ask_agent(files.control, {"do": "hand-over", "seconds": told.seconds, "reason": told.reason}, limit).get("error")
    except NoAgent as gone:
        OrderBook({}, files.leave).leave(told.seconds, told.reason)
        print(f"noted for the next agent: {gone}")
        return 0
    if error:
        print(error, file=sys.stderr)
    return 1 if error else 0


def _lasting(name: str) -> Callable[[argparse.Namespace], int]:
    """An order that lasts: written down first, so that it holds over a boot, and said to the agent if there is one."""

    def order(told: argparse.Namespace) -> int:
        state = _running_or_written(told).paths.state
        orders = read_lasting(state)
        orders[name] = getattr(told, "reason", getattr(told, "node", ""))
        if name in LASTING and hasattr(told, "reason") and not orders[name].strip():
            print("a reason must be given: it is shown to everybody who looks", file=sys.stderr)
            return 2
        try:
            write_lasting(state, orders)
        except OSError as error:
            print(f"the order cannot be written down, and is not given: {error}", file=sys.stderr)
            return 1
        try:
            answer = ask_agent(RunFiles(told.run).control, {"do": "orders", "orders": orders}, _SOON)
        except NoAgent as gone:
            print(f"noted for the next agent: {gone}", file=sys.stderr)
            return 0
        if answer.get("error"):
            print(answer["error"], file=sys.stderr)
            return 1
        return 0

    return order


def _failures(told: argparse.Namespace) -> int:
    if told.clear:
        return _ask(told, {"do": "forget-failures"}, _SOON)
    try:
        health = ask_agent(RunFiles(told.run).control, {"do": "status"}, _SOON)["health"]
    except NoAgent as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps({"failures": health["failures"], "last": health["failure"]}))
    return 0


def _events(told: argparse.Namespace) -> int:
    from .events import latest  # noqa: PLC0415

    for event in latest(RunFiles(told.run).events, 1_000):
        print(json.dumps(event))
    return 0


_COMMANDS: "dict[str, Callable[[argparse.Namespace], int]]" = {
    "agent": _daemon,
    "lease": _daemon,
    "stop": _daemon,
    "jobs": _daemon,
    "health": _daemon,
    "checks": _daemon,
    "check": _check,
    "hand-over": _hand_over,
    "pause": _lasting("paused"),
    "resume": _lasting("paused"),
    "halt": _lasting("stopped"),
    "start": _lasting("stopped"),
    "ban": _lasting("banned"),
    "allow": _lasting("banned"),
    "prefer": _lasting("prefer"),
    "failures": _failures,
    "fence-confirm": lambda told: _ask(told, {"do": "fence-confirm", "node": told.node}, _SOON),
    "restart": lambda told: _ask(told, {"do": "restart"}, _SOON),
    "events": _events,
    **cli_scripts.COMMANDS,
}
