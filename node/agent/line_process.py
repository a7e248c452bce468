"""A process that asks for the agent: it reads orders and writes answers, a JSON object a line. Nothing here waits for it."""

import contextlib
import json
import os
import subprocess
from typing import Any, Optional

from .harden import ordinary_children

#: Bytes of answers that are read at once.
_MOST = 256 << 10


class LineProcess:
    """`command`: starts it."""

    def __init__(self, command: "list[str]") -> None:
        self._command = command
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._buffer = b""

    @property
    def runs(self) -> bool:
        return self._child is not None

    def fileno(self) -> int:
        """Readable when there are answers, or it has ended; -1 while it does not run."""
        return self._child.stdout.fileno() if self._child and self._child.stdout else -1

    def start(self) -> str:
        """Why it cannot be, in words; empty: it runs."""
        try:
            with ordinary_children():
                self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            return f"nobody can ask: {error.strerror}"
        os.set_blocking(self.fileno(), False)
        return ""

    def send(self, order: "dict[str, Any]") -> None:
        assert self._child and self._child.stdin
        try:
            self._child.stdin.write(json.dumps(order).encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            self.close()

    def answers(self) -> "list[Any]":
        """Those that have come. It does not run any more if it has ended."""
        if self._child is None:
            return []
        try:
            part = os.read(self.fileno(), _MOST)
        except BlockingIOError:
            return []
        if not part:
            self.close()
            return []
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        child, self._child, self._buffer = self._child, None, b""
        if child:
            child.kill()
            child.poll()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
