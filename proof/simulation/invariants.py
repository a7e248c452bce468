"""I1 to I8 of the design, looked at whenever something that they are about has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.types import Active, Killing

if TYPE_CHECKING:
    from .machine import Machine
    from .world import World

#: After a pause a container may run beside the next owner's for so long, milliseconds.
OVERLAP = 3_000
#: Two nodes that hear each other have the VIP both for no longer than this.
TWO_HOLDERS = 3_000
#: The VIP is at a node beside the one that serves for no longer than this.
ASTRAY = 6_000
#: What a new version acknowledged in so short a time after its first answer may not be noted yet.
UNNOTED = 1_500


class BrokenError(Exception):
    """An invariant does not hold."""


class Invariants:
    def __init__(self, world: World) -> None:
        self.world = world
        self.acked = 0
        self.last_started = 0
        """Epoch of the last container that was started."""
        self.first_ack: dict[str, int] = {}
        """When each version first acknowledged something."""
        self.acked_by: dict[str, int] = {}
        """How much it acknowledged after so long that it must have been noted."""
        self.two_holders_since = -1
        self.astray_since = -1
        self.epochs = 0

    def check(self) -> None:
        machines = self.world.machines
        running = [machine for machine in machines if machine.runs and machine.edges.containers.running]
        if len(running) > 1:
            self.one_writer(running)
        holders = [machine for machine in machines if machine.vip and machine.runs]
        self.holders(holders)
        epochs = self.world.server.epochs
        if len(epochs) > self.epochs:
            for before, after in zip(epochs[max(self.epochs - 1, 0) :], epochs[max(self.epochs, 1) :]):
                # The same node may write its own again.
                if after[0] < before[0] or (after[0] == before[0] and after[1] != before[1]):
                    raise BrokenError(f"I3: epoch {after[0]} was written after {before[0]}")
            self.epochs = len(epochs)

    def one_writer(self, running: list[Machine]) -> None:
        by_epoch = sorted(running, key=lambda machine: machine.edges.containers.epoch)
        newest = by_epoch[-1]
        for old in by_epoch[:-1]:
            # One that is cut off besides, hangs in the kernel, or has no agent, takes until its watchdog. Its locks are lost.
            quick = old.reaches_server() and not old.edges.containers.dying and old.agent and not old.hung
            bound = OVERLAP if quick else old.settings.watchdog
            since = old.resumed_at
            if old.number in self.world.server.barred:
                # It can write nothing: its container finds out, or its node is reset.
                since, bound = max(since, self.world.helper.barred_at[old.name]), old.settings.watchdog
            left = since + bound - self.world.now
            if since < 0 or left < 0 or old.edges.containers.epoch == newest.edges.containers.epoch:
                raise BrokenError(f"I1: containers run on {old.name} and on {newest.name}")
            self.world.count("overlap")
            self.world.after(left + 1, self.check)

    def holders(self, holders: list[Machine]) -> None:
        now, vrrp = self.world.now, self.world.vrrp
        two = any(
            first is not second and vrrp.eligible(first) and vrrp.eligible(second) and vrrp.hears(first, second)
            and vrrp.hears(second, first)
            for first in holders
            for second in holders
        )  # fmt: skip
        self.two_holders_since = self.lasts(two, self.two_holders_since, TWO_HOLDERS)
        if two and now - self.two_holders_since > TWO_HOLDERS:
            raise BrokenError(f"I4: {' and '.join(machine.name for machine in holders)} have the VIP and hear each other")
        astray = self.astray(holders)
        self.astray_since = self.lasts(astray, self.astray_since, ASTRAY)
        if astray and now - self.astray_since > ASTRAY:
            raise BrokenError("I4: the VIP stays at a node beside the one that serves")

    def lasts(self, is_so: bool, since: int, limit: int) -> int:
        if not is_so:
            return -1
        if since < 0:
            self.world.after(limit + 1, self.check)
            return self.world.now
        return since

    def astray(self, holders: list[Machine]) -> bool:
        """Somebody serves, all of its kind is in order, and another node that could see that has the VIP."""
        for machine in self.world.machines:
            if machine.agent and machine.state and isinstance(machine.state.phase, Active) and machine.reaches_server():
                return any(
                    holder is not machine and holder.agent and not holder.hung and holder.reaches_server()
                    and holder.keepalived == "up" and not holder.orders.paused
                    for holder in holders
                ) and not machine.hung  # fmt: skip
        return False

    def announced(self, machine: Machine) -> None:
        """Clients ask this node from now on: it must have the VIP and, unless it was paused just now, be the owner."""
        self.world.count("announce")
        if not machine.vip:
            raise BrokenError(f"I4: {machine.name} announces a VIP that it does not have")
        owner = self.world.server.epochs[-1][1] if self.world.server.epochs else -1
        if owner != machine.number and not 0 <= self.world.now - machine.resumed_at < OVERLAP:
            raise BrokenError(f"I4: {machine.name} announces the VIP, and is not the owner")

    def container_started(self, machine: Machine) -> None:
        server, containers = self.world.server, machine.edges.containers
        self.world.count("start")
        if containers.epoch < self.last_started and 0 <= self.world.now - machine.resumed_at < OVERLAP:
            # Docker was at it when the machine was paused. Its datastore's lock is the next owner's.
            self.world.count("late-start")
            containers.store = "nowhere"
            self.check()
            return
        if machine.number in server.barred:
            containers.store = "nowhere"
            self.check()
            return
        if not machine.edges.mounted and machine.state and isinstance(machine.state.phase, Killing):
            # Docker was at it when the node gave up: it finds an empty directory that nobody can write.
            containers.store = "nowhere"
            self.check()
            return
        if not machine.edges.mounted:
            raise BrokenError(f"I6: the container starts on {machine.name} without its data")
        stored = server.stores[containers.store]
        if stored < self.acked:
            raise BrokenError(f"I2: {machine.name} starts with {stored} of {self.acked} acknowledged writes")
        self.last_started = max(self.last_started, containers.epoch)
        self.check()

    def acknowledged(self, machine: Machine) -> None:
        server, containers = self.world.server, machine.edges.containers
        self.acked += 1
        first = self.first_ack.setdefault(containers.name, self.world.now)
        if self.world.now - first > UNNOTED:
            self.acked_by[containers.name] = self.acked_by.get(containers.name, 0) + 1
        if containers.store != server.store:
            raise BrokenError(f"I2: {machine.name} acknowledges a write to what was put aside")
        if containers.epoch < self.last_started:
            raise BrokenError(f"I1: {machine.name} acknowledges a write of epoch {containers.epoch} after {self.last_started}")

    def written_late(self, machine: Machine, store: str, epoch: int) -> None:
        if epoch < self.last_started:
            self.world.count("late-write")
            if store == self.world.server.store:
                raise BrokenError(f"I1: {machine.name} writes into the data of epoch {self.last_started}, late")

    def undone(self, container: str, before: int) -> None:
        """An upgrade to `container` is undone, and the data is as it was before."""
        self.world.count("undone")
        if self.acked_by.get(container):
            raise BrokenError(f"I8: {self.acked - before} acknowledged writes are discarded by an undo")
        self.acked = before

    def well(self) -> bool:
        """All is in order: one holder, which serves."""
        holders = [machine for machine in self.world.machines if machine.vip and machine.runs]
        if len(holders) != 1:
            return False
        machine = holders[0]
        return bool(
            machine.state and isinstance(machine.state.phase, Active) and machine.edges.containers.serves
            and machine.reaches_server()
        )  # fmt: skip
