"""What the agent remembers from round to round. Everything in it is immutable."""

from __future__ import annotations

from typing import NamedTuple, Union

from .actions import Memory
from .observation import Answer, Work
from .record import NoRecord, Record
from .room import Level
from .settings import Configuration

# ---- phases: what the agent is at; each has what only it needs ----


class Begin(NamedTuple):
    """The agent has just started, and not everything has been looked at."""


class Adopting(NamedTuple):
    """A new agent found the lease held by this node, and does not know yet whether the container runs."""

    job: int
    """Of the question to Docker."""


class Standby(NamedTuple):
    """Fit and waiting for the VIP, or not fit (`State.fault` says why)."""


class Contending(NamedTuple):
    """Has the VIP, and asks for the lock."""


class Waiting(NamedTuple):
    """Has the lock, but its last owner did not release it: waits until that one is certain to be silent, or off."""

    failed: int = 0
    """Since when fencing fails, `mono`; 0: it does not."""
    retry: int = 0
    """The fence agent is not asked again before then, `mono`."""
    job: int = 0


class Taking(NamedTuple):
    """The owner from here on. The epoch is being written."""


class Mounting(NamedTuple):
    job: int


class Cloning(NamedTuple):
    job: int
    """0: it is tried again at `retry`."""
    retry: int = 0
    """`mono`"""


class Copying(NamedTuple):
    job: int


class Working(NamedTuple):
    job: int
    work: Work


class Confirming(NamedTuple):
    """The container is to be started, once a heartbeat is confirmed that was sent at `after` or later."""

    after: int
    """`boot`"""
    retry: int = 0
    """Not before then, `mono`."""


class Launching(NamedTuple):
    job: int


class Warming(NamedTuple):
    """The container runs, and is not well yet."""


class Active(NamedTuple):
    """The service is well."""


class Halting(NamedTuple):
    """The container is being stopped; afterwards the owner goes on with it: for `work`, or to start it again."""

    job: int
    work: bool


class Stopping(NamedTuple):
    """Hand-over: the container is being stopped in order. `job` 0: something that is under way is waited for first."""

    job: int
    grace: int


class Unmounting(NamedTuple):
    job: int


class Releasing(NamedTuple):
    """The record `released` is being written."""


class Killing(NamedTuple):
    """At once: the lease is lost, or may be soon, or there are leftovers. Ends well, or with a reset."""

    since: int
    """`boot`"""
    job: int = 0
    """Of the forced unmounting; 0: not begun."""


class Ended(NamedTuple):
    """Told to end, and did."""


Phase = Union[
    Begin, Adopting, Standby, Contending, Waiting, Taking, Mounting, Cloning, Copying, Working, Confirming, Launching,
    Warming, Active, Halting, Stopping, Unmounting, Releasing, Killing, Ended,
]  # fmt: skip


# ---- parts ----


