"""The loop of an agent without a lease: look, decide, do. It waits for nothing but news and the next round."""

import ipaddress
import os
import select
import signal
from typing import Any

from ..clock import awake_ms
from ..control import Connection, Control
from ..core.observation import Ending
from ..events import Events, latest
from ..files import remove
from ..itself import own_command
from ..netlink import Addresses
from ..orders import OrderBook, read_lasting
from ..run_files import RunFiles
from ..systemd import Manager
from ..wakeups import Wakeups
from .asking_client import Asking
from .decide import decide, initial
from .files import Told
from .report import report
from .setup import AddressSetup
from .state import MOVING, Action, MoveUnits, Observation, Say, SetTrack, Units
from .units import UnitMover

#: Milliseconds between two rounds.
ROUND = 1_000
#: Microseconds without a word after which systemd starts another agent.
_PATIENCE = 10_000_000
#: Milliseconds that an orderly end may take beside what units take: the VIPs leave.
_END = 5_000


class AddressAgent:
    """`degraded`: what of its protection was refused, in words."""

    def __init__(self, setup: AddressSetup, files: RunFiles, wakeups: Wakeups, degraded: "list[str]") -> None:
        self._setup, self._files, self._wakeups = setup, files, wakeups
        self._events = Events(files.events)
        self._degraded = degraded
        self._told = [Told(files, vip) for vip in setup.plan.vips]
        # An agent before this one has said something in this boot. keepalived makes its track files itself, and starts first.
        fresh = not os.path.lexists(files.events)
        self._state = initial(setup.plan, [(told.fit, told.less) for told in self._told], awake_ms(), fresh)
        self._vips = [ipaddress.ip_address(address) for address in setup.vips]
        self._addresses = Addresses()
        self._orders = OrderBook(read_lasting(setup.paths.state), files.leave)
        self._asking = Asking(own_command("checks", "--run", files.folder))
        self._units = UnitMover(setup.paths.systemctl, setup.plan.start_limit, wakeups.wake)
        self._control = Control(files.control, self._handle)
        self._manager = Manager()
        self._leaving: list[Connection] = []
        self._ending = Ending.NO
        self._ends_by = 0
        self._round = 0
        for words in degraded:
            self._say("degraded", words)

    def run(self) -> None:
        """Until told to end."""
        remove(self._files.ending)
        self._manager.tell(READY=1, WATCHDOG_USEC=_PATIENCE)
        while True:
            self._turn()
            if self._is_over():
                break
            self._wait()
        self._asking.close()

    def _turn(self) -> None:
        now = awake_ms()
        self._take_signals(now)
        self._addresses.collect()
        held = frozenset(number for number, vip in enumerate(self._vips) if self._addresses.has(vip))
        orders = self._orders.orders()
        seen = Observation(held, self._asking.collect(), self._units.collect(), orders, self._ending)
        self._state, actions = decide(self._setup.plan, self._state, seen, now)
        for action in actions:
            self._do(action)
        self._asking.tell(held)
        if now >= self._round:
            self._round = now + ROUND
            self._manager.tell(WATCHDOG=1)
            # What could not be written, or was changed by somebody, is written again.
            if not orders.paused:
                for told in self._told:
                    told.repeat()
        self._answer_those_who_wait()

    def _do(self, action: Action) -> None:
        if isinstance(action, SetTrack):
            self._told[action.vip].tell(action.fit, action.less)
        elif isinstance(action, MoveUnits):
            self._units.move(action.vip, self._setup.plan.vips[action.vip], action.start)
        else:
            assert isinstance(action, Say)
            self._say(action.kind, action.text)

    def _say(self, kind: str, text: str) -> None:
        self._events.say(kind, text, node=self._setup.plan.node)

    def _wait(self) -> None:
        poll = select.poll()
        for fd in (self._wakeups.reader, self._addresses.fileno(), self._asking.fileno(), *self._control.filenos()):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(max(0, self._round - awake_ms()))}
        if self._wakeups.reader in ready:
            self._wakeups.drain()
        if not ready.isdisjoint(self._control.filenos()):
            self._control.collect()

    # ---- the end ----

    def _take_signals(self, now: int) -> None:
        if self._wakeups.signals & {signal.SIGTERM, signal.SIGINT}:
            self._ending = Ending.STOP
            self._ends_by = now + _END + self._setup.plan.start_limit
            self._manager.tell(EXTEND_TIMEOUT_USEC=(_END + self._setup.plan.start_limit) * 1000)
            # Nobody will take its place: its unit then sees to it that this node refuses the VIPs.
            try:
                os.close(os.open(self._files.ending, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            except OSError:
                pass  # /run is full: what is written in place says so already
        elif signal.SIGHUP in self._wakeups.signals and self._ending is Ending.NO:
            self._ending = Ending.RESTART
        self._wakeups.signals.clear()

    def _is_over(self) -> bool:
        """Another agent goes on at once. In an orderly end the VIPs leave first, and then what was started with them ends."""
        if self._ending is Ending.STOP:
            return self._is_away() or awake_ms() > self._ends_by
        return self._ending is Ending.RESTART

    def _is_away(self) -> bool:
        """No VIP is here, and nothing of what is started with one."""
        plan, vips = self._setup.plan, self._state.vips
        moves = [one.units for vip, one in zip(plan.vips, vips) if vip.units]
        return not any(one.held for one in vips) and not any(units in (*MOVING, Units.STARTED) for units in moves)

    # ---- the command line's requests ----

    def _handle(self, request: "dict[str, Any]", asker: Connection) -> None:
        do = request.get("do")
        if do == "status":
            orders, now = self._orders.orders(), awake_ms()
            degraded = [*self._degraded, *([self._asking.words] if self._asking.words else [])]
            asker.answer(report(self._setup.plan, self._setup.vips, self._state, orders, degraded, now))
        elif do == "orders":
            self._orders.set_lasting(request.get("orders"))
            asker.answer({"ok": True})
        elif do in ("hand-over", "leave"):
            self._hand_over(float(request.get("seconds", 0)), str(request.get("reason", "")), asker, do == "hand-over")
        elif do == "events":
            asker.answer({"events": latest(self._files.events, 200)})
        elif do == "restart":
            self._ending = Ending.RESTART
            asker.answer({"ok": True})
        else:
            asker.answer({"error": f"there is no service with a lease here, and no such request: {do}"})

    def _hand_over(self, seconds: float, reason: str, asker: Connection, waits: bool) -> None:
        paused = self._orders.orders().paused
        if paused and seconds:
            asker.answer({"error": f"it is paused ({paused}), and moves nothing: `npm run resume` ends that"})
            return
        self._orders.leave(seconds, reason)
        if waits and seconds:
            self._leaving.append(asker)
        else:
            asker.answer({"ok": True})

    def _answer_those_who_wait(self) -> None:
        """A hand-over is over once no VIP is here any more."""
        if self._leaving and self._is_away():
            for asker in self._leaving:
                asker.answer({"ok": True})
            self._leaving = []
