"""Makes this process act in time on a node that has no memory or processor time left."""

import ctypes
import os

_MCL_CURRENT, _MCL_FUTURE = 1, 2
#: Above everything that is not real-time; below the kernel's own threads and keepalived's need of a moment.
PRIORITY = 10


def harden() -> "list[str]":
    """Locks memory, takes real-time priority, is never killed for want of memory. What was refused, in words."""
    refused = []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) != 0:
        refused.append(f"memory cannot be locked: {os.strerror(ctypes.get_errno())}")
    try:
        # Children are ordinary processes.
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as error:
        refused.append(f"no real-time priority: {error.strerror}")
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("-1000")
    except OSError as error:
        refused.append(f"may be killed for want of memory: {error.strerror}")
    return refused
