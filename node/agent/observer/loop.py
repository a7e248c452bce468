"""The observer's loop: takes new events, asks the agent how it stands, writes what it knows. It waits on nobody."""

import calendar
import os
import select
import socket
import time
from collections.abc import Mapping
from typing import Any, Optional, Union

from ..address.setup import AddressSetup
from ..configuration import Refused, load
from ..control import NoAgent, ask_agent
from ..events import bell, event_in, lines_of
from ..files import read_some, remove
from ..itself import own_command
from ..run_files import RunFiles
from ..setup import Setup
from ..setups import setup_of
from ..story import TAKEOVER
from ..version import VERSION
from . import memory as kept_memory
from . import vrrp_stats
from .channels import channels
from .files import Places, write_metrics
from .kept import Kept
from .look import BESIDE
from .looking import Looking
from .metrics import Measured, families
from .notices import Place
from .reasons import PLANNED, reason_in
from .setup import Settings, settings
from .telling import Telling

#: Seconds between two rounds: each costs the agent an answer, which is as much as a second of its own work. After an event the
#: next one comes sooner, except in a takeover. And between two looks around.
ROUND, SOON, LOOK = 60.0, 5.0, 3_600.0
#: Seconds without an event after which those that came are put beside the lease: at rest, and in a takeover. And between two such
#: looks: each starts a program. What the last owner said is looked for at once when the service is well.
CALM, STUCK, SELDOM = 10.0, 120.0, 30.0
#: Seconds that the agent has for its answer.
_PATIENCE = 3.0


