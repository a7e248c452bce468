"""A standby that has nothing to watch but an owner that is well looks seldom, and rests in between."""

from . import actions as act
from .observation import Orders
from .settings import Configuration
from .state import Standby
from .turn import Turn

_NO_ORDERS = Orders()


def rest_time(settings: Configuration) -> int:
    """Between two looks, milliseconds: whole heartbeats. Not more than half of `giveUp`: a server that does not answer is
    noticed as long as that after its last answer. And silence that is seen so late is still over before the server gives the
    lock of a silent owner away."""
    most = min(settings.give_up // 2, settings.lease_time - settings.watchdog)
    return max(most // settings.heartbeat, 1) * settings.heartbeat


def rests(turn: Turn) -> bool:
    """All is in order, by a look that has brought a new heartbeat: the owner has the VIP, and this node is ready for it. Where
    there is a third node each must soon know when the owner has lost the VIP: they would take it in turn. And where the server
    can cut that owner off, its silence must be seen from its last heartbeat on."""
    vip, see, owner = turn.vip, turn.see, turn.other()
    return (
        isinstance(turn.phase, Standby)
        and owner is not None
        and owner.vip
        and turn.seen.changed >= turn.asked > 0
        and not (turn.fault or vip.here or vip.refused or turn.memory.epoch or see.lease.locked or see.lease.error)
        and len(turn.settings.peers) == 1
        and not turn.settings.storage_fence
        and see.orders._replace(forget_failures=0) == _NO_ORDERS
    )


def rest(turn: Turn) -> None:
    """Until the next look, or the next question to Docker."""
    if turn.see.lease.pending or not rests(turn):
        return
    until = turn.asked + rest_time(turn.settings)
    if not turn.checks.container:
        until = min(until, turn.checks.next_check)
    if until - turn.mono > turn.settings.heartbeat:
        turn.do(act.Rest(until))
