"""Which VIPs this node may have, and what is started with them. Pure: no clock, nothing is read or written.

keepalived moves the VIPs; what is decided here is what it is told. A node that is not fit for a VIP gives it up at once, and
does not take it; if no node is fit, nobody has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..core.observation import Ending
from .counting import counted
from .plan import Plan, Vip
from .state import MOVING, Action, CheckState, Moved, MoveUnits, Observation, Say, SetTrack, State, Units, VipState

#: VRRP's lowest priority of a node that is no fault (RFC 5798 5.2.4); keepalived does not go below it.
MOST_LESS = 253
#: Milliseconds between two tries to stop units that do not let themselves be stopped.
BETWEEN_TRIES = 10_000


def initial(plan: Plan, told: Sequence[tuple[bool, int]], now: int, fresh: bool) -> State:
    """`told`: what keepalived was told of each VIP by the agent before (`fit` and `less`). That stands until the checks are
    answered: another agent is no reason for a VIP to move."""
    vips = []
    for vip, (fit, less) in zip(plan.vips, told):
        checks = tuple(CheckState(True if fit and not check.weight else None, heard=now) for check in vip.checks)
        vips.append(VipState(checks, since=now, fit=fit, less=less))
    return State(tuple(vips), now, fresh)


def decide(plan: Plan, state: State, seen: Observation, now: int) -> tuple[State, list[Action]]:
    """`now`: `mono`. Its actions are done in their order."""
    actions: list[Action] = []
    vips = []
    for number, (vip, one) in enumerate(zip(plan.vips, state.vips)):
        turn = _Turn(plan, vip, number, seen, now)
        vips.append(turn.decide(one, state, actions))
    return state._replace(vips=tuple(vips)), actions


class _Turn(NamedTuple):
    """Of one VIP."""

    plan: Plan
    vip: Vip
    number: int
    seen: Observation
    now: int

    def decide(self, before: VipState, state: State, actions: list[Action]) -> VipState:
        held = self.number in self.seen.held
        one = before if held is before.held else before._replace(held=held, since=self.now)
        if held is not before.held:
            actions.append(Say("vip", f"this node {'has' if held else 'does not have'} the VIP {self.vip.name}"))
        one = self._moved(one, actions)
        one = one._replace(checks=self._checks(one, held is not before.held))
        if self.seen.orders.paused:
            return one
        one = self._refuse(one)
        one = self._judge(one, state, actions)
        return self._units(one, actions)

    def _checks(self, one: VipState, turned: bool) -> tuple[CheckState, ...]:
        """What is asked on the holder alone begins anew where the VIP comes, and is forgotten where it goes."""
        checks = []
        for number, (check, before) in enumerate(zip(self.vip.checks, one.checks)):
            if check.on_holder and not one.held:
                checks.append(CheckState(heard=self.now))
                continue
            answers = [each for each in self.seen.answers if (each.vip, each.check) == (self.number, number)]
            known = CheckState(heard=self.now) if check.on_holder and turned else before
            found = counted(known, check, answers, self.now)
            # It may take its time to start.
            begins = check.on_holder and known.good is None and self.now - one.since < self.plan.start_limit
            checks.append(found._replace(good=None) if begins and found.good is False else found)
        return tuple(checks)

    def _refuse(self, one: VipState) -> VipState:
        """Elsewhere it may run. Without the hold-off it would come back at once, since here nothing is asked without the VIP."""
        for check, state in zip(self.vip.checks, one.checks):
            if check.on_holder and not check.weight and state.good is False:
                return one._replace(refused_until=self.now + self.plan.hold_off, refused=state.words)
        return one

    def _judge(self, one: VipState, state: State, actions: list[Action]) -> VipState:
        fault = self._fault(one, state)
        weighed = [(check, found) for check, found in zip(self.vip.checks, one.checks) if check.weight]
        bad = [(check, found) for check, found in weighed if found.good is False]
        is_known = all(found.good is not None for _, found in weighed)
        less = min(MOST_LESS, sum(check.weight for check, _ in bad)) if is_known else one.less
        reason = fault or "; ".join(found.words for _, found in bad)
        fit = not fault
        if (fit, less) != (one.fit, one.less):
            actions.append(SetTrack(self.number, fit, less))
            actions.append(Say("fit" if fit else "unfit", self._words(fit, less, reason)))
        return one._replace(fit=fit, less=less, reason=reason)

    def _words(self, fit: bool, less: int, reason: str) -> str:
        name = self.vip.name
        if not fit:
            return f"this node refuses the VIP {name}: {reason}"
        return f"this node may have the VIP {name}" + (f", with a priority that is {less} less: {reason}" if less else "")

    def _fault(self, one: VipState, state: State) -> str:
        """Why this node must not have the VIP; empty: it may."""
        orders = self.seen.orders
        if orders.stopped:
            return f"stopped: {orders.stopped}"
        if orders.leave:
            return f"told to hand over: {orders.leave}"
        if orders.banned:
            return f"banned: {orders.banned}"
        if self.seen.ending is Ending.STOP:
            return "its agent was told to end"
        if self.now < one.refused_until:
            return one.refused
        for check, found in zip(self.vip.checks, one.checks):
            if check.weight or (check.on_holder and found.good is None):
                continue
            if not found.good:
                return found.words or f"{check.shown} was not answered yet"
        goes_first = not self.vip.preferred and state.fresh and self.now - state.began < self.plan.let_first
        return "the preferred node goes first after a boot" if goes_first and not one.held else ""

    # ---- what is started with the VIP ----

    def _moved(self, one: VipState, actions: list[Action]) -> VipState:
        for done in self.seen.moved:
            if done.vip == self.number:
                one = self._done(one, done, actions)
        return one

    def _done(self, one: VipState, done: Moved, actions: list[Action]) -> VipState:
        verb = "started" if done.start else "stopped"
        if not done.words:
            actions.append(Say("units", f"the units of the VIP {self.vip.name} were {verb}"))
            return one._replace(units=Units.STARTED if done.start else Units.STOPPED)
        words = f"the units of the VIP {self.vip.name} cannot be {verb}: {done.words}"
        actions.append(Say("failure", words))
        one = one._replace(units=Units.UNKNOWN, tried=self.now)
        return one._replace(refused_until=self.now + self.plan.hold_off, refused=words) if done.start else one

    def _units(self, one: VipState, actions: list[Action]) -> VipState:
        if not self.vip.units or one.units in MOVING or self.seen.ending is Ending.RESTART:
            return one
        wanted, moving = (Units.STARTED, Units.STARTING) if one.held else (Units.STOPPED, Units.STOPPING)
        refuses = one.held and not one.fit
        waits = one.units is Units.UNKNOWN and one.tried and self.now - one.tried < BETWEEN_TRIES
        if one.units is wanted or refuses or waits:
            return one
        actions.append(MoveUnits(self.number, one.held))
        return one._replace(units=moving)
