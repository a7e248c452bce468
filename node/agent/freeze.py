"""Holds the service still for a moment: its control group is frozen, and thawed whatever becomes of who asked for it."""

import contextlib
import os
import select
import time
from collections.abc import Iterator


class NotFrozen(OSError):
    """In words."""


@contextlib.contextmanager
def frozen(group: str, limit: float) -> Iterator[None]:
    """`group`: the directory of a control group (version 2). Frozen while the block runs, for `limit` seconds at most: another
    process thaws it then, also if this one is gone. Killing it works meanwhile. Raises NotFrozen, also after the block if that took
    too long: what was seen then was moving."""
    try:
        switch = os.open(f"{group}/cgroup.freeze", os.O_WRONLY | os.O_CLOEXEC)
        events = os.open(f"{group}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NotFrozen(error.errno, f"the service cannot be held still: {group} has no `cgroup.freeze`") from error
    try:
        begun = time.monotonic()
        pipe = _thawing(switch, limit)
        try:
            os.write(switch, b"1")
            _wait(events, begun + limit)
            yield
        finally:
            os.close(pipe)
            os.write(switch, b"0")
        if time.monotonic() - begun > limit:
            raise NotFrozen(62, f"it took more than {limit:g} s, and the service went on meanwhile")
    finally:
        os.close(switch)
        os.close(events)


def _thawing(switch: int, limit: float) -> int:
    """Starts the process that thaws. What is returned must be closed by this process, or by its end."""
    mine, theirs = os.pipe2(os.O_CLOEXEC)
    # Twice, so that nobody has to wait for it.
    child = os.fork()
    if child:
        os.close(mine)
        os.waitpid(child, 0)
        return theirs
    os.close(theirs)
    if os.fork() == 0:
        select.select([mine], [], [], limit)
        with contextlib.suppress(OSError):
            os.write(switch, b"0")
    os._exit(0)


def _wait(events: int, until: float) -> None:
    """Until no process of it runs."""
    while b"frozen 1" not in os.pread(events, 4096, 0):
        if time.monotonic() > until:
            raise NotFrozen(62, "the service could not be held still in time")
        time.sleep(0.002)
