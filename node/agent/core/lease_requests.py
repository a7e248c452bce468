"""What the lease process is asked for: one request at a time, never while `LeaseView.pending`."""

from typing import NamedTuple, Union

from .record import Record


class Look(NamedTuple):
    """Read record, epoch and the owner's clean note; now and then write this node's own file. `fit`, `vip`: for that."""

    sent: int
    """Now, `boot`; comes back as `LeaseView.answered`."""
    fit: bool
    vip: bool
    around: bool = False
    """Read the peers' files, too."""
    storage: bool = False
    """Read what the NFS server's helper says, too."""


class Lock(NamedTuple):
    """Try once to get the lock, without waiting, and read as `Look` does."""

    sent: int


class CutOff(NamedTuple):
    """Have the NFS server cut the owner off whose last heartbeat is `last`, until `fenced` is its epoch; and the same as Lock."""

    sent: int
    last: Record


class Take(NamedTuple):
    """The first record of a new owner, and its epoch. Confirmed when `LeaseView.epoch` is the record's."""

    sent: int
    record: Record


class Write(NamedTuple):
    """A heartbeat through the locked descriptor, synced; then the epoch is looked at."""

    sent: int
    """Comes back as `LeaseView.sent` once the server has confirmed it."""
    record: Record


class NoteClean(NamedTuple):
    """Note in this node's own file that after `epoch` it has cleaned up by itself: nothing of it can write any more."""

    sent: int
    epoch: int


Request = Union[Look, Lock, CutOff, Take, Write, NoteClean]
#: The same, to be asked for.
REQUESTS = (Look, Lock, CutOff, Take, Write, NoteClean)
