"""The node's events on its disk. They outlive /run, and a journal that is kept in memory or is full."""

import os
from typing import Any

from ..events import event_in
from ..files import open_regular, read_small, write_all

#: Bytes of the file, and of the one before it. node/host/history reads as much.
LIMIT = 512 << 10
#: Bytes of one event; what is longer is none of ours.
_LONGEST = 16 << 10


class Kept:
    """`path`: the file; the one before it has `.1` behind its name."""

    def __init__(self, path: str, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        found = self._lines()
        self._last = found[-1] if found else b""

    def take(self, lines: "list[bytes]") -> "list[dict[str, Any]]":
        """`lines`: all that /run has of them, oldest first. Keeps those that are new, and returns them. Raises OSError: they
        are new again the next time."""
        new = [line for line in lines[_place_after(self._last, lines) :] if len(line) <= _LONGEST]
        pairs = [(line, event) for line in new if (event := event_in(line)) is not None]
        if pairs:
            self._write(b"".join(line + b"\n" for line, _ in pairs))
            self._last = pairs[-1][0]
        return [event for _, event in pairs]

    def latest(self, size: int) -> bytes:
        """The last whole lines that fit in so many bytes."""
        found: list[bytes] = []
        for line in reversed(self._lines()):
            size -= len(line) + 1
            if size < 0:
                break
            found.append(line + b"\n")
        return b"".join(reversed(found))

    def _lines(self) -> "list[bytes]":
        lines: list[bytes] = []
        for name in (f"{self._path}.1", self._path):
            try:
                lines += read_small(name, 2 * self._limit).splitlines()
            except OSError:
                continue
        return lines

    def _write(self, content: bytes) -> None:
        fd = open_regular(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            size = os.fstat(fd).st_size
            if size and size + len(content) > self._limit:
                os.rename(self._path, f"{self._path}.1")
                os.close(fd)
                fd = open_regular(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            write_all(fd, content[-self._limit :])
        finally:
            os.close(fd)


def _place_after(last: bytes, lines: "list[bytes]") -> int:
    """Behind the last one that is known; 0 if it is not there any more."""
    for place in range(len(lines) - 1, -1, -1):
        if lines[place] == last:
            return place + 1
    return 0
