"""Carries out what `core.lease` asks of the lease directory. Any of it may hang for as long as the NFS server does.

What lies there is input: no link is followed, nothing but regular files is opened, nothing is read without a bound.
"""

import errno
import fcntl
import os
from typing import Optional

from ..core import files as asked
from ..core.lease import LEASE
from ..core.record import RECORD_BYTES
from ..files import open_regular, read_some, write_whole
from ..mounts import MountTable


class LeaseFiles:
    """`directory`: the mount point. `filesystem`: what must be mounted there, by the table `mounts`. `node`: whose
    temporary files these are."""

    def __init__(self, directory: str, filesystem: str, mounts: str, node: str) -> None:
        self._directory = directory
        self._filesystem = filesystem
        self._mounts = MountTable(mounts)
        self._node = node
        self._open: dict[str, int] = {}
        self._known: dict[str, tuple[str, Optional[bytes]]] = {}

    def do(self, operation: asked.FileOperation) -> asked.Outcome:
        """Raises FileError with words."""
        try:
            return self._do(operation)
        except OSError as error:
            where = os.path.join(self._directory, operation.name)
            kind = asked.FullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else asked.FileError
            raise kind(f"{where}: {error.strerror or error}") from error

    def _do(self, operation: asked.FileOperation) -> asked.Outcome:
        path = os.path.join(self._directory, operation.name)
        if isinstance(operation, asked.Close):
            self._close(operation.name)
            return None
        if isinstance(operation, asked.Pwrite):
            self._write(self._open[operation.name], operation.content)
            return None
        if isinstance(operation, asked.Flock):
            return _lock(self._open[operation.name])
        if isinstance(operation, asked.Stamp):
            return _stamp(path)
        # What lies below a directory that is not mounted is this node's own disk.
        found = self._mounts.points().get(self._directory)
        if found is None or found.type != self._filesystem:
            raise OSError(errno.ENOTCONN, f"not mounted with {self._filesystem}")
        if isinstance(operation, asked.Open):
            self._close(operation.name)
            self._open[operation.name] = _open_filled(path)
            return None
        if isinstance(operation, asked.Read):
            return self._read(operation.name, path, operation.limit + 1)
        write_whole(path, operation.content, f".new.{self._node}", synced=True)
        return None

    def _read(self, name: str, path: str, count: int) -> Optional[bytes]:
        """What hardly ever changes is read again only if it has: a look is one question to the server then, and reading three.
        Not the record, which changes with each heartbeat."""
        if name == LEASE:
            return read_some(path, count)
        stamp = _stamp(path)
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            known = self._known[name] = (stamp, read_some(path, count))
        return known[1]

    def _write(self, fd: int, content: bytes) -> None:
        """In place, so that a full server still takes it; and synced, since only that says that the lock is lost."""
        if os.pwrite(fd, content, 0) != len(content):
            raise OSError(errno.EIO, "not written whole")
        # What another version of this program left behind it.
        if os.fstat(fd).st_size > RECORD_BYTES:
            os.ftruncate(fd, RECORD_BYTES)
        os.fdatasync(fd)

    def _close(self, name: str) -> None:
        fd = self._open.pop(name, None)
        if fd is not None:
            try:
                os.close(fd)
            except OSError:
                pass  # a write of it failed, which is known by now


def _open_filled(path: str) -> int:
    fd = open_regular(path, os.O_RDWR | os.O_CREAT)
    try:
        missing = RECORD_BYTES - os.fstat(fd).st_size
        if missing > 0:
            # Blanks at the end change no content. Not posix_fallocate, which NFS before 4.2 does not know.
            os.pwrite(fd, b"\n" * missing, RECORD_BYTES - missing)
    except OSError:
        os.close(fd)
        raise
    return fd


def _lock(fd: int) -> bool:
    """One try: the NFS client waits ever longer between tries of its own."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _stamp(path: str) -> str:
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return ""
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
