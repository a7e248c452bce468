"""Health: busy, dead and wrong are told apart, with a real server."""

import http.server
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
from agent.core.observation import Answer
from agent.health import Asker
from agent.health_client import HealthProcess
from agent.setup import Question


class _Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status, delay = 200, 0.0

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        time.sleep(type(self).delay)
        self.send_response(type(self).status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


@pytest.fixture
def page() -> Iterator["tuple[type[_Page], str, http.server.ThreadingHTTPServer]"]:
    class Page(_Page):
        pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Page, f"http://127.0.0.1:{server.server_port}/healthz", server
    server.shutdown()
    server.server_close()


def test_busy_is_slow_and_dead_is_refused_and_an_error_is_neither(
    page: "tuple[type[_Page], str, http.server.ThreadingHTTPServer]",
) -> None:
    kind, url, server = page
    asker = Asker(Question(url=url, timeout=300), "service", "/none", "127.0.0.1")
    assert asker.ask()[0] is Answer.OK
    kind.status = 503
    assert asker.ask() == (Answer.ERROR, f"{url} answers 503")
    kind.status, kind.delay = 200, 3.0
    started = time.monotonic()
    assert asker.ask()[0] is Answer.SLOW
    assert time.monotonic() - started < 2.9
    kind.delay = 0.0
    assert asker.ask()[0] is Answer.OK
    server.shutdown()
    server.server_close()
    asker.close()
    assert asker.ask()[0] is Answer.REFUSED


def test_a_page_may_have_other_statuses(page: "tuple[type[_Page], str, http.server.ThreadingHTTPServer]") -> None:
    kind, url, _ = page
    asker = Asker(Question(url=url, status=(401, 404)), "service", "/none", "127.0.0.1")
    assert asker.ask() == (Answer.ERROR, f"{url} answers 200")
    kind.status = 401
    assert asker.ask()[0] is Answer.OK


def test_a_connection_is_kept(page: "tuple[type[_Page], str, http.server.ThreadingHTTPServer]") -> None:
    _, url, _ = page
    asker = Asker(Question(url=url), "service", "/none", "127.0.0.1")
    asker.ask()
    first = asker._connection
    for _ in range(5):
        assert asker.ask()[0] is Answer.OK
    assert asker._connection is first


def test_a_port_that_takes_connections_is_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert Asker(Question(tcp=f"127.0.0.1:{port}"), "service", "/none", "127.0.0.1").ask()[0] is Answer.OK
    assert Asker(Question(tcp=f"127.0.0.1:{port}"), "service", "/none", "127.0.0.1").ask()[0] is Answer.REFUSED


def test_a_command_that_nobody_can_run_is_not_a_dead_service() -> None:
    answer, words = Asker(Question(command=("true",)), "service", "/none.sock", "127.0.0.1").ask()
    assert answer is Answer.SLOW and "Docker does not answer" in words


def test_a_question_to_this_node_is_asked_at_its_own_address() -> None:
    """127.0.0.1 is served by a process of Docker's daemon, which ends with it."""

    class Page(_Page):
        hosts: ClassVar["list[str]"] = []

        def do_GET(self) -> None:
            self.hosts.append(self.headers["Host"])
            super().do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_port
    try:
        for question in (Question(url=f"http://127.0.0.1:{port}/"), Question(tcp=f"localhost:{port}")):
            assert Asker(question, "service", "/none", "127.0.0.2").ask()[0] is Answer.OK
            assert Asker(question, "service", "/none", "127.0.0.1").ask()[0] is Answer.REFUSED
        assert Page.hosts == [f"127.0.0.1:{port}"]
        assert Asker(Question(tcp=f"127.0.0.2:{port}"), "service", "/none", "127.0.0.3").ask()[0] is Answer.OK
    finally:
        server.shutdown()
        server.server_close()


_ANSWERS = """
import json, os, sys
for line in sys.stdin:
    number = json.loads(line)["ask"]
    print(json.dumps({"questions": number, "answer": "ok", "words": str(os.getpid())}), flush=True)
"""


def _answer(process: HealthProcess) -> str:
    end = time.monotonic() + 10
    while process.view.answer is Answer.NONE and time.monotonic() < end:
        process.collect()
        time.sleep(0.01)
    return process.view.words


def test_what_was_started_beforehand_is_asked_and_one_that_is_gone_is_started_again() -> None:
    process = HealthProcess([sys.executable, "-c", _ANSWERS])
    process.prepare()
    child = process._process._child
    assert child and not process.ended
    process.ask(1)
    assert _answer(process) == str(child.pid)
    process.ask(0)
    assert process.fileno() == -1
    process.prepare()
    child = process._process._child
    assert child
    child.kill()
    child.wait()
    process.collect()
    assert process.fileno() == -1 and not process.ended
    process.ask(2)
    assert _answer(process) not in ("", str(child.pid))
    process.close()
