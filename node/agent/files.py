"""Reads and writes small files. What lies on shared storage is input: no link is followed, nothing is read without a bound."""

import contextlib
import errno
import os
import stat
from typing import Optional


class Unusable(OSError):
    """A file is there, and is not what it must be."""


def read_small(path: str, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises FileNotFoundError, OSError, and Unusable for a link, a device, or a file that is too large.
    """
    content = read_some(path, limit + 1)
    if content is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if len(content) > limit:
        raise Unusable(errno.EFBIG, f"{path} is larger than {limit} bytes")
    return content


def read_some(path: str, count: int) -> Optional[bytes]:
    """At most `count` bytes from the start of a regular file; None if there is no such file."""
    try:
        fd = open_regular(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return os.pread(fd, count, 0)
    finally:
        os.close(fd)


def open_regular(path: str, flags: int) -> int:
    """Opens a regular file; a link, a named pipe or a device is refused, and never waited for."""
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unusable(errno.EINVAL, f"{path} is not a regular file")
    return fd


def write_all(fd: int, content: bytes) -> None:
    """Writes at the current place, however many calls that takes."""
    while content:
        content = content[os.write(fd, content) :]


def write_whole(path: str, content: bytes, suffix: str = ".new", synced: bool = False) -> None:
    """Replaces a file, whole or not at all. `suffix` must be this writer's alone where several write the same file."""
    temporary = path + suffix
    try:
        os.unlink(temporary)
    except FileNotFoundError:
        pass
    # O_EXCL: whatever stands there by now, also a link, is refused.
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(fd, content)
            if synced:
                os.fsync(fd)
        finally:
            os.close(fd)
    except OSError:
        # What is full needs the room.
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    os.rename(temporary, path)
    if synced:
        sync_folder(os.path.dirname(path) or ".")


def sync_folder(path: str) -> None:
    """Makes what was renamed or removed in a directory last."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: str) -> None:
    """Removes a file that need not be there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


class Page:
    """A small text in a file that always has its page: written in place, so that a full file system cannot lose it."""

    def __init__(self, path: str) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if os.fstat(fd).st_size != PAGE:
                os.ftruncate(fd, 0)
                os.pwrite(fd, b" " * PAGE, 0)
        except OSError:
            os.close(fd)
            raise
        self._fd = fd

    def write(self, content: bytes) -> None:
        """At most PAGE bytes. Raises ValueError for more, and OSError."""
        if len(content) > PAGE:
            raise ValueError(f"{len(content)} bytes do not fit in a page")
        os.pwrite(self._fd, content.ljust(PAGE), 0)

    def close(self) -> None:
        os.close(self._fd)


#: Bytes of a page of memory.
PAGE = 4096


def read_page(path: str) -> bytes:
    """What was last written there; empty if nothing ever was."""
    try:
        return read_small(path, PAGE).rstrip(b" ")
    except FileNotFoundError:
        return b""
