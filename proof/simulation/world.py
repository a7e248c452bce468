"""One schedule: time, machines, the server, and what must hold whatever happens."""

from __future__ import annotations

import heapq
import random
from typing import Callable

from agent.core import decide as deciding
from agent.core.types import Begin, Configuration, Killing, Phase, Taking, WatchdogMode

from .invariants import BrokenError, Invariants
from .machine import Machine
from .server import Server
from .storage_fence import Helper
from .vrrp import Vrrp

#: Timers: heartbeat, give_up, watchdog, lease_time, grace_time. The short ones make more happen in a schedule.
SHORT = (1_000, 3_000, 6_000, 8_000, 9_000)
DEFAULT = (1_000, 6_000, 10_000, 15_000, 20_000)

MODES = (*(mode for mode in (WatchdogMode.REQUIRED, WatchdogMode.AUTOMATIC) for _ in range(4)), WatchdogMode.OFF)

Call = Callable[..., None]


class World:
    def __init__(self, seed: int, nodes: int, tells: bool = False, pauses: bool = True) -> None:
        self.seed = seed
        self.now = 0
        self.tells = tells
        self.told: list[tuple[int, str]] = []
        self.counts: dict[str, int] = {}
        self.rounds = 0
        self.never_well = ""
        """A container of this name starts, and never answers."""
        self.healed = False
        """All faults are over: whatever is stopped is started again."""
        self.queue: list[tuple[int, int, Machine | None, int, Call, tuple[object, ...]]] = []
        self.pushed = 0
        self.decide = deciding.decide
        chance = random.Random(f"{seed} world")
        self.fine = chance.random() < 0.2
        """Operations of lease processes are carried out one by one, so that things happen in between."""
        self.timers = SHORT if chance.random() < 0.75 else DEFAULT
        # Without locks a machine that is paused may write beside the next owner: that is said, and not looked for.
        locking = chance.random() >= 0.1 or pauses
        self.fencing = chance.random() < 0.1
        # From a source of its own: schedules that were found once stay what they are.
        by_storage = random.Random(f"storage {seed}").random() < 0.4
        self.storage_fencing = by_storage and locking and not self.fencing
        if not locking:
            self.count("NFSv3")
        self.server = Server(nodes, self.timers[3], self.timers[4], courteous=chance.random() < 0.7, locking=locking)
        self.vrrp = Vrrp(self)
        self.machines = [Machine(self, number, self.settings(number, nodes, chance)) for number in range(nodes)]
        self.invariants = Invariants(self)
        self.helper = Helper(self)
        self.last_owner = self.machines[0].name

    def settings(self, number: int, nodes: int, chance: random.Random) -> Configuration:
        heartbeat, give_up, watchdog, lease_time, grace_time = self.timers
        # Nodes may differ for a while, as during an update of the settings.
        if chance.random() < 0.2:
            watchdog += chance.choice((-1_000, 1_000)) if watchdog - 1_000 >= give_up + 2 * heartbeat else 1_000
        names = [f"node-{other + 1}" for other in range(nodes)]
        return Configuration(
            node=names[number],
            version="v1",
            boot="boot1",
            container="rancher-1",
            peers=tuple(name for name in names if name != names[number]),
            heartbeat=heartbeat,
            give_up=give_up,
            watchdog=watchdog,
            lease_time=lease_time,
            grace_time=grace_time,
            watchdog_mode=chance.choice(MODES),
            follow_lease=1_500,
            vip_loss=5_000,
            hold=2_000,
            hold_off=6_000,
            well_time=8_000,
            start_deadline=20_000,
            refused_time=2_000,
            slow_time=6_000,
            start_limit=8_000,
            stop_grace=3_000,
            unwell_grace=1_000,
            copy_limit=3_000,
            work_limit=10_000,
            storage_fence=self.storage_fencing,
            fence=self.fencing,
            fence_limit=3_000,
            fence_fallback=8_000,
            fence_check=15_000,
        )

    # ---- time ----

    def after(self, delay: int, call: Call, *arguments: object) -> None:
        self.pushed += 1
        heapq.heappush(self.queue, (self.now + delay, self.pushed, None, 0, call, arguments))

    def at_machine(self, machine: Machine, delay: int, call: Call, *arguments: object) -> None:
        """Happens on that machine: not if it is off or was booted since, and later if it is paused then."""
        self.pushed += 1
        heapq.heappush(self.queue, (self.now + delay, self.pushed, machine, machine.boots, call, arguments))

    def run(self, until: int, done: Callable[[], bool] | None = None) -> bool:
        """True as soon as `done` says so, False at the end of the time."""
        queue = self.queue
        while queue and queue[0][0] <= until:
            at, _, machine, boots, call, arguments = heapq.heappop(queue)
            self.now = at
            if machine is not None:
                if machine.boots != boots or not machine.up:
                    continue
                if machine.paused:
                    machine.deferred.append((0, call, arguments))
                    continue
            call(*arguments)
            if done is not None and done():
                return True
        self.now = until
        return False

    def tell(self, text: str) -> None:
        if self.tells:
            self.told.append((self.now, text))

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    # ---- what machines say ----

    def touch(self, machine: Machine) -> None:
        """Whether it reaches the server may have changed."""
        if machine.reaches_server():
            self.server.in_touch(machine.number, self.now)
            machine.edges.leasing.reachable()
        else:
            self.server.out_of_touch(machine.number, self.now)

    def phase_changed(self, machine: Machine, before: Phase, after: Phase) -> None:
        state = machine.state
        assert state is not None
        if isinstance(before, Begin) and "taken over" in state.reason:
            self.count("restart-takeover")
        if isinstance(after, Taking) and not isinstance(before, Taking):
            self.count("taken")
            if machine.name != self.last_owner:
                self.count("takeover")
            self.last_owner = machine.name
        elif isinstance(after, Killing) and not isinstance(before, Killing):
            self.count("giveUp" if "giving up" in state.reason else "kill")

    def container_started(self, machine: Machine) -> None:
        if self.tells:
            self.tell(f"{machine.name}: the container runs on {machine.edges.containers.store}")
        self.invariants.container_started(machine)

    def client_writes(self, machine: Machine) -> None:
        """A write through the service is acknowledged once the server has it, under the datastore's own lock."""
        containers = machine.edges.containers
        if not containers.serves or containers.store == "nowhere" or not machine.reaches_server():
            return
        if self.server.losses[machine.number] != containers.losses or machine.number in self.server.barred:
            return
        self.server.stores[containers.store] += 1
        self.invariants.acknowledged(machine)

    def datastore_is_locked(self, asker: Machine) -> bool:
        """By another node's container, as far as the server knows. Who asks makes the server expire one that is silent."""
        server = self.server
        client, losses = server.datastore_lock
        if client < 0 or client == asker.number or server.losses[client] != losses or not server.locking:
            return False
        holder = self.machines[client]
        if holder.reaches_server() and not holder.edges.containers.running:
            return False
        if server.expired(client, self.now):
            server.take_away(client)
            return False
        return True

    def late_write(self, machine: Machine) -> None:
        """What its kernel had not written yet, of a file without a lock: it is opened again and written now."""
        containers = machine.edges.containers
        if containers.running and machine.reaches_server() and machine.number not in self.server.barred:
            self.invariants.written_late(machine, containers.store, containers.epoch)

    def check(self) -> None:
        self.invariants.check()


__all__ = ["BrokenError", "World"]
