"""The recorder: takes looks, and writes each change to a file, so that it can be sent later if nobody can follow now."""

import os
import time

from .look import Look
from .places import Places

#: Seconds for which it goes on without a follower.
PATIENCE = 300
#: Seconds between two looks, until a follower says otherwise.
CLOSELY = 0.05
#: Seconds after which an unchanged line is written again: a longer silence means that no looks were taken.
AGAIN = 0.2


def uptime() -> float:
    """Seconds since the node's boot, as /proc/uptime has them: a change of its clock does not move them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def shown(seconds: float) -> str:
    """In hundredths, never a moment that is still to come."""
    return f"{int(seconds * 100) / 100:.2f}"


def record(places: Places, container: str, vip: str, data: str) -> None:
    """Until no follower has asked for more, or its files are removed."""
    os.makedirs(places.run, exist_ok=True)
    samples, note, until = (os.path.join(places.run, name) for name in ("samples", "recorder", "until"))
    look = Look(places, container, vip, data)
    fd = os.open(samples, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
    _introduce(note)
    # Until the first line of a follower is there.
    end, every, asked, written, before = uptime() + PATIENCE, CLOSELY, 0, 0.0, ""
    while True:
        now = uptime()
        if int(now) != asked:
            asked = int(now)
            end, every = read_until(until) or (end, every)
            # If its file was removed, nobody wants more of them.
            if now >= end or not os.path.exists(samples):
                break
        line = look()
        if line != before or now - written >= AGAIN:
            os.write(fd, f"{shown(now)} {line}\n".encode())
            before, written = line, now
        time.sleep(every)
    for path in (samples, note, until):
        _remove(path)


def _introduce(note: str) -> None:
    process = os.getpid()
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    start = started(process)
    with open(f"{note}.new", "w", encoding="ascii") as file:
        file.write(f"{boot}-{start} {process} {start}\n")
    os.replace(f"{note}.new", note)


def started(process: int) -> str:
    """When a process was started, by proc_pid_stat(5); with its number that is nobody else. Empty: there is none."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""


def read_until(path: str) -> "tuple[float, float] | None":
    """Until when looks are taken, by uptime, and the seconds between two of them. None: nobody says so."""
    try:
        with open(path, encoding="ascii") as file:
            end, every = file.read().split()
        return float(end), float(every)
    except (OSError, ValueError):
        return None


def write_until(path: str, end: float, every: str) -> None:
    with open(f"{path}.new", "w", encoding="ascii") as file:
        file.write(f"{int(end)} {every}\n")
    os.replace(f"{path}.new", path)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
