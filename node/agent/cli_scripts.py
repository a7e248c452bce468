"""Commands that the node's own scripts are made of: node/host, node/release, node/backup."""

import argparse
import json
import os
import signal
import subprocess
import sys
from typing import Any, Callable

from .configuration import check, load, read_json
from .core.settings import Configuration
from .process import find
from .run_files import RunFiles
from .version import VERSION


def add_to(add: "Callable[..., argparse.ArgumentParser]") -> None:
    """`add(name, words, *arguments)` adds a command."""
    status = add("status", "print what this node is and does, as JSON; with names such as agent.state, a line for each")
    status.add_argument("names", nargs="*")
    show = add("show", "print what the configuration says, a line for each name such as lease.identity")
    show.add_argument("names", nargs="+")
    renew = add("renew", "let an agent of these files and this configuration take over, if another one runs; the service runs on")
    renew.add_argument("--limit", type=float, default=300, help="seconds until it must answer (default 300)")
    work = add("work", "have the owner stop the service for: pack FILE, unpack FILE, put-back, roll-back ORDER", "verb")
    work.add_argument("file", nargs="?", default="")
    work.add_argument("--asker", type=int, default=0, help="withdrawn when this process ends")
    add("dump", "write a backup of the service while it runs into FILE; prints its bytes", "file")
    add("load", "have the service take in a backup that `dump` has written", "file")
    add("snapshots", "print the snapshots of the datastore, where it is mounted, as JSON")
    taken = add("snapshot", "take a snapshot of the datastore while the service runs; prints its name")
    taken.add_argument("--keep", type=int, default=0, help="so many of these stay, the newest ones; 0: all")
    add("await-well", "wait until the service is well here; prints for how many seconds it has been")
    observe = add("observe", "keep events, measure, write metrics (its unit does)")
    observe.add_argument("--settings", default="/etc/ha-rancher/observer.json")
    add("look-around", "look at what may hang, for `observe`")
    add("send-notice", "tell one notice, for `observe`")
    test = add("notify-test", "tell a test to all that `notify` names, and say how that went")
    for command in (observe, test):
        command.add_argument("--channels", default="/etc/ha-rancher/notify.json")
    test.add_argument("--settings", default="/etc/ha-rancher/observer.json")
    back = add("take-back", "put the datastore back as it was before another container first ran on it", "container")
    back.add_argument("discarded", nargs="?", default="", help="the container whose writes may be lost, though it has answered")


def _status(told: argparse.Namespace) -> int:
    from .show import values  # noqa: PLC0415
    from .status import status  # noqa: PLC0415

    found = status(told.run, told.configuration, VERSION)
    print(*(values(found, told.names) if told.names else [json.dumps(found)]), sep="\n")
    return 0


def _show(told: argparse.Namespace) -> int:
    from .show import show  # noqa: PLC0415

    print(*show(told.configuration, told.names), sep="\n")
    return 0


def _renew(told: argparse.Namespace) -> int:
    from .renewal import NotRenewed, renew  # noqa: PLC0415

    try:
        print(json.dumps(renew(told.run, told.configuration, VERSION, told.limit)))
    except NotRenewed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _running(run: str) -> Configuration:
    """Raises Refused."""
    files = RunFiles(run)
    return check(load(files.running), VERSION, files.running).core


def _work(told: argparse.Namespace) -> int:
    from .work import ask_work, patience  # noqa: PLC0415

    limit, number = patience(_running(told.run)), os.urandom(16).hex()
    asker = find(told.asker)
    words = ask_work(RunFiles(told.run).control, told.verb, told.file, number, limit, asker)
    if words:
        print(words, file=sys.stderr)
    return 1 if words else 0


def _dump(told: argparse.Namespace) -> int:
    from .dump import NotDone, dump  # noqa: PLC0415
    from .dump import load as take_in  # noqa: PLC0415

    def give_up(number: int, _: object) -> None:
        raise NotDone(f"ended by signal {number}")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, give_up)
    setup = check(load(told.configuration), VERSION, told.configuration)
    try:
        if told.command == "dump":
            print(dump(setup, told.run, told.file))
        else:
            take_in(setup, told.run, told.file)
    except NotDone as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _snapshots(told: argparse.Namespace) -> int:
    from .mounts import mount_at  # noqa: PLC0415
    from .shared_data import Failed  # noqa: PLC0415
    from .snapshots import Snapshots, snapshot  # noqa: PLC0415

    def give_up(number: int, _: object) -> None:
        raise Failed(f"ended by signal {number}")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, give_up)
    files = RunFiles(told.run)
    setup = check(load(files.running), VERSION, files.running)
    try:
        if told.command == "snapshot":
            print(snapshot(setup, told.run, told.keep))
        elif mount_at(setup.data.directory, setup.paths.mounts) is None:
            raise Failed(f"{setup.data.directory} is not mounted on this node: it does not serve")
        else:
            print(json.dumps(Snapshots(setup.data.directory, setup.data.datastore, setup.data.copies).all()))
    except (Failed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _await_well(told: argparse.Namespace) -> int:
    from .work import NotWell, await_well  # noqa: PLC0415

    try:
        print(f"{await_well(RunFiles(told.run).control, _running(told.run)):.3f}")
    except NotWell as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _take_back(told: argparse.Namespace) -> int:
    from .shared_data import Failed  # noqa: PLC0415
    from .take_back import take_back  # noqa: PLC0415

    try:
        print(json.dumps(take_back(told.run, told.configuration, VERSION, told.container, told.discarded)))
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _observe(told: argparse.Namespace) -> int:
    from .observer.loop import run_observer  # noqa: PLC0415

    return run_observer(told.run, told.configuration, told.settings, told.channels)


def _look_around(_: argparse.Namespace) -> int:
    from .observer.look import run_look_around  # noqa: PLC0415

    return run_look_around()


def _send_notice(_: argparse.Namespace) -> int:
    from .observer.send import run_send  # noqa: PLC0415

    return run_send()


def _notify_test(told: argparse.Namespace) -> int:
    from .observer.setup import settings  # noqa: PLC0415
    from .observer.trying import try_channels  # noqa: PLC0415

    node = str(read_json(told.configuration).get("node", ""))
    return try_channels(told.channels, settings(told.settings).stack, node)


COMMANDS: "dict[str, Callable[[Any], int]]" = {
    "status": _status,
    "show": _show,
    "renew": _renew,
    "work": _work,
    "dump": _dump,
    "load": _dump,
    "snapshots": _snapshots,
    "snapshot": _snapshots,
    "await-well": _await_well,
    "take-back": _take_back,
    "observe": _observe,
    "look-around": _look_around,
    "send-notice": _send_notice,
    "notify-test": _notify_test,
}
