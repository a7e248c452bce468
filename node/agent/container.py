"""The container of this node, or the several of its service: their control group, which the kernel tells the truth of, and
what Docker says."""

import time
from typing import Optional

from .cgroup import POD, Group, find_group, find_member
from .clock import awake_ms
from .core.observation import ContainerView, Docker
from .docker import Docker as Engine
from .docker import DockerError
from .run_files import Notes
from .together import Limits, Together, Unknown

#: Milliseconds that Docker gets beyond a limit to tell that it took too long.
_MORE = 500
#: Seconds until a container that Docker takes for running is started again.
_AGAIN = 0.1
#: Milliseconds between two looks for a control group that nobody expects.
_SELDOM = 3_000
#: Of a start's limit, milliseconds in which what was started is stopped again where it failed.
_CLEARING = 8_000


class ContainerEdge:
    """`name`: Docker's; `together`: where there are more than this one. `check`, `start` and `stop` may be called from any
    thread; everything else is the loop's."""

    def __init__(self, name: str, socket: str, root: str, notes: Notes, together: Optional[Together] = None) -> None:
        self._name = name
        self._socket = socket
        self._root = root
        self._together = together
        self._notes = notes
        self._group: Optional[Group] = None
        self._group_of = ""
        #: Of each of several, by its place in the order of their start.
        self._members: dict[int, Group] = {}
        self._members_of = ""
        self._next = 0
        self._just_started = False
        #: Number of the last order, kills among them; what was ordered before does nothing more.
        self._order = 0
        self._docker = Docker.UNKNOWN
        self._words = ""
        self._questions = Engine(self._socket)

    def events_fds(self) -> "tuple[int, ...]":
        """Ready (POLLPRI) when the last process of it has ended, or of one of several; -1 for one that cannot tell."""
        groups = [group for group in (self._group, *self._members.values()) if group]
        return tuple(-1 if fd is None else fd for fd in (group.events_fd() for group in groups))

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
        if self._group and not self._group.populated() and not self._notes.kept.starting:
            # That of several stays when it is empty.
            self._group.close()
            self._group = None
        self._open_members()

    def _open_members(self) -> None:
        members = self._notes.kept.members
        if self._members and (members != self._members_of or self._group is None):
            for group in self._members.values():
                group.close()
            self._members = {}
        self._members_of = members
        if self._group is None or self._together is None:
            return
        for place, container in enumerate(members.split()):
            path = None if place in self._members else find_member(container, self._group.path)
            if path:
                try:
                    self._members[place] = Group(path)
                except OSError:
                    pass

    def _ended(self) -> str:
        """Which one of several has ended, while others live. Before all have been started nobody can say."""
        if self._together is None:
            return ""
        for place, group in list(self._members.items()):
            if not group.populated():
                # A descriptor of what is gone has news for ever.
                group.close()
                del self._members[place]
        if self._notes.kept.starting or self._group is None or not self._notes.kept.members:
            return ""
        return next((name for place, name in enumerate(self._together.names) if place not in self._members), "")

    def live(self) -> Optional[bool]:
        """None if it is not known which container that would be."""
        if not self._notes.kept.id:
            return None
        if self._just_started:
            self._just_started = False
            self._open()
        return self._group is not None and self._group.populated()

    def kill(self) -> None:
        self._order += 1
        if self._group is None:
            self._open()
        if self._group:
            self._group.kill()

    def view(self) -> ContainerView:
        # First of all: a start that ends between two of these questions must not look like a container that has ended.
        pending = self._notes.kept.starting
        docker, words = self._docker, self._words
        live, ended = self.live(), self._ended()
        return ContainerView(docker, live, pending, words, ended if live and not pending else "")

    def check(self, limit: int) -> str:
        """Asks Docker for its state."""
        try:
            self._inspect(self._questions, limit)
        except DockerError:
            self._docker = Docker.UNKNOWN
            raise
        return ""

    def _inspect(self, engine: Engine, limit: int) -> None:
        found, missing = engine.inspect(self._name, limit / 1000), ""
        if found and self._together:
            members, missing = self._together.inspect(engine, limit / 1000)
            self._notes.keep(id=POD, members=" ".join(member.id for member in members))
            # One that runs is enough.
            found = next((member for member in members if member.running), found)
        if found is None or missing:
            self._docker, self._words = Docker.MISSING, f"there is no container {missing}" if missing else ""
            return
        if self._together is None:
            self._notes.keep(id=found.id, members="")
        self._words = ""
        if found.running:
            self._docker = Docker.RUNNING
        elif found.status == "created":
            self._docker = Docker.CREATED
        else:
            self._docker, self._words = Docker.EXITED, f"it ended with exit code {found.exit_code}"

    def starting(self) -> int:
        """Said before `start`, so that whoever comes after this process knows that it may still happen. The order's number."""
        self._notes.keep(starting=True)
        self._order += 1
        return self._order

    def stopping(self) -> int:
        """Said before `stop`: something may be run after it."""
        if self._together and self._together.ends_later:
            self._notes.keep(starting=True)
        self._order += 1
        return self._order

    def start(self, limit: int, order: int) -> str:
        engine = Engine(self._socket)
        try:
            # Whose control group is to be killed, if it comes to that.
            self._inspect(engine, limit)
            if self._together:
                self._together.start(engine, self._limits(max(limit - _CLEARING, limit // 2), order))
            else:
                self._start(engine, limit)
        except DockerError as error:
            # What was refused does not happen; of anything else that is not known.
            if error.status or (self._together and not isinstance(error, Unknown)):
                self._notes.keep(starting=False)
            raise
        self._docker, self._words = Docker.RUNNING, ""
        # Before the start counts as done: its control group may be younger than the loop's last look for one.
        self._just_started = True
        self._notes.keep(starting=False)
        return ""

    def _limits(self, limit: int, order: int) -> Limits:
        return Limits(time.monotonic() + limit / 1000, lambda: self._order != order)

    def _start(self, engine: Engine, limit: int) -> None:
        """A container that has just ended runs for Docker until its daemon has noticed: then it starts nothing, and calls that a
        success."""
        until = awake_ms() + limit
        while not engine.start(self._name, (limit + _MORE) / 1000) and not _populated(self._notes.kept.id, self._root):
            if awake_ms() > until:
                raise DockerError(0, "it runs, says Docker, and no process of it lives")
            time.sleep(_AGAIN)

    def stop(self, limit: int, grace: int, order: int) -> str:
        engine, until = Engine(self._socket), awake_ms() + limit
        if self._together:
            self._together.stop(engine, grace / 1000, self._limits(limit, order))
        else:
            self._stop(engine, grace, limit)
        # What Docker says of it may come before its last process is gone.
        while _populated(self._notes.kept.id, self._root):
            if awake_ms() > until:
                raise DockerError(0, "Docker has stopped it, and processes of it live on")
            time.sleep(0.02)
        words = ""
        if self._together and self._together.ends_later:
            words = self._together.after_stop(engine, self._limits(until - awake_ms(), order))
        self._docker = Docker.EXITED
        self._notes.keep(starting=False)
        return words

    def _stop(self, engine: Engine, grace: int, limit: int) -> None:
        try:
            engine.stop(self._name, (grace + 999) // 1000, (limit + _MORE) / 1000)
        except DockerError as error:
            if error.status != 404:
                raise

    def over(self) -> bool:
        """Whether a stop is, by its control group alone. With something to be run after it only the stop itself can tell, and what
        became of that."""
        return not (self._together and self._together.ends_later) and self.live() is False

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
