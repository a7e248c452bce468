"""Everything that the agent can see, as one value a round. Whatever can go wrong is said here, and nothing is an exception.

Times are milliseconds: `boot` of CLOCK_BOOTTIME, which goes on while the machine sleeps (what happens to us while we
sleep counts), `mono` of CLOCK_MONOTONIC, which stands still (what we did not watch, we did not see).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

from .record import NoRecord, Record
from .room import Room


class Now(NamedTuple):
    """The two clocks, read once at the start of the round, after everything that is observed."""

    mono: int
    boot: int


class Peer(NamedTuple):
    """What another node says of itself in its file of the lease directory."""

    node: str
    fit: bool
    vip: bool
    age: int
    """Since its file was last seen to change, milliseconds; it changes every few seconds while its agent lives."""


class LeaseView(NamedTuple):
    """What the lease process last said. It is a process of its own, and goes on when the agent is started again."""

    alive: bool = False
    """The process lives and is connected. False: it has ended, and with it the lock; the next request starts another."""
    pending: bool = False
    """A request waits for its answer. No other one is accepted meanwhile."""
    answered: int = 0
    """When the last request that was answered well had been sent, `boot`; 0: none yet."""
    error: str = ""
    """What went wrong with the last request, in words; empty if nothing. An error of Lock, Take or Write drops the lock."""
    locked: bool = False
    """It has the lock, as far as it knows."""
    epoch: int = 0
    """In the file `epoch` of the server; 0 if nobody ever had the lease."""
    record: Record | NoRecord = NoRecord.EMPTY
    """The last one read, by `Look` or `Lock`."""
    clean: int = 0
    """The record's owner has noted that it cleaned up by itself after this epoch; 0: it has not."""
    confirmed: Record | None = None
    """The last record that this process wrote and the server confirmed."""
    sent: int = 0
    """When that one had been sent, `boot`; 0: none."""
    noted: int = 0
    """The last epoch that this node has noted clean, by `NoteClean`; known from the first Lock or NoteClean on."""
    peers: tuple[Peer, ...] = ()
    """By the last `Look` with `around`."""
    room: Room | None = None
    """On the file system of the lease directory, as it was last looked at; None: not yet."""
    fenced: int = 0
    """The NFS server has confirmed, to this process, that the owner of this epoch can write nothing any more; 0: of none."""
    fence_words: str = ""
    """What it last answered, in words; empty: nothing yet."""
    barred: int = 0
    """The server has cut this node off since it was the owner of this epoch; 0: it has not. By `Look` with `storage`."""
    helper: int = 0
    """When the server's helper was last seen to go round, `boot`; 0: never."""
    unsaid: str = ""
    """Why there is no room on the server for this node's own file, in words; empty: there is."""


class Docker(enum.Enum):
    """The container in Docker's words, by the HTTP status and JSON of its socket."""

    UNKNOWN = "unknown"
    """Docker does not answer, or has not been asked."""
    MISSING = "missing"
    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


class ContainerView(NamedTuple):
    """The container of `Configuration.container`."""

    docker: Docker = Docker.UNKNOWN
    """By the last `CheckContainer`, start or stop."""
    live: bool | None = None
    """Whether its control group has a process, by the kernel; None if its control group is not known."""
    start_pending: bool = False
    """Docker was asked to start it and has not answered: it may still do so. Kept in /run, so that a new agent knows.
    Over when Docker answers that start, or a later stop, or has been started anew since."""
    words: str = ""
    """Why it ended or does not start, if known."""
    ended: str = ""
    """Which one of several has ended, while others live; empty: none."""

    @property
    def runs(self) -> bool:
        """As far as is known; the kernel's word goes before Docker's."""
        return self.docker is Docker.RUNNING if self.live is None else self.live

    @property
    def gone(self) -> bool:
        """It is certain that nothing of it lives, and that nothing will."""
        if self.start_pending or self.live:
            return False
        return self.live is False or self.docker in STOPPED


STOPPED = (Docker.MISSING, Docker.CREATED, Docker.EXITED)


class DataView(NamedTuple):
    """The mount of the shared data, by the kernel's tables and never by touching it."""

    mounted: bool = False
    """At its place, for this node's agent to see."""
    lingers: bool = False
    """Its file system is still mounted somewhere else (another namespace, detached but in use)."""


class Answer(enum.Enum):
    """How the service answers the question whether it is well."""

    NONE = "none"
    """It was not asked yet in this round of questions."""
    OK = "ok"
    SLOW = "slow"
    """No answer in time."""
    REFUSED = "refused"
    """Nobody listens, or the connection was reset."""
    ERROR = "error"
    """An answer that says no."""


