"""The agent's side of the lease process. Never waits: a request is sent, and its answer collected whenever it comes."""

import json
import os
import signal
import socket
import struct
import time
from typing import Any, Optional

from ..clock import awake_ms
from ..core.lease_requests import Request
from ..core.observation import LeaseView
from .wire import LONGEST_LINE, PROTOCOL, Terms, request_to, view_from


class LeaseClient:
    """`path`: the lease process's socket. `view`: what it last said."""

    def __init__(self, path: str, terms: Terms) -> None:
        self.path = path
        self.terms = terms
        self.version = ""  # of the lease process's code
        self.pid = 0
        self.connections = 0  # how many there have been: descriptors, and processes, get the numbers of earlier ones
        self.view = LeaseView(error="the lease process was not asked yet")
        self._socket: Optional[socket.socket] = None
        self._buffer = b""
        self._number = 0
        self._asked = ""
        self._since = 0  # when that was, `mono`

    def fileno(self) -> int:
        """-1 without a connection."""
        return self._socket.fileno() if self._socket else -1

    def waited(self, now: int) -> int:
        """Milliseconds that a request has waited for its answer; 0 if none does. `now`: `mono`."""
        return max(1, now - self._since) if self._asked else 0

    @property
    def greeted(self) -> bool:
        """It has said what it holds."""
        return self.view.alive and bool(self.version)

    def connect(self) -> bool:
        """Says hello on a new connection; the answer is collected like any other."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(self.path)
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError as error:
            connection.close()
            self._gone(f"the lease process does not answer: {error.strerror}")
            return False
        self._gone("")
        self.pid = struct.unpack("3i", peer)[0]
        self._socket = connection
        self.connections += 1
        return self._send("hello", terms=self.terms._asdict())

    def ask(self, request: Request) -> bool:
        """False if a request still waits, or there is nobody to ask."""
        told = request_to(request)
        return not self._asked and self.greeted and self._send(told.pop("do"), **told)

    def guard(self, **told: Any) -> None:
        """See `deadman`. Not answered, so it may be said at any time."""
        if self._socket:
            self._write({"do": "guard", **told})

    def drop(self) -> None:
        """Lets go of the lock, whatever it takes: a process that hangs is killed."""
        if self._asked or not self.greeted or not self._send("drop"):
            if self.pid and self._socket:
                try:
                    os.kill(self.pid, signal.SIGKILL)
                except OSError:
                    pass
            self._gone("the lease process hung and was killed")
        self.view = self.view._replace(locked=False, confirmed=None, sent=0)

    def renew(self) -> bool:
        """Ends a process that has the lease not: the service manager starts the next one, of the files that are there now.
        False if it has it, or has no time."""
        return self.greeted and not self._asked and not self.view.locked and self._send("end")

    def _send(self, do: str, **fields: Any) -> bool:
        self._number += 1
        if not self._write({"id": self._number, "do": do, **fields}):
            return False
        self._asked, self._since = do, awake_ms()
        self.view = self.view._replace(pending=True)
        return True

    def _write(self, message: dict[str, Any]) -> bool:
        line = json.dumps(message).encode() + b"\n"
        try:
            sent = self._socket.send(line) if self._socket else 0
        except OSError:
            sent = 0
        if sent != len(line):
            self._gone("the lease process is gone")
            return False
        return True

    def collect(self) -> bool:
        """Takes an answer, if it has come; whether anything has changed."""
        if not self._socket:
            return False
        try:
            part = self._socket.recv(LONGEST_LINE)
        except BlockingIOError:
            return False
        except OSError:
            part = b""
        self._buffer += part
        if not part or len(self._buffer) > 2 * LONGEST_LINE:
            self._gone("the lease process is gone")
            return True
        # One request at a time, so there is one answer at most.
        if not self._buffer.endswith(b"\n"):
            return False
        line, self._buffer = self._buffer, b""
        try:
            self._read(json.loads(line))
        except (KeyError, TypeError, ValueError):
            self._gone("the lease process answers in another form than expected: restart ha-rancher-lease")
        return True

    def _read(self, answer: dict[str, Any]) -> None:
        if answer["id"] != self._number or answer["protocol"] != PROTOCOL:
            raise ValueError("not what was asked for")
        self.version = str(answer["version"])
        self._asked = ""
        self.view = view_from(answer["view"])._replace(alive=True, pending=False)
        if answer["error"]:
            self.view = self.view._replace(error=str(answer["error"]))

    def _gone(self, words: str) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self._buffer, self._asked, self.version, self.pid = None, b"", "", "", 0
        self.view = LeaseView(error=words)

    def close(self) -> None:
        self._gone("")


def ask_status(path: str, timeout: float) -> "tuple[LeaseView, str, float]":
    """For `status` where no agent can be asked: what the process holds, its version, and for how many seconds it has been at a
    request. Raises OSError, or ValueError if it answers in another form."""
    deadline = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(b'{"do": "status"}\n')
        answer = b""
        while not answer.endswith(b"\n") and len(answer) <= 2 * LONGEST_LINE:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = connection.recv(LONGEST_LINE)
            if not part:
                raise ConnectionResetError("the lease process ended the connection")
            answer += part
    told = json.loads(answer)
    try:
        return view_from(told["view"]), str(told["version"]), float(told["busy"]) / 1000
    except (KeyError, TypeError) as error:
        raise ValueError(f"the lease process answers in another form than expected: {error}") from error
