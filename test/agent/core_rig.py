"""Drives the core of one node by hand: what it sees is set, what it does is looked at."""

from typing import Any, Optional, TypeVar

from agent.core import types as core
from agent.core.decide import decide
from agent.core.types import Answer, Claim, Docker, JobKind, JobStatus, JobView, Now, Record

A = TypeVar("A")

SETTINGS = core.Configuration(node="a", version="v1", boot="boot", container="rancher-1", peers=("b",))


def record(node: str = "b", epoch: int = 1, sequence: int = 5, claim: Claim = Claim.ACTIVE, **more: Any) -> Record:
    plain = Record(epoch, sequence, node, claim, 10_000, True, True, "v1", "boot")
    return plain._replace(**more)


class Rig:
    def __init__(self, settings: core.Configuration = SETTINGS, memory: Optional[core.Memory] = None) -> None:
        self.settings = settings
        self.state = core.initial(settings, memory or core.Memory())
        self.mono = self.boot = 1_000_000
        self.see = core.Observation(
            lease=core.LeaseView(alive=True, answered=self.boot),
            container=core.ContainerView(docker=Docker.CREATED),
            lease_mounted=True,
            server_lease=15_000,
            watchdog=core.WatchdogView(available=True),
        )
        self.done: list[core.Action] = []
        self.answers = True
        """The lease process answers at once, and confirms what it is asked to write."""

    # ---- rounds ----

    def round(self, passed: int = 1_000, **seen: Any) -> list[core.Action]:
        """One round after so many milliseconds; returns what is done in it."""
        self.mono += passed
        self.boot += passed
        self.see = self.see._replace(**seen)
        self.state, actions = decide(self.state, self.see, Now(self.mono, self.boot))
        self.done = list(actions)
        if self.answers:
            for action in self.done:
                self.answer(action)
        return self.done

    def rounds(self, time: int, **seen: Any) -> list[core.Action]:
        """As many as fit into that time; all that is done in them."""
        done: list[core.Action] = []
        for _ in range(time // 1_000):
            done += self.round(1_000, **seen)
        return done

    def answer(self, action: core.Action) -> None:
        if isinstance(action, (core.Take, core.Write)):
            self.lease(confirmed=action.record, record=action.record, sent=action.sent, epoch=action.record.epoch)
        elif isinstance(action, (core.Look, core.Lock)):
            self.lease(answered=action.sent)
        elif isinstance(action, core.NoteClean):
            self.lease(answered=action.sent, noted=action.epoch)
        elif isinstance(action, core.Drop):
            self.lease(locked=False, confirmed=None, sent=0)
        elif isinstance(action, core.ArmWatchdog):
            self.see = self.see._replace(watchdog=core.WatchdogView(available=True, armed=True))
        elif isinstance(action, core.DisarmWatchdog):
            self.see = self.see._replace(watchdog=core.WatchdogView(available=True))
        elif isinstance(action, core.CheckContainer):
            self.ended(JobKind.CHECK_CONTAINER)

    # ---- what is seen ----

    def lease(self, **seen: Any) -> None:
        self.see = self.see._replace(lease=self.see.lease._replace(**seen))

    def container(self, **seen: Any) -> None:
        self.see = self.see._replace(container=self.see.container._replace(**seen))

    def orders(self, **seen: Any) -> None:
        self.see = self.see._replace(orders=self.see.orders._replace(**seen))

    def ended(self, kind: JobKind, words: str = "") -> None:
        """The last job of the kind has ended: well, or with these words."""
        view = JobView(self.number(kind), JobStatus.FAILED if words else JobStatus.OK, words)
        self.see = self.see._replace(jobs={**self.see.jobs, kind: view})

    def number(self, kind: JobKind) -> int:
        name = "".join(part.capitalize() for part in kind.value.split("-"))
        name = {"Work": "StartWork", "Fence": "RunFence", "CheckFence": "CheckFence"}.get(name, name)
        for action in reversed(self.done):
            if type(action).__name__ == name:
                return int(action.job)  # type: ignore[union-attr]
        raise AssertionError(f"no {name} in {self.done}")

    def health(self, answer: Answer) -> None:
        self.see = self.see._replace(health=core.HealthView(self.state.service.questions, answer, answer.value))

    # ---- what is done ----

    def first(self, kind: type[A], actions: Optional[list[core.Action]] = None) -> Optional[A]:
        for action in self.done if actions is None else actions:
            if isinstance(action, kind):
                return action
        return None

    def only(self, kind: type[A]) -> A:
        found = self.first(kind)
        assert found is not None, f"no {kind.__name__} in {self.done}"
        return found

    def phase(self) -> str:
        return type(self.state.phase).__name__

    # ---- ways ----

    def to_standby(self) -> "Rig":
        self.round()
        self.round()
        assert self.phase() == "Standby" and not self.state.fault, self.state.fault
        return self

    def to_owner(self, last: Optional[Record] = None) -> "Rig":
        """With the lock; the last owner, if there was one, released it."""
        self.to_standby()
        if last:
            self.lease(record=last, epoch=last.epoch)
        self.round(vip=True)
        assert self.phase() == "Contending"
        self.lease(locked=True)
        self.round(10)
        return self

    def to_mounting(self) -> "Rig":
        self.to_owner()
        self.round(10)
        assert self.phase() == "Mounting", self.phase()
        return self

    def to_launching(self) -> "Rig":
        self.to_mounting()
        return self.through_mount()

    def through_mount(self) -> "Rig":
        self.see = self.see._replace(data=core.DataView(mounted=True))
        self.ended(JobKind.MOUNT_DATA)
        self.round(10)
        if self.phase() == "Cloning":
            self.ended(JobKind.CLONE_DATA)
            self.round(10)
        self.ended(JobKind.COPY_DATASTORE)
        self.round(10)
        self.round(10)
        assert self.phase() == "Launching", self.phase()
        return self

    def to_warming(self) -> "Rig":
        self.to_launching()
        return self.started()

    def started(self) -> "Rig":
        self.ended(JobKind.START_CONTAINER)
        self.container(docker=Docker.RUNNING, live=True)
        self.round(10)
        assert self.phase() == "Warming", self.phase()
        return self

    def to_active(self) -> "Rig":
        self.to_warming()
        self.health(Answer.OK)
        self.round(1_000)
        assert self.phase() == "Active", self.phase()
        self.ended(JobKind.NOTE_SERVED)
        self.round(1_000)
        return self

    def dies(self) -> None:
        self.container(docker=Docker.EXITED, live=False)
