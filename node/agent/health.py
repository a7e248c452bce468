"""Asks the service whether it is well, in a process of its own: what hangs or costs time there does not concern the agent.

`agent health` reads orders from standard input and writes answers to standard output, one JSON object a line:

    {"ask": 3}       from now on, `questions` 3          {"questions": 3, "answer": "ok", "words": ""}, when it is another one
    {"ask": 0}       no more

A question to 127.0.0.1 is for this node, and is asked at the node's own address, as clients ask. There Docker's rules of the
firewall lead to the container; on 127.0.0.1 a process of its daemon does, which ends with the daemon.
"""

import http.client
import json
import os
import select
import socket
import ssl
import time
from typing import Optional
from urllib.parse import urlsplit

from .core.observation import Answer
from .docker import Docker, DockerError
from .harden import be_ordinary
from .setup import Question, Setup

#: Bytes of a page that are read and thrown away, so that the connection can be kept.
_LONGEST_PAGE = 64 << 10
_FEWEST_MS = 200


class Asker:
    """Asks one question again and again; keeps its connection."""

    def __init__(self, question: Question, container: str, docker: str, address: str) -> None:
        self.question = question
        self._address = address
        self.due = 0.0
        self._container = question.container or container
        self._docker = docker
        self._connection: Optional[http.client.HTTPConnection] = None
        #: The start of the container since which its log has what is looked for.
        self._logged = ""

    def ask(self) -> "tuple[Answer, str]":
        timeout = self.question.timeout / 1000
        try:
            if self.question.url:
                return self._http(timeout)
            if self.question.tcp:
                host, _, port = self.question.tcp.rpartition(":")
                socket.create_connection((self._place(host.strip("[]")), int(port)), timeout).close()
                return Answer.OK, ""
            return self._log(timeout) if self.question.log else self._command(timeout)
        except (TimeoutError, socket.timeout):
            return Answer.SLOW, f"no answer in {timeout:g} s"
        except (ConnectionError, http.client.RemoteDisconnected) as error:
            return Answer.REFUSED, str(error)
        except (OSError, http.client.HTTPException) as error:
            return Answer.ERROR, str(error)
        finally:
            if not self.question.url:
                self.close()

    def _http(self, timeout: float) -> "tuple[Answer, str]":
        kept = self._connection is not None
        try:
            return self._get(timeout)
        except (ConnectionError, http.client.HTTPException):
            self.close()
            if not kept:
                raise
        except OSError:
            self.close()
            raise
        # The service may have closed a connection that was kept.
        try:
            return self._get(timeout)
        except BaseException:
            self.close()
            raise

    def _get(self, timeout: float) -> "tuple[Answer, str]":
        url = urlsplit(self.question.url)
        if self._connection is None:
            self._connection = _connect(url.scheme, self._place(url.hostname or ""), url.port, timeout)
        deadline = time.monotonic() + timeout
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._connection.request("GET", path, headers={"Host": url.netloc.rpartition("@")[2]})
        answer = self._connection.getresponse()
        read = 0
        while True:
            if time.monotonic() > deadline:
                raise TimeoutError
            part = answer.read1(8192)
            read += len(part)
            if not part or read > _LONGEST_PAGE:
                break
        if read > _LONGEST_PAGE:
            self.close()
        else:
            # All of it is here: this says so to http.client, or it would not use the connection again.
            answer.read()
            if answer.will_close:
                self.close()
        wanted = self.question.status
        if answer.status in wanted if wanted else 200 <= answer.status < 300:
            return Answer.OK, ""
        return Answer.ERROR, f"{self.question.url} answers {answer.status}"

    def _command(self, timeout: float) -> "tuple[Answer, str]":
        command = self.question.command
        try:
            code = Docker(self._docker).execute(self._container, command, timeout)
        except DockerError as error:
            # 409: it does not run.
            return (Answer.REFUSED if error.status == 409 else Answer.SLOW), str(error)
        return (Answer.OK, "") if code == 0 else (Answer.ERROR, f"{command[0]} ended with {code}")

    def _log(self, timeout: float) -> "tuple[Answer, str]":
        """Found once it is found for as long as the container runs."""
        docker = Docker(self._docker)
        try:
            started = docker.started(self._container, timeout)
            if not started:
                return Answer.REFUSED, "its container does not run"
            if started != self._logged and docker.has_logged(self._container, self.question.log, started, timeout):
                self._logged = started
        except DockerError as error:
            return Answer.SLOW, str(error)
        finally:
            docker.close()
        return (Answer.OK, "") if started == self._logged else (Answer.SLOW, f"its log has no line with '{self.question.log}' yet")

    def _place(self, host: str) -> str:
        return self._address if host in ("127.0.0.1", "localhost") else host

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def _connect(scheme: str, host: str, port: Optional[int], timeout: float) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    # Its certificate is not what is looked at; it is asked on this node.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def run_health(setup: Setup) -> int:
    """Until standard input ends, which it does with the agent."""
    be_ordinary(os.getppid())
    container, docker = setup.core.container, setup.paths.docker
    askers = [Asker(question, container, docker, setup.address) for question in setup.questions]
    questions, buffer = 0, b""
    before: dict[str, object] = {}
    bad: dict[Asker, tuple[Answer, str]] = {}
    while True:
        due = min(asker.due for asker in askers)
        wait = max(0.0, due - time.monotonic()) if questions else None
        if select.select([0], [], [], wait)[0]:
            part = os.read(0, 4096)
            if not part:
                return 0
            *lines, buffer = (buffer + part).split(b"\n")
            for line in lines:
                questions, bad = int(json.loads(line)["ask"]), {}
                for asker in askers:
                    asker.due = 0.0
            continue
        asker = min(askers, key=lambda one: one.due)
        started = time.monotonic()
        answer, words = asker.ask()
        took = time.monotonic() - started
        # A failure is asked again soon.
        pause = asker.question.every if answer is Answer.OK else max(_FEWEST_MS, asker.question.every / 4)
        asker.due = started + max(took, pause / 1000)
        bad.pop(asker, None)
        if answer is not Answer.OK:
            bad[asker] = (answer, words)
        # Well only if all of them say so.
        answer, words = next(iter(bad.values()), (answer, words))
        told: dict[str, object] = {"questions": questions, "answer": answer.value, "words": words[:300]}
        # The agent is woken by something new only.
        if told != before:
            os.write(1, json.dumps(told).encode() + b"\n")
            before = told
