"""Docker by its socket: HTTP status and JSON count, words never; nothing waits for longer than it is told to."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from agent.docker import LONGEST_ANSWER, Docker, DockerError
from agent.image_view import image_view

Answer = Callable[[bytes], bytes]


class Engine:
    """Answers each request with what `answer` makes of its first line; keeps connections."""

    def __init__(self, path: str) -> None:
        self.answer: Answer = lambda _: b""
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(8)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                part = connection.recv(4096)
                if not part:
                    return
                buffer += part
            head, buffer = buffer.split(b"\r\n\r\n", 1)
            self.requests.append(head.split(b"\r\n")[0])
            answer = self.answer(head)
            try:
                connection.sendall(answer)
            except OSError:
                return  # whoever asked does not wait any longer
            if b"Connection: close" in answer or not answer:
                connection.close()
                return

    def close(self) -> None:
        self._listener.close()


def _http(status: str, told: object = None, more: str = "") -> bytes:
    content = b"" if told is None else json.dumps(told).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content


def _state(status: str, pid: int = 0) -> "dict[str, object]":
    return {"Id": "a" * 64, "State": {"Status": status, "Pid": pid, "ExitCode": 7}, "Image": "sha256:1"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(str(tmp_path / "docker.sock"))
    yield made
    made.close()


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(str(tmp_path / "docker.sock"))


@pytest.mark.parametrize(
    ("status", "running"),
    [("running", True), ("paused", True), ("restarting", True), ("exited", False), ("created", False), ("dead", False)],
)
def test_a_container_that_may_have_a_process_counts_as_running(engine: Engine, docker: Docker, status: str, running: bool) -> None:
    engine.answer = lambda _: _http("200 OK", _state(status, 12))
    found = docker.inspect("service", 2)
    assert found and found.running is running and found.id == "a" * 64 and found.exit_code == 7


def test_a_status_tells_that_there_is_no_container_and_words_do_not(engine: Engine, docker: Docker) -> None:
    engine.answer = lambda _: _http("404 Not Found", {"message": "weg ist er"})
    assert docker.inspect("service", 2) is None
    engine.answer = lambda _: _http("500 Internal Server Error", {"message": "no such container, says a broken engine"})
    with pytest.raises(DockerError) as error:
        docker.inspect("service", 2)
    assert error.value.status == 500


def test_questions_go_over_one_connection(engine: Engine, docker: Docker) -> None:
    engine.answer = lambda _: _http("200 OK", _state("running"))
    for _ in range(5):
        docker.inspect("service", 2)
    assert engine.connections == 1 and len(engine.requests) == 5


def test_a_connection_that_the_engine_closed_meanwhile_is_made_anew(engine: Engine, docker: Docker) -> None:
    engine.answer = lambda _: _http("200 OK", _state("running"))
    docker.inspect("service", 2)
    engine.answer = lambda _: b"" if len(engine.requests) == 2 else _http("200 OK", _state("exited"))
    found = docker.inspect("service", 2)
    assert found and not found.running


def test_an_order_is_never_given_twice(engine: Engine, docker: Docker) -> None:
    engine.answer = lambda _: b""
    with pytest.raises(DockerError) as error:
        docker.start("service", 2)
    assert error.value.status == 0 and len(engine.requests) == 1


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_what_is_so_already_is_no_error(engine: Engine, docker: Docker, status: str) -> None:
    engine.answer = lambda _: _http(status)
    assert docker.start("service", 2) is (status == "204 No Content")
    docker.stop("service", 30, 2)
    assert engine.requests[-1] == b"POST /containers/service/stop?t=30 HTTP/1.1"


def test_chunks_are_put_together(engine: Engine, docker: Docker) -> None:
    text = json.dumps(_state("running")).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (text[:10], text[10:]))
    engine.answer = lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    for _ in range(2):
        found = docker.inspect("service", 2)
        assert found and found.running
    assert engine.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LONGEST_ANSWER + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (LONGEST_ANSWER + 100),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"State": "none"',
    ],
    ids=["no-http", "negative", "too-long", "bad-chunk", "long-head", "endless", "another-form", "no-json"],
)
def test_what_is_no_answer_of_docker_is_an_error_and_unknown(engine: Engine, docker: Docker, answer: bytes) -> None:
    engine.answer = lambda _: answer
    with pytest.raises(DockerError) as error:
        docker.inspect("service", 3)
    assert error.value.status == 0


def test_an_engine_that_answers_byte_by_byte_does_not_take_longer_than_its_limit(engine: Engine, docker: Docker) -> None:
    def drip(_: bytes) -> bytes:
        time.sleep(5)
        return _http("200 OK", _state("running"))

    engine.answer = drip
    started = time.monotonic()
    with pytest.raises(DockerError) as error:
        docker.inspect("service", 0.3)
    assert error.value.status == 0 and time.monotonic() - started < 1


def test_without_an_engine_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(DockerError) as error:
        Docker(str(tmp_path / "none.sock")).inspect("service", 1)
    assert error.value.status == 0


@pytest.mark.parametrize("name", ["../images/prune", "a b", "a\r\nX: y", ""])
def test_a_name_that_is_no_containers_reaches_no_engine(engine: Engine, docker: Docker, name: str) -> None:
    with pytest.raises(DockerError):
        docker.start(name, 1)
    assert engine.requests == []


def _images(engine: Engine, answers: "dict[str, object]") -> None:
    def answer(head: bytes) -> bytes:
        told = answers.get(head.split()[1].decode())
        return _http("404 Not Found", {"message": "none"}) if told is None else _http("200 OK", told)

    engine.answer = answer


def test_the_image_of_a_container_is_told_and_what_its_name_means_now(engine: Engine, tmp_path: Path) -> None:
    made = {**_state("running"), "Image": "sha256:1", "Config": {"Labels": {"ha-rancher.image": "reg:5000/app:v1"}}}
    digests = ["reg:5000/app@sha256:9"]
    answers: dict[str, object] = {
        "/containers/service/json": made,
        "/images/sha256:1/json": {"Id": "sha256:1", "RepoDigests": digests},
        "/images/reg:5000/app:v1/json": {"Id": "sha256:2", "RepoDigests": None},
    }
    _images(engine, answers)
    socket_ = str(tmp_path / "docker.sock")
    told = {"name": "reg:5000/app:v1", "id": "sha256:1", "digests": digests, "named": "sha256:2"}
    assert image_view(socket_, "service", 2) == told
    assert engine.connections == 1
    del answers["/images/reg:5000/app:v1/json"], answers["/images/sha256:1/json"]
    assert image_view(socket_, "service", 2) == {**told, "digests": [], "named": None}


@pytest.mark.parametrize("name", ["", "../containers/x", "a b", "a/../b", "-a", "a" * 600])
def test_a_label_that_is_no_image_asks_for_nothing(engine: Engine, tmp_path: Path, name: str) -> None:
    _images(
        engine,
        {
            "/containers/service/json": {**_state("running"), "Config": {"Labels": {"ha-rancher.image": name}}},
            "/images/sha256:1/json": {"Id": "sha256:1"},
        },
    )
    found = image_view(str(tmp_path / "docker.sock"), "service", 2)
    assert found == ({} if name else {"name": None, "id": "sha256:1", "digests": [], "named": None})
    assert len(engine.requests) == 2


def test_without_an_engine_or_a_container_no_image_is_known(engine: Engine, tmp_path: Path) -> None:
    assert image_view(str(tmp_path / "none.sock"), "service", 0.5) == {}
    _images(engine, {})
    assert image_view(str(tmp_path / "docker.sock"), "service", 2) == {}
    engine.answer = lambda _: _http("200 OK", {**_state("running"), "Config": {"Labels": None}})
    assert image_view(str(tmp_path / "docker.sock"), "service", 2)["name"] is None
    engine.answer = lambda _: _http("200 OK", {**_state("running"), "Config": 3})
    assert image_view(str(tmp_path / "docker.sock"), "service", 2) == {}
