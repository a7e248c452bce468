"""One look at the node: the files that say so, each read at once, and parsed only if it has changed."""

import os
import re

from .events import AgentEvents
from .places import Places

#: The agent's states in which its node has the lease; in `taking` its epoch is not confirmed yet.
OWNERS = frozenset(
    (
        *("adopting", "mounting", "cloning", "copying", "working", "confirming", "launching", "warming"),
        *("active", "halting", "stopping", "unmounting", "releasing"),
    )
)
_PIECE = 64 << 10
_SIGKILL = 1 << 8
#: proc_pid_stat(5), `flags`.
_PF_EXITING = 4


class Table:
    """A file of the kernel that is read again and again."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._content = b""

    def changed(self) -> "bytes | None":
        """What is in it now; None: the same as the last time."""
        content = os.pread(self._fd, _PIECE, 0)
        at = len(content)
        # A table of the kernel comes in pieces of a page, or of some lines.
        while part := os.pread(self._fd, _PIECE, at):
            content += part
            at += len(part)
        if content == self._content:
            return None
        self._content = content
        return content


class Look:
    """`container`: Docker's id of it. `vip`: an IPv4 address. `data`: the mount point of the shared data."""

    def __init__(self, places: Places, container: str, vip: str, data: str) -> None:
        self._places = places
        self._addresses, self._mounts = Table(places.addresses), Table(places.mounts)
        self._own_address = re.compile(rb"\|-- " + re.escape(vip).encode() + rb"\n\s+/32 host LOCAL")
        self._own_data = f" {data} ".encode()
        self._groups = [
            os.path.join(places.groups, name)
            for name in (f"system.slice/docker-{container}.scope", f"docker/{container}", f"systemd/docker/{container}")
        ]
        self._agent = AgentEvents(places.agent)
        self._vip = self._data = False

    def __call__(self) -> str:
        """A line's VIP CONTAINER DATA LEASE EPOCH STATE."""
        addresses = self._addresses.changed()
        if addresses is not None:
            self._vip = self._own_address.search(addresses) is not None
        # Before the container: a container ends before its data is unmounted. A look may take long, and must not show the
        # container from before that and the data from after it.
        mounts = self._mounts.changed()
        if mounts is not None:
            self._data = self._own_data in mounts
        runs = self._runs()
        agent = self._agent
        agent.hear()
        # An agent that was killed leaves the lease with its lease process, and the next one goes on with it.
        lease = agent.state in OWNERS and self._unit_lives("ha-rancher-lease.service")
        state = agent.state if agent.state and self._unit_lives("ha-rancher-agent.service") else "stopped"
        return f"{self._vip:d} {runs:d} {self._data:d} {lease:d} {agent.epoch if lease else 0} {state}"

    def _runs(self) -> bool:
        for group in self._groups:
            # It counts the groups below it, too: Rancher moves there.
            events = _read(f"{group}/cgroup.events")
            if events is None and not os.path.isdir(group):
                continue
            # The group has one of these names, and keeps it.
            self._groups = [group]
            populated = b"populated 1" in events if events else bool(_read(f"{group}/cgroup.procs"))
            return populated and (self._data or not self._all_killed(group))
        return False

    def _all_killed(self, group: str) -> bool:
        """Whether all threads of a control group, and of the groups below it, have been killed; False if there are none.
        cgroup.procs does not list a process whose last thread is exiting, which is where a process hangs in NFS."""
        killed = False
        for folder, _, files in os.walk(group):
            # `tasks` is what version 1 calls them.
            for name in ("cgroup.threads", "tasks"):
                for thread in (_read(os.path.join(folder, name)) or b"").split() if name in files else ():
                    stat = _read(os.path.join(self._places.processes, thread.decode(), "stat"))
                    if stat is None:
                        continue
                    # From the third field on: the second is a name in brackets, which may hold anything.
                    fields = stat.rpartition(b") ")[2].split()
                    if not (int(fields[6]) & _PF_EXITING or int(fields[28]) & _SIGKILL):
                        return False
                    killed = True
        return killed

    def _unit_lives(self, unit: str) -> bool:
        """Has the unit a process? Both units are outside of all slices."""
        groups = self._places.groups
        for path in (f"{groups}/{unit}/cgroup.procs", f"{groups}/systemd/{unit}/cgroup.procs"):
            found = _read(path)
            if found is not None:
                return bool(found)
        return False


def _read(path: str) -> "bytes | None":
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(fd, _PIECE)
    except OSError:
        # A control group that is gone by now.
        return None
    finally:
        os.close(fd)
