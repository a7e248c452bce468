"""Makes this process act in time on a node that has no memory or processor time left."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator

_MCL_CURRENT, _MCL_FUTURE = 1, 2
_PR_SET_PDEATHSIG = 1
#: Above everything that is not real-time; below the kernel's own threads and keepalived's need of a moment.
PRIORITY = 10


def harden() -> "list[str]":
    """Locks memory, takes real-time priority, is never killed for want of memory. What was refused, in words."""
    refused = []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) != 0:
        refused.append(f"memory cannot be locked: {os.strerror(ctypes.get_errno())}")
    try:
        # Of all threads alike: one that has the interpreter's lock and gets no processor holds the others up.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except OSError as error:
        refused.append(f"no real-time priority: {error.strerror}")
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("-1000")
    except OSError as error:
        refused.append(f"may be killed for want of memory: {error.strerror}")
    return refused


@contextlib.contextmanager
def ordinary_children() -> Iterator[None]:
    """What is started meanwhile has no real-time priority."""
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_RR:
        yield
        return
    os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))


def be_ordinary(parent: int) -> None:
    """For a child of the agent's: ends with its parent, is no more important than others, may be killed for want of memory."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("0")
    except OSError:
        pass
