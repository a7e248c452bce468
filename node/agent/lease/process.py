"""The lease process: holds the lease for the agent, also while that is restarted.

Listens on a Unix socket, for one agent at a time (the newest), one JSON object a line:

    {"id": 1, "do": "hello", "terms": {...}}     {"id": 2, "do": "Look", ...}     a request of `core.actions`
    {"id": 3, "do": "drop"}                      {"id": 4, "do": "guard", ...}    see `deadman`
    {"id": 5, "do": "end"}                       end, unless the lease is held: an update starts the next one
    {"id": 6, "do": "status"}                    in the place of a hello, by whoever is no agent: what it holds, and `busy`,
                                                 the milliseconds that it has been at a request; the connection ends then

and answers each with `{"id", "protocol", "version", "view", "error"}`. `error` is for what is no request; what went wrong
with the lease is in the view.
"""

import contextlib
import json
import os
import select
import socket
import threading
from typing import Any, Callable, Optional

from ..clock import boot_ms
from ..core.files import FileError
from ..core.lease import LeaseProcess, Steps
from ..core.observation import LeaseView
from ..core.room import Room
from ..private_socket import listen
from .deadman import Deadman
from .files import LeaseFiles
from .lines import Bell, Lines
from .wire import PROTOCOL, Terms, request_from, terms_from, view_to

#: Milliseconds between two looks of the thread that cannot hang.
LOOK_EVERY = 2_000
#: The same between two looks how much room there is; by whether this node has the lock.
ROOM_EVERY = {True: 5_000, False: 60_000}


class Held:
    """The lease by its terms: the core's logic, and the files that it works on."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.files = LeaseFiles(terms.directory, terms.filesystem, terms.mounts, terms.node)
        self.logic = LeaseProcess(terms.node, terms.peers, os.urandom(16).hex(), terms.claim_time)
        self.since = 0  # when the lock was taken
        self._room_at = -ROOM_EVERY[False]

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
        self._look_for_room()

    def _look_for_room(self) -> None:
        """Seldom: it is a question to the server of its own. Not while that gives errors."""
        view, now = self.logic.view, boot_ms()
        if view.error or not view.answered or now - self._room_at < ROOM_EVERY[view.locked]:
            return
        self._room_at = now
        with contextlib.suppress(OSError):
            found = os.statvfs(self.terms.directory)
            room = Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
            self.logic.view = view._replace(room=room)

    def left_alone(self, used: int) -> bool:
        """No heartbeat for so long that nothing of this node can write any more. Before the first one, which may have to wait
        for the last owner's silence, an agent that asks for anything will do; one that only begins again and again will not."""
        view = self.logic.view
        return view.locked and boot_ms() - (view.sent or max(self.since, used)) > self.terms.alone


