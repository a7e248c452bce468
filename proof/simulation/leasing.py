"""A node's lease process: the real logic, carried out on the simulated server, one operation after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core import types as core
from agent.core.files import Close, FileError, Outcome
from agent.core.lease import LeaseProcess, Steps

from .server import WaitError

if TYPE_CHECKING:
    from .machine import Machine


class Leasing:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.process: LeaseProcess | None = None
        self.number = 0
        self.steps: Steps | None = None
        """What it is at; None: it waits for a request."""
        self.given: Outcome | FileError = None
        self.waits = False
        """In the kernel, for the server."""
        self.zombies = 0
        """Killed processes that hang in the kernel, and keep what they have locked until the server is back."""
        self.queued: core.Request | None = None

    # ---- life ----

    def power_off(self) -> None:
        self.process, self.steps, self.queued, self.waits, self.zombies = None, None, None, False, 0
        self.number += 1

    def start(self) -> None:
        self.number += 1
        self.process = self.machine.new_lease_process()
        self.steps, self.waits = None, False

    def kill(self) -> None:
        """The lock is gone with it, as soon as the server can be told."""
        if self.process is None:
            return
        self.process, self.steps, self.queued = None, None, None
        self.number += 1
        self.zombies += 1
        self.bury()
        self.tell()

    def bury(self) -> None:
        machine = self.machine
        if self.zombies and machine.reaches_server():
            self.zombies = 0
            self.waits = False
            if self.process is None or not self.process.view.locked:
                for name in ("epoch", "lease"):
                    machine.world.server.carry_out(machine.number, Close(name), machine.world.now)

    # ---- requests ----

    def ask(self, request: core.Request) -> None:
        if self.process is None:
            self.bury()
            if self.zombies:
                self.queued = request
                self.pending()
                return
            self.start()
        assert self.process is not None
        if self.steps is not None:
            return
        self.steps = self.process.handle(request)
        self.given = None
        self.pending()
        self.soon(self.machine.random.randint(1, 15))

    def drop(self) -> None:
        if self.process is None:
            self.queued = None
        elif self.steps is not None or not self.machine.reaches_server():
            self.kill()
        else:
            self.process.view = self.process.view._replace(error="")
            self.steps = self.process.drop()
            self.given = None
            self.run(self.number)

    def pending(self) -> None:
        see = self.machine.see
        self.machine.see = see._replace(lease=see.lease._replace(pending=True))

    def soon(self, delay: int) -> None:
        self.machine.world.at_machine(self.machine, delay, self.run, self.number)

    def reachable(self) -> None:
        """The server can be reached again: what waits for it goes on."""
        self.bury()
        if self.waits:
            self.waits = False
            self.soon(self.machine.random.randint(5, 400))
        if self.queued and not self.zombies and self.process is None:
            request, self.queued = self.queued, None
            self.ask(request)

    def run(self, number: int) -> None:
        machine = self.machine
        if number != self.number or self.steps is None or self.waits:
            return
        server, now = machine.world.server, machine.world.now
        try:
            while True:
                given, self.given = self.given, None
                if isinstance(given, FileError):
                    self.operation = self.steps.throw(given)
                elif given is not AGAIN:
                    self.operation = self.steps.send(given)
                if not machine.reaches_server():
                    self.given, self.waits = AGAIN, True
                    return
                try:
                    self.given = server.carry_out(machine.number, self.operation, now)
                except FileError as error:
                    self.given = error
                if machine.world.fine:
                    self.soon(machine.random.randint(1, 6))
                    return
        except WaitError as wait:
            self.given = AGAIN
            self.soon(wait.until - now + machine.random.randint(1, 500))
        except StopIteration:
            self.steps = None
            self.soon_told()

    def soon_told(self) -> None:
        self.machine.world.at_machine(self.machine, self.machine.random.randint(1, 5), self.told, self.number)

    def told(self, number: int) -> None:
        if number == self.number:
            self.tell()

    def tell(self) -> None:
        """The agent learns what the process says."""
        machine = self.machine
        if self.process is None:
            view = machine.see.lease._replace(alive=False, locked=False, pending=False)
        else:
            view = self.process.view
            if self.steps is not None:
                view = view._replace(pending=True)
        machine.see = machine.see._replace(lease=view)
        machine.wake(0)


AGAIN = "again"
