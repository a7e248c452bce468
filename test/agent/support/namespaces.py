"""Runs a function in namespaces of its own: what it mounts or configures there nobody else sees, and it ends with it."""

import ctypes
import os
import sys
import traceback
from typing import Callable

NEW_MOUNTS, NEW_PROCESSES, NEW_NETWORK = 0x00020000, 0x20000000, 0x40000000
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode() or None))


def apart(flags: int, run: Callable[[], None]) -> None:
    """In a child process; raises AssertionError if it fails there.

    With NEW_MOUNTS and NEW_PROCESSES it sees no process but its own, and all of them end with it.
    """
    assert _in_child(lambda: _enter(flags, run)) == 0, "failed in its namespaces, see above"


def unshare(flags: int) -> None:
    """From now on this process is in them."""
    _check(_libc.unshare(flags))
    if flags & NEW_MOUNTS:
        mount("none", "/", "none", _MS_REC | _MS_PRIVATE)


def _enter(flags: int, run: Callable[[], None]) -> int:
    unshare(flags)
    # The first process after that is the first in the namespace.
    return _in_child(lambda: _alone(run)) if flags & NEW_PROCESSES else _done(run)


def _alone(run: Callable[[], None]) -> int:
    mount("proc", "/proc", "proc")
    return _done(run)


def _done(run: Callable[[], None]) -> int:
    run()
    return 0


def _in_child(run: Callable[[], int]) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if run() == 0 else 1)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status
