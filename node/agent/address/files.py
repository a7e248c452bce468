"""The files through which keepalived is told what this node may have. domain/keepalived-conf.ts names them, too."""

import os

from ..files import Unusable, open_regular, read_some, write_whole
from ..run_files import RunFiles
from ..track import Track, read_track
from .plan import Vip


def track_file(files: RunFiles, vip: Vip) -> str:
    return files.path(f"track-{vip.name}")


def weight_file(files: RunFiles, vip: Vip) -> str:
    """What is in it keepalived takes from the node's priority."""
    return files.path(f"weight-{vip.name}")


class Told:
    """What keepalived is told of a VIP. Raises OSError if it cannot be told: then nothing may be started."""

    def __init__(self, files: RunFiles, vip: Vip) -> None:
        self._track = Track(track_file(files, vip))
        self._weight = weight_file(files, vip) if any(check.weight for check in vip.checks) else ""
        self._track.begin()
        self.fit = read_track(track_file(files, vip))
        self.less = _less_in(self._weight) if self._weight else 0

    def tell(self, fit: bool, less: int) -> bool:
        """Whether the files say so now; if not, say it again."""
        self.fit, self.less = fit, less
        return self.repeat()

    def repeat(self) -> bool:
        weighs = not self._weight or _write_less(self._weight, self.less)
        return self._track.write(self.fit) and weighs


def _less_in(path: str) -> int:
    try:
        return int(read_some(path, 8) or b"0")
    except (OSError, ValueError):
        return 0


def _write_less(path: str, less: int) -> bool:
    """In place and always as long as before: keepalived never sees half of it, and takes what is empty for nothing."""
    content = b"%3d\n" % less
    try:
        try:
            fd = open_regular(path, os.O_RDWR)
        except (FileNotFoundError, Unusable):
            write_whole(path, content)
            return True
        try:
            if os.pread(fd, 8, 0) == content:
                return True
            os.pwrite(fd, content, 0)
            os.ftruncate(fd, len(content))
            return os.pread(fd, 8, 0) == content
        finally:
            # keepalived looks when a writer closes the file.
            os.close(fd)
    except OSError:
        return False
