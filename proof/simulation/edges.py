"""Carries a node's actions out on the simulated rest of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from agent.core import types as core
from agent.core.record import decode
from agent.core.types import DataView, JobKind, JobStatus, JobView, Now, WatchdogView

from . import promises
from .containers import Containers
from .leasing import Leasing

if TYPE_CHECKING:
    from .machine import Machine

Outcome = Callable[[], "str | None"]
"""What a job has come to: empty if it went well, words if it failed, None if it is not over yet."""


class Edges:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.world = machine.world
        self.leasing: Leasing = Leasing(machine)
        self.containers: Containers = Containers(machine)
        self.mounted = False
        self.mounted_epoch = 0
        self.watchdog_due = 0
        """By the machine's own clock `boot`; 0: it does not run."""
        self.jobs: dict[JobKind, int] = {}
        self.mountable = True
        self.somebody_stands_there = False

    # ---- life ----

    def power_on(self) -> None:
        settings = self.machine.settings
        device = settings.watchdog_mode is not core.WatchdogMode.OFF
        self.machine.see = self.machine.see._replace(
            lease_mounted=True, server_lease=self.world.server.lease_time, watchdog=WatchdogView(available=device)
        )

    def power_off(self) -> None:
        self.leasing.power_off()
        self.containers.reset()
        self.mounted = False
        self.watchdog_due = 0
        self.jobs.clear()

    def agent_started(self) -> None:
        self.look_at_lease()
        self.containers.see()
        self.containers.asking = 0

    def agent_ended(self) -> None:
        self.jobs.clear()
        self.containers.asking = 0

    def look_at_lease(self) -> None:
        self.leasing.tell()

    def resumed(self) -> None:
        if self.watchdog_due:
            self.watchdog_fires()
        self.world.at_machine(self.machine, self.machine.random.randint(1, 60), self.world.late_write, self.machine)

    # ---- jobs ----

    def job(self, kind: JobKind, number: int, limit: int, took: int, outcome: Outcome) -> None:
        self.jobs[kind] = number
        self.show(kind, JobView(number, JobStatus.RUNNING))
        self.world.at_machine(self.machine, min(took, limit), self.job_over, kind, number, outcome, self.world.now + limit)

    def job_over(self, kind: JobKind, number: int, outcome: Outcome, limit: int) -> None:
        if self.jobs.get(kind) != number:
            return
        words = outcome()
        if words is None:
            if self.world.now < limit:
                self.world.at_machine(self.machine, 200, self.job_over, kind, number, outcome, limit)
                return
            words = "took too long"
        self.show(kind, JobView(number, JobStatus.FAILED if words else JobStatus.OK, words))
        self.machine.wake(0)

    def show(self, kind: JobKind, view: JobView) -> None:
        jobs = dict(self.machine.see.jobs)
        jobs[kind] = view
        self.machine.see = self.machine.see._replace(jobs=jobs)

    def cancel(self, kind: JobKind) -> None:
        """Nobody sees an outcome of it."""
        self.jobs.pop(kind, None)
        jobs = {other: view for other, view in self.machine.see.jobs.items() if other is not kind}
        self.machine.see = self.machine.see._replace(jobs=jobs)

    def on_server(self, kind: JobKind, number: int, limit: int, took: int, outcome: Outcome) -> None:
        """One that needs the server, and waits for it."""
        self.job(kind, number, limit, took, lambda: self.by_server(kind, outcome))

    def by_server(self, kind: JobKind, outcome: Outcome) -> str | None:
        if not self.machine.reaches_server():
            return None
        of_data = kind not in (JobKind.MOUNT_LEASE, JobKind.FENCE)
        return "stale file handle" if of_data and self.machine.number in self.world.server.barred else outcome()

    # ---- data ----

    def mount_data(self, action: core.MountData) -> None:
        def mounted() -> str:
            if self.world.now < self.world.server.grace_until:
                return "the server is in its grace time"
            if not self.mountable:
                return "the sentinel is missing"
            self.mounted, self.mounted_epoch = True, action.epoch
            if action.unwatched:
                self.world.server.note_served(self.world.server.last_container, action.epoch)
            self.see_data()
            return ""

        self.on_server(JobKind.MOUNT_DATA, action.job, action.limit, self.machine.random.randint(20, 300), mounted)

    def unmount_data(self, action: core.UnmountData) -> None:
        def unmounted() -> str | None:
            if not action.force and not self.machine.reaches_server():
                return None
            if not action.force and self.busy():
                return "the data is busy"
            self.mounted = False
            self.see_data()
            return ""

        self.job(JobKind.UNMOUNT_DATA, action.job, action.limit, self.machine.random.randint(10, 200), unmounted)

    def busy(self) -> bool:
        return self.containers.running or self.somebody_stands_there

    def see_data(self) -> None:
        self.machine.see = self.machine.see._replace(data=DataView(mounted=self.mounted))
        self.machine.wake(0)

    def clone_data(self, action: core.CloneData) -> None:
        def cloned() -> str:
            server = self.world.server
            if not self.mounted:
                return "stale"
            if self.world.datastore_is_locked(self.machine):
                return "must: the datastore is locked"
            name = f"clone{action.epoch}"
            server.stores[name] = server.stores[server.store]
            server.store = name
            return ""

        self.on_server(JobKind.CLONE_DATA, action.job, action.limit, self.machine.random.randint(20, 200), cloned)

    def copy_datastore(self, action: core.CopyDatastore) -> None:
        def copied() -> str:
            server, container = self.world.server, self.machine.settings.container
            if server.last_container != container:
                server.copies["before"] = server.stores[server.store]
                server.last_container = container
            return ""

        self.on_server(JobKind.COPY_DATASTORE, action.job, action.limit, self.machine.random.randint(20, 200), copied)

    def note_served(self, action: core.NoteServed) -> None:
        def noted() -> str:
            self.world.server.note_served(action.container, action.epoch)
            return ""

        self.on_server(JobKind.NOTE_SERVED, action.job, action.limit, 30, noted)

    # ---- watchdog ----

    def feed(self, due: int) -> None:
        """The device counts by the machine's clock, and in whole seconds."""
        machine = self.machine
        if machine.settings.watchdog_mode is core.WatchdogMode.OFF:
            return
        boot = machine.clock().boot
        due = boot + (due - boot) // 1000 * 1000
        armed = self.watchdog_due
        self.watchdog_due = max(due, boot + 1)
        if not armed:
            machine.see = machine.see._replace(watchdog=WatchdogView(available=True, armed=True))
            self.world.at_machine(machine, self.watchdog_due - boot, self.watchdog_fires)

    def watchdog_fires(self) -> None:
        machine = self.machine
        if not self.watchdog_due or not machine.runs:
            return
        left = self.watchdog_due - machine.clock().boot
        if left > 0:
            self.world.at_machine(machine, left, self.watchdog_fires)
            return
        self.world.count("watchdog")
        machine.power_off("its watchdog resets it")

    def disarm(self) -> None:
        self.watchdog_due = 0
        see = self.machine.see
        self.machine.see = see._replace(watchdog=see.watchdog._replace(armed=False))

    # ---- actions ----

    def carry_out(self, action: core.Action, now: Now) -> None:
        if self.machine.orders.paused:
            promises.touched(self.machine, action)
        handler = HANDLERS.get(type(action))
        if handler is not None:
            handler(self, action)
        elif isinstance(action, core.Wake):
            self.machine.wake(max(action.at - now.mono, 1))
        elif isinstance(action, core.Event):
            if self.world.tells:
                self.world.tell(f"{self.machine.name}: [{action.kind}] {action.text}")
        elif isinstance(action, core.Exit):
            ending = self.machine.see.ending
            self.machine.end_agent(restart=200 if ending is core.Ending.RESTART or self.world.healed else 0)

    def run_fence(self, action: core.RunFence) -> None:
        def off() -> str:
            if decode(self.world.server.files.get("lease", b"")) != action.last:
                return "somebody else has the lease by now"
            targets = [each for each in self.world.machines if each.name == action.node or not action.node]
            for target in targets:
                if target is self.machine:
                    continue
                if not target.fenceable:
                    return "no route to the fence agent"
                self.world.count("fenced")
                target.power_off(f"{self.machine.name} fences it", 12_000)
            return ""

        self.on_server(JobKind.FENCE, action.job, action.limit, 1_000, off)

    def check_fence(self, action: core.CheckFence) -> None:
        works = all(each.fenceable for each in self.world.machines)
        self.job(JobKind.CHECK_FENCE, action.job, action.limit, 300, lambda: "" if works else "no route")

    def quick_job(self, kind: JobKind, action: core.Job) -> None:
        self.on_server(kind, action.job, action.limit, 40, lambda: "")

    def set_track(self, action: core.SetTrack) -> None:
        self.machine.track = action.fit
        self.world.vrrp.changed()

    def announce(self) -> None:
        self.world.invariants.announced(self.machine)

    def remember(self, action: core.Remember) -> None:
        self.machine.memory = action.memory

    def rest(self, action: core.Rest) -> None:
        self.machine.rest = action.at

    def reset_node(self, action: core.ResetNode) -> None:
        self.world.count("reset")
        self.machine.power_off(f"it resets itself: {action.reason}")


