"""One round of decisions: the state as it is being changed, what was seen, and what is to be done."""

from typing import Optional, Union

from . import actions as act
from .observation import JobKind, JobStatus, JobView, Now, Observation
from .record import Claim, Record
from .state import Active, Phase, Standby, State, Stopping, Tenure, Unmounting


class Turn:
    """Lives for one call of `decide`. The names are those of `State`."""

    __slots__ = (
        "actions",
        "asked",
        "boot",
        "checks",
        "dropped",
        "fault",
        "forgotten",
        "jobs",
        "memory",
        "mono",
        "phase",
        "reason",
        "round",
        "see",
        "seen",
        "service",
        "settings",
        "since",
        "tenure",
        "track",
        "vip",
    )

    def __init__(self, state: State, observation: Observation, now: Now) -> None:
        (
            self.settings,
            self.phase,
            self.since,
            self.reason,
            self.memory,
            self.tenure,
            self.seen,
            self.vip,
            self.service,
            self.checks,
            self.fault,
            self.track,
            self.jobs,
            self.round,
            self.asked,
            self.forgotten,
        ) = state
        self.see = observation
        self.mono, self.boot = now
        self.actions: list[act.Action] = []
        self.dropped = False
        """The lock was let go of in this round; what is seen of it is old."""

    def state(self) -> State:
        return State(
            self.settings,
            self.phase,
            self.since,
            self.reason,
            self.memory,
            self.tenure,
            self.seen,
            self.vip,
            self.service,
            self.checks,
            self.fault,
            self.track,
            self.jobs,
            self.mono,
            self.asked,
            self.forgotten,
        )

    def do(self, action: act.Action) -> None:
        self.actions.append(action)

    def say(self, kind: str, text: str, **more: Union[str, int]) -> None:
        self.actions.append(act.Event(kind, text, tuple(more.items())))

    def wake(self, after: int) -> None:
        """Come again after so many milliseconds at the latest."""
        self.actions.append(act.Wake(self.mono + max(after, 1)))

    def become(self, phase: Phase, reason: str) -> None:
        before = type(self.phase).__name__
        self.phase = phase
        if type(phase).__name__ != before:
            after = type(phase).__name__
            more: dict[str, Union[str, int]] = {"from": before.lower(), "to": after.lower(), "why": reason, "since": self.since}
            self.say("state", f"{before} -> {after}: {reason}", **more)
            self.since = self.mono
            self.reason = reason

    def job(self) -> int:
        """The next job's number."""
        self.jobs += 1
        return self.jobs

    def outcome(self, kind: JobKind, number: int) -> Optional[JobView]:
        """Of that job, once it has ended; None while it runs."""
        view = self.see.jobs.get(kind)
        if view is None or view.number != number or view.status is JobStatus.RUNNING:
            return None
        return view

    def runs(self, kind: JobKind) -> bool:
        view = self.see.jobs.get(kind)
        return view is not None and view.status is JobStatus.RUNNING

    def cancel(self, *kinds: JobKind) -> None:
        for kind in kinds:
            if self.runs(kind):
                self.actions.append(act.CancelJob(kind))

    def record(self) -> Record:
        """This owner's next heartbeat."""
        phase = type(self.phase)
        claim = Claim.STARTING
        if phase is Active:
            claim = Claim.ACTIVE
        elif phase is Stopping or phase is Unmounting:
            claim = Claim.STOPPING
        settings = self.settings
        return Record(
            self.tenure.epoch,
            self.tenure.sequence,
            settings.node,
            claim,
            settings.watchdog,
            self.see.watchdog.armed,
            self.vip.here,
            settings.version,
            settings.boot,
            not self.tenure.unclean,
        )

    def locked(self) -> bool:
        return self.see.lease.locked and not self.dropped

    def confirmed(self) -> int:
        """Number of this tenure's last heartbeat that the server has confirmed; -1: none yet."""
        record = self.see.lease.confirmed
        if record is None or record.epoch != self.tenure.epoch:
            return -1
        return record.sequence

    def other(self) -> Optional[Record]:
        """The last record, if it is another node's that means to keep the lease."""
        record = self.seen.record
        if isinstance(record, Record) and record.node != self.settings.node and record.claim in KEEPING:
            return record
        return None

    def fit_peer(self) -> str:
        """Name of another node that could serve, by what it last said of itself; empty: there is none."""
        for peer in self.see.lease.peers:
            if peer.fit and peer.age < PEER_AGE:
                return peer.node
        return ""

    def to_standby(self, reason: str) -> None:
        """The lease is not this node's any more, or never was."""
        if self.locked():
            self.do(act.Drop())
            self.dropped = True
        self.tenure = Tenure()
        self.become(Standby(), reason)


KEEPING = (Claim.STARTING, Claim.ACTIVE)
#: A peer that has not said anything for so long is not counted on, milliseconds.
PEER_AGE = 15_000
