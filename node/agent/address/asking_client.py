"""The agent's side of the process that asks."""

import json
import os
import subprocess
from typing import Optional

from ..harden import ordinary_children
from .state import Answer

#: Bytes of answers that are read at once.
_MOST = 256 << 10


class Asking:
    """`command`: starts it. `fileno()` is readable when there are answers; -1 while it does not run."""

    def __init__(self, command: "list[str]") -> None:
        self._command = command
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._buffer = b""
        self._held: Optional[frozenset[int]] = None
        self.words = ""
        """Why nobody asks; empty: it is asked."""

    def fileno(self) -> int:
        return self._child.stdout.fileno() if self._child and self._child.stdout else -1

    def tell(self, held: "frozenset[int]") -> None:
        """Which VIPs are here. Starts it, if it does not run."""
        started = self._start() if self._child is None else False
        if self._child and self._child.stdin and (started or held != self._held):
            self._held = held
            try:
                self._child.stdin.write(json.dumps({"held": sorted(held)}).encode() + b"\n")
                self._child.stdin.flush()
            except OSError:
                self.close()

    def _start(self) -> bool:
        try:
            with ordinary_children():
                self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            self.words = f"nobody can ask: {error.strerror}"
            return False
        self.words = ""
        os.set_blocking(self.fileno(), False)
        return True

    def collect(self) -> "tuple[Answer, ...]":
        """The answers that have come."""
        if self._child is None:
            return ()
        try:
            part = os.read(self.fileno(), _MOST)
        except BlockingIOError:
            return ()
        if not part:
            self.close()
            return ()
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        return tuple(_answer(line) for line in lines)

    def close(self) -> None:
        child, self._child, self._buffer = self._child, None, b""
        if child:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except OSError:
                        pass


def _answer(line: bytes) -> Answer:
    told = json.loads(line)
    return Answer(int(told["vip"]), int(told["check"]), told["good"] is True, str(told["words"]))
