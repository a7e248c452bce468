"""keepalived's own counters. It writes them into a file when it gets SIGUSR2 (keepalived(8))."""

import os
import re
import signal
from typing import Optional

from ..files import Unusable, open_regular

#: In its /tmp; keepalived writes the whole file each time.
_FILE = "tmp/keepalived.stats"
_LONGEST = 256 << 10
_INSTANCE = re.compile(r"VRRP Instance: (\S{1,64})")
_VALUE = re.compile(r"\s+([A-Z][A-Za-z ]{1,40}): (\d{1,15})")
_SECTION = re.compile(r"  ([A-Z][A-Za-z ]{1,40}):\s*")


_CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]{1,32})$", re.MULTILINE)


def ask(pid: int) -> None:
    """The answer comes a moment later. One that was just started, and does not wait for the signal yet, would be ended by it."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            caught = _CAUGHT.search(file.read(_LONGEST))
        if caught and int(caught[1], 16) >> (signal.SIGUSR2 - 1) & 1:
            os.kill(pid, signal.SIGUSR2)
    except OSError:
        pass


def answer(pid: int) -> "dict[str, dict[str, int]]":
    """What it last wrote; nothing if there is none. Anybody may write in /tmp: only a file of root's counts."""
    try:
        fd = open_regular(f"/proc/{pid}/root/{_FILE}", os.O_RDONLY)
    except (OSError, Unusable):
        return {}
    try:
        if os.fstat(fd).st_uid != 0:
            return {}
        return counters(os.pread(fd, _LONGEST, 0).decode("utf-8", "replace"))
    finally:
        os.close(fd)


def counters(text: str) -> "dict[str, dict[str, int]]":
    """By instance: `Packet Errors: TTL` becomes packet_errors_ttl."""
    found: dict[str, dict[str, int]] = {}
    of: Optional[dict[str, int]] = None
    section = ""
    for line in text.splitlines():
        instance, value = _INSTANCE.match(line), _VALUE.fullmatch(line.rstrip())
        if instance:
            of, section = found.setdefault(instance[1], {}), ""
        elif value and of is not None:
            within = f"{section} " if line.startswith("    ") else ""
            of[f"{within}{value[1]}".lower().replace(" ", "_")] = int(value[2])
        elif _SECTION.fullmatch(line):
            section = line.strip().rstrip(":")
    return found


def keepalived(pid_file: str = "/run/keepalived.pid") -> int:
    """The process that answers; 0 if there is none."""
    try:
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read(32))
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return pid if file.read(32).strip() == "keepalived" else 0
    except (OSError, ValueError):
        return 0
