"""What happened, as JSON lines: to the journal, and in a file of bounded size in memory for `status`, hooks and the observer.

None of them may hold the agent up: what cannot be written at once is lost, and said so in the next line. Of each event:

    {"time": "2026-11-30T12:00:00.123Z",   by this node's clock
     "mono": 12345, "boot": "...",         milliseconds that the machine was awake, in which boot
     "by": "agent",                        or lease: which process
     "event": "state", "text": "...",      docs/agent.md has them all
     "node": "rancher-1", "epoch": 3,
     "from": "standby", "to": "contending", "why": "...", "lasted": 60000, ...}   story.py
"""

import json
import os
import socket
import time
from typing import Any

from .clock import awake_ms
from .files import read_small

#: Bytes of the file, and of the one before it.
LIMIT = 128 << 10
#: Where the kernel says which boot this is.
_BOOT = "/proc/sys/kernel/random/boot_id"
#: How grave each kind is to the journal, where it is more than `info` (sd-daemon(3)). A `crit` is on the disk at once
#: (journald.conf(5), SyncIntervalSec=): the node may be reset soon after it.
_CRIT, _WARNING = b"<2>", b"<4>"
_PRIORITIES = {"kill": _CRIT, "reset": _CRIT, "give-up": _WARNING, "failure": _WARNING, "fence": _WARNING, "degraded": _WARNING}


class Events:
    """`path`: the file; the one before it has `.1` behind its name, and whoever reads them listens at the one with `.bell`.
    `journal`: the descriptor of standard error. `by`: which process this is."""

    def __init__(self, path: str, journal: int = 2, by: str = "agent") -> None:
        self._path = path
        self._journal = journal
        self._by = by
        self._lost = 0
        self._boot = boot()
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        os.set_blocking(journal, False)

    def say(self, kind: str, text: str, **more: Any) -> None:
        now = time.time_ns()
        event: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now // 10**9))}.{now // 10**6 % 1000:03d}Z",
            "mono": awake_ms(),
            "boot": self._boot,
            "by": self._by,
            "event": kind,
            "text": text,
            **more,
        }
        if self._lost:
            event["lost"] = self._lost
        line = json.dumps(event).encode() + b"\n"
        try:
            os.write(self._journal, _PRIORITIES.get(kind, b"") + line)
            self._lost = 0
        except OSError:
            self._lost += 1
        self._keep(line)
        try:
            self._bell.sendto(b"!", bell(self._path))
        except OSError:
            pass  # nobody listens, or it is on its way to look

    def _keep(self, line: bytes) -> None:
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                if os.fstat(fd).st_size + len(line) > LIMIT:
                    os.rename(self._path, f"{self._path}.1")
                    os.close(fd)
                    fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                os.write(fd, line)
            finally:
                os.close(fd)
        except OSError:
            pass  # /run is full; the journal has it


def bell(path: str) -> str:
    """The socket that is rung at when an event was written to `path`."""
    return f"{path}.bell"


def boot() -> str:
    """Which boot this is, as the journal has it; empty if the kernel does not say."""
    try:
        return read_small(_BOOT, 64).decode("ascii", "replace").strip().replace("-", "")
    except OSError:
        return ""


def lines_of(path: str) -> "list[bytes]":
    """All lines that are kept, oldest first."""
    lines: list[bytes] = []
    for name in (f"{path}.1", path):
        try:
            lines += read_small(name, 8 * LIMIT).splitlines()
        except OSError:
            continue
    return lines


def event_in(line: bytes) -> "dict[str, Any] | None":
    """None for what is no event."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("event"), str) else None


def latest(path: str, count: int) -> "list[dict[str, Any]]":
    """The last events, oldest first."""
    return [event for event in map(event_in, lines_of(path)[-count:]) if event is not None]
