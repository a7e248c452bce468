"""The container's control group: kills all of it by one write to a descriptor that was opened beforehand."""

import contextlib
import os
import re
from collections.abc import Sequence
from typing import Optional

from . import process

#: Where control groups are mounted, and which driver of Docker makes which name.
ROOT = "/sys/fs/cgroup"
PLACES = ("system.slice/docker-{id}.scope", "docker/{id}")
#: The control group of all containers of a service that has more than one (components/pod.ts), as Docker is told it. With
#: systemd's driver it is a slice below system.slice, with the other one a folder.
POD = "system-harancher.slice"
_PODS = (f"system.slice/{POD}", POD)
#: Below the root: version 2 alone, version 2 beside version 1, version 1.
HIERARCHIES = ("", "unified", "systemd")
#: The greatest share of the processor that a group can have beside others.
MOST_WEIGHT = 10_000
_ID = re.compile(r"[0-9a-f]{64}")


def find_group(container_id: str, root: str = ROOT) -> Optional[str]:
    """The directory of a container's group; none if it has no process. Found without Docker: by the container's id; or POD."""
    if container_id == POD:
        return _first(root, _PODS)
    if not _ID.fullmatch(container_id):
        return None
    return _first(root, [place.format(id=container_id) for place in PLACES])


def find_member(container_id: str, pod: str) -> Optional[str]:
    """The same of a container in POD, whose directory is `pod`."""
    if not _ID.fullmatch(container_id):
        return None
    paths = (f"{pod}/docker-{container_id}.scope", f"{pod}/{container_id}")
    return next((path for path in paths if os.path.exists(f"{path}/cgroup.procs")), None)


def _first(root: str, places: "Sequence[str]") -> Optional[str]:
    # Where version 2 is alone, it has no other place.
    for hierarchy in HIERARCHIES[:1] if os.path.exists(f"{root}/cgroup.controllers") else HIERARCHIES:
        for place in places:
            path = os.path.join(root, hierarchy, place)
            if os.path.exists(f"{path}/cgroup.procs"):
                return path
    return None


class Group:
    """An open control group. `path`: its directory. Raises OSError if it is gone already."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._procs = os.open(f"{path}/cgroup.procs", os.O_RDONLY | os.O_CLOEXEC)
        self._kill = _open(f"{path}/cgroup.kill", os.O_WRONLY)
        self._events = _open(f"{path}/cgroup.events", os.O_RDONLY)
        self._weight = _open(f"{path}/cpu.weight", os.O_RDWR)

    def events_fd(self) -> Optional[int]:
        """Ready with POLLPRI whenever the group gets empty or is filled; none with version 1."""
        return self._events

    def put_first(self) -> None:
        """However busy others keep the node, it gets as much of the processor as any of them. Version 2 alone. To be repeated:
        systemd puts its own back now and then."""
        if self._weight is None:
            return
        with contextlib.suppress(OSError):
            if os.pread(self._weight, 16, 0) != b"%d\n" % MOST_WEIGHT:
                os.pwrite(self._weight, b"%d" % MOST_WEIGHT, 0)

    def populated(self) -> bool:
        """Does any process of it live, also of the groups below it?"""
        if self._events is None:
            return any(process.find(pid) for pid in self._pids())
        try:
            return b"populated 1" in os.pread(self._events, 4096, 0)
        except OSError:  # ENODEV: the group was removed, which only empty ones are
            return False

    def kill(self) -> None:
        """All of it, at once. Starts no program, asks nobody."""
        if self._kill is not None:
            with contextlib.suppress(OSError):
                os.write(self._kill, b"1")
                return
            if not self.populated():
                return
        # Version 1, or a kernel before 5.14: by number, until nobody is left who could fork.
        for pid in self._pids():
            found = process.find(pid)
            if found:
                found.kill()

    def _pids(self) -> list[int]:
        """Of this group and of all below it."""
        found = _numbers(self._procs)
        with contextlib.suppress(OSError):
            for folder, _, _ in os.walk(self.path):
                if folder != self.path:
                    with contextlib.suppress(OSError), open(f"{folder}/cgroup.procs", encoding="ascii") as file:
                        found.extend(int(line) for line in file)
        return found

    def close(self) -> None:
        for fd in (self._procs, self._kill, self._events, self._weight):
            if fd is not None:
                os.close(fd)


def _open(path: str, flags: int) -> Optional[int]:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _numbers(fd: int) -> list[int]:
    try:
        return [int(line) for line in os.pread(fd, 1 << 20, 0).split()]
    except OSError:
        return []
