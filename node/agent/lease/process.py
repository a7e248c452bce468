"""The lease process: holds the lease for the agent, also while that is restarted.

Listens on a Unix socket, for one agent at a time (the newest), one JSON object a line:

    {"id": 1, "do": "hello", "terms": {...}}     {"id": 2, "do": "Look", ...}     a request of `core.actions`
    {"id": 3, "do": "drop"}                      {"id": 4, "do": "guard", ...}    see `deadman`
    {"id": 5, "do": "end"}                       end, unless the lease is held: an update starts the next one

and answers each with `{"id", "protocol", "version", "view", "error"}`. `error` is for what is no request; what went wrong
with the lease is in the view.
"""

import contextlib
import json
import os
import queue
import select
import socket
import threading
from typing import Any, Optional

from ..clock import boot_ms
from ..core.files import FileError
from ..core.lease import LeaseProcess, Steps
from ..core.observation import LeaseView
from ..files import remove
from .deadman import Deadman
from .files import LeaseFiles
from .wire import LONGEST_LINE, PROTOCOL, Terms, request_from, terms_from, view_to

#: Milliseconds between two looks of the thread that cannot hang.
LOOK_EVERY = 500


class Held:
    """The lease by its terms: the core's logic, and the files that it works on."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.files = LeaseFiles(terms.directory, terms.filesystem, terms.mounts, terms.node)
        self.logic = LeaseProcess(terms.node, terms.peers, os.urandom(16).hex(), terms.claim_time)
        self.since = 0  # when the lock was taken

    def run(self, steps: Steps) -> None:
        """Carries out one operation after the other."""
        before = self.logic.view.locked
        try:
            operation = next(steps)
            while True:
                try:
                    outcome = self.files.do(operation)
                except FileError as error:
                    operation = steps.throw(error)
                else:
                    operation = steps.send(outcome)
        except StopIteration:
            pass
        if self.logic.view.locked and not before:
            self.since = boot_ms()

    def left_alone(self, used: int) -> bool:
        """No heartbeat for so long that nothing of this node can write any more, and nobody is about to write one."""
        view = self.logic.view
        return view.locked and boot_ms() - max(view.sent, self.since, used) > self.terms.alone


class Server:
    """One thread listens and watches; the other one does what may hang."""

    def __init__(self, path: str, version: str, deadman: Deadman) -> None:
        self._version = version
        self._deadman = deadman
        self._held: Optional[Held] = None
        self._work: queue.SimpleQueue[Optional[tuple[socket.socket, dict[str, Any]]]] = queue.SimpleQueue()
        self._used = boot_ms()  # when an agent last asked for anything
        self._agent: Optional[socket.socket] = None
        self._buffer = b""
        remove(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._listener.bind(path)
        finally:
            os.umask(mask)
        self._listener.listen(4)
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)

    def run(self) -> None:
        """Until told to end."""
        worker = threading.Thread(target=self._work_on, name="nfs", daemon=True)
        worker.start()
        while worker.is_alive():
            watching = self._deadman.watching or (self._held is not None and self._held.logic.view.locked)
            for fd, _ in self._poll.poll(LOOK_EVERY if watching else None):
                if fd == self._listener.fileno():
                    self._leave()
                    self._agent, _ = self._listener.accept()
                    self._agent.setblocking(False)
                    self._poll.register(self._agent, select.POLLIN)
                elif self._agent and not self._receive(self._agent):
                    self._leave()
            self._deadman.look(boot_ms())
            if self._held and self._held.left_alone(self._used):
                self._work.put(None)

    def _leave(self) -> None:
        if self._agent:
            self._poll.unregister(self._agent)
            self._agent.close()
        self._agent, self._buffer = None, b""

    def _receive(self, agent: socket.socket) -> bool:
        """False if the agent is gone, or does not keep to the protocol."""
        try:
            part = agent.recv(LONGEST_LINE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._buffer += part
        if not part or len(self._buffer) > 2 * LONGEST_LINE:
            return False
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            try:
                request = json.loads(line)
            except (ValueError, RecursionError):
                return False
            if not isinstance(request, dict):
                return False
            self._used = boot_ms()
            try:
                self._take(agent, request)
            except (KeyError, TypeError, ValueError):
                return False
        return True

    def _take(self, agent: socket.socket, request: dict[str, Any]) -> None:
        """What needs no file is done at once: not behind a request that hangs."""
        if request["do"] == "guard":
            self._deadman.guard(request)
        elif request["do"] == "hello":
            self._tell(agent, request, self._hello(terms_from(request["terms"])))
        else:
            self._work.put((agent, request))

    def _tell(self, agent: socket.socket, request: dict[str, Any], error: str) -> None:
        view = self._held.logic.view if self._held else LeaseView()
        answer = {"id": request.get("id"), "protocol": PROTOCOL, "version": self._version, "error": error}
        with contextlib.suppress(OSError):  # a new agent asks again
            agent.send(json.dumps({**answer, "view": view_to(view)}).encode() + b"\n")

    def _work_on(self) -> None:
        while True:
            item = self._work.get()
            held = self._held
            if item is None:
                if held and held.left_alone(self._used):
                    held.run(held.logic.drop())
                continue
            agent, request = item
            self._tell(agent, request, self._try(request))
            if request["do"] == "end" and not (self._held and self._held.logic.view.locked):
                return

    def _try(self, request: dict[str, Any]) -> str:
        try:
            return self._do(request)
        except (KeyError, TypeError, ValueError) as error:
            return f"no such request: {type(error).__name__} {error}"

    def _do(self, request: dict[str, Any]) -> str:
        do, held = request["do"], self._held
        if do == "end":
            return ""
        if held is None:
            return "nobody has said hello"
        if do == "drop":
            held.run(held.logic.drop())
        else:
            view = held.logic.view
            held.run(held.logic.handle(request_from(request)))
            if held.logic.view.confirmed is not view.confirmed:
                self._deadman.beaten(held.logic.view.sent)
        return ""

    def _hello(self, terms: Terms) -> str:
        if self._held is None or (self._held.terms != terms and not self._held.logic.view.locked):
            self._held = Held(terms)
        if self._held.terms != terms:
            return "the lease is held on other terms: hand the service over first"
        return ""