class Server:
    """One thread listens, greets and watches; it cannot hang. The other one serves the agent, and may hang in NFS."""

    def __init__(self, path: str, version: str, deadman: Deadman) -> None:
        self._version = version
        self._deadman = deadman
        self._held: Optional[Held] = None
        self._former: Optional[Held] = None  # what the serving thread last worked on
        self._used = boot_ms()  # when an agent last asked for anything
        self._busy = 0  # since when the serving thread is at a request; 0: it is not
        self._ended = False
        # For the serving thread: a greeted agent, and what it has said after its greeting.
        self._next: Optional[tuple[socket.socket, bytes]] = None
        self._serving, self._watching = Bell(), Bell()
        self._listener = listen(path, 4)

    def run(self) -> None:
        """Until told to end."""
        threading.Thread(target=self._serve, name="nfs", daemon=True).start()
        poll, fresh = select.poll(), Lines()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._watching, select.POLLIN)
        while not self._ended:
            for fd, _ in poll.poll(self._due()):
                if fresh.agent:
                    poll.unregister(fresh.agent)
                if fd == self._watching.fileno():
                    self._watching.quiet()
                elif fd == self._listener.fileno():
                    fresh.close()
                    fresh = Lines(self._listener.accept()[0])
                elif self._greet(fresh):
                    self._next = fresh.give()
                    self._serving.ring()
                if fresh.agent:
                    poll.register(fresh.agent, select.POLLIN)
            self._deadman.look(boot_ms())
            if self._held and self._held.left_alone(self._used):
                self._serving.ring()

    def _needs_watching(self) -> bool:
        return self._deadman.watching or (self._held is not None and self._held.logic.view.locked)

    def _due(self) -> Optional[int]:
        """When it is to look again, milliseconds from now; None: when something happens."""
        if self._deadman.watching:
            return min(self._deadman.due(boot_ms()), LOOK_EVERY)
        return LOOK_EVERY if self._needs_watching() else None

    def _greet(self, fresh: "Lines") -> bool:
        """Answers a hello, which needs no file: also while the other thread hangs. Whether there was one."""
        for request in fresh.take():
            if request.get("do") == "status" and fresh.agent:
                self._tell(fresh.agent, request, "")
            try:
                if request["do"] == "hello" and fresh.agent:
                    self._tell(fresh.agent, request, self._hello(terms_from(request["terms"])))
                    return True
            except (KeyError, TypeError, ValueError):
                pass
            fresh.close()
        return False

    def _hello(self, terms: Terms) -> str:
        if self._held is None or (self._held.terms != terms and not self._held.logic.view.locked):
            self._held = Held(terms)
        if self._held.terms != terms:
            return "the lease is held on other terms: hand the service over first"
        return ""

    def _serve(self) -> None:
        """One agent after the other, the newest."""
        lines = Lines()
        while not self._ended:
            poll, agent = select.poll(), lines.agent
            poll.register(self._serving, select.POLLIN)
            if agent:
                poll.register(agent, select.POLLIN)
            while lines.agent is agent and self._next is None and not self._ended:
                ready = poll.poll(self._until_beat())
                if not ready:
                    self._beat()
                elif any(fd == self._serving.fileno() for fd, _ in ready):
                    self._look_up()
                self._answer_all(lines)
            if self._next:
                lines.close()
                lines, self._next = Lines(*self._next), None
                self._answer_all(lines)
        self._watching.ring()

    def _answer_all(self, lines: "Lines") -> None:
        watched = self._needs_watching()
        for request in lines.take():
            self._answer(lines, request)
        if self._needs_watching() and not watched:
            self._watching.ring()

    def _until_beat(self) -> Optional[int]:
        """Milliseconds until a heartbeat is due in the agent's place; None: the agent asks for them, or nothing runs."""
        held = self._held
        if held is None or not self._deadman.watching:
            return None
        return held.logic.until_beat(boot_ms(), self._deadman.heartbeat, self._deadman.alone)

    def _beat(self) -> None:
        # Whoever was not run for a while is late for it.
        if self._until_beat() == 0:
            self._busy = boot_ms()
            self._run(lambda held: held.logic.beat(boot_ms()))
            self._busy = 0

    def _run(self, steps: Callable[[Held], Steps]) -> None:
        """Carries them out. What the server has confirmed puts the kill off."""
        held = self._held
        if held:
            before = held.logic.view.confirmed
            held.run(steps(held))
            view = held.logic.view
            if view.confirmed is not before:
                self._deadman.beaten(view.sent, held.logic.asked)

    def _look_up(self) -> None:
        self._serving.quiet()
        held = self._held
        if held and held.left_alone(self._used):
            held.run(held.logic.drop())

    def _answer(self, lines: "Lines", request: dict[str, Any]) -> None:
        try:
            if request["do"] == "guard":
                self._deadman.guard(request)
                self._watching.ring()
                return
            self._used = boot_ms()
            self._busy = boot_ms()
            error = self._do(request)
        except (KeyError, TypeError, ValueError) as wrong:
            # It does not keep to the protocol.
            error = f"no such request: {type(wrong).__name__} {wrong}"
        self._busy = 0
        if lines.agent:
            self._tell(lines.agent, request, error)
        if request.get("do") == "end" and not (self._held and self._held.logic.view.locked):
            self._ended = True

    def _do(self, request: dict[str, Any]) -> str:
        do, held = request["do"], self._held
        if do == "end":
            return ""
        if held is None:
            return "nobody has said hello"
        if self._former and self._former is not held:
            # A lock may have come that was asked for on other terms, and by nobody who is still there.
            self._former.run(self._former.logic.drop())
        self._former = held
        if do == "drop":
            held.run(held.logic.drop())
        else:
            asked = request_from(request)
            self._run(lambda held: held.logic.handle(asked))
        return ""

    def _tell(self, agent: socket.socket, request: dict[str, Any], error: str) -> None:
        view = self._held.logic.view if self._held else LeaseView()
        answer = {"id": request.get("id"), "protocol": PROTOCOL, "version": self._version, "error": error}
        if request.get("do") == "status":
            since = self._busy
            answer["busy"] = boot_ms() - since if since else 0
        with contextlib.suppress(OSError):  # a new agent asks again
            agent.send(json.dumps({**answer, "view": view_to(view)}).encode() + b"\n")
