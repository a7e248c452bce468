"""What the lease process waits for: an agent's lines, and its own threads' bells."""

import contextlib
import json
import os
import socket
from typing import Any, Optional

from .wire import LONGEST_LINE


class Bell:
    """Ends the wait of a thread that polls it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def fileno(self) -> int:
        return self._reader

    def ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"r")

    def quiet(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)


class Lines:
    """What an agent says, as JSON objects; never waits. Its connection ends with it, or when it says something else."""

    def __init__(self, agent: Optional[socket.socket] = None, rest: bytes = b"") -> None:
        self.agent = agent
        self._buffer = rest
        if agent:
            agent.setblocking(False)

    def take(self) -> list[dict[str, Any]]:
        if self.agent is None:
            return []
        try:
            part = self.agent.recv(LONGEST_LINE)
        except BlockingIOError:
            part = b""
            if b"\n" not in self._buffer:
                return []
        except OSError:
            self.close()
            return []
        else:
            if not part:
                self.close()
                return []
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        try:
            told = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            told = [None]
        if len(self._buffer) > LONGEST_LINE or not all(isinstance(one, dict) for one in told):
            self.close()
            return []
        return told

    def give(self) -> tuple[socket.socket, bytes]:
        """The connection, for another thread."""
        assert self.agent
        given, self.agent = (self.agent, self._buffer), None
        return given

    def close(self) -> None:
        if self.agent:
            self.agent.close()
        self.agent, self._buffer = None, b""
