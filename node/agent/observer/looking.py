"""Starts `agent look-around`, waits for it without being held up, and ends one that hangs."""

import json
import os
import subprocess
import time
from typing import Any, Optional

#: Seconds that it has. What hangs in NFS cannot be killed at once: there is never more than one.
LIMIT = 30
#: Bytes of its answer.
_LONGEST = 4 << 20


class Looking:
    def __init__(self, command: "list[str]") -> None:
        self._command = command
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._answer = b""
        self._until = 0.0
        self._hung: Optional[subprocess.Popen[bytes]] = None

    def begin(self, asked: "dict[str, Any]") -> bool:
        """False while one is under way, or if none can be started."""
        if self._process is not None or (self._hung is not None and self._hung.poll() is None):
            return False
        self._hung = None
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
            )
        except OSError:
            return False
        assert self._process.stdin and self._process.stdout
        try:
            # It reads all of it before it does anything that may hang.
            self._process.stdin.write(json.dumps(asked).encode())
            self._process.stdin.close()
        except OSError:
            pass  # it has ended
        os.set_blocking(self._process.stdout.fileno(), False)
        self._answer, self._until = b"", time.monotonic() + LIMIT
        return True

    def fileno(self) -> int:
        """-1: none is under way."""
        process = self._process
        return process.stdout.fileno() if process and process.stdout else -1

    def collect(self) -> "Optional[dict[str, Any]]":
        """What it found, once; an empty one if it came to nothing."""
        process = self._process
        if process is None or process.stdout is None:
            return None
        try:
            while part := os.read(process.stdout.fileno(), 64 << 10):
                self._answer += part
                if len(self._answer) > _LONGEST:
                    break
        except BlockingIOError:
            if time.monotonic() < self._until:
                return None
        process.stdout.close()
        process.kill()
        self._process = None
        # One that hangs in the kernel is not waited for; its parent reaps it when it can.
        self._hung = process if process.poll() is None else None
        try:
            told = json.loads(self._answer)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}
