"""Snapshots of the datastore, beside the copies from before each start: by hand and by schedule, while the service runs, and the
way back to any of them. Reflinks: they take no time and no room, until the datastore changes.

    .snap/at-TIME         made while the service ran, which was held still for it; TIME: 20261201T101500Z
    .snap/replaced-TIME   the datastore that a rollback has replaced; nothing removes it
    .snap/rolled          a rollback is half done: what comes in the datastore's place
    .snap/rolled-back     number of the last rollback that is done
"""

import ctypes
import os
import re
import shutil
import time
from typing import Callable

from .cgroup import find_group
from .control import NoAgent, serving_epoch
from .copies import Copies, is_folder
from .copying import Pace, copy_tree, reflinks_in
from .files import Unusable, sync_folder
from .freeze import NotFrozen, frozen
from .run_files import RunFiles
from .setup import Setup
from .shared_data import Failed

#: Seconds for which the service may be held still: less than what it takes to be found unwell.
STILL = 2.0
#: Seconds for an answer of the agent.
_SOON = 10.0
_AT = re.compile(r"at-[0-9]{8}T[0-9]{6}Z")
_REPLACED = re.compile(r"replaced-[0-9]{8}T[0-9]{6}Z")
_NAME = re.compile(r"[1-9][0-9]{0,15}|(at|replaced)-[0-9]{8}T[0-9]{6}Z|failed-[1-9][0-9]{0,15}")
_libc = ctypes.CDLL(None, use_errno=True)


class Snapshots(Copies):
    def all(self) -> "list[dict[str, object]]":
        """Oldest first: name, `made` (seconds since 1970), and what it is."""
        before = self._word("before")
        found = []
        for name in os.listdir(self._folder):
            if not _NAME.fullmatch(name) or not is_folder(self._path(name)):
                continue
            if name.isdecimal():
                words = "before a start that went well" if os.path.lexists(self._path(f"{name}.well")) else "before a start"
                words = f"before {self._word('container')} first ran on it" if name == before else words
            else:
                words = {"at": "while the service ran", "replaced": "replaced by a rollback"}.get(
                    name.partition("-")[0], "put aside"
                )
            # When it got its name here: its own time is the datastore's.
            found.append({"name": name, "made": os.lstat(self._path(name)).st_ctime, "what": words})
        return sorted(found, key=lambda each: float(str(each["made"])))

    def can_reflink(self) -> bool:
        return reflinks_in(self._folder)

    def take(self, name: str, pace: Pace) -> None:
        """By reflink alone: copying takes too long while a service stands still. Raises OSError."""
        if not is_folder(self._source):
            raise Unusable(2, "there is no datastore yet")
        fresh = self._path(f"{name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            if not copy_tree(self._source, fresh, pace):
                raise Unusable(95, "the NFS server cannot clone all files of the datastore")
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def keep(self, name: str, most: int) -> None:
        """What was taken is a snapshot from now on; `most`: so many of this kind stay, 0: all."""
        os.rename(self._path(f"{name}.new"), self._path(name))
        sync_folder(self._folder)
        old = sorted(each for each in os.listdir(self._folder) if _AT.fullmatch(each))
        for each in old[:-most] if most else []:
            shutil.rmtree(self._path(each))

    def drop(self, name: str) -> None:
        shutil.rmtree(self._path(f"{name}.new"), ignore_errors=True)

    def roll_back(self, order: str, number: str, pace: Pace, still_owner: Callable[[], None]) -> None:
        """`order`: `SNAPSHOT replaced-TIME`. The snapshot stays, so does what it replaces, so named. Killed anywhere it can be done
        again, or Copies.repair finishes it. Raises Failed, OSError."""
        name, _, kept = order.partition(" ")
        if not _NAME.fullmatch(name) or not _REPLACED.fullmatch(kept):
            raise Failed(f"'{order}' names no snapshot, and what to call what it replaces")
        if self._word("rolled-back") == number:
            return
        if not is_folder(self._path(name)):
            raise Failed(f"there is no snapshot {name}")
        if not os.path.lexists(self._path(kept)):
            fresh = self._path("rolled.new")
            shutil.rmtree(fresh, ignore_errors=True)
            copy_tree(self._path(name), fresh, pace)
            still_owner()
            shutil.rmtree(self._path("rolled"), ignore_errors=True)
            os.rename(fresh, self._path("rolled"))
            sync_folder(self._folder)
            if os.path.lexists(self._source):
                still_owner()
                os.rename(self._source, self._path(kept))
        self.repair()
        still_owner()
        self._note("rolled-back", number)


def snapshot(setup: Setup, run: str, most: int) -> str:
    """Takes one while the service runs here, and goes on; its name. `run`: the agent's folder in /run. Raises Failed, OSError."""
    epoch, files = _epoch(run), RunFiles(run)
    found = find_group(files.kept().id, setup.paths.control_groups)
    if found is None:
        raise Failed("the service has no control group here")
    data = setup.data.directory
    snapshots = Snapshots(data, setup.data.datastore, setup.data.copies)
    if not snapshots.can_reflink():
        raise Failed("the NFS server cannot clone files (it needs NFS 4.2, and XFS or Btrfs): use `backup`")
    name = time.strftime("at-%Y%m%dT%H%M%SZ", time.gmtime())
    # What is not on the server yet takes longest.
    _sync(data)
    try:
        with frozen(found, STILL):
            _sync(data)
            snapshots.take(name, Pace(lambda: False, STILL))
        if _epoch(run) != epoch:
            raise Failed("another node may have had the data meanwhile")
        snapshots.keep(name, most)
    except NotFrozen as error:
        raise Failed(error.strerror) from error
    finally:
        snapshots.drop(name)
    return name


def _sync(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _libc.syncfs(fd) != 0:
            raise OSError(ctypes.get_errno(), "what the service has written cannot be synced")
    finally:
        os.close(fd)


def _epoch(run: str) -> int:
    """Of the tenure in which the service runs here. Raises Failed if it does not."""
    try:
        return serving_epoch(RunFiles(run).control, _SOON)
    except NoAgent as gone:
        raise Failed(str(gone)) from gone
