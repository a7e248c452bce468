"""Docker's engine by its socket. What it says counts by its HTTP status, never by its words. Every call has a time limit."""

import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import quote

#: Bytes of an answer; the inspection of a container has some ten thousand.
LONGEST_ANSWER = 4 << 20


class DockerError(Exception):
    """`status`: what the engine answered; 0 if it did not answer, and nobody knows whether it still does what it was asked."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Container:
    """`running`: a process of it may live, also while it is paused or restarting. `pid` is 0 without."""

    id: str
    running: bool
    pid: int
    status: str
    image: str
    exit_code: int


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Docker:
    """Keeps one connection; not for several threads at once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: Optional[_Connection] = None

    def request(self, method: str, path: str, timeout: float, body: Optional[dict[str, Any]] = None) -> tuple[int, bytes]:
        """`timeout`: seconds until the whole answer is there. Raises DockerError with status 0 if it is not."""
        deadline = time.monotonic() + timeout
        try:
            return self._once(method, path, deadline, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            # The engine closed a connection that was kept: only a question may be asked twice.
            if method != "GET":
                raise DockerError(0, f"Docker closed the connection: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise DockerError(0, f"Docker does not answer: {error}") from error
        try:
            return self._once(method, path, deadline, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise DockerError(0, f"Docker does not answer: {error}") from error

    def _once(self, method: str, path: str, deadline: float, body: Optional[dict[str, Any]]) -> tuple[int, bytes]:
        left = max(0.01, deadline - time.monotonic())
        # An order goes over a connection of its own: one that was kept may just be closed.
        if self._connection is None or method != "GET":
            self.close()
            self._connection = _Connection(self._path, left)
        connection = self._connection
        if connection.sock:
            connection.sock.settimeout(left)
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        content = bytearray()
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("it took too long")
            if connection.sock:
                connection.sock.settimeout(left)
            part = answer.read1(65536)
            if not part:
                break
            content += part
            if len(content) > LONGEST_ANSWER:
                raise OSError(f"its answer has more than {LONGEST_ANSWER} bytes")
        # All of it is here: this says so to http.client, or it would not use the connection again.
        answer.read()
        if answer.will_close:
            self.close()
        return answer.status, bytes(content)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _json(self, method: str, path: str, timeout: float, body: Optional[dict[str, Any]] = None) -> Any:
        status, content = self.request(method, path, timeout, body)
        if status >= 300:
            raise DockerError(status, _message(content) or f"Docker answers {status}")
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise DockerError(0, f"Docker's answer is no JSON: {error}") from error

    def inspect(self, name: str, timeout: float) -> Optional[Container]:
        """None if there is no such container."""
        try:
            told = self._json("GET", f"/containers/{quote(name, safe='')}/json", timeout)
        except DockerError as error:
            if error.status == 404:
                return None
            raise
        try:
            state = told["State"]
            status = str(state["Status"])
            return Container(
                id=str(told["Id"]),
                running=status not in ("exited", "created", "dead", "removing"),
                pid=int(state["Pid"]),
                status=status,
                image=str(told.get("Image", "")),
                exit_code=int(state.get("ExitCode", 0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DockerError(0, f"Docker's answer has another form than expected: {error}") from error

    def start(self, name: str, timeout: float) -> None:
        """Returns once the container runs; 304 says that it did already."""
        self._order(f"/containers/{quote(name, safe='')}/start", timeout)

    def stop(self, name: str, grace: int, timeout: float) -> None:
        """In order: SIGTERM, `grace` seconds, SIGKILL."""
        self._order(f"/containers/{quote(name, safe='')}/stop?t={grace}", timeout)

    def kill(self, name: str, timeout: float) -> None:
        """409 says that it does not run."""
        self._order(f"/containers/{quote(name, safe='')}/kill", timeout, ignore=(409,))

    def _order(self, path: str, timeout: float, ignore: tuple[int, ...] = ()) -> None:
        status, content = self.request("POST", path, timeout)
        if status >= 400 and status not in ignore:
            raise DockerError(status, _message(content) or f"Docker answers {status}")

    def execute(self, name: str, command: tuple[str, ...], timeout: float) -> int:
        """Runs a command in the container; its exit code. Raises DockerError if it does not end in time."""
        deadline = time.monotonic() + timeout
        container = quote(name, safe="")
        made = self._json("POST", f"/containers/{container}/exec", timeout, {"Cmd": list(command), "AttachStdout": True})
        run = quote(str(made["Id"]), safe="")
        self.request("POST", f"/exec/{run}/start", max(0.01, deadline - time.monotonic()), {"Detach": False, "Tty": False})
        told = self._json("GET", f"/exec/{run}/json", max(0.01, deadline - time.monotonic()))
        if told["Running"] or told["ExitCode"] is None:
            raise DockerError(0, f"{command[0]} did not end in time")
        return int(told["ExitCode"])


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return ""
