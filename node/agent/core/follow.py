"""The VIP follows the service: a node that has it and sees another one serve gives it back."""

from . import actions as act
from .observation import Ending
from .state import Active, Begin, Contending, Ended, Killing, Standby, Waiting, Warming
from .turn import PEER_AGE, Turn
from .watch import reset_vip

#: How often the time of refusing is doubled at most.
DOUBLINGS = 6


def goes_on(turn: Turn) -> bool:
    """Another node is the owner, and its heartbeats come."""
    return turn.other() is not None and turn.mono - turn.seen.changed <= stale(turn)


def stale(turn: Turn) -> int:
    return turn.settings.heartbeat * 5 // 2


def cannot_look(turn: Turn) -> bool:
    """The server does not answer this node, which has nothing open there; one that was just started lets an owner go on."""
    late = stale(turn)
    # The last answer may be older than the question: who rests asks seldom.
    asked = turn.mono - turn.asked > late - turn.settings.heartbeat
    return turn.see.lease.pending and asked and turn.boot - turn.see.lease.answered > late


def must_give_back(turn: Turn) -> bool:
    """The VIP came while another node serves, and a heartbeat of that one has come since."""
    settings, vip, owner = turn.settings, turn.vip, turn.other()
    blind = cannot_look(turn)
    if not vip.here or owner is None or not (blind or goes_on(turn)):
        return False
    if not owner.vip and turn.seen.changed >= vip.since:
        # It lived on after it had lost the VIP: its node has its power.
        return True
    left = vip.since + settings.follow_lease - turn.mono
    if left > 0:
        turn.wake(left)
        return False
    if blind:
        return True
    # One that lost its power wrote its last heartbeat before the VIP came here.
    return turn.seen.changed >= vip.since + settings.follow_lease - settings.heartbeat


def give_back(turn: Turn) -> None:
    """Refused for longer each time, so that clients of a network that is cut in two are not drawn here again and again. It
    begins anew once the VIP has stayed away for as long as it was refused: that was another fault."""
    owner = turn.other()
    to = owner.node if owner else ""
    again = turn.vip.to == to and turn.mono < turn.vip.forgotten
    returned = turn.vip.returned + 1 if again else 1
    hold = turn.settings.hold * (1 << min(returned - 1, DOUBLINGS))
    refused = turn.mono + hold
    turn.vip = turn.vip._replace(refused=refused, returned=returned, to=to, forgotten=refused + hold)
    turn.say("vip", f"given back to {to}, which has the lease")
    if not isinstance(turn.phase, Standby):
        turn.to_standby(f"the VIP is given back to {to}")


def keep_refusing(turn: Turn) -> None:
    """Ends when that owner's heartbeats do, or, after a while, when it says that it has the VIP."""
    vip = turn.vip
    if not vip.refused:
        return
    owner = turn.other()
    if owner is not None and cannot_look(turn):
        return
    if owner is None or owner.node != vip.to or not goes_on(turn):
        reset_vip(turn)
    elif owner.vip and turn.mono >= vip.refused:
        turn.vip = vip._replace(refused=0)


def owner_is_without_it(turn: Turn) -> bool:
    """The owner serves on and says that it has lost the VIP: it is kept free for that one. So three nodes and more do not
    take it in turn. An owner that cannot get it back hands over."""
    owner = turn.other()
    return owner is not None and not owner.vip and goes_on(turn)


def another_is_preferred(turn: Turn) -> bool:
    prefer = turn.see.orders.prefer
    if not prefer or prefer == turn.settings.node or turn.vip.here:
        return False
    return any(peer.node == prefer and peer.fit and peer.age < PEER_AGE for peer in turn.see.lease.peers)


def announce(turn: Turn) -> None:
    """A heartbeat has just been confirmed: no other node serves. keepalived says where the VIP is, too, but not while it
    hangs; another node then takes the VIP, gives it back, and clients would go on asking that one."""
    if isinstance(turn.phase, (Warming, Active)) and turn.vip.here and not turn.see.orders.paused:
        turn.do(act.Announce())


def track(turn: Turn) -> None:
    """What keepalived is told."""
    phase = turn.phase
    if isinstance(phase, Begin):
        return
    if isinstance(phase, Killing):
        fit = False
    elif isinstance(phase, Ended):
        fit = turn.see.ending is not Ending.STOP and bool(turn.track)
    elif turn.see.orders.paused:
        return
    elif isinstance(phase, (Standby, Contending, Waiting)):
        fit = not (turn.fault or turn.vip.refused or owner_is_without_it(turn) or another_is_preferred(turn))
    else:
        fit = True
    if fit is not turn.track:
        turn.track = fit
        turn.do(act.SetTrack(fit))
