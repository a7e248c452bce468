"""The container of this node: its control group, which the kernel tells the truth of, and what Docker says."""

import time
from typing import Optional

from .cgroup import Group, find_group
from .clock import awake_ms
from .core.observation import ContainerView, Docker
from .docker import Docker as Engine
from .docker import DockerError
from .run_files import Notes

#: Milliseconds that Docker gets beyond a limit to tell that it took too long.
_MORE = 500
#: Seconds until a container that Docker takes for running is started again.
_AGAIN = 0.1
#: Milliseconds between two looks for a control group that nobody expects.
_SELDOM = 3_000


class ContainerEdge:
    """`name`: Docker's. `check`, `start` and `stop` may be called from any thread; everything else is the loop's."""

    def __init__(self, name: str, socket: str, root: str, notes: Notes) -> None:
        self._name = name
        self._socket = socket
        self._root = root
        self._notes = notes
        self._group: Optional[Group] = None
        self._group_of = ""
        self._next = 0
        self._just_started = False
        self._docker = Docker.UNKNOWN
        self._words = ""
        self._questions = Engine(socket)

    def events_fd(self) -> int:
        """Ready (POLLPRI) when the last process of it has ended; -1 without one."""
        fd = self._group.events_fd() if self._group else None
        return -1 if fd is None else fd

    def look(self, now: int) -> None:
        """Opens its control group as soon as there is one: when it must be killed it may be too late to look for it. One that
        nobody here was about to start is looked for seldom. `now`: `mono`."""
        if self._group:
            self._group.put_first()
        if self._group is None and now < self._next and not self._notes.kept.starting:
            return
        self._next = now + _SELDOM
        self._open()

    def _open(self) -> None:
        container = self._notes.kept.id
        if self._group and (container != self._group_of or not self._group.populated()):
            self._group.close()
            self._group = None
        if container and self._group is None:
            path = find_group(container, self._root)
            if path:
                try:
                    self._group, self._group_of = Group(path), container
                except OSError:
                    self._group = None

    def live(self) -> Optional[bool]:
        """None if it is not known which container that would be."""
        if not self._notes.kept.id:
            return None
        if self._just_started:
            self._just_started = False
            self._open()
        return self._group is not None and self._group.populated()

    def kill(self) -> None:
        if self._group is None:
            self._open()
        if self._group:
            self._group.kill()

    def view(self) -> ContainerView:
        # First of all: a start that ends between two of these questions must not look like a container that has ended.
        pending = self._notes.kept.starting
        docker, words = self._docker, self._words
        return ContainerView(docker, self.live(), pending, words)

    def check(self, limit: int) -> str:
        """Asks Docker for its state."""
        try:
            self._inspect(self._questions, limit)
        except DockerError:
            self._docker = Docker.UNKNOWN
            raise
        return ""

    def _inspect(self, engine: Engine, limit: int) -> None:
        found = engine.inspect(self._name, limit / 1000)
        if found is None:
            self._docker, self._words = Docker.MISSING, ""
            return
        self._notes.keep(id=found.id)
        self._words = ""
        if found.running:
            self._docker = Docker.RUNNING
        elif found.status == "created":
            self._docker = Docker.CREATED
        else:
            self._docker, self._words = Docker.EXITED, f"it ended with exit code {found.exit_code}"

    def starting(self) -> None:
        """Said before `start`, so that whoever comes after this process knows that it may still happen."""
        self._notes.keep(starting=True)

    def start(self, limit: int) -> str:
        engine = Engine(self._socket)
        try:
            # Whose control group is to be killed, if it comes to that.
            self._inspect(engine, limit)
            self._start(engine, limit)
        except DockerError as error:
            # What was refused does not happen; of anything else that is not known.
            if error.status:
                self._notes.keep(starting=False)
            raise
        self._docker = Docker.RUNNING
        # Before the start counts as done: its control group may be younger than the loop's last look for one.
        self._just_started = True
        self._notes.keep(starting=False)
        return ""

    def _start(self, engine: Engine, limit: int) -> None:
        """A container that has just ended runs for Docker until its daemon has noticed: then it starts nothing, and calls that a
        success."""
        until = awake_ms() + limit
        while not engine.start(self._name, (limit + _MORE) / 1000) and not _populated(self._notes.kept.id, self._root):
            if awake_ms() > until:
                raise DockerError(0, "it runs, says Docker, and no process of it lives")
            time.sleep(_AGAIN)

    def stop(self, limit: int, grace: int) -> str:
        engine, until = Engine(self._socket), awake_ms() + limit
        try:
            engine.stop(self._name, (grace + 999) // 1000, (limit + _MORE) / 1000)
        except DockerError as error:
            if error.status != 404:
                raise
        # What Docker says of it may come before its last process is gone.
        while _populated(self._notes.kept.id, self._root):
            if awake_ms() > until:
                raise DockerError(0, "Docker has stopped it, and processes of it live on")
            time.sleep(0.02)
        self._docker = Docker.EXITED
        self._notes.keep(starting=False)
        return ""

    def stopped(self) -> None:
        """Its control group is empty: Docker may go on clearing up for seconds that nobody has to wait for."""
        self._docker = Docker.EXITED


def _populated(container: str, root: str) -> bool:
    path = find_group(container, root)
    if path is None:
        return False
    try:
        group = Group(path)
    except OSError:
        return False
    try:
        return group.populated()
    finally:
        group.close()
