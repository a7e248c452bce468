"""Copies of the datastore, in the folder `.snap` of the shared data, by epoch.

    .snap/EPOCH         the datastore as it was before the owner of that epoch started anything
    .snap/EPOCH.aside   while that epoch's owner makes a clone: what the owner before it may still write
    .snap/EPOCH.well    the service got well after it
    .snap/container     name of the container that last ran on this data
    .snap/before        epoch of the copy from before that container first ran; kept, since it is the way back
    .snap/former        name of the container that had the data until then
    .snap/served        `CONTAINER EPOCH`: that container has answered; going back from here on loses what it acknowledged

Kept by outcome: copies from before starts that went well, and one from before starts that did not. A folder or file here
that is a link is refused.
"""

import errno
import fcntl
import os
import re
import shutil
import stat
import struct
from typing import Optional

from .copying import Pace, copy_tree
from .files import Unusable, open_regular, read_small, remove, sync_folder, write_whole

FOLDER = ".snap"
_NAME_BYTES = 256
#: fcntl(2): a lock of an open file, as etcd takes it for its log.
_F_OFD_SETLK = 37


class Copies:
    """`data`: the mount point of the shared data. `datastore`: what is copied, relative to it."""

    def __init__(self, data: str, datastore: str, keep: int) -> None:
        self._source = os.path.join(data, datastore)
        self._folder = os.path.join(data, FOLDER)
        self._keep = keep
        no_links(data, datastore)
        if not is_folder(self._folder):
            os.mkdir(self._folder, 0o700)
            sync_folder(data)

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _word(self, name: str) -> str:
        try:
            return read_small(self._path(name), _NAME_BYTES).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""

    def _note(self, name: str, text: str) -> None:
        write_whole(self._path(name), f"{text}\n".encode(), ".note", synced=True)

    def must(self, container: str) -> bool:
        """Whether there must be a copy: this container never ran on the data."""
        return self._word("container") != container

    def make(self, epoch: int, container: str, pace: Pace) -> str:
        """A copy of this epoch, unless there is one; what was done, in words."""
        first = self.must(container)
        if first or not os.path.lexists(self._path(str(epoch))):
            words = self._copy(epoch, first, pace)
        else:
            words = f"there is a copy of epoch {epoch}"
        if first:
            former = self._word("container")
            if former:
                self._note("former", former)
            else:
                remove(self._path("former"))
            self._note("container", container)
        return words

    def _copy(self, epoch: int, first: bool, pace: Pace) -> str:
        if not is_folder(self._source):
            if first:
                remove(self._path("before"))
            return "there is no datastore yet"
        for name in os.listdir(self._folder):
            if name.endswith(".new"):
                shutil.rmtree(self._path(name), ignore_errors=True)
        copy, words = self._path(str(epoch)), f"there is a copy of epoch {epoch}"
        if not os.path.lexists(copy):
            words = "copied by reflink" if copy_tree(self._source, f"{copy}.new", pace) else "copied"
            os.rename(f"{copy}.new", copy)
            sync_folder(self._folder)
        if first:
            self._note("before", str(epoch))
        self._prune(epoch)
        return words

    def epochs(self) -> "list[int]":
        return sorted(int(name) for name in os.listdir(self._folder) if re.fullmatch(r"[1-9][0-9]{0,15}", name))

    def _prune(self, new: int) -> None:
        """However often a start fails, the copies from before starts that went well stay."""
        before = self._word("before")
        old = [epoch for epoch in self.epochs() if epoch != new and str(epoch) != before]
        well = [epoch for epoch in old if os.path.lexists(self._path(f"{epoch}.well"))]
        failed = [epoch for epoch in old if epoch not in well]
        for epoch in well[: -self._keep] + failed[:-1]:
            shutil.rmtree(self._path(str(epoch)))
            remove(self._path(f"{epoch}.well"))

    def well(self, epoch: int) -> None:
        """The start that followed this copy went well."""
        if os.path.lexists(self._path(str(epoch))) and not os.path.lexists(self._path(f"{epoch}.well")):
            self._note(f"{epoch}.well", "well")

    def served(self, container: str, epoch: int) -> None:
        """A note of a later epoch stays: who comes with an earlier one stood still."""
        if self._served_epoch() <= epoch:
            self._note("served", f"{container} {epoch}")

    def _served_epoch(self) -> int:
        """0 where there is none, or one that no agent has written."""
        match = re.fullmatch(r"\S+ ([1-9][0-9]{0,15})", self._word("served"))
        return int(match[1]) if match else 0

    def last_served(self, epoch: int) -> None:
        """Whatever container last ran on this data has answered, as far as anybody knows."""
        container = self._word("container")
        if re.fullmatch(r"\S{1,128}", container):
            self.served(container, epoch)

    def repair(self) -> None:
        """After a clone that was killed half-way: the datastore is where it was. A rollback (snapshots.py) is done then."""
        if not is_folder(self._source) and is_folder(self._path("rolled")):
            os.rename(self._path("rolled"), self._source)
            sync_folder(os.path.dirname(self._source))
        asides = self._asides()
        if asides and not is_folder(self._source):
            os.rename(self._path(f"{asides[-1]}.aside"), self._source)
            sync_folder(os.path.dirname(self._source))
        for epoch in self._asides():
            # Its clone took its place.
            if not os.path.lexists(self._path(str(epoch))):
                os.rename(self._path(f"{epoch}.aside"), self._path(str(epoch)))
        sync_folder(self._folder)

    def _asides(self) -> "list[int]":
        found = (re.fullmatch(r"([1-9][0-9]{0,15})\.aside", name) for name in os.listdir(self._folder))
        return sorted(int(match[1]) for match in found if match)

    def clone(self, epoch: int, pace: Pace) -> str:
        """The datastore is replaced by a copy of itself, so that a late write of a former owner reaches nobody. What that one
        may still write is this epoch's copy. Killed anywhere, `repair` mends it. Raises Locked."""
        self.repair()
        if not is_folder(self._source):
            return "there is no datastore yet"
        if os.path.lexists(self._path(str(epoch))):
            return f"there is a copy of epoch {epoch}"
        take_locks(self._source)
        aside, fresh = self._path(f"{epoch}.aside"), self._path("clone.new")
        if os.path.lexists(fresh):
            shutil.rmtree(fresh)
        # Renamed before it is copied: what is written through an old path later is not in the copy.
        os.rename(self._source, aside)
        sync_folder(os.path.dirname(self._source))
        copy_tree(aside, fresh, pace)
        os.rename(fresh, self._source)
        sync_folder(os.path.dirname(self._source))
        os.rename(aside, self._path(str(epoch)))
        sync_folder(self._folder)
        return "the datastore is a copy of what the last owner left"


