"""What a round begins with: what has changed since the last one."""

from . import actions as act
from .observation import Answer
from .record import NoRecord
from .room import level_of, words_of
from .state import OWNERS, Seen, Vip
from .turn import Turn


def watch(turn: Turn) -> None:
    see = turn.see
    lease = see.lease
    if turn.round == 0:
        # Nothing was watched before this agent began.
        turn.seen = Seen(NoRecord.EMPTY, 0, 0, turn.mono)
    elif turn.mono - turn.round > turn.settings.give_up:
        # This node stood still, perhaps with others on the same host: their silence was not observed.
        turn.seen = turn.seen._replace(at=turn.mono)
    seen = turn.seen
    if lease.epoch != seen.epoch or (lease.record is not seen.record and lease.record != seen.record):
        # What is seen for the first time may be of any age.
        changed = turn.mono if seen.record is not NoRecord.EMPTY else 0
        turn.seen = Seen(lease.record, lease.epoch, changed, turn.mono)
    if see.vip is not turn.vip.here:
        turn.vip = turn.vip._replace(here=see.vip, since=turn.mono)
    if isinstance(turn.phase, OWNERS):
        watch_heartbeats(turn)
        watch_health(turn)
    if lease.unsaid != turn.checks.unsaid:
        turn.checks = turn.checks._replace(unsaid=lease.unsaid)
        turn.say("degraded", no_room(lease.unsaid) if lease.unsaid else "the peers know again how this node is")
    level = level_of(lease.room, turn.checks.room)
    if level is not turn.checks.room:
        turn.checks = turn.checks._replace(room=level)
        turn.say("degraded", words_of(lease.room, level) or "there is room on the shared storage again")
    if see.orders.forget_failures != turn.forgotten:
        turn.forgotten = see.orders.forget_failures
        turn.memory = turn.memory._replace(tries=0, first_started=0, hold_until=0, hold_reason="", failure="")


def no_room(words: str) -> str:
    return f"the peers do not know how this node is, make room on the NFS server: {words}"


def watch_heartbeats(turn: Turn) -> None:
    lease = turn.see.lease
    if lease.sent <= turn.tenure.sent or turn.confirmed() < 0:
        return
    late = turn.tenure.late
    if turn.boot - lease.sent >= 2 * turn.settings.heartbeat:
        late = turn.boot
    silence = lease.confirmed.silence if lease.confirmed else turn.tenure.silence
    turn.tenure = turn.tenure._replace(sent=lease.sent, silence=silence, late=late)
    if turn.tenure.armed:
        turn.do(act.FeedWatchdog(lease.sent, turn.tenure.silent(turn.settings)))


def watch_health(turn: Turn) -> None:
    health, service = turn.see.health, turn.service
    if health.questions != service.questions or health.answer is Answer.NONE:
        return
    if health.answer is service.answer and (service.well or service.unwell):
        return
    mono = turn.mono
    if health.answer is Answer.OK:
        turn.service = service._replace(answer=health.answer, well=service.well or mono, unwell=0, refused=0)
    else:
        refused = (service.refused or mono) if health.answer is Answer.REFUSED else 0
        turn.service = service._replace(answer=health.answer, well=0, unwell=service.unwell or mono, refused=refused)


def reset_vip(turn: Turn) -> None:
    """Whoever the VIP was given back to is gone."""
    turn.vip = Vip(turn.vip.here, turn.vip.since)
