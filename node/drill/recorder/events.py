"""What the agent has said last, by its events in /run."""

import json
import os

_PIECE = 64 << 10


class AgentEvents:
    """`folder`: the agent's in /run. A file of events that is full is renamed, and another one begun."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "events.jsonl")
        self._fd = -1
        self._half = b""
        self.state = ""
        """In small letters; empty: nothing was said yet."""
        self.epoch = 0
        """Of the lease that this node has or had."""

    def hear(self) -> None:
        """All that was added since the last time."""
        while True:
            if self._fd >= 0:
                self._read_on()
                if self._is_current():
                    return
                # After its last line, too, it is another one's turn.
                self._read_on()
                os.close(self._fd)
                self._fd = -1
            self._half = b""
            try:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                return

    def _is_current(self) -> bool:
        try:
            there = os.stat(self._path)
        except OSError:
            return True
        here = os.fstat(self._fd)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def _read_on(self) -> None:
        while part := os.read(self._fd, _PIECE):
            *lines, self._half = (self._half + part).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict) or event.get("event") not in ("state", "takeover", "again"):
            return
        if event["event"] == "state" and isinstance(event.get("to"), str):
            self.state = event["to"]
        epoch = event.get("epoch")
        if isinstance(epoch, int) and epoch > 0:
            self.epoch = epoch
