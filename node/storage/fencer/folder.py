"""The lease directory as the helper sees it: nodes with root write there what they want, and the helper is root on the server.

Everything is opened from the exported directory on, without following a link; nothing but a small regular file is read."""

import os
import stat
from typing import Optional

from .nfsd import key_of


class LeaseFolder:
    """`directory`: the exported one, which no node can replace."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._fd = -1

    def open(self) -> None:
        """Anew each round: a node may have put another directory in its place, or a link, which is refused. Raises OSError."""
        self.close()
        top = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._fd = os.open("lease", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
        finally:
            os.close(top)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def stamp(self, name: str) -> str:
        """Another one whenever the file is another one; empty if there is none."""
        found = self._stat(name)
        return f"{found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}" if found else ""

    def key(self, name: str) -> str:
        found = self._stat(name)
        return key_of(found) if found else ""

    def _stat(self, name: str) -> "Optional[os.stat_result]":
        try:
            found = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def read(self, name: str, limit: int) -> bytes:
        """At most `limit` bytes and one more; empty if there is no such regular file."""
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._fd)
        except OSError:
            return b""
        try:
            return os.pread(fd, limit + 1, 0) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
        finally:
            os.close(fd)

    def put(self, name: str, content: bytes) -> None:
        """Whole or not at all. Raises OSError."""
        temporary = f".fence-helper.{name}"
        self.remove(temporary)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._fd)
        try:
            os.write(fd, content)
        finally:
            os.close(fd)
        os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._fd)
        except FileNotFoundError:
            pass
