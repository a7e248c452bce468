"""Docker's engine by its socket. What it says counts by its HTTP status, never by its words. Every call has a time limit."""

import json
import re
import socket
import time
from typing import Any, NamedTuple, Optional

from .container_log import seconds_of, text_of
from .http1 import Stream, read_answer, request_bytes

#: Bytes of an answer; the inspection of a container has some ten thousand.
LONGEST_ANSWER = 4 << 20
#: Lines of a log that are looked at; of 4 KiB at most they are no more than an answer may have.
_LINES = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,511}")


class DockerError(Exception):
    """`status`: what the engine answered; 0 if it did not answer, and nobody knows whether it still does what it was asked."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Container(NamedTuple):
    """`running`: a process of it may live, also while it is paused or restarting. `pid` is 0 without."""

    id: str
    running: bool
    pid: int
    status: str
    image: str
    exit_code: int
    labels: "dict[str, str]"


class Image(NamedTuple):
    """`digests`: `REPOSITORY@sha256:...` of each registry that it came from; none if it was loaded or built here."""

    id: str
    digests: "list[str]"


class Docker:
    """Keeps one connection; not for several threads at once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stream: Optional[Stream] = None

    def request(self, method: str, path: str, timeout: float, body: Optional[dict[str, Any]] = None) -> tuple[int, bytes]:
        """`timeout`: seconds until the whole answer is there. Raises DockerError with status 0 if it is not."""
        deadline = time.monotonic() + timeout
        kept = self._stream is not None and method == "GET"
        try:
            return self._once(method, path, deadline, body)
        except OSError as error:
            self.close()
            # The engine may have closed a connection that was kept; only a question is asked twice.
            if not kept or not isinstance(error, ConnectionError):
                raise DockerError(0, f"Docker does not answer: {error.strerror or error}") from error
        try:
            return self._once(method, path, deadline, body)
        except OSError as error:
            self.close()
            raise DockerError(0, f"Docker does not answer: {error.strerror or error}") from error

    def _once(self, method: str, path: str, deadline: float, body: Optional[dict[str, Any]]) -> tuple[int, bytes]:
        # An order goes over a connection of its own: one that was kept may just be closed.
        if self._stream is None or method != "GET":
            self.close()
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._stream = Stream(connection)
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            connection.connect(self._path)
        text = None if body is None else json.dumps(body).encode()
        self._stream.connection.settimeout(max(0.01, deadline - time.monotonic()))
        self._stream.connection.sendall(request_bytes(method, path, text))
        status, content, keep = read_answer(self._stream, LONGEST_ANSWER, deadline)
        if not keep:
            self.close()
        return status, content

    def close(self) -> None:
        if self._stream:
            self._stream.connection.close()
            self._stream = None

    def _json(self, method: str, path: str, timeout: float, body: Optional[dict[str, Any]] = None) -> Any:
        status, content = self.request(method, path, timeout, body)
        if status >= 300:
            raise DockerError(status, _message(content) or f"Docker answers {status}")
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError) as error:
            raise DockerError(0, f"Docker's answer is no JSON: {error}") from error

    def inspect(self, name: str, timeout: float) -> Optional[Container]:
        """None if there is no such container."""
        try:
            told = self._json("GET", f"/containers/{_safe(name)}/json", timeout)
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
                labels={str(name): str(value) for name, value in (told.get("Config", {}).get("Labels") or {}).items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise DockerError(0, f"Docker's answer has another form than expected: {error}") from error

    def started(self, name: str, timeout: float) -> str:
        """When it was last started, as the engine says it; empty if it does not run."""
        try:
            state = self._json("GET", f"/containers/{_safe(name)}/json", timeout)["State"]
            return str(state["StartedAt"]) if state["Status"] == "running" else ""
        except DockerError as error:
            if error.status == 404:
                return ""
            raise
        except (KeyError, TypeError) as error:
            raise DockerError(0, f"Docker's answer has another form than expected: {error}") from error

    def has_logged(self, name: str, words: str, since: str, timeout: float) -> bool:
        """Whether one of its last lines has the words; `since`: a time as `started` gives it."""
        path = f"/containers/{_safe(name)}/logs?stdout=1&stderr=1&tail={_LINES}&since={seconds_of(since) or 0}"
        status, content = self.request("GET", path, timeout)
        if status >= 300:
            raise DockerError(status, _message(content) or f"Docker answers {status}")
        return words.encode() in text_of(content)

    def image(self, reference: str, timeout: float) -> Optional[Image]:
        """By its name or id. None if there is no such image."""
        if not _REFERENCE.fullmatch(reference) or ".." in reference:
            raise DockerError(0, f"{reference!r} is no image that Docker names so")
        try:
            told = self._json("GET", f"/images/{reference}/json", timeout)
        except DockerError as error:
            if error.status == 404:
                return None
            raise
        try:
            return Image(id=str(told["Id"]), digests=[str(each) for each in told.get("RepoDigests") or []])
        except (KeyError, TypeError, AttributeError) as error:
            raise DockerError(0, f"Docker's answer has another form than expected: {error}") from error

    def start(self, name: str, timeout: float) -> bool:
        """Returns once the container runs; false: Docker says that it did already."""
        return self._order(f"/containers/{_safe(name)}/start", timeout) != 304

    def stop(self, name: str, grace: int, timeout: float) -> None:
        """In order: SIGTERM, `grace` seconds, SIGKILL."""
        self._order(f"/containers/{_safe(name)}/stop?t={grace}", timeout)

    def kill(self, name: str, timeout: float) -> None:
        """409 says that it does not run."""
        self._order(f"/containers/{_safe(name)}/kill", timeout, ignore=(409,))

    def _order(self, path: str, timeout: float, ignore: tuple[int, ...] = ()) -> int:
        status, content = self.request("POST", path, timeout)
        if status >= 400 and status not in ignore:
            raise DockerError(status, _message(content) or f"Docker answers {status}")
        return status

    def execute(self, name: str, command: tuple[str, ...], timeout: float) -> int:
        """Runs a command in the container; its exit code. Raises DockerError if it does not end in time."""
        deadline = time.monotonic() + timeout
        run = self.make_execution(name, command, False, timeout)
        self.request("POST", f"/exec/{run}/start", max(0.01, deadline - time.monotonic()), {"Detach": False, "Tty": False})
        running, code, _ = self.execution(run, max(0.01, deadline - time.monotonic()))
        if running or code is None:
            raise DockerError(0, f"{command[0]} did not end in time")
        return code

    def make_execution(self, name: str, command: tuple[str, ...], reads: bool, timeout: float) -> str:
        """The id of a command that can be started in the container. `reads`: it gets a standard input."""
        wanted = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, "AttachStdin": reads}
        made = self._json("POST", f"/containers/{_safe(name)}/exec", timeout, wanted)
        try:
            return _safe(str(made["Id"]))
        except (KeyError, TypeError) as error:
            raise DockerError(0, f"Docker's answer has another form than expected: {error}") from error

    def execution(self, run: str, timeout: float) -> "tuple[bool, Optional[int], int]":
        """Whether it runs, its exit code, and its number on this node."""
        told = self._json("GET", f"/exec/{run}/json", timeout)
        try:
            code = told["ExitCode"]
            return bool(told["Running"]), None if code is None else int(code), int(told.get("Pid") or 0)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DockerError(0, f"Docker's answer has another form than expected: {error}") from error


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return ""


def _safe(name: str) -> str:
    """Names and ids as Docker makes them; anything else must not get into a path."""
    if not _NAME.fullmatch(name):
        raise DockerError(404, f"{name!r} is no container's name")
    return name
