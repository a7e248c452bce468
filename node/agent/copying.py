"""Copies a directory on the shared data so that heartbeats, which go to the same server, are never starved by it:
by reflink where the server can, else in pieces that are synced one by one, with a pause while a heartbeat is late."""

import errno
import fcntl
import os
import stat
import time
from typing import Callable, Optional

from .files import Unusable

#: linux/fs.h
_FICLONE = 0x40049409
#: Bytes that are written before they are synced.
PIECE = 8 << 20
#: What is read at once. Comparing it with zeros of the same length takes a fiftieth of stripping them.
_ZEROS = bytes(1 << 20)
_CANNOT = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EBADF)


class TooLong(Unusable):
    """A copy that nobody waits for any longer."""


class Pace:
    """How fast somebody copies. `yield_to`: whether somebody else waits just now. `limit`: seconds that it may take from
    now on; None: as long as it needs."""

    def __init__(
        self, yield_to: Callable[[], bool], limit: Optional[float] = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._yield_to = yield_to
        self._limit = limit
        self._end = None if limit is None else time.monotonic() + limit
        self._sleep = sleep

    def go_on(self) -> None:
        """Raises TooLong."""
        if self._end is not None and time.monotonic() > self._end:
            raise TooLong(errno.ETIME, f"it took longer than {self._limit:g} s")

    def give_way(self) -> None:
        """After each piece. Raises TooLong."""
        while self._yield_to():
            self.go_on()
            self._sleep(0.05)


def copy_tree(source: str, target: str, pace: Pace) -> bool:
    """Copies files, directories, links, named pipes, with owner, mode and times; `target` must not exist.

    Whether all files were reflinked. No link is followed. Raises OSError; what was copied by then stays.
    """
    root = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.mkdir(target, 0o700)
        linked = _copy_folder(root, target, pace)
        _same_owner(os.fstat(root), target)
    finally:
        os.close(root)
    return linked


def _copy_folder(folder: int, target: str, pace: Pace) -> bool:
    linked = True
    for name in os.listdir(folder):
        pace.go_on()
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        path = os.path.join(target, name)
        if stat.S_ISDIR(found.st_mode):
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                os.mkdir(path, 0o700)
                linked &= _copy_folder(below, path, pace)
            finally:
                os.close(below)
        elif stat.S_ISREG(found.st_mode):
            linked &= _copy_file(folder, name, path, pace)
        elif stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(name, dir_fd=folder), path)
        elif stat.S_ISFIFO(found.st_mode):
            os.mkfifo(path)
        else:
            continue  # a socket means nothing without its process, and a device has no business here
        _same_owner(found, path)
    return linked


def _same_owner(found: os.stat_result, path: str) -> None:
    os.chown(path, found.st_uid, found.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(path, stat.S_IMODE(found.st_mode))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)


def _copy_file(folder: int, name: str, path: str, pace: Pace) -> bool:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if _reflink(source, target):
                os.fsync(target)
                return True
            _copy_pieces(source, target, pace)
            return False
        finally:
            os.close(target)
    finally:
        os.close(source)


def _reflink(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _CANNOT:
            return False
        raise
    return True


def reflinks_in(folder: str) -> bool:
    """Whether the file system of a folder can clone files. Raises OSError."""
    paths = [os.path.join(folder, f"{name}-{os.getpid()}.new") for name in ("reflink", "reflinked")]
    opened = []
    try:
        for path in paths:
            opened.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        os.write(opened[0], bytes(4096))
        return _reflink(*opened)
    finally:
        for fd, path in zip(opened, paths):
            os.close(fd)
            os.unlink(path)


def _copy_pieces(source: int, target: int, pace: Pace) -> None:
    """Holes stay holes: etcd fills 64 MB ahead with zeros."""
    size, at, unsynced = os.fstat(source).st_size, 0, 0
    os.ftruncate(target, size)
    while at < size:
        try:
            at = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break  # nothing but a hole from here on
            raise
        part = os.pread(source, len(_ZEROS), at)
        if not part:
            break
        if part != (_ZEROS if len(part) == len(_ZEROS) else bytes(len(part))):
            view, place = memoryview(part), at
            while view:
                written = os.pwrite(target, view, place)
                view, place = view[written:], place + written
            unsynced += len(part)
        at += len(part)
        if unsynced >= PIECE:
            os.fdatasync(target)
            unsynced = 0
            pace.go_on()
            pace.give_way()
    os.fdatasync(target)
