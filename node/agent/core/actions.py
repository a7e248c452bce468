"""What the agent is to do: data, carried out by the edges in the order of the list. Whatever can hang is a job."""

from typing import NamedTuple, Union

from .lease_requests import Request
from .observation import JobKind, Work
from .record import NoRecord, Record


class Drop(NamedTuple):
    """Let go of the lock, whatever it takes: if the lease process does not answer at once, it is killed. From the next
    round on `LeaseView.locked` is False."""


# ---- kill chain: done at once, without starting a program ----


class KillContainer(NamedTuple):
    """By its control group (by PIDs where the kernel has no cgroup.kill). Repeated each round until it is gone."""


class ResetNode(NamedTuple):
    """Now, without syncing. If it returns, it is asked for again."""

    reason: str


class ArmWatchdog(NamedTuple):
    """Open it, unless it is (a restart). It resets this node at `sent` + `limit` at the latest, in whole seconds."""

    sent: int
    limit: int


class FeedWatchdog(NamedTuple):
    """A heartbeat that was sent at `sent` (`boot`) is confirmed: the device may wait until `sent` + `limit`."""

    sent: int
    limit: int


class DisarmWatchdog(NamedTuple):
    """The stop succeeded: the device is closed in order."""


# ---- VIP ----


class SetTrack(NamedTuple):
    """Write the track file, until it is read back. keepalived gives up the VIP, or refuses it, while this node is not fit."""

    fit: bool


class Announce(NamedTuple):
    """Tell all on the network that the VIPs are here. Not said again if it fails: the next heartbeat does."""


# ---- jobs: each ends by itself or is killed after `limit` milliseconds; its outcome is Observation.jobs[kind] ----


class MountLease(NamedTuple):
    job: int
    limit: int
    again: bool
    """What is mounted there does not answer or is not the right thing: take it away first."""


class CheckContainer(NamedTuple):
    """Ask Docker for the container's state."""

    job: int
    limit: int


class MountData(NamedTuple):
    """Mount it and check that it is this stack's; a sentinel that is missing is a failure. Finishes a restore."""

    job: int
    limit: int
    epoch: int
    unwatched: bool
    """Nobody watched the last container to its end: as the one that last ran here it is noted to have served, as by
    NoteServed, since nobody can know that it did not."""


class CloneData(NamedTuple):
    """The last owner did not end in order: move what it may still write aside, and put a copy (reflink first) in its
    place, so that a late write of it reaches nobody. The one that was moved aside counts as this epoch's copy.

    First of all it takes, for a moment, an exclusive lock on each file of the datastore that the last owner may have
    locked (without waiting): that makes the server take its locks away if its lease has run out, and with them its right
    to acknowledge anything. If somebody has one, nothing is cloned, and the words begin with `must: `: that owner is
    alive, and what it acknowledged from now on would be lost. It is tried again then."""

    job: int
    limit: int
    epoch: int


class CopyDatastore(NamedTuple):
    """The datastore as it is before anything writes it. Its failure is fatal only if this container never ran on it:
    then `words` of the job begin with `must: `. Any other copy ends by itself after `quick` milliseconds."""

    job: int
    limit: int
    epoch: int
    quick: int


class StartWork(NamedTuple):
    """A backup or a restore on the mounted data."""

    job: int
    limit: int
    work: Work


class WorkEnded(NamedTuple):
    """Tell whoever asked. `words` is empty if it went well."""

    work: Work
    words: str


class StartContainer(NamedTuple):
    job: int
    limit: int


class StopContainer(NamedTuple):
    """SIGTERM, and SIGKILL after `grace`. Over as soon as its control group is empty."""

    job: int
    limit: int
    grace: int


class UnmountData(NamedTuple):
    """In order: sync, unmount; if busy, kill who uses it, detach. OK only if the file system is mounted nowhere.
    `force`: without sync, for a server that may be away."""

    job: int
    limit: int
    force: bool


class NoteServed(NamedTuple):
    """Note durably in the data that `container` has answered: an upgrade's undo refuses from then on. A note of a later
    epoch is never replaced by one of an earlier: that comes from a node that stood still. The undo also refuses
    as long as the record in the lease is not `released`: nobody has watched that owner's container to its end."""

    job: int
    limit: int
    container: str
    epoch: int


class Settle(NamedTuple):
    """The service is well: a restore is over, this epoch's copy is from before a start that went well."""

    job: int
    limit: int
    epoch: int


class RunFence(NamedTuple):
    """Make certain that `node` is off; empty: all peers. OK only if the agent has confirmed it.

    Right before anything is turned off the record in the lease's file is read once more: if it is not `last`, nothing is
    done, and the job fails. A machine that stood still would else turn off whoever serves by now."""

    job: int
    limit: int
    node: str
    last: Union[Record, NoRecord]


class CheckFence(NamedTuple):
    """Ask the fence agent for the peers' state, to know that it works."""

    job: int
    limit: int


class CancelJob(NamedTuple):
    """Kill it; nobody waits for its outcome."""

    kind: JobKind


class AskHealth(NamedTuple):
    """Ask from now on whether the service is well, from nothing known; `questions` tells these from earlier ones."""

    questions: int


class StopAsking(NamedTuple):
    """No more questions."""


class Remember(NamedTuple):
    """Keep it in /run; the next agent of this boot gets it as `initial(settings, memory)`."""

    memory: "Memory"


class Memory(NamedTuple):
    """What an agent that takes over must know and cannot see."""

    epoch: int = 0
    """Of the tenure that is going on, or that ended hard and is not noted clean yet; 0: none."""
    tries: int = 0
    """Failures of the service since it was last well here."""
    first_started: int = 0
    """`mono`; 0: no start since it was last well here."""
    hold_until: int = 0
    """The VIP is refused until then, `mono`, because of: """
    hold_reason: str = ""
    failure: str = ""
    """Why the service last failed here; empty if it has been well since."""
    unclean: bool = False
    """The owner before this tenure did not end in order, and the data is not cloned yet."""


class Event(NamedTuple):
    """For log, history, notifications and metrics."""

    kind: str
    """One word: state, failover, give-up, reset, fence, failure, unfit, fit, ..."""
    text: str
    more: tuple[tuple[str, Union[str, int]], ...] = ()
    """What the text says, for programs: names and values (story.py). Times of it are `mono`."""


class Wake(NamedTuple):
    """Come with the next round at this time (`mono`) at the latest, also if it is before the next heartbeat."""

    at: int


class Rest(NamedTuple):
    """Nothing needs another round before this time (`mono`), unless there is news: as long as each decision says so."""

    at: int


class Exit(NamedTuple):
    """End this process with 0."""


Job = Union[
    MountLease, CheckContainer, MountData, CloneData, CopyDatastore, StartWork, StartContainer, StopContainer,
    UnmountData, NoteServed, Settle, RunFence, CheckFence,
]  # fmt: skip
Action = Union[
    Request, Job, Drop, KillContainer, ResetNode, ArmWatchdog, FeedWatchdog, DisarmWatchdog, SetTrack, Announce,
    CancelJob, WorkEnded, AskHealth, StopAsking, Remember, Event, Wake, Rest, Exit,
]  # fmt: skip
