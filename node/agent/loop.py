"""The agent's loop: look, decide, do. It waits for nothing but news and the next round, and touches neither NFS nor Docker."""

import os
import select
import signal
from typing import Any, Optional

from .clock import awake_ms, boot_ms
from .control import Connection, Control
from .core.actions import WorkEnded
from .core.decide import decide
from .core.observation import Ending, Now, Observation, Work
from .core.record import Claim
from .core.state import OWNERS, Standby, State, initial
from .events import latest
from .files import remove
from .hands import Hands
from .node import Node
from .report import report
from .senses import Senses

#: Rounds without a wait in between; what changes more often than that waits for the next one.
_MOST_ROUNDS = 10


class Wakeups:
    """Ends the loop's wait: a job has ended, or a signal has come."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.signals: set[int] = set()

    def wake(self) -> None:
        try:
            os.write(self._writer, b"w")
        except BlockingIOError:
            pass  # it is full of others

    def install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda got, _: self.signals.add(got))
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def drain(self) -> None:
        try:
            while os.read(self.reader, 4096):
                pass
        except BlockingIOError:
            pass


class Agent:
    def __init__(self, node: Node, wakeups: Wakeups) -> None:
        self._node = node
        self._wakeups = wakeups
        now = awake_ms()
        self._senses = Senses(node, now)
        self._hands = Hands(node, self._work_file, self._tell_work_ended)
        self._state: State = initial(node.setup.core, node.memory)
        self._seen: Optional[Observation] = None
        self._round = 0  # when the next one is due, `mono`
        self._table = os.open(node.setup.paths.mounts, os.O_RDONLY | os.O_CLOEXEC)
        self._control = Control(node.files.control, self._handle)
        self._work: Optional[tuple[Connection, str]] = None
        self._leaving: list[Connection] = []
        self._guarded = ("", -1)
        self._released = True  # the last record that we wrote says so
        remove(node.files.ending)

    def run(self) -> None:
        """Until told to end."""
        heartbeat = self._node.setup.core.heartbeat
        self._node.manager.tell(READY=1, WATCHDOG_USEC=self._node.setup.core.give_up * 500)
        while not self._hands.exit:
            for _ in range(_MOST_ROUNDS):
                if not self._turn(heartbeat) or self._hands.exit:
                    break
            self._wait()

    def _turn(self, heartbeat: int) -> bool:
        """One look; a decision if something has changed or the time has come. Whether there was one."""
        self._take_signals()
        seen = self._senses.look(awake_ms())
        now = Now(awake_ms(), boot_ms())
        due = now.mono >= self._round or bool(self._hands.wake_at and now.mono >= self._hands.wake_at)
        if not due and seen == self._seen:
            return False
        if now.mono >= self._round:
            self._round = now.mono + heartbeat
            self._hands.repeat()
            self._node.manager.tell(WATCHDOG=1, EXTEND_TIMEOUT_USEC=self._node.setup.core.give_up * 1000)
        if self._hands.wake_at and now.mono >= self._hands.wake_at:
            self._hands.wake_at = 0
        self._seen = seen
        self._state, actions = decide(self._state, seen, now)
        for action in actions:
            self._hands.do(action)
        self._note_record(seen)
        self._guard(seen)
        self._answer_those_who_wait()
        return True

    def _take_signals(self) -> None:
        if self._wakeups.signals & {signal.SIGTERM, signal.SIGINT}:
            self._stop()
        elif signal.SIGHUP in self._wakeups.signals and self._senses.ending is Ending.NO:
            self._senses.ending = Ending.RESTART
        self._wakeups.signals.clear()

    def _stop(self) -> None:
        """The kill path then knows that no other agent comes."""
        self._senses.ending = Ending.STOP
        try:
            os.close(os.open(self._node.files.ending, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError:
            pass  # /run is full: the lease process and the watchdog know without

    def _note_record(self, seen: Observation) -> None:
        if seen.lease.confirmed:
            self._released = seen.lease.confirmed.claim is Claim.RELEASED

    def _guard(self, seen: Observation) -> None:
        """Tells the lease process which container it must kill if this agent does not go on."""
        core, lease = self._node.setup.core, self._node.lease
        needed = isinstance(self._state.phase, OWNERS) or self._hands.epoch or seen.container.live
        wanted = (self._node.notes.kept.id if needed else "", lease.fileno())
        if wanted != self._guarded and lease.fileno() >= 0:
            sent = max(lease.view.sent, self._state.tenure.sent, self._node.files.beaten() if wanted[0] else 0)
            lease.guard(
                container=wanted[0],
                sent=sent or boot_ms(),
                give_up=core.give_up + core.heartbeat,
                reset=core.watchdog - core.heartbeat,
                control_groups=self._node.setup.paths.control_groups,
                trigger=self._node.setup.paths.reset,
                track=self._node.files.track,
            )
            self._guarded = wanted

    def _wait(self) -> None:
        node, poll = self._node, select.poll()
        poll.register(self._wakeups.reader, select.POLLIN)
        poll.register(node.addresses, select.POLLIN)
        poll.register(self._table, select.POLLPRI)
        for fd in (node.lease.fileno(), node.health.fileno(), *self._control.filenos()):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        if node.container.events_fd() >= 0:
            poll.register(node.container.events_fd(), select.POLLPRI)
        times = [self._round, *(time for time in (self._hands.wake_at, node.jobs.due()) if time)]
        poll.poll(max(0, min(times) - awake_ms()))
        self._wakeups.drain()
        self._control.collect()

    # ---- the command line's requests ----

    def _handle(self, request: "dict[str, Any]", asker: Connection) -> None:
        do, orders = request.get("do"), self._node.orders
        if do == "status":
            asker.answer(report(self._node, self._state, self._seen or Observation(), awake_ms()))
        elif do == "orders":
            orders.set_lasting(request.get("orders"))
            asker.answer({"ok": True})
        elif do == "hand-over":
            self._hand_over(float(request.get("seconds", 0)), str(request.get("reason", "")), asker)
        elif do == "leave":
            orders.leave(float(request.get("seconds", 0)), str(request.get("reason", "")))
            asker.answer({"ok": True})
        elif do == "work":
            self._begin_work(request, asker)
        elif do == "fence-confirm":
            orders.off(str(request.get("node", "")))
            asker.answer({"ok": True})
        elif do == "forget-failures":
            orders.forget_failures()
            asker.answer({"ok": True})
        elif do == "events":
            asker.answer({"events": latest(self._node.files.events, 200)})
        elif do == "restart":
            self._senses.ending = Ending.RESTART
            asker.answer({"ok": True})
        else:
            asker.answer({"error": f"no such request: {do}"})

    def _hand_over(self, seconds: float, reason: str, asker: Connection) -> None:
        self._node.orders.leave(seconds, reason)
        if seconds:
            self._leaving.append(asker)
        else:
            asker.answer({"ok": True})

    def _answer_those_who_wait(self) -> None:
        """A hand-over is over when this node is a standby; whether it went well, the record says."""
        if self._leaving and isinstance(self._state.phase, Standby) and self._state.fault:
            released = self._released and not self._hands.epoch
            for asker in self._leaving:
                asker.answer({"ok": True} if released else {"error": f"the lease was not released: {self._state.reason}"})
            self._leaving = []
        if self._work and self._work[0].gone:
            self._work = None
            self._node.orders.work = None

    def _begin_work(self, request: "dict[str, Any]", asker: Connection) -> None:
        if self._work:
            asker.answer({"error": "a backup or a restore is under way on this node"})
            return
        self._work = (asker, str(request.get("file", "")))
        self._node.orders.work = Work(str(request.get("number", "")), str(request.get("verb", "")))

    def _work_file(self, work: Work) -> str:
        return self._work[1] if self._work else ""

    def _tell_work_ended(self, ended: WorkEnded) -> None:
        if self._work and self._node.orders.work == ended.work:
            self._work[0].answer({"error": ended.words} if ended.words else {"ok": True})
            self._work = None
            self._node.orders.work = None
