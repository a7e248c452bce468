"""HTTP/1.1 over a connected socket, as much of it as Docker's engine speaks: small, with a deadline and a bound on everything.

The library's own client brings TLS and mail parsing with it, which would be locked in memory.
"""

import socket
import time

#: Bytes of the head of an answer.
LONGEST_HEAD = 64 << 10


class BadAnswer(OSError):
    """It is no HTTP, or longer than allowed."""


class Stream:
    """Reads with a deadline (monotonic seconds). Raises TimeoutError when it is over, ConnectionError at the end."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""

    def _more(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        self.connection.settimeout(left)
        try:
            part = self.connection.recv(64 << 10)
        except socket.timeout:
            raise TimeoutError("it took too long") from None
        if not part:
            raise ConnectionResetError("the connection ended")
        self._buffer += part

    def line(self, deadline: float) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > LONGEST_HEAD:
                raise BadAnswer("its head is too long")
            self._more(deadline)
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def exactly(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            self._more(deadline)
        part, self._buffer = self._buffer[:count], self._buffer[count:]
        return part

    def rest(self, most: int, deadline: float) -> bytes:
        """Until the connection ends."""
        try:
            while len(self._buffer) <= most:
                self._more(deadline)
        except ConnectionResetError:
            part, self._buffer = self._buffer, b""
            return part
        raise BadAnswer(f"its answer has more than {most} bytes")


def request_bytes(method: str, path: str, body: "bytes | None", headers: str = "") -> bytes:
    """A request whose answer may be followed by another one on the same connection. `headers`: further lines of its head."""
    head = f"{method} {path} HTTP/1.1\r\nHost: docker\r\n{headers}"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    elif method == "POST":
        head += "Content-Length: 0\r\n"
    return head.encode() + b"\r\n" + (body or b"")


def read_answer(stream: Stream, most: int, deadline: float) -> "tuple[int, bytes, bool]":
    """Status, content, and whether the connection can be used again."""
    version, status, headers = _head(stream, deadline)
    keep = version == b"HTTP/1.1" and headers.get(b"connection", b"").lower() != b"close"
    if status in (204, 304) or 100 <= status < 200:
        return status, b"", keep
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        return status, _chunks(stream, most, deadline), keep
    if b"content-length" not in headers:
        return status, stream.rest(most, deadline), False
    return status, stream.exactly(_bounded(headers[b"content-length"], 10, most), deadline), keep


def read_head(stream: Stream, deadline: float) -> int:
    """The status of an answer after which the connection is no HTTP any more."""
    return _head(stream, deadline)[1]


def _head(stream: Stream, deadline: float) -> "tuple[bytes, int, dict[bytes, bytes]]":
    words = stream.line(deadline).split(b" ")
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise BadAnswer("it is no HTTP")
    return words[0], int(words[1]), _headers(stream, deadline)


def _headers(stream: Stream, deadline: float) -> "dict[bytes, bytes]":
    headers: dict[bytes, bytes] = {}
    size = 0
    while True:
        line = stream.line(deadline)
        if not line:
            return headers
        size += len(line)
        if size > LONGEST_HEAD:
            raise BadAnswer("its head is too long")
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()


def _chunks(stream: Stream, most: int, deadline: float) -> bytes:
    content = b""
    while True:
        size = _bounded(stream.line(deadline).split(b";")[0], 16, most - len(content))
        if size == 0:
            while stream.line(deadline):
                pass
            return content
        content += stream.exactly(size, deadline)
        stream.line(deadline)


def _bounded(text: bytes, base: int, most: int) -> int:
    try:
        count = int(text, base)
    except ValueError:
        raise BadAnswer("it is no HTTP") from None
    if not 0 <= count <= most:
        raise BadAnswer("its answer is too long")
    return count
