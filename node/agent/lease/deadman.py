"""The second one who kills: acts when the agent does not, be it dead, hanging, or unable to start again.

The agent says which container it has started, and that it has none any more. From the last confirmed heartbeat on nothing
but a clock decides; no program is started, no disk is read, and NFS is not touched.
"""

from typing import Any, Optional

from ..cgroup import Group, find_group
from ..clock import boot_ms
from ..reset import Reset
from ..track import Track

#: Milliseconds between two looks: while it acts, until the control group is open, and otherwise.
_ACTING, _OFTEN, _SELDOM = 100, 500, 5_000


class Deadman:
    """`{"do": "guard", "container": ID, "sent": S, "give_up": G, "reset": R, "control_groups": ROOT, "trigger": FILE,
    "track": FILE}`: S is when the last confirmed heartbeat was sent, G and R milliseconds after which the container is killed and
    the VIP refused, and the node reset if that is not certain. An empty ID: nothing to guard."""

    def __init__(self) -> None:
        self._reset: Optional[Reset] = None
        self._trigger = ""
        self._track = ""
        self._root = ""
        self._container = ""
        self._group: Optional[Group] = None
        self._sent = self._give_up = self._until = 0

    @property
    def watching(self) -> bool:
        return bool(self._container)

    def due(self, now: int) -> int:
        """Milliseconds until it must look again, if it watches: a heartbeat in between only puts that off."""
        left = self._sent + self._give_up - now
        if left < 0:
            return _ACTING
        return min(left + 1, _SELDOM if self._group else _OFTEN)

    def guard(self, told: dict[str, Any]) -> None:
        container = str(told.get("container", ""))
        if container != self._container and self._group:
            self._group.close()
            self._group = None
        self._container = container
        if container:
            self._sent = max(self._sent, min(int(told["sent"]), boot_ms()))
            self._give_up, self._until = int(told["give_up"]), int(told["reset"])
            self._root, self._track = str(told["control_groups"]), str(told["track"])
            if self._reset is None or self._trigger != told["trigger"]:
                self._trigger = str(told["trigger"])
                self._reset = Reset(self._trigger)

    def beaten(self, sent: int) -> None:
        """A heartbeat was confirmed."""
        self._sent = max(self._sent, sent)

    def look(self, now: int) -> None:
        if not self._container:
            return
        # Opened as soon as it is there: later it may be too late to look for it.
        if self._group is None or not self._group.populated():
            self._open()
        if now - self._sent <= self._give_up:
            return
        if self._group:
            self._group.kill()
        Track(self._track).write(False)
        if self._group and self._group.populated() and now - self._sent > self._until and self._reset:
            self._reset.now()

    def _open(self) -> None:
        path = find_group(self._container, self._root)
        if path is None:
            return
        if self._group:
            self._group.close()
        try:
            self._group = Group(path)
        except OSError:
            self._group = None