class Locked(OSError):
    """The last owner still has a lock on the datastore, and may acknowledge writes: nothing was done."""


def take_locks(folder: str) -> None:
    """Takes each file's locks for a moment, without waiting. Where a lease has run out, the server takes its locks away by that,
    and with them the right to acknowledge anything. Both kinds of lock: a server has but one, a local file system two."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                continue
            fd = open_regular(path, os.O_RDWR)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.flock(fd, fcntl.LOCK_UN)
                fcntl.fcntl(fd, _F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    raise Locked(errno.EAGAIN, f"{path} is still locked by the last owner") from error
                raise
            finally:
                os.close(fd)


def no_links(data: str, path: str) -> None:
    """Refuses a path below the data of which a part is a link: it would lead to this node's own files."""
    here = data
    for part in path.split("/"):
        here = os.path.join(here, part)
        try:
            if stat.S_ISLNK(os.lstat(here).st_mode):
                raise Unusable(40, f"{here} is a link, which nothing of ours is: remove it")
        except FileNotFoundError:
            return


def is_folder(path: str) -> bool:
    """False where nothing is. Raises Unusable where something else is."""
    try:
        found: Optional[os.stat_result] = os.lstat(path)
    except FileNotFoundError:
        return False
    if found is None or not stat.S_ISDIR(found.st_mode):
        raise Unusable(20, f"{path} is no directory, or a link: remove it")
    return True
