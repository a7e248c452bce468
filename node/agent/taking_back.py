"""The work of `take-back`, while this node is the owner: puts the datastore back as it was before another container first ran on
it, from the copy that was made then."""

import json
import os
import shutil
from typing import Callable

from .copies import Copies
from .copying import Pace, copy_tree
from .files import sync_folder, write_whole
from .run_files import RunFiles
from .setup import Setup
from .shared_data import Failed

#: The file in the agent's folder in /run that tells what was done.
TOLD = "told"


class TakingBack(Copies):
    """The work itself, as the owner of the lease. `still_owner` raises Failed."""

    def take_back(self, former: str, discarded: str, epoch: int, pace: Pace, still_owner: Callable[[], None]) -> "tuple[str, str]":
        """The container that has answered, and is not the one whose writes may be lost: then nothing was done; and what was done,
        in words. Killed anywhere, it can be done again. Raises Failed, OSError."""
        last, before = self._word("container"), self._word("before")
        if not last or last == former:
            return "", "its datastore is as it was, since the new container was not started on it"
        if last != discarded and self._has_served(last, before):
            return last, ""
        whose = self._word("former")
        if whose not in ("", former):
            raise Failed(f"the copy from before {last} is of the data of {whose}: go back to that one, or restore a backup")
        aside = self._path(f"failed-{epoch}")
        if not before:
            # It was empty when the other one was started.
            self._put_aside(aside, still_owner)
            words = "its datastore is empty, as it was before the upgrade"
        else:
            copy, fresh = self._path(before), self._path("taken-back.new")
            if not before.isdecimal() or not os.path.isdir(copy) or os.path.islink(copy):
                raise Failed(f"the copy of the datastore from before {last} ({copy}) is gone: restore a backup")
            shutil.rmtree(fresh, ignore_errors=True)
            copy_tree(copy, fresh, pace)
            self._put_aside(aside, still_owner)
            still_owner()
            os.rename(fresh, self._source)
            sync_folder(os.path.dirname(self._source))
            words = f"its datastore is as it was before the upgrade, from the copy of epoch {before}"
        # Last: until then this is done again.
        still_owner()
        self._note("container", former)
        return "", words

    def _has_served(self, container: str, before: str) -> bool:
        """Since it last came to this data: the copy from before is of the epoch in which it came."""
        served = self._word("served").rpartition(" ")
        since = int(before) if before.isdecimal() else 0
        return served[0] == container and served[2].isdecimal() and int(served[2]) >= since

    def _put_aside(self, aside: str, still_owner: Callable[[], None]) -> None:
        """Kept: nothing that may be somebody's only copy is removed."""
        if os.path.lexists(self._source):
            still_owner()
            os.rename(self._source, aside)
            sync_folder(os.path.dirname(self._source))
            sync_folder(self._folder)


def do_take_back(setup: Setup, files: RunFiles, epoch: int, order: str, pace: Pace, still_owner: Callable[[], None]) -> str:
    """As a job of the agent; `order`: `CONTAINER [DISCARDED]`. What came of it is in the file TOLD."""
    former, _, discarded = order.partition(" ")
    data = setup.data
    taking = TakingBack(data.directory, data.datastore, data.copies)
    answered, words = taking.take_back(former, discarded, epoch, pace, still_owner)
    write_whole(files.path(TOLD), json.dumps({"answered": answered or None, "words": words}).encode())
    return words
