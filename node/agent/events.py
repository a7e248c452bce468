"""What happened, as JSON lines: to the journal, and in a file of bounded size in memory for `status` and hooks.

Neither may hold the agent up: what cannot be written at once is lost, and said so in the next line.
"""

import json
import os
import time
from typing import Any

from .files import read_small

#: Bytes of the file, and of the one before it.
LIMIT = 128 << 10
#: How grave each kind is to the journal, where it is more than `info` (sd-daemon(3)). A `crit` is on the disk at once
#: (journald.conf(5), SyncIntervalSec=): the node may be reset soon after it.
_CRIT, _WARNING = b"<2>", b"<4>"
_PRIORITIES = {"kill": _CRIT, "reset": _CRIT, "give-up": _WARNING, "failure": _WARNING, "fence": _WARNING, "degraded": _WARNING}


class Events:
    """`path`: the file; the one before it has `.1` behind its name. `journal`: the descriptor of standard error."""

    def __init__(self, path: str, journal: int = 2) -> None:
        self._path = path
        self._journal = journal
        self._lost = 0
        os.set_blocking(journal, False)

    def say(self, kind: str, text: str, **more: Any) -> None:
        event: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
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


def latest(path: str, count: int) -> list[dict[str, Any]]:
    """The last events, oldest first."""
    lines: list[bytes] = []
    for name in (f"{path}.1", path):
        try:
            lines += read_small(name, 2 * LIMIT).splitlines()
        except OSError:
            continue
    found = []
    for line in lines[-count:]:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
