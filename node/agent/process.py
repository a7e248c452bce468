"""Processes by number and start time: a number alone is used again."""

import os
import signal
from typing import NamedTuple, Optional


class Process(NamedTuple):
    """One process for good. `started`: clock ticks since boot, from proc(5), `/proc/PID/stat`."""

    pid: int
    started: int

    def lives(self) -> bool:
        return find(self.pid) == self

    def kill(self) -> None:
        """SIGKILL; never for another process that has the number by now."""
        try:
            fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        except OSError:  # a kernel before 5.3
            if self.lives():
                os.kill(self.pid, signal.SIGKILL)
            return
        try:
            if self.lives():
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            os.close(fd)


def find(pid: int) -> Optional[Process]:
    """The process that has this number now; none if it is gone or has ended (a zombie)."""
    if pid <= 0:
        return None
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read(4096)
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets, which may hold anything: count from behind it.
    fields = line[line.rindex(b")") + 2 :].split()
    # Its first thread may have ended, and others not.
    if fields[0] == b"X" or (fields[0] == b"Z" and int(fields[17]) < 2):
        return None
    return Process(pid, int(fields[19]))


def family(pid: int) -> "list[Process]":
    """A process and all that it has started, and those have, as far as they still belong to one that lives."""
    found = find(pid)
    if found is None:
        return []
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
    except OSError:
        children = []
    return [found, *(one for child in children for one in family(child))]
