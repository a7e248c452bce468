"""The file that keepalived watches: `1` means that this node must not have the VIP, `0` that it may.

keepalived takes a file that is empty, missing or unreadable for 0. So it is never truncated: one byte is written over
another, on a page that is there, and read back.
"""

import os

from .files import Unusable, open_regular, write_whole

UNFIT, FIT = b"1\n", b"0\n"


class Track:
    """`path`: the file. Raises OSError if it cannot be made: then nothing may be started."""

    def __init__(self, path: str) -> None:
        self._path = path

    def begin(self) -> bool:
        """Unfit, where nobody has said anything yet. Whether something is there."""
        try:
            os.close(open_regular(self._path, os.O_RDONLY))
        except (FileNotFoundError, Unusable):
            write_whole(self._path, UNFIT)
        except OSError:
            return False
        return True

    def write(self, fit: bool) -> bool:
        """Whether the file says so now; if not, ask again."""
        try:
            return self._write(FIT if fit else UNFIT)
        except OSError:
            return False

    def _write(self, content: bytes) -> bool:
        try:
            fd = open_regular(self._path, os.O_RDWR)
        except (FileNotFoundError, Unusable):
            # Unfit first, whatever is wanted.
            write_whole(self._path, UNFIT)
            fd = open_regular(self._path, os.O_RDWR)
        try:
            found = os.pread(fd, 3, 0)
            if found == content:
                return True
            os.pwrite(fd, content[:1] if len(found) == len(content) else content, 0)
            if os.fstat(fd).st_size > len(content):
                os.ftruncate(fd, len(content))
            return os.pread(fd, 3, 0) == content
        finally:
            # keepalived looks when a writer closes the file.
            os.close(fd)


def read_track(path: str) -> bool:
    """Whether keepalived takes this node for fit."""
    try:
        with open(path, "rb") as file:
            return file.read(2)[:1] not in (b"1",)
    except OSError:
        return True
