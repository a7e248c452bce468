"""A command in a running container, with what it reads and writes as streams of any length.

It runs in the container's control group: whatever kills the service kills it, too.
"""

import contextlib
import json
import socket
import threading
import time
import zlib
from typing import IO, Callable, Optional

from . import process
from .docker import Docker, DockerError
from .http1 import BadAnswer, Stream, read_head, request_bytes

#: Bytes of its error output that are kept for a message, and of one frame of Docker's.
_WORDS, _FRAME = 2_000, 64 << 10
_STDERR = 2
#: Seconds in which Docker must answer what needs no work.
_SOON = 20.0
#: Seconds in which what Docker was asked to start has a number.
_STARTING = 5.0


class Execution:
    """`command` in the container `name`. `limit`: seconds from now on, after which it is killed."""

    def __init__(self, path: str, name: str, command: "tuple[str, ...]", limit: float) -> None:
        self._engine = Docker(path)
        self._path = path
        self._command = command
        self._limit = limit
        self._deadline = time.monotonic() + limit
        self._name = name
        self._id = ""
        self._words = b""
        self._broken = ""
        self._connection: Optional[socket.socket] = None

    def run(self, write: Callable[[bytes], object], source: Optional[IO[bytes]] = None) -> None:
        """`write` gets its standard output, part by part; `source` is its standard input.

        Raises DockerError in words if it did not end with 0, and whatever `write` raises. It is killed then.
        """
        try:
            self._run(write, source)
        except BaseException as error:
            # Before the connection ends: what reads would else take the half for the whole.
            self._kill()
            if isinstance(error, TimeoutError):
                raise DockerError(0, f"{self._command[0]} did not end within {self._limit:g} s") from error
            if isinstance(error, (BadAnswer, ConnectionError)):
                raise DockerError(0, f"Docker does not answer: {error.strerror or error}") from error
            raise
        finally:
            if self._connection:
                self._connection.close()
            self._engine.close()

    def _run(self, write: Callable[[bytes], object], source: Optional[IO[bytes]]) -> None:
        self._id = self._engine.make_execution(self._name, self._command, source is not None, _SOON)
        self._connection = connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_SOON)
        connection.connect(self._path)
        body = json.dumps({"Detach": False, "Tty": False}).encode()
        connection.sendall(request_bytes("POST", f"/exec/{self._id}/start", body, "Connection: Upgrade\r\nUpgrade: tcp\r\n"))
        stream = Stream(connection)
        status = read_head(stream, min(self._deadline, time.monotonic() + _SOON))
        if status not in (101, 200):
            raise DockerError(status, f"Docker answers {status}")
        if source is not None:
            threading.Thread(target=self._feed, args=(connection, source), daemon=True).start()
        self._read(stream, write)
        if self._broken:
            raise DockerError(0, f"what {self._command[0]} is to read cannot be read: {self._broken}")
        running, code, _ = self._engine.execution(self._id, _SOON)
        if running or code != 0:
            words = self._words.decode("utf-8", "replace").strip().splitlines()
            ended = "was cut off" if running or code is None else f"ended with {code}"
            raise DockerError(0, f"{self._command[0]} {ended}{f': {words[-1]}' if words else ''}")

    def _read(self, stream: Stream, write: Callable[[bytes], object]) -> None:
        """Frames: a head of eight bytes, stream and length; then so many bytes."""
        while True:
            try:
                head = stream.exactly(8, self._deadline)
            except ConnectionError:
                return  # the end
            left = int.from_bytes(head[4:], "big")
            while left:
                part = stream.exactly(min(left, _FRAME), self._deadline)
                left -= len(part)
                if head[0] == _STDERR:
                    self._words = (self._words + part)[-_WORDS:]
                else:
                    write(part)

    def _kill(self) -> None:
        """By its number, which the engine knows, with what it has started. Of what is just being started it knows none yet."""
        until = time.monotonic() + _STARTING
        while self._connection and time.monotonic() < until:
            try:
                running, code, pid = self._engine.execution(self._id, _SOON)
            except DockerError:
                return  # it ends with its container
            for each in process.family(pid) if running else ():
                each.kill()
            if running or code is not None:
                return
            time.sleep(0.05)

    def _feed(self, connection: socket.socket, source: IO[bytes]) -> None:
        """In a thread. What does not take all of it has ended, and its exit code says what became of it."""
        try:
            while True:
                part = source.read(_FRAME)
                if not part:
                    break
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except (OSError, EOFError, zlib.error) as error:
            self._broken = str(error)
            self._kill()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
