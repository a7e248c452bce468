"""The agent's socket for the command line: one JSON object a line, a connection for each request.

{"do": "status"}                                 what the agent knows
{"do": "orders", "orders": {...}}                lasting orders have changed
{"do": "hand-over", "seconds": 60, "reason": ""} answered once the lease is released, or cannot be
{"do": "work", "verb": "pack", "file": "..."}    answered once it has ended; withdrawn when the connection ends before
{"do": "fence-confirm", "node": "..."}, {"do": "forget-failures"}, {"do": "failures"}, {"do": "restart"}
"""

import json
import socket
import time
from typing import Any, Callable, Optional

from .private_socket import listen

#: Bytes of a request or an answer.
LONGEST_LINE = 256 << 10
_MOST = 16


class Connection:
    """One request. `answer` is sent once; then the connection ends."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = b""
        self.request: Optional[dict[str, Any]] = None
        self.gone = False

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> "Optional[dict[str, Any]]":
        """A request that has come whole. Afterwards nothing but the end of the connection is of interest."""
        try:
            part = self._socket.recv(64 << 10)
        except BlockingIOError:
            return None
        except OSError:
            part = b""
        if not part:
            self.close()
            return None
        self._buffer += part
        if self.request is not None:
            return None
        line, newline, _ = self._buffer.partition(b"\n")
        if not newline:
            if len(self._buffer) > LONGEST_LINE:
                self.close()
            return None
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            self.answer({"error": "no request"})
            return None
        self.request = told
        return told

    def answer(self, told: "dict[str, Any]") -> None:
        if not self.gone:
            try:
                self._socket.send(json.dumps(told).encode() + b"\n")
            except OSError:
                pass
            self.close()

    def close(self) -> None:
        if not self.gone:
            self.gone = True
            self._socket.close()


class Control:
    """`handle` is given each request and its connection; it answers at once, or keeps the connection."""

    def __init__(self, path: str, handle: "Callable[[dict[str, Any], Connection], None]") -> None:
        self._handle = handle
        self.connections: list[Connection] = []
        self._listener = listen(path, 8)
        self._listener.setblocking(False)

    def filenos(self) -> "list[int]":
        return [self._listener.fileno(), *(one.fileno() for one in self.connections)]

    def collect(self) -> None:
        """Takes what has come."""
        while len(self.connections) < _MOST:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                break
            connected.setblocking(False)
            # An answer is sent whole or not at all.
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST_LINE)
            self.connections.append(Connection(connected))
        for one in self.connections:
            request = one.receive()
            if request is not None:
                try:
                    self._handle(request, one)
                except (TypeError, ValueError) as error:
                    one.answer({"error": f"no such request: {error}"})
        self.connections = [one for one in self.connections if not one.gone]


class NoAgent(Exception):
    """Nobody answers."""


def ask_agent(path: str, request: "dict[str, Any]", timeout: float) -> "dict[str, Any]":
    """For the command line. `timeout`: seconds until the whole answer is there. Raises NoAgent."""
    deadline = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                connection.settimeout(max(0.01, deadline - time.monotonic()))
                part = connection.recv(64 << 10)
                if not part:
                    raise NoAgent("the agent ended the connection")
                answer += part
        except OSError as error:
            raise NoAgent(f"the agent of this node does not answer: {error}") from error
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise NoAgent("the agent answers in another form than expected")
    return told


def serving_epoch(path: str, timeout: float) -> int:
    """Of the tenure in which the service runs on this node. Raises NoAgent, with why it does not."""
    agent = ask_agent(path, {"do": "status"}, timeout)["agent"]
    if agent["state"] != "active":
        raise NoAgent(f"the service does not run on this node: its agent is {agent['state']} ({agent['reason']})")
    return int(agent["epoch"])
