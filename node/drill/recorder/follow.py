"""A follower: sends what the recorder writes, and tells the node's time to whoever asks, over one connection."""

import os
import select
import sys
import time

from .places import Places
from .record import CLOSELY, PATIENCE, record, shown, started, uptime, write_until

#: Milliseconds between two looks at the recorder's file.
_OFTEN = 50
#: Seconds between two orders to the recorder to go on.
_ORDERS = 1.0


class Gone(Exception):
    """The recorder has ended: whoever follows connects again, which starts another one."""


def follow(places: Places, what: "tuple[str, str, str]", known: str, line: int) -> int:
    """`what`: as `record` has it. `known`: identity of the recorder whose lines before `line` are there already."""
    until = os.path.join(places.run, "until")
    os.makedirs(places.run, exist_ok=True)
    write_until(until, uptime() + PATIENCE, str(CLOSELY))
    identity = _identity(places)
    if not identity:
        identity = _start(places, what)
    if not identity:
        print("the recorder does not start", file=sys.stderr)
        return 1
    begin = line if identity == known else 1
    _say(f"# {identity} {begin}\n".encode())
    try:
        _follow(places, until, begin)
    except (Gone, BrokenPipeError):
        return 1
    return 0


def _follow(places: Places, until: str, line: int) -> None:
    questions, fd = b"", os.open(os.path.join(places.run, "samples"), os.O_RDONLY | os.O_CLOEXEC)
    skip, ordered, order = line - 1, 0.0, ""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    while True:
        while part := os.read(fd, 64 << 10):
            while skip and (end := part.find(b"\n") + 1):
                part, skip = part[end:], skip - 1
            if not skip:
                _say(part)
        if not poll.poll(_OFTEN):
            continue
        asked = os.read(0, 4096)
        if not asked:
            return
        *lines, questions = (questions + asked).split(b"\n")
        for each in lines:
            word, _, every = each.decode("ascii", "replace").partition(" ")
            if not _identity(places):
                raise Gone
            now = uptime()
            _say(f"= {word} {shown(now)}\n".encode())
            if every != order or now - ordered >= _ORDERS:
                write_until(until, now + PATIENCE, every)
                ordered, order = now, every


def _say(text: bytes) -> None:
    while text:
        text = text[os.write(1, text) :]


def _identity(places: Places) -> str:
    """The identity of the recorder that runs; empty: none does."""
    try:
        with open(os.path.join(places.run, "recorder"), encoding="ascii") as file:
            identity, process, start = file.read().split()
        return identity if start == started(int(process)) else ""
    except (OSError, ValueError):
        return ""


def _start(places: Places, what: "tuple[str, str, str]") -> str:
    """Starts a recorder that outlives this connection. Its identity; empty: it does not start."""
    try:
        os.unlink(os.path.join(places.run, "recorder"))
    except FileNotFoundError:
        pass
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            # Nobody's child: one that has ended must not look alive.
            if os.fork() == 0:
                _detach()
                record(places, *what)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    for _ in range(200):
        if identity := _identity(places):
            return identity
        time.sleep(0.05)
    return ""


def _detach() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
