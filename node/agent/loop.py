"""The agent's loop: look, decide, do. It waits for nothing but news and the next round, and touches neither NFS nor Docker."""

import os
import select
import signal
from typing import Any, Optional

from .clock import awake_ms, boot_ms
from .control import Connection, Control
from .core import actions as act
from .core.decide import decide
from .core.lease_requests import REQUESTS
from .core.observation import Ending, Now, Observation, Work
from .core.record import Claim, NoRecord, Record
from .core.rest import rest_time
from .core.state import OWNERS, Standby, State, Tenure, initial
from .events import latest
from .files import remove
from .hands import Hands
from .node import Node
from .report import report
from .senses import Senses
from .wakeups import Wakeups

#: Rounds without a wait in between; what changes more often than that waits for the next one.
_MOST_ROUNDS = 10
#: What is due within this part of a heartbeat is done together.
_NEAR = 4


#: What these bring comes later, and is told then.
_WITHOUT_NEWS = (
    *REQUESTS, act.FeedWatchdog, act.Announce, act.Wake, act.Rest, act.SetTrack, act.Remember,
)  # fmt: skip


def _news(before: Observation, seen: Observation) -> bool:
    """Whether there is something to decide on. That a request waits, or was answered as before, is nothing."""
    lease = seen.lease._replace(pending=before.lease.pending, answered=before.lease.answered)
    return seen._replace(lease=lease) != before


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
        self._alive = 0  # when this agent is to say again that it lives, `mono`
        self._pace = node.setup.core.heartbeat  # how often it says so, milliseconds
        self._ready: set[int] = set()
        self._polled: tuple[int, ...] = ()
        self._poll = select.poll()
        self._control = Control(node.files.control, self._handle)
        self._work: Optional[tuple[Connection, str]] = None
        self._leaving: list[Connection] = []
        self._guarded = ("", 0, 0)
        self._record: Record | NoRecord = NoRecord.EMPTY
        self._released = True  # the last record that we wrote says so
        remove(node.files.ending)

    def run(self) -> None:
        """Until told to end."""
        self._node.manager.tell(READY=1, WATCHDOG_USEC=self._patience())
        self._node.jobs.prepare()
        while not self._hands.exit:
            for _ in range(_MOST_ROUNDS):
                if not self._turn() or self._hands.exit:
                    break
            self._wait()

    def _turn(self) -> bool:
        """One look; a decision if something has changed or the time has come. Whether another look is worth it at once."""
        self._take_signals()
        mono = awake_ms()
        tick = mono >= self._round
        due = tick or bool(self._hands.wake_at and mono >= self._hands.wake_at)
        seen = self._senses.look(mono, self._ready, due)
        self._ready = set()
        if not due and self._seen is not None and not _news(self._seen, seen):
            return False
        self._live(mono)
        if due:
            self._hands.wake_at = 0
        self._seen = seen
        owned = isinstance(self._state.phase, OWNERS)
        self._state, actions = decide(self._state, seen, Now(awake_ms(), boot_ms()))
        if not owned and isinstance(self._state.phase, OWNERS):
            self._node.health.prepare()
        next_round = mono + self._node.setup.core.heartbeat
        rest = next((action.at for action in actions if isinstance(action, act.Rest)), 0)
        self._round = rest or (next_round if tick else min(self._round, next_round))
        self._keep_pace(rest)
        for action in actions:
            self._hands.do(action)
        self._note_record(seen)
        self._guard(seen)
        self._answer_those_who_wait()
        return not all(isinstance(action, _WITHOUT_NEWS) for action in actions)

    def _patience(self) -> int:
        """The service manager's, with an agent that says nothing: microseconds."""
        return max(self._node.setup.core.give_up // 3, 2 * self._pace) * 1000

    def _keep_pace(self, rest: int) -> None:
        """A standby that rests wakes for nothing else; with all others a heartbeat counts."""
        core = self._node.setup.core
        if rest:
            pace = rest_time(core)
        elif not isinstance(self._state.phase, Standby):
            pace = core.heartbeat
        else:
            return
        if pace != self._pace:
            self._pace = pace
            # Together with the next look.
            self._alive = self._round
            self._node.manager.tell(WATCHDOG=1, WATCHDOG_USEC=self._patience())

    def _live(self, now: int) -> None:
        """At its pace, also while nothing needs a decision."""
        if now >= self._alive - self._node.setup.core.heartbeat // _NEAR:
            self._alive = now + self._pace
            self._hands.repeat()
            self._node.manager.tell(WATCHDOG=1, EXTEND_TIMEOUT_USEC=self._node.setup.core.give_up * 1000)

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
        record = seen.lease.record
        if record != self._record:
            self._record = record
            if isinstance(record, Record) and record.node == self._node.setup.core.node:
                self._node.orders.taken()
            elif isinstance(record, Record):
                self._node.orders.on(record.node)

    def _guard(self, seen: Observation) -> None:
        """Tells the lease process which container it must kill if this agent does not go on."""
        core, lease = self._node.setup.core, self._node.lease
        needed = isinstance(self._state.phase, OWNERS) or self._hands.epoch or seen.container.live
        beaten = self._node.notes.beaten
        tenure = self._state.tenure
        if not tenure.silence:
            tenure = Tenure(sent=tenure.sent, silence=beaten.silence)
        wanted = (self._node.notes.kept.id if needed else "", lease.connections, tenure.silence)
        if wanted != self._guarded and lease.fileno() >= 0:
            sent = max(lease.view.sent, tenure.sent, beaten.sent)
            lease.guard(
                container=wanted[0],
                sent=sent or boot_ms(),
                give_up=tenure.kills(core),
                reset=tenure.resets(core),
                heartbeat=core.heartbeat,
                alone=tenure.alone(core),
                control_groups=self._node.setup.paths.control_groups,
                trigger=self._node.setup.paths.reset,
                track=self._node.files.track,
            )
            self._guarded = wanted

    def _wait(self) -> None:
        node, control = self._node, self._control.filenos()
        answering = (node.addresses.fileno(), node.lease.fileno(), node.health.fileno(), node.jobs.fileno(), *control)
        wanted = (*answering, *node.container.events_fds())
        if wanted != self._polled:
            self._polled, self._poll = wanted, self._new_poll(answering)
        due = min(time for time in (self._round, self._hands.wake_at or None, node.jobs.due()) if time is not None)
        while True:
            # Not woken twice in a row for both.
            until = due if due - self._alive < self._node.setup.core.heartbeat // _NEAR else self._alive
            self._ready = {fd for fd, _ in self._poll.poll(max(0, until - awake_ms()))}
            if self._ready or awake_ms() >= due:
                break
            self._live(awake_ms())
        if self._wakeups.reader in self._ready:
            self._wakeups.drain()
        if not self._ready.isdisjoint(control):
            self._control.collect()

    def _new_poll(self, answering: "tuple[int, ...]") -> "select.poll":
        node, poll = self._node, select.poll()
        for fd in (self._wakeups.reader, *answering):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        for fd in (node.storage.table.fileno(), *node.container.events_fds()):
            if fd >= 0:
                poll.register(fd, select.POLLPRI)
        return poll

    # ---- the command line's requests ----

    def _handle(self, request: "dict[str, Any]", asker: Connection) -> None:
        do, orders = request.get("do"), self._node.orders
        if do == "status":
            asker.answer(report(self._node, self._state, self._seen or Observation(), awake_ms(), self._hands.unfit))
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

    def _tell_work_ended(self, ended: act.WorkEnded) -> None:
        if self._work and self._node.orders.work == ended.work:
            self._work[0].answer({"error": ended.words} if ended.words else {"ok": True})
            self._work = None
            self._node.orders.work = None
