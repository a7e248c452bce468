"""What the lease process wants done with files of the lease directory, one after the other: data, no doing."""

from typing import NamedTuple, Union


class Open(NamedTuple):
    """Open (and make, `RECORD_BYTES` long, preallocated) a file for writing, without locking it; None comes back."""

    name: str


class Flock(NamedTuple):
    """An exclusive lock on an opened file, without waiting: True, or False if somebody else has it."""

    name: str


class Close(NamedTuple):
    """Close an opened file, and with that let go of its lock. Never fails."""

    name: str


class Pwrite(NamedTuple):
    """Write at the start of an opened file, and sync it: where the server took the lock away, only the sync may fail."""

    name: str
    content: bytes


class Read(NamedTuple):
    """Open, read at most `limit` bytes and one more, close: bytes, or None if there is no such file. Never follows a
    link, never opens what is no regular file."""

    name: str
    limit: int


class Put(NamedTuple):
    """Replace a whole file, so that nobody ever sees half of it: written beside it, synced, renamed."""

    name: str
    content: bytes


class Stamp(NamedTuple):
    """Which file this is and when it last changed, as a text: device, inode, size, mtime and ctime; empty if there is
    none. Opens nothing, which a server that was just started lets nobody do for a while."""

    name: str


FileOperation = Union[Open, Flock, Close, Pwrite, Read, Put, Stamp]
Outcome = Union[None, bool, bytes, str]


class FileError(Exception):
    """Thrown into the logic where an operation failed; its text says why."""


class FullError(FileError):
    """The server has no room for what does not lie there yet."""
