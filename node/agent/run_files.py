"""The agent's folder in /run: what one agent leaves to the next one of this boot, to its jobs, and to the kill path."""

import json
import os
import threading
from typing import Any, NamedTuple

from .core.actions import Memory
from .core.observation import Beat
from .files import Page, read_page

#: Characters of a reason that is kept: two of them fit in a page, whatever they are.
_LONGEST = 150


class Kept(NamedTuple):
    """The container of this node. `id`: Docker's; its control group is named by it; or `cgroup.POD`, where it is one of several,
    whose ids are `members`, in the order of their start. `starting`: Docker was asked to start it and has not answered."""

    id: str = ""
    starting: bool = False
    members: str = ""


class KillPlan(NamedTuple):
    """What the kill path must know. Times are milliseconds."""

    control_groups: str = "/sys/fs/cgroup"
    mounts: str = "/proc/self/mountinfo"
    reset: str = "/proc/sysrq-trigger"
    data: str = ""
    heartbeat: int = 1_000
    give_up: int = 6_000
    watchdog: int = 10_000


class RunFiles:
    """Paths, and the pages that are written in place, so that a full /run loses nothing."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    @property
    def running(self) -> str:
        """The configuration that the agent runs with."""
        return self.path("running.json")

    @property
    def track(self) -> str:
        return self.path("track")

    @property
    def vips(self) -> str:
        """Which VIPs keepalived has, and on which interface; node/keepalived/strip writes it."""
        return self.path("vips")

    @property
    def lease(self) -> str:
        return self.path("lease.sock")

    @property
    def control(self) -> str:
        return self.path("agent.sock")

    @property
    def seen_data(self) -> str:
        """Which data may still be mounted somewhere (storage_view.py)."""
        return self.path("seen-data")

    @property
    def leave(self) -> str:
        """Until when the VIP is refused, and why."""
        return self.path("leave")

    @property
    def events(self) -> str:
        return self.path("events.jsonl")

    @property
    def ending(self) -> str:
        """Exists while the agent was told to stop: nobody will take its place."""
        return self.path("ending")

    def memory(self) -> Memory:
        """Raises nothing: what cannot be read is as if nothing were known, and the core looks at everything anew."""
        return Memory(**_known(_read(self.path("memory")), Memory()._asdict()))

    def kept(self) -> Kept:
        return Kept(**_known(_read(self.path("container")), Kept()._asdict()))

    def kill_plan(self) -> KillPlan:
        return KillPlan(**_known(_read(self.path("kill")), KillPlan()._asdict()))

    def beaten(self) -> Beat:
        return Beat(**_known(_read(self.path("beaten")), Beat()._asdict()))


def _read(path: str) -> Any:
    try:
        return json.loads(read_page(path) or b"{}")
    except (OSError, ValueError, RecursionError):
        return {}


def _known(told: Any, default: "dict[str, Any]") -> "dict[str, Any]":
    """Fields that are there and of the right type; the default for the others."""
    told = told if isinstance(told, dict) else {}
    return {name: told[name] if type(told.get(name)) is type(value) else value for name, value in default.items()}


class Notes:
    """Writes the pages. Raises OSError if they cannot be made: then nothing may be started."""

    def __init__(self, files: RunFiles, plan: KillPlan) -> None:
        self._memory = Page(files.path("memory"))
        self._container = Page(files.path("container"))
        self._beaten = Page(files.path("beaten"))
        self._lock = threading.Lock()
        self.kept = files.kept()
        self.beaten = files.beaten()
        page = Page(files.path("kill"))
        page.write(json.dumps(plan._asdict()).encode())
        page.close()

    def remember(self, memory: Memory) -> None:
        memory = memory._replace(hold_reason=memory.hold_reason[:_LONGEST], failure=memory.failure[:_LONGEST])
        self._memory.write(json.dumps(memory._asdict()).encode())

    def keep(self, **changed: Any) -> None:
        """Fields of `Kept`. From any thread."""
        with self._lock:
            kept = self.kept._replace(**changed)
            if kept != self.kept:
                self._container.write(json.dumps(kept._asdict()).encode())
                self.kept = kept

    def beat(self, beaten: Beat) -> None:
        self.beaten = beaten
        self._beaten.write(b'{"sent": %d, "silence": %d}' % beaten)
