"""Whatever is seen, in whatever order: the core decides, and some things hold always."""

import random
from typing import Any

from agent.core import types as core
from agent.core.decide import STEPS, decide
from agent.core.types import Answer, Claim, Docker, Ending, JobKind, JobStatus, JobView, NoRecord, Now, Peer, Work
from core_rig import SETTINGS, record

OWNERS = {kind.__name__ for kind in core.OWNERS}


class Noise:
    """Changes one thing of an observation after the other; now and then plays along, so that the core gets on."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        fence = self.chance.random() < 0.3
        self.state = core.initial(SETTINGS._replace(fence=fence), core.Memory())
        self.see = core.Observation(lease=core.LeaseView(alive=True), lease_mounted=True)
        self.mono = self.boot = 1_000_000
        self.done: list[core.Action] = []

    def lease(self) -> core.LeaseView:
        chance, view = self.chance, self.see.lease
        any_record: Any = chance.choice(
            [NoRecord.EMPTY, NoRecord.INVALID]
            + [record(node, chance.randrange(1, 5), chance.randrange(9), claim) for node in "ab" for claim in Claim]
        )
        return view._replace(
            alive=chance.random() < 0.9,
            pending=chance.random() < 0.2,
            answered=self.boot - chance.randrange(10_000),
            error=chance.choice(["", "", "", "EIO"]),
            locked=chance.random() < 0.5,
            epoch=chance.randrange(5),
            record=any_record,
            clean=chance.randrange(4),
            confirmed=chance.choice([None, record("a", self.state.tenure.epoch or 1)]),
            sent=self.boot - chance.randrange(12_000),
            noted=chance.randrange(4),
            peers=(Peer("b", chance.random() < 0.5, False, chance.randrange(20_000)),),
        )

    def change(self) -> None:
        chance = self.chance
        changes: list[dict[str, Any]] = [
            {"lease": self.lease()},
            {
                "container": core.ContainerView(
                    chance.choice(list(Docker)), chance.choice([None, True, False]), chance.random() < 0.2
                )
            },
            {"data": core.DataView(chance.random() < 0.5, chance.random() < 0.1)},
            {"lease_mounted": chance.random() < 0.9},
            {"server_lease": chance.choice([None, 15_000, 5_000])},
            {"unfit": chance.choice(["", "", "the root disk hangs"])},
            {"vip": chance.random() < 0.5},
            {"health": core.HealthView(self.state.service.questions, chance.choice(list(Answer)))},
            {"watchdog": core.WatchdogView(chance.random() < 0.8, chance.random() < 0.5)},
            {"ending": chance.choice([Ending.NO, Ending.NO, Ending.NO, Ending.RESTART, Ending.STOP])},
            {"ready": chance.random() < 0.9},
            {"orders": self.orders()},
        ]
        self.see = self.see._replace(**chance.choice(changes))

    def answer(self) -> None:
        """Of the service, or somebody wants a backup."""
        if self.chance.random() < 0.1:
            self.see = self.see._replace(orders=core.Orders(work=Work("1", "pack")))
        else:
            answer = self.chance.choice([Answer.OK, Answer.OK, Answer.REFUSED])
            self.see = self.see._replace(health=core.HealthView(self.state.service.questions, answer))

    def another_agent(self) -> None:
        self.state = core.initial(self.state.settings, self.state.memory)
        unknown = core.ContainerView(start_pending=True)
        self.see = self.see._replace(
            jobs={}, ready=self.chance.random() < 0.5, container=self.chance.choice([unknown, self.see.container])
        )

    def mend(self) -> None:
        """All is well, but for what the core itself has brought about."""
        lease = self.see.lease
        mine = lease.confirmed is not None and lease.confirmed.epoch == self.state.tenure.epoch and lease.confirmed.node == "a"
        self.see = self.see._replace(
            lease=lease._replace(alive=True, pending=False, error="", answered=self.boot, locked=lease.locked and mine),
            lease_mounted=True,
            server_lease=15_000,
            unfit="",
            vip=True,
            watchdog=core.WatchdogView(True, self.state.tenure.armed),
            orders=core.Orders(),
            ending=Ending.NO,
            ready=True,
        )
        if mine:
            self.see = self.see._replace(lease=self.see.lease._replace(epoch=self.state.tenure.epoch))
        container = self.see.container
        if container.live is None or container.docker in (Docker.UNKNOWN, Docker.MISSING) or container.start_pending:
            self.see = self.see._replace(container=core.ContainerView(Docker.EXITED, False))

    def orders(self) -> core.Orders:
        chance = self.chance
        words = ["", "", "", "because"]
        paused, stopped, leave, banned = (chance.choice(words) for _ in range(4))
        return core.Orders(
            paused,
            stopped,
            leave,
            banned,
            prefer=chance.choice(["", "a", "b"]),
            work=chance.choice([None, None, Work("1", "pack")]),
            off=frozenset(chance.choice([(), ("b",)])),
            forget_failures=chance.randrange(3),
        )

    def play_along(self) -> None:
        """What a well node would answer to what was asked last."""
        for action in self.done:
            if isinstance(action, (core.Take, core.Write)):
                view = self.see.lease._replace(
                    alive=True,
                    pending=False,
                    locked=True,
                    error="",
                    epoch=action.record.epoch,
                    confirmed=action.record,
                    sent=action.sent,
                )
                self.see = self.see._replace(lease=view)
            elif isinstance(action, core.Lock):
                self.see = self.see._replace(lease=self.see.lease._replace(alive=True, locked=True, answered=action.sent, error=""))
            elif isinstance(action, core.Drop):
                self.see = self.see._replace(lease=self.see.lease._replace(locked=False, confirmed=None, sent=0))
            elif isinstance(action, core.KillContainer):
                self.see = self.see._replace(container=core.ContainerView(Docker.EXITED, False))
            elif isinstance(action, core.NoteClean):
                self.see = self.see._replace(lease=self.see.lease._replace(noted=action.epoch))
            elif hasattr(action, "job"):
                self.end_job(action)

    def end_job(self, action: Any) -> None:
        kinds = {"StartWork": JobKind.WORK, "RunFence": JobKind.FENCE}
        name = type(action).__name__
        kind = kinds.get(name) or JobKind["".join(f"_{c}" if c.isupper() else c for c in name).strip("_").upper()]
        status = JobStatus.OK if self.chance.random() < 0.8 else self.chance.choice(list(JobStatus))
        if status is JobStatus.OK:
            self.carry_out(action)
        words = self.chance.choice(["", "must: no space", "it failed"])
        self.see = self.see._replace(jobs={**self.see.jobs, kind: JobView(action.job, status, words)})

    def carry_out(self, action: Any) -> None:
        if isinstance(action, core.MountData):
            self.see = self.see._replace(data=core.DataView(mounted=True))
        elif isinstance(action, core.UnmountData):
            self.see = self.see._replace(data=core.DataView())
        elif isinstance(action, core.StartContainer):
            self.see = self.see._replace(container=core.ContainerView(Docker.RUNNING, True))
        elif isinstance(action, core.StopContainer):
            self.see = self.see._replace(container=core.ContainerView(Docker.EXITED, False))

    def round(self) -> None:
        chance = self.chance
        passed = 30_000 if chance.random() < 0.01 else chance.choice([10, 10, 300, 1_000])
        self.mono += passed
        self.boot += passed + (5_000 if chance.random() < 0.01 else 0)
        self.state, actions = decide(self.state, self.see, Now(self.mono, self.boot))
        self.done = list(actions)


def holds(noise: Noise, before: core.State) -> None:
    state, done = noise.state, noise.done
    kills = [place for place, action in enumerate(done) if isinstance(action, core.KillContainer)]
    assert kills in ([], [0]), "nothing comes before killing"
    phase = type(state.phase).__name__
    assert bool(state.tenure.epoch) == (phase in OWNERS) or phase in {"Killing", "Ended"}
    requests = [action for action in done if isinstance(action, (core.Look, core.Lock, core.Take, core.Write, core.NoteClean))]
    assert len(requests) <= 1
    if noise.see.lease.pending:
        assert not requests, "one request at a time"
    if phase == "Killing":
        assert state.track is False
    if phase == "Killing" and isinstance(before.phase, core.Killing):
        assert not any(isinstance(action, core.DisarmWatchdog) for action in done)
    if any(isinstance(action, core.StartContainer) for action in done):
        lease = noise.see.lease
        assert lease.locked and lease.epoch == state.tenure.epoch and noise.see.data is not None
        assert noise.boot - state.tenure.sent <= SETTINGS.give_up
    for action in done:
        if isinstance(action, core.FeedWatchdog):
            assert action.sent == noise.see.lease.sent, "only what the server confirmed"
        if isinstance(action, core.Announce):
            assert phase in {"Warming", "Active"} and noise.see.vip and not noise.see.orders.paused
            assert state.tenure.sent != before.tenure.sent, "only with a heartbeat that was confirmed just now"
        if isinstance(action, (core.Take, core.Write)):
            assert phase in OWNERS and action.record.node == "a" and action.record.epoch == state.tenure.epoch
    if before.tenure.epoch and state.tenure.epoch and before.tenure.epoch != state.tenure.epoch:
        assert state.tenure.epoch > before.tenure.epoch


def played(seed: int) -> set[str]:
    """The phases that were reached."""
    noise = Noise(seed)
    phases = set()
    for _ in range(1_500):
        if noise.chance.random() < 0.003:
            noise.another_agent()
        if type(noise.state.phase).__name__ in {"Warming", "Active"} and noise.chance.random() < 0.1:
            noise.answer()
        elif noise.chance.random() < 0.04:
            noise.change()
        elif noise.chance.random() < 0.3:
            noise.mend()
        if noise.chance.random() < 0.97:
            noise.play_along()
        before = noise.state
        noise.round()
        holds(noise, before)
        phases.add(type(noise.state.phase).__name__)
        if type(noise.state.phase).__name__ == "Ended":
            noise.state = core.initial(noise.state.settings, noise.state.memory)
            noise.see = noise.see._replace(ending=Ending.NO)
    return phases


def test_whatever_is_seen_the_core_decides() -> None:
    reached: set[str] = set()
    for seed in range(60):
        reached |= played(seed)
    assert reached == {kind.__name__ for kind in STEPS}
