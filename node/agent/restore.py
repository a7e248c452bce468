"""Backup and restore of the shared data while the service is stopped: what the owner does between mounting and starting.

A restore goes on where it was killed, whoever is the owner then. `.restore/state` in the data, one line, says what is not
done yet; what was there before stays in `.restore/replaced` until the service is well again:

    out ID FROM AWAY     all of the data is being moved to .restore/AWAY, to make room for .restore/FROM
    in ID FROM AWAY      .restore/FROM is being moved to its place
    done ID              the service has not been well yet with the new data
    over ID              what is left here can go

What is read there is input: FROM and AWAY are words of a list, nothing is moved through a link, and what belongs to the
place (sentinel, copies, .restore) is never taken out of an archive.
"""

import os
import re
import shutil
import stat
import subprocess
from typing import Callable, NamedTuple, Optional

from .configuration import SENTINEL_NAME
from .copies import FOLDER as COPIES
from .copies import no_links
from .files import Unusable, read_some, sync_folder, write_whole

FOLDER = ".restore"
PLACE = (SENTINEL_NAME, COPIES, FOLDER)
_STATE = re.compile(rb"(out|in) ([0-9A-Za-z-]{1,64}) (incoming|replaced) (replaced|discarded)\n|(done|over) ([0-9A-Za-z-]{1,64})\n")


class State(NamedTuple):
    phase: str
    id: str
    source: str = ""
    away: str = ""

    def line(self) -> bytes:
        return " ".join(word for word in self if word).encode() + b"\n"


class Restore:
    """`data`: the mount point. `still_owner` raises if another node has the lease by now; asked before each step that
    another owner's data could suffer from."""

    def __init__(self, data: str, still_owner: Callable[[], None]) -> None:
        self._data = data
        self._folder = os.path.join(data, FOLDER)
        self._still_owner = still_owner

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def state(self) -> Optional[State]:
        """None if there is no restore that is not over. Raises Unusable."""
        if not _is_folder(self._folder):
            return None
        content = read_some(self._path("state"), 256)
        if content is None:
            if os.path.lexists(self._path("replaced")):
                # Rather nothing than the only copy of somebody's data.
                raise Unusable(22, f"{self._path('replaced')} is there, and nothing says what became of it")
            return State("over", "-")
        match = _STATE.fullmatch(content)
        if not match:
            raise Unusable(22, f"{self._path('state')} says {content[:80]!r}, which no restore of ours says")
        if match[1]:
            return State(*(word.decode() for word in match.groups()[:4]))
        return State(match[5].decode(), match[6].decode())

    def _is(self, state: State) -> State:
        """From here on that is so, whatever happens."""
        self._still_owner()
        write_whole(self._path("state"), state.line(), synced=True)
        return state

    def finish(self) -> None:
        """Takes the steps that are left. Each of them can be repeated."""
        state = self.state()
        if state is None:
            return
        if state.phase == "out":
            self._move(self._data, self._path(state.away))
            state = self._is(State("in", state.id, state.source, state.away))
        if state.phase == "in":
            self._move(self._path(state.source), self._data)
            sync_folder(self._data)
            state = self._is(State("done" if state.source == "incoming" else "over", state.id))
        if state.phase == "over":
            self._remove("incoming", "discarded", "replaced", "state.new")
            self._remove("state")
            os.rmdir(self._folder)

    def _move(self, source: str, target: str) -> None:
        """All that is in a directory, but for what belongs to the place."""
        if target != self._data and not _is_folder(target):
            os.mkdir(target, 0o700)
        if not _is_folder(source):
            raise Unusable(2, f"{source} is missing")
        for name in os.listdir(source):
            if name not in PLACE:
                self._still_owner()
                os.rename(os.path.join(source, name), os.path.join(target, name))
        sync_folder(source)
        sync_folder(target)

    def _remove(self, *names: str) -> None:
        for name in names:
            path = self._path(name)
            if not os.path.lexists(path):
                continue
            if stat.S_ISDIR(os.lstat(path).st_mode):
                shutil.rmtree(path)
            else:
                os.unlink(path)

    def pack(self, file: str) -> None:
        """The data into a tar file on this node's own disk, without what belongs to the place or can be made again."""
        excluded = [f"--exclude=./{name}" for name in (*PLACE, "k3s/agent")]
        _run(
            "the data cannot be packed",
            ["tar", "--create", "--file", file, "--sparse", "--numeric-owner", "--warning=no-file-ignored", "--anchored"],
            [*excluded, "--directory", self._data, "."],
        )
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def unpack(self, file: str, number: str, datastore: str) -> None:
        """The data from a tar.gz file, with a datastore in it that is no link; what was there before is kept."""
        state = self.state()
        if state and state.phase == "done" and state.id == number:
            return  # it was killed after all was done
        # One that never came to be well makes room for the next: what was there before both is what is kept.
        away = "discarded" if state and state.phase == "done" else "replaced"
        if state is None:
            os.mkdir(self._folder, 0o700)
        self._remove("incoming", "discarded")
        os.mkdir(self._path("incoming"), 0o700)
        try:
            self._extract(file, datastore)
        except OSError:
            # It may have filled the server.
            self._remove("incoming")
            raise
        os.sync()
        self._is(State("out", number, "incoming", away))
        self.finish()

    def _extract(self, file: str, datastore: str) -> None:
        excluded = [f"--exclude=./{name}" for name in PLACE]
        _run(
            "the archive cannot be unpacked; the data is as it was",
            ["tar", "--extract", "--gzip", "--file", file, "--numeric-owner", "--same-owner", "--same-permissions"],
            ["--anchored", *excluded, "--directory", self._path("incoming")],
        )
        # Nobody could mount the data any more to put back what was before.
        no_links(self._path("incoming"), datastore)
        if not _is_folder(os.path.join(self._path("incoming"), datastore)):
            raise Unusable(2, f"the archive has no datastore ({datastore}); the data is as it was")

    def put_back(self, number: str) -> None:
        """The data from before a restore."""
        state = self.state()
        if state is None or state.phase != "done" or not _is_folder(self._path("replaced")):
            raise Unusable(2, "there is no data from before a restore")
        self._remove("discarded")
        self._is(State("out", number, "replaced", "discarded"))
        self.finish()

    def settle(self) -> None:
        """The service is well: a restore, if there was one, is over."""
        state = self.state()
        if state and state.phase == "done":
            self._is(State("over", state.id))
            self.finish()


def _is_folder(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(mode):
        raise Unusable(20, f"{path} is no directory, or a link: remove it")
    return True


def _run(what: str, program: "list[str]", options: "list[str]") -> None:
    done = subprocess.run([*program, *options], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unusable(5, f"{what}: {words[-1] if words else f'exit code {done.returncode}'}")
