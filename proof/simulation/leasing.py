"""A node's lease process: the real logic, carried out on the simulated server, one operation after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.core import types as core
from agent.core.fence_mail import SUCCESSOR, ask_name
from agent.core.files import Close, FileError, Outcome, Put, Pwrite
from agent.core.lease import EPOCH, LEASE, LeaseProcess, Steps
from agent.core.record import encode, encode_epoch

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
        self.in_place = False
        """It is at a heartbeat that no agent has asked for."""
        self.queued: core.Request | None = None
        self.begun: Pwrite | None = None
        """On its way to the server: whoever is killed or loses its power now leaves it half written."""

    # ---- life ----

    def power_off(self) -> None:
        self.tear()
        self.process, self.steps, self.queued, self.waits, self.zombies, self.in_place = None, None, None, False, 0, False
        self.number += 1

    def start(self) -> None:
        self.number += 1
        self.process = self.machine.new_lease_process()
        self.steps, self.waits, self.in_place = None, False, False

    def kill(self) -> None:
        """The lock is gone with it, as soon as the server can be told."""
        if self.process is None:
            return
        self.tear()
        self.process, self.steps, self.queued, self.in_place = None, None, None, False
        self.number += 1
        self.zombies += 1
        self.bury()
        self.tell()

    def tear(self) -> None:
        machine, begun = self.machine, self.begun or self.could_be_at()
        self.begun = None
        if begun and machine.world.server.tear(machine.number, begun, machine.random.randint(0, 60)):
            machine.world.count("torn")
            machine.world.tell(f"{machine.name}: its write of `{begun.name}` is left half done")

    def could_be_at(self) -> Pwrite | None:
        """A write is on its way in one of three cases."""
        machine, process = self.machine, self.process
        if process is None or not process.view.locked or not machine.state or machine.random.random() > 1 / 3:
            return None
        phase, tenure = machine.state.phase, machine.state.tenure
        if isinstance(phase, core.Taking) and process.view.record != core.NoRecord.EMPTY:
            return Pwrite(EPOCH, encode_epoch(tenure.epoch))
        if isinstance(phase, core.OWNERS) and process.view.confirmed:
            return Pwrite(LEASE, encode(process.view.confirmed._replace(sequence=tenure.sequence + 1)))
        return None

    def bury(self) -> None:
        machine = self.machine
        if self.zombies and machine.reaches_server():
            self.zombies = 0
            self.waits = False
            if self.process is None or not self.process.view.locked:
                for name in ("epoch", "lease", SUCCESSOR):
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
        if self.in_place:
            self.queued = request
            self.pending()
            return
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
                    self.given, self.waits, self.begun = AGAIN, True, None
                    return
                if machine.world.fine and isinstance(self.operation, Pwrite) and self.begun is not self.operation:
                    self.given, self.begun = AGAIN, self.operation
                    self.soon(machine.random.randint(1, 6))
                    return
                self.begun = None
                try:
                    self.given = server.carry_out(machine.number, self.operation, now)
                except FileError as error:
                    self.given = error
                if isinstance(self.operation, Put) and self.operation.name == ask_name(machine.name):
                    machine.world.helper.wrote(machine.name)
                if machine.world.fine:
                    self.soon(machine.random.randint(1, 6))
                    return
        except WaitError as wait:
            self.given = AGAIN
            self.soon(wait.until - now + machine.random.randint(1, 500))
        except StopIteration:
            self.done()

    def done(self) -> None:
        self.steps = None
        if not self.in_place:
            self.soon_told()
            return
        self.in_place = False
        self.beaten()
        request, self.queued = self.queued, None
        if request:
            self.ask(request)

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
            if view.confirmed and view.sent != machine.see.lease.sent:
                self.beaten()
                record = view.confirmed
                silence = 0 if record.claim is core.Claim.RELEASED else record.silence
                machine.see = machine.see._replace(beaten=core.Beat(view.sent, silence))
        machine.see = machine.see._replace(lease=view)
        machine.wake(0)

    # ---- in the agent's place ----

    def beaten(self) -> None:
        """A heartbeat is confirmed."""
        process = self.process
        if process and process.view.confirmed:
            self.watch_over(process.view.sent)
            if process.view.confirmed.claim is core.Claim.ACTIVE:
                self.later(self.machine.settings.heartbeat * 3 // 2, self.beat_in_place, process.view.sent)

    def later(self, delay: int, what: Callable[..., None], *words: int) -> None:
        self.machine.world.at_machine(self.machine, max(delay, 1), what, self.number, *words)

    def beat_in_place(self, number: int, sent: int) -> None:
        machine, process = self.machine, self.process
        if number != self.number or process is None or process.view.sent != sent:
            return
        if self.steps is not None or not machine.edges.containers.running:
            self.later(machine.settings.heartbeat, self.beat_in_place, sent)
            return
        boot = machine.clock().boot
        left = process.until_beat(boot, machine.settings.heartbeat, self.alone())
        if left is None:
            return
        if left > 0:
            self.later(left, self.beat_in_place, sent)
            return
        machine.world.count("in-place")
        self.steps, self.given, self.in_place = process.beat(boot), None, True
        self.run(number)

    # ---- the second one who kills ----

    def alone(self) -> int:
        return core.Tenure().alone(self.machine.settings)

    def watch_over(self, sent: int) -> None:
        """Unless another heartbeat is confirmed by then, it ends the container, and resets the node if that lives on. Those in
        the agent's place put that off for a while."""
        settings, boot = self.machine.settings, self.machine.clock().boot
        assert self.process
        asked = self.process.asked
        kill = min(sent + core.Tenure().kills(settings), asked + self.alone())
        for due, resets in ((kill, False), (asked + settings.watchdog - settings.heartbeat, True)):
            self.later(due + 1 - boot, self.kill_container, sent, due, resets)

    def kill_container(self, number: int, sent: int, due: int, resets: bool) -> None:
        machine = self.machine
        containers = machine.edges.containers
        if number != self.number or self.process is None or self.process.view.sent != sent or not containers.running:
            return
        left = due + 1 - machine.clock().boot
        if left > 0:
            self.later(left, self.kill_container, sent, due, resets)
        elif resets:
            machine.world.count("reset")
            machine.power_off("its lease process resets it")
        else:
            if not containers.dying:
                machine.world.count("deadman")
            containers.kill()


AGAIN = "again"
