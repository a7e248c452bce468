"""Runs a function in namespaces of its own: what it mounts or configures there nobody else sees, and it ends with it."""

import ctypes
import os
import sys
import traceback
from typing import Callable

NEW_MOUNTS, NEW_NETWORK = 0x00020000, 0x40000000
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode() or None))


def apart(flags: int, run: Callable[[], None]) -> None:
    """In a child process; raises AssertionError if it fails there."""
    child = os.fork()
    if child == 0:
        try:
            _check(_libc.unshare(flags))
            if flags & NEW_MOUNTS:
                mount("none", "/", "none", _MS_REC | _MS_PRIVATE)
            run()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, "failed in its namespaces, see above"