HANDLERS: dict[type, Callable[[Edges, Any], None]] = {
    core.Look: lambda edges, action: edges.leasing.ask(action),
    core.Lock: lambda edges, action: edges.leasing.ask(action),
    core.CutOff: lambda edges, action: edges.leasing.ask(action),
    core.Take: lambda edges, action: edges.leasing.ask(action),
    core.Write: lambda edges, action: edges.leasing.ask(action),
    core.NoteClean: lambda edges, action: edges.leasing.ask(action),
    core.Drop: lambda edges, _: edges.leasing.drop(),
    core.KillContainer: lambda edges, _: edges.containers.kill(),
    core.ResetNode: lambda edges, action: edges.reset_node(action),
    core.ArmWatchdog: lambda edges, action: edges.feed(action.sent + action.limit),
    core.FeedWatchdog: lambda edges, action: edges.feed(action.sent + action.limit),
    core.DisarmWatchdog: lambda edges, _: edges.disarm(),
    core.SetTrack: lambda edges, action: edges.set_track(action),
    core.Announce: lambda edges, _: edges.announce(),
    core.MountLease: lambda edges, action: edges.quick_job(JobKind.MOUNT_LEASE, action),
    core.CheckContainer: lambda edges, action: edges.containers.check(action.job, action.limit),
    core.MountData: lambda edges, action: edges.mount_data(action),
    core.CloneData: lambda edges, action: edges.clone_data(action),
    core.CopyDatastore: lambda edges, action: edges.copy_datastore(action),
    core.StartWork: lambda edges, action: edges.quick_job(JobKind.WORK, action),
    core.WorkEnded: lambda edges, _: edges.machine.order(work=None),
    core.StartContainer: lambda edges, action: edges.containers.start(action.job, action.limit),
    core.StopContainer: lambda edges, action: edges.containers.stop(action.job, action.limit, action.grace),
    core.UnmountData: lambda edges, action: edges.unmount_data(action),
    core.NoteServed: lambda edges, action: edges.note_served(action),
    core.Settle: lambda edges, action: edges.quick_job(JobKind.SETTLE, action),
    core.RunFence: lambda edges, action: edges.run_fence(action),
    core.CheckFence: lambda edges, action: edges.check_fence(action),
    core.CancelJob: lambda edges, action: edges.cancel(action.kind),
    core.AskHealth: lambda edges, action: edges.containers.ask(action.questions),
    core.StopAsking: lambda edges, _: edges.containers.ask(0),
    core.Rest: lambda edges, action: edges.rest(action),
    core.Remember: lambda edges, action: edges.remember(action),
}
