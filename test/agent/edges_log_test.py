"""A line of the container's log says that it serves: found since its last start, and once found, found."""

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from agent.container_log import seconds_of, text_of
from agent.core.observation import Answer
from agent.health import Asker
from agent.setup import Question


def _frame(text: str, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text.encode()


class _Engine(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    started: ClassVar[str] = "2026-11-30T20:00:00.5Z"
    status: ClassVar[str] = "running"
    log: ClassVar[bytes] = b""
    asked: ClassVar["list[str]"] = []

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "unix"

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path.endswith("/logs"):
            self.asked.append(parse_qs(path.query)["since"][0])
            content = self.log
        else:
            content = json.dumps({"State": {"Status": self.status, "StartedAt": self.started}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator["tuple[type[_Engine], Asker]"]:
    class Engine(_Engine):
        asked: ClassVar["list[str]"] = []

    path = str(tmp_path / "docker.sock")
    server = socketserver.ThreadingUnixStreamServer(path, Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Engine, Asker(Question(log="it serves"), "service", path, "127.0.0.1")
    server.shutdown()
    server.server_close()


def test_it_is_busy_until_the_line_is_there_and_then_well(engine: "tuple[type[_Engine], Asker]") -> None:
    kind, asker = engine
    kind.log = _frame("it starts\n") + _frame("a warning\n", 2)
    assert asker.ask() == (Answer.SLOW, "its log has no line with 'it serves' yet")
    kind.log += _frame("now it serves you\n", 2)
    assert asker.ask()[0] is Answer.OK
    # A log grows: it is not read again.
    kind.log = b""
    assert asker.ask()[0] is Answer.OK
    assert kind.asked == ["1796068800.5"] * 2


def test_a_line_of_the_start_before_says_nothing(engine: "tuple[type[_Engine], Asker]") -> None:
    kind, asker = engine
    kind.log = _frame("it serves\n")
    assert asker.ask()[0] is Answer.OK
    kind.started, kind.log = "2026-11-30T21:00:00Z", _frame("it starts\n")
    assert asker.ask()[0] is Answer.SLOW
    kind.status = "exited"
    assert asker.ask() == (Answer.REFUSED, "its container does not run")


def test_nobody_answers_is_not_a_dead_service(tmp_path: Path) -> None:
    asker = Asker(Question(log="x"), "service", str(tmp_path / "none"), "127.0.0.1")
    assert asker.ask()[0] is Answer.SLOW


def test_frames_are_taken_off_and_a_terminal_has_none() -> None:
    assert text_of(_frame("one ") + _frame("two", 2)) == b"one two"
    assert text_of(b"plain text without frames") == b"plain text without frames"
    assert text_of(b"") == b""
    # Cut in the middle of one.
    assert text_of(_frame("all of it")[:-4]) == b"all o"


def test_times_that_are_none_are_no_time() -> None:
    assert seconds_of("1970-01-01T00:00:01Z") == "1"
    for told in ("", "0001-01-01", "2026-13-45T99:00:00Z", "2026-11-30T20:00:00+01:00"):
        assert seconds_of(told) == ""