class Tenure(NamedTuple):
    """As owner. All zero while it is not."""

    epoch: int = 0
    sequence: int = 0
    """Of the last heartbeat that was asked for."""
    sent: int = 0
    """When the last confirmed one had been sent, `boot`; at first when the lock was taken."""
    silence: int = 0
    """What that one says, by which a successor goes: the `watchdog` of the agent before until one of this agent's is confirmed;
    0: none is yet."""
    late: int = 0
    """When a confirmation was last long in coming, `boot`: the server had been away; 0: never."""
    unclean: bool = False
    """The owner before did not end in order, and the data is not cloned yet."""
    watched: bool = False
    """The last container before the next start ended under an agent's eyes."""
    armed: bool = False
    """The watchdog was told to run."""

    # Milliseconds after that heartbeat was sent. By the settings alone unless they are longer than what it says.

    def silent(self, settings: Configuration) -> int:
        """This owner is certain not to write."""
        return min(settings.watchdog, self.silence or settings.watchdog)

    def resets(self, settings: Configuration) -> int:
        """It is reset if it is not certain by then."""
        limit = self.silent(settings)
        return limit - min(settings.heartbeat, limit // 4)

    def kills(self, settings: Configuration) -> int:
        """The lease process kills the container, if the agent has not."""
        return self.gives_up(settings) + min(settings.heartbeat, self.silent(settings) // 4)

    def alone(self, settings: Configuration) -> int:
        """The container is killed if no agent has asked for a heartbeat by then, in which time another one may begin."""
        resets = self.resets(settings)
        return max(resets - min(settings.heartbeat, resets // 8), self.kills(settings))

    def gives_up(self, settings: Configuration) -> int:
        """It kills its container: that takes time."""
        limit = self.silent(settings)
        return min(settings.give_up, limit - min(2 * settings.heartbeat, limit // 2))


class Seen(NamedTuple):
    """Of the last owner, by this node."""

    record: Record | NoRecord = NoRecord.EMPTY
    epoch: int = 0
    changed: int = 0
    """When either was seen to change, `mono`."""
    at: int = 0
    """The same, or when this node last could not watch: its owner may have been alive then."""


class Vip(NamedTuple):
    here: bool = False
    since: int = 0
    """Since when that is so, `mono`."""
    refused: int = 0
    """Given back: refused at least until then, `mono`; 0: not."""
    returned: int = 0
    """How often in a row it was given back to the present owner."""
    to: str = ""
    """Who that is."""
    forgotten: int = 0
    """If it has not come again until then, `mono`, that row has ended."""


class Service(NamedTuple):
    questions: int = 0
    """Number of the last AskHealth."""
    answer: Answer = Answer.NONE
    unwell: int = 0
    """Since when no answer was a good one, `mono`; 0: the last one was."""
    refused: int = 0
    """Since when nobody listens, `mono`; 0: somebody did."""
    well: int = 0
    """Since when all were, `mono`; 0: the last one was not."""
    started: int = 0
    """The container's last start, `mono`."""
    noted: int = 0
    """Job of the `served` note; 0: not asked for in this tenure."""


class Checks(NamedTuple):
    """Jobs that go on beside the phases; 0: none under way."""

    container: int = 0
    checked: bool = False
    """Docker was asked, and what it said counts."""
    next_check: int = 0
    """When it is asked again, `mono`."""
    lease: int = 0
    lease_at: int = 0
    """When it was last mounted, `mono`."""
    lease_failed: int = 0
    """Since when the lease directory gives errors, `mono`; 0: it does not."""
    fence: int = 0
    fence_at: int = 0
    fence_words: str = ""
    """Why the fence agent does not work; empty if it does, or was not asked yet."""
    around: int = 0
    """When the peers were last looked at, `mono`."""
    noted: int = 0
    """When it was last asked to note this node clean, `mono`."""
    unsaid: str = ""
    """`LeaseView.unsaid`, as it was last told."""
    room: Level = Level.ENOUGH
    """How much there is on the shared storage, as it was last told."""


class State(NamedTuple):
    settings: Configuration
    phase: Phase
    since: int
    """When the phase began, `mono`."""
    reason: str
    """Why."""
    memory: Memory
    """As the edges were last told to keep it."""
    tenure: Tenure = Tenure()
    seen: Seen = Seen()
    vip: Vip = Vip()
    service: Service = Service()
    checks: Checks = Checks()
    fault: str = "not looked at yet"
    """Why this node must not have the VIP; empty if it may."""
    track: bool | None = None
    """As last told to keepalived."""
    jobs: int = 0
    """Number of the last job."""
    round: int = 0
    """When the last round was, `mono`; 0: none yet."""
    asked: int = 0
    """When the lease process was last asked for something, `mono`."""
    forgotten: int = 0
    """The last `Orders.forget_failures` that was done."""


def initial(settings: Configuration, memory: Memory) -> State:
    """A new agent's. `memory` is what the one before it on this boot was told to remember, Memory() if there was none."""
    return State(settings, Begin(), 0, "started", memory)


OWNERS = (
    Adopting, Taking, Mounting, Cloning, Copying, Working, Confirming, Launching, Warming, Active, Halting, Stopping,
    Unmounting, Releasing,
)  # fmt: skip
"""Phases in which this node has the lease and writes heartbeats."""
