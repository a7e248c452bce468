"""The second one who kills: acts when the agent does not, be it dead, hanging, or unable to start again.

The agent says which container it has started, and that it has none any more. From the last confirmed heartbeat on nothing
but a clock decides; no program is started, no disk is read, and NFS is not touched.
"""

from typing import Any, Optional

from ..cgroup import Group, find_group
from ..clock import boot_ms
from ..events import Events
from ..reset import Reset
from ..track import Track

#: Milliseconds between two looks: while it acts, until the control group is open, and otherwise.
_ACTING, _OFTEN, _SELDOM = 100, 500, 5_000


class Deadman:
    """`{"do": "guard", "container": ID, "sent": S, "give_up": G, "reset": R, "heartbeat": H, "alone": A, "control_groups": ROOT,
    "trigger": FILE, "track": FILE}`: S is when the last confirmed heartbeat was sent, G and R milliseconds after which the
    container is killed and the VIP refused, and the node reset if that is not certain. An empty ID: nothing to guard.

    The heartbeats that this process sends in the agent's place, about each H milliseconds, put the kill off until A after the
    last one that the agent asked for, and the reset not at all. An agent of a version that knows no such says neither."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._acts = False
        self._reset: Optional[Reset] = None
        self._trigger = ""
        self._track = ""
        self._root = ""
        self._container = ""
        self._group: Optional[Group] = None
        self._sent = self._asked = self._give_up = self._until = 0
        self.heartbeat = self.alone = 0

    @property
    def watching(self) -> bool:
        return bool(self._container)

    def due(self, now: int) -> int:
        """Milliseconds until it must look again, if it watches: a heartbeat in between only puts that off."""
        left = self._left(now)
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
            self._asked = self._asked or self._sent
            self._give_up, self._until = int(told["give_up"]), int(told["reset"])
            self.heartbeat, self.alone = int(told.get("heartbeat", 0)), int(told.get("alone", self._give_up))
            self._root, self._track = str(told["control_groups"]), str(told["track"])
            if self._reset is None or self._trigger != told["trigger"]:
                self._trigger = str(told["trigger"])
                self._reset = Reset(self._trigger)

    def beaten(self, sent: int, asked: int) -> None:
        """A heartbeat was confirmed. `asked`: when the last one was sent that the agent asked for."""
        self._sent = max(self._sent, sent)
        self._asked = max(self._asked, asked)

    def _left(self, now: int) -> int:
        """Milliseconds until the container is killed; negative: it is being killed."""
        return min(self._sent + self._give_up, self._asked + self.alone) - now

    def look(self, now: int) -> None:
        if not self._container:
            return
        # Opened as soon as it is there: later it may be too late to look for it.
        if self._group is None or not self._group.populated():
            self._open()
        acts = self._left(now) < 0
        begins, self._acts = acts and not self._acts, acts
        if not acts:
            return
        if self._group:
            self._group.kill()
        Track(self._track).write(False)
        if begins:
            self._events.say("kill", f"the lease process kills the container: {self._why(now)}")
        if self._group and self._group.populated() and now - self._asked > self._until and self._reset:
            self._reset.now()

    def _why(self, now: int) -> str:
        if now - self._sent > self._give_up:
            return f"no heartbeat was confirmed for {now - self._sent} ms"
        return f"no agent has asked for a heartbeat for {now - self._asked} ms"

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
