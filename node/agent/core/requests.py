"""What the lease process is asked for at the end of a round. One request at a time."""

from . import actions as act
from . import lease_requests as ask
from .candidate import suspect
from .killing import DATA_JOBS
from .record import Claim
from .rest import rest_time, rests
from .state import OWNERS, Begin, Confirming, Contending, Ended, Killing, Releasing, Standby, Taking
from .turn import Turn

#: Peers are looked at after so many milliseconds, where that matters.
AROUND = 5_000


def next_request(turn: Turn) -> None:
    see, phase = turn.see, turn.phase
    if see.lease.pending or isinstance(phase, (Begin, Killing, Ended)):
        return
    if isinstance(phase, OWNERS):
        as_owner(turn)
    elif see.lease_mounted:
        as_candidate(turn)


def due(turn: Turn, part: int = 1) -> bool:
    """Is it time for the next one? A round that comes early counts: so heartbeats fall in with the rounds, and none is left
    out."""
    return turn.mono - turn.asked >= turn.settings.heartbeat // (2 * part)


def as_owner(turn: Turn) -> None:
    phase, tenure = turn.phase, turn.tenure
    if isinstance(phase, Taking):
        if turn.confirmed() < 0 and (due(turn) or tenure.sequence == 0):
            beat(turn, first=True)
        return
    waited_for = (isinstance(phase, Confirming) and turn.asked < turn.since) or vip_untold(turn)
    if waited_for or due(turn) or (isinstance(phase, Releasing) and not released(turn)):
        beat(turn, first=False)
        return
    passed = turn.mono - turn.asked
    if passed > turn.settings.heartbeat // 8:
        # The next round might come too late for it.
        turn.wake(turn.settings.heartbeat - passed)
    if vip_lost(turn) and turn.mono - turn.checks.around >= AROUND:
        turn.checks = turn.checks._replace(around=turn.mono)
        turn.do(ask.Look(turn.boot, fit=True, vip=False, around=True))


def vip_lost(turn: Turn) -> bool:
    return not turn.vip.here and turn.mono - turn.vip.since >= turn.settings.vip_loss


def vip_untold(turn: Turn) -> bool:
    """The last heartbeat says otherwise whether the VIP is here. Who has got it meanwhile waits for this; one that goes to and fro
    is told so a few times in each heartbeat at most."""
    record = turn.see.lease.confirmed
    if record is None or turn.confirmed() < 0 or record.vip is turn.vip.here:
        return False
    left = turn.settings.heartbeat // 8 - (turn.mono - turn.asked)
    if left > 0:
        turn.wake(left)
    return left <= 0


def released(turn: Turn) -> bool:
    record = turn.see.lease.confirmed
    return record is not None and record.epoch == turn.tenure.epoch and record.claim is Claim.RELEASED


def beat(turn: Turn, first: bool) -> None:
    turn.asked = turn.mono
    turn.tenure = turn.tenure._replace(sequence=turn.tenure.sequence + 1)
    record = turn.record()
    if isinstance(turn.phase, Releasing):
        record = record._replace(claim=Claim.RELEASED)
    turn.do(ask.Take(turn.boot, record) if first else ask.Write(turn.boot, record))


def as_candidate(turn: Turn) -> None:
    phase, lease = turn.phase, turn.see.lease
    near = turn.vip.here and not isinstance(phase, Contending)
    if turn.dropped:
        return
    if lease.locked and isinstance(phase, Standby):
        # It came when nobody wanted it any more.
        turn.do(act.Drop())
    elif last := suspect(turn):
        if due(turn, 4) or turn.since == turn.mono:
            turn.asked = turn.mono
            turn.do(ask.CutOff(turn.boot, last))
        turn.wake(turn.settings.heartbeat // 8)
    elif isinstance(phase, Contending) and not lease.locked:
        if due(turn, 2) or turn.since == turn.mono:
            turn.asked = turn.mono
            turn.do(ask.Lock(turn.boot))
        turn.wake(turn.settings.heartbeat // 2)
    elif (epoch := unnoted(turn)) and may_note(turn):
        if due(turn):
            turn.asked = turn.mono
            turn.checks = turn.checks._replace(noted=turn.mono)
            turn.do(ask.NoteClean(turn.boot, epoch))
    elif due(turn, 4 if near else 1) and not too_early(turn):
        turn.asked = turn.mono
        turn.do(ask.Look(turn.boot, not turn.fault, turn.vip.here, look_around(turn), turn.settings.storage_fence))
    if near:
        turn.wake(turn.settings.heartbeat // 4)


def too_early(turn: Turn) -> bool:
    return rests(turn) and turn.mono - turn.asked < rest_time(turn.settings) - turn.settings.heartbeat // 2


def unnoted(turn: Turn) -> int:
    """The tenure after which it is to be noted that nothing of it writes any more: this agent's last one, or one that the NFS
    server has cut off, perhaps on an earlier boot. 0: there is none, or that is not certain yet."""
    see, memory = turn.see, turn.memory
    if not isinstance(turn.phase, Standby) or see.data.lingers:
        return 0
    if memory.epoch and see.lease.noted != memory.epoch:
        return memory.epoch
    is_silent = see.container.gone and not see.data.mounted and not any(turn.runs(kind) for kind in DATA_JOBS)
    return see.lease.barred if see.lease.noted < see.lease.barred and is_silent else 0


def may_note(turn: Turn) -> bool:
    """Where there is no room for it this node also looks what happens meanwhile."""
    return not turn.see.lease.unsaid or turn.mono - turn.checks.noted >= AROUND


def look_around(turn: Turn) -> bool:
    prefer = turn.see.orders.prefer
    if not prefer or prefer == turn.settings.node or turn.mono - turn.checks.around < AROUND:
        return False
    turn.checks = turn.checks._replace(around=turn.mono)
    return True