class HealthView(NamedTuple):
    """The last answer. Thresholds are the core's affair."""

    questions: int = 0
    """Number of the `AskHealth` that it belongs to; an older one counts for nothing."""
    answer: Answer = Answer.NONE
    words: str = ""


class JobKind(enum.Enum):
    """What may hang, and so runs beside the agent with a time limit; at most one of each kind."""

    MOUNT_LEASE = "mount-lease"
    CHECK_CONTAINER = "check-container"
    MOUNT_DATA = "mount-data"
    CLONE_DATA = "clone-data"
    COPY_DATASTORE = "copy-datastore"
    WORK = "work"
    START_CONTAINER = "start-container"
    STOP_CONTAINER = "stop-container"
    UNMOUNT_DATA = "unmount-data"
    NOTE_SERVED = "note-served"
    SETTLE = "settle"
    FENCE = "fence"
    CHECK_FENCE = "check-fence"


class JobStatus(enum.Enum):
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    """It ended with an error, or its limit is over and it was killed."""


class JobView(NamedTuple):
    """The last job of its kind. It stays until the next one of the kind is started."""

    number: int
    """As in the action that started it."""
    status: JobStatus
    words: str = ""
    """Why it failed, or what it did; one line."""


class WatchdogView(NamedTuple):
    """The watchdog device of this node."""

    available: bool = False
    """There is one, and it can be opened (or is open)."""
    armed: bool = False
    """The agent has it open and it runs."""
    words: str = ""


class Ending(enum.Enum):
    """Whether this agent was told to end."""

    NO = "no"
    RESTART = "restart"
    """Another agent takes its place (update, restart): the container is left running."""
    STOP = "stop"
    """The unit is stopped or the node goes down: the service is handed over in order first."""


#: The work after which nothing is started here: the datastore is another container's than this agent knows.
TAKE_BACK = "take-back"


class Work(NamedTuple):
    """A backup or a restore, for which the service has to be stopped."""

    number: str
    """Its identity; the edge that was asked for it knows the rest."""
    verb: str
    """pack, unpack, put-back, roll-back, or TAKE_BACK."""


class Beat(NamedTuple):
    """This node's last heartbeat that the server confirmed, whichever agent of this boot sent it."""

    sent: int = 0
    """When, `boot`; 0: none on this boot."""
    silence: int = 0
    """What it says of how long its owner may write after it, milliseconds; 0: it may not, or that is not known."""


class Orders(NamedTuple):
    """What operators want of this node. A text is the reason, kept and shown; empty: no such order."""

    paused: str = ""
    """Look, and touch nothing but lease, watchdog and the kill chain."""
    stopped: str = ""
    """The service is to run nowhere."""
    leave: str = ""
    """Hand over and refuse the VIP while this stands (switchover, maintenance, kept out of service by an upgrade)."""
    banned: str = ""
    """This node is not to serve."""
    prefer: str = ""
    """Name of the node that is to serve next; others refuse the VIP while that one is fit."""
    work: Work | None = None
    off: frozenset[str] = frozenset()
    """Nodes that an operator has said are off (`fence-confirm`); each counts once."""
    forget_failures: int = 0
    """How often an operator has asked to forget the failures; each new number does it once."""


NO_JOBS: Mapping[JobKind, JobView] = {}


class Observation(NamedTuple):
    """All of it. The edges keep one and replace what changed."""

    lease: LeaseView = LeaseView()
    container: ContainerView = ContainerView()
    data: DataView = DataView()
    lease_mounted: bool = False
    """The lease directory is mounted with the right version of NFS."""
    server_lease: int | None = None
    """The server's lease time as its client was told, milliseconds; None if that is not known."""
    unfit: str = ""
    """What else makes this node unfit (client identity, root disk, a library, ...), in words; empty: nothing."""
    vip: bool = False
    """The VIP is on an interface of this node."""
    health: HealthView = HealthView()
    jobs: Mapping[JobKind, JobView] = NO_JOBS
    watchdog: WatchdogView = WatchdogView()
    beaten: Beat = Beat()
    """Kept in /run, so that a new agent knows."""
    orders: Orders = Orders()
    ending: Ending = Ending.NO
    ready: bool = True
    """At the start: False until lease process, control group, mounts and /run have each been looked at once. What a lease
    process that hangs cannot say (`locked`, `confirmed`, `sent`) it has left in /run after its last request."""


Jobs = dict[JobKind, JobView]