class Observer:
    """`configuration`: of the agent, where none runs yet. Raises Refused, OSError."""

    def __init__(self, run: str, configuration: str, settings_file: str, channels_file: str) -> None:
        self._files = RunFiles(run)
        self._watched = (settings_file, channels_file)
        self._stamps = [_stamp(path) for path in self._watched]
        self._settings: Settings = settings(settings_file)
        self._setup = _setup(self._files, configuration)
        self._places = Places(run, self._setup.paths.state)
        self._kept = Kept(self._places.events)
        self._memory = kept_memory.load(self._places.memory)
        self._looking = Looking(own_command("look-around", "--run", run))
        place = Place(self._settings.stack, self.node)
        self._telling = Telling(self._places.told, place, own_command("send-notice"), channels(channels_file))
        self._looked = -LOOK
        self._found: Mapping[str, Any] = {}
        self._unsaid = True
        self._holds = False
        self._heard = 0.0
        self._in_takeover = False
        self._waiting: list[dict[str, Any]] = []
        path = bell(self._files.events)
        remove(path)
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._bell.bind(path)
        os.chmod(path, 0o600)

    @property
    def node(self) -> str:
        return self._setup.core.node if isinstance(self._setup, Setup) else self._setup.plan.node

    def run(self) -> None:
        """Until its files or its settings are others: then the next one is started."""
        last = due = 0.0
        while self._stamps == [_stamp(path) for path in self._watched]:
            now = time.monotonic()
            if self._take_events(now) and not self._in_takeover:
                due = min(due, last + SOON)
            if now >= due:
                last, due = now, now + ROUND
                if not self.round():
                    return
            self._telling.step(time.time())
            now = time.monotonic()
            # One that is under way has news when it ends.
            look = self._look_due(now) if self._looking.fileno() < 0 else now + LOOK
            self._wait(min(max(0.0, due - now), max(1.0, look - now), self._telling.delivery.due_in(time.time())))

    def round(self) -> bool:
        """False: the agent is of other files than this program."""
        report = self._report()
        version = (report or {}).get("agent", {}).get("version")
        self._holds = bool((report or {}).get("holdsVip"))
        seen = self._measured()
        self._telling.see(report, seen, seen.at)
        words = write_metrics(self._places, self._settings.textfile, families(self._settings.stack, self.node, report, seen))
        if words:
            print(f"metrics cannot be written: {words}", flush=True)
        return version in (None, VERSION)

    def _wait(self, seconds: float) -> None:
        poll = select.poll()
        for fd in (self._bell.fileno(), self._looking.fileno(), self._telling.delivery.fileno()):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        poll.poll(seconds * 1000)
        try:
            while self._bell.recv(64):
                pass
        except OSError:
            pass  # no more

    # ---- events ----

    def _take_events(self, now: float) -> bool:
        """Whether there were any."""
        try:
            new = self._kept.take(lines_of(self._files.events))
        except OSError as error:
            print(f"events cannot be kept: {error}", flush=True)
            new = []
        if new:
            self._unsaid, self._heard = True, now
        for event in new:
            if event["event"] == "state":
                self._in_takeover = event.get("to") in TAKEOVER
        self._waiting += new
        found = self._looking.collect()
        if found is not None:
            self._take_findings(found)
        if now >= self._look_due(now) and self._looking.begin(self._question()):
            self._looked, self._unsaid = now, False
        elif self._looking.fileno() < 0:
            self._count()
        return bool(new)

    def _look_due(self, now: float) -> float:
        if any(event["event"] == "well" for event in self._waiting):
            return now
        quiet = STUCK if self._in_takeover else CALM
        calm = max(self._heard + quiet, self._looked + SELDOM) if self._unsaid else self._looked + LOOK
        return min(calm, self._looked + LOOK)

    def _question(self) -> "dict[str, Any]":
        asked: dict[str, Any] = {"node": self.node, "systemctl": self._setup.paths.systemctl}
        if isinstance(self._setup, Setup):
            place, mounts = self._setup.lease, self._setup.paths.mounts
            asked["lease"] = {"directory": place.directory, "filesystem": place.filesystem, "mounts": mounts}
            asked["peers"] = list(self._setup.core.peers)
            asked["events"] = (self._unsaid and self._kept.latest(BESIDE).decode("utf-8", "replace")) or None
        # The service shows its certificate at the VIP: its holder looks.
        certificate = self._settings.certificate if self._holds else ""
        return {**asked, "backup": self._settings.backup_directory, "certificate": certificate}

    def _take_findings(self, found: "Mapping[str, Any]") -> None:
        self._found = found
        for node, events in (found.get("peers") or {}).items():
            # Only those that were asked for are there.
            if not events:
                continue
            try:
                self._places.keep_peer(node, events)
            except OSError as error:
                print(f"events of {node} cannot be kept: {error}", flush=True)
        self._count()

    def _count(self) -> None:
        """A takeover is told once it is known what its last owner said."""
        for event in self._waiting:
            reason = self._reason(event)
            at = _time_of(event)
            self._memory = kept_memory.counted(self._memory, event, at, bool(PLANNED.match(reason)))
            self._telling.see_event(event, at, reason, time.time())
        if self._waiting:
            self._waiting = []
            try:
                kept_memory.save(self._places.memory, self._memory)
            except OSError as error:
                print(f"{self._places.memory}: {error}", flush=True)

    def _reason(self, event: "Mapping[str, Any]") -> str:
        if event["event"] != "well":
            return ""
        peers, after, epoch = self._found.get("peers") or {}, event.get("after"), event.get("epoch")
        said = [told for line in str(peers.get(after, "")).encode().splitlines() if (told := event_in(line)) is not None]
        return reason_in(said, epoch if isinstance(epoch, int) else 0)

    # ---- what is measured ----

    def _report(self) -> "Optional[dict[str, Any]]":
        try:
            return ask_agent(self._files.control, {"do": "status"}, _PATIENCE)
        except NoAgent:
            return None

    def _measured(self) -> Measured:
        pid, found = vrrp_stats.keepalived(), self._found
        # The answer to the round before: keepalived needs a moment.
        counters = vrrp_stats.answer(pid) if pid else {}
        if pid:
            vrrp_stats.ask(pid)
        limit = self._settings.backup_limit
        return Measured(
            at=time.time(),
            counts=self._memory.counts,
            takeover=self._memory.takeover,
            free=_free(("/", self._setup.paths.state)),
            backup_at=found.get("backup"),
            backup_failed=found.get("backup_failed"),
            backup_limit=limit or None,
            certificate=found.get("certificate"),
            vrrp=counters,
            vrrp_state=(read_some(self._files.path("vrrp"), 64) or b"").decode("ascii", "replace").split(" ")[0],
            version=VERSION,
        )


def _setup(files: RunFiles, configuration: str) -> "Union[Setup, AddressSetup]":
    """What the agent runs with, or would. Raises Refused."""
    path = files.running if os.path.lexists(files.running) else configuration
    return setup_of(load(path), VERSION, path)


def _stamp(path: str) -> "tuple[int, int, int]":
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _free(paths: "tuple[str, ...]") -> "dict[str, float]":
    """Parts that are free, a file system only once."""
    found: dict[str, float] = {}
    known: set[int] = set()
    for path in paths:
        try:
            device, told = os.stat(path).st_dev, os.statvfs(path)
        except OSError:
            continue
        if device not in known and told.f_blocks:
            known.add(device)
            found[path] = told.f_bavail / told.f_blocks
    return found


def _time_of(event: "Mapping[str, Any]") -> float:
    try:
        return float(calendar.timegm(time.strptime(str(event["time"])[:19], "%Y-%m-%dT%H:%M:%S")))
    except (KeyError, ValueError):
        return time.time()


def run_observer(run: str, configuration: str, settings_file: str, channels_file: str) -> int:
    """Ends with 0 to be started anew, with other files or settings."""
    try:
        Observer(run, configuration, settings_file, channels_file).run()
    except Refused as refused:
        print(refused, flush=True)
        return 1
    return 0
