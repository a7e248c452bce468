"""From nothing to the lease: standby, contending for the lock, waiting for the last owner's silence."""

from typing import Optional

from . import actions as act
from .fitness import keep_fit, look_for_faults
from .follow import give_back, must_give_back
from .killing import kill
from .observation import Ending, JobKind, JobStatus
from .record import Claim, NoRecord, Record, silence_of
from .state import Contending, Ended, Taking, Tenure, Waiting
from .turn import Turn

#: Between two tries of a fence agent that failed, in heartbeats.
FENCE_RETRY = 5
#: Without the VIP for so many heartbeats nobody contends for the lease.
PATIENCE = 2
#: Without a heartbeat for so many quarters of one the NFS server is asked to cut their owner off. An agent that is late has one
#: sent in its place after one and a half.
SUSPICION = 7


def standby(turn: Turn) -> None:
    see = turn.see
    if see.container.runs or see.data.mounted:
        kill(turn, "leftovers of a former owner")
        return
    if see.ending is Ending.STOP:
        end(turn)
        return
    if see.orders.paused:
        return
    keep_fit(turn)
    look_for_faults(turn)
    if turn.fault or see.orders.stopped or not turn.vip.here or turn.vip.refused:
        return
    if must_give_back(turn):
        give_back(turn)
        return
    turn.become(Contending(), "the VIP is here")


def end(turn: Turn) -> None:
    if turn.locked():
        turn.do(act.Drop())
    turn.become(Ended(), "told to end")
    turn.do(act.Exit())


def may_not_contend(turn: Turn) -> str:
    see = turn.see
    if see.ending is Ending.STOP:
        return "told to end"
    if see.orders.paused:
        return f"paused: {see.orders.paused}"
    if see.orders.stopped:
        return f"the service is stopped: {see.orders.stopped}"
    keep_fit(turn)
    look_for_faults(turn)
    if turn.fault:
        return turn.fault
    if not turn.vip.here and turn.mono - turn.vip.since > PATIENCE * turn.settings.heartbeat:
        return "the VIP is gone"
    return ""


def contending(turn: Turn) -> None:
    trouble = may_not_contend(turn)
    if trouble:
        turn.to_standby(trouble)
    elif not turn.locked():
        if must_give_back(turn):
            give_back(turn)
    elif not last_owner_may_write(turn):
        take(turn, "the lease is taken")
    else:
        turn.become(Waiting(), "the lease was not released: its last owner must be silent first")


def last_owner_may_write(turn: Turn) -> bool:
    """Who had the lease last did not release it. Its own container is known not to run: leftovers are killed before."""
    lease = turn.see.lease
    record = lease.record
    if not isinstance(record, Record):
        return record is not NoRecord.EMPTY or lease.epoch > 0
    if record.epoch < lease.epoch:
        return True
    return not (record.node == turn.settings.node or record.claim is Claim.RELEASED or lease.clean == record.epoch)


def last_heartbeat(turn: Turn) -> Optional[Record]:
    """Of its last owner, where it can be believed."""
    record = turn.see.lease.record
    return record if isinstance(record, Record) and record.epoch >= turn.see.lease.epoch else None


def silence(turn: Turn) -> int:
    """For how long its last owner may still write after a heartbeat: that one's own time, where it can be believed."""
    record = last_heartbeat(turn)
    settings = turn.settings
    return silence_of(record, settings.watchdog, settings.lease_time) if record else settings.watchdog


def seen_alive(turn: Turn) -> int:
    """When that owner may last have been alive. Heartbeats that cannot be understood all look the same, so whoever wrote them
    may have been until this node got the lock."""
    return turn.seen.at if last_heartbeat(turn) else max(turn.seen.at, turn.since)


def suspect(turn: Turn) -> Optional[Record]:
    """The last heartbeat of an owner that the NFS server is to cut off: none of it has come for a while, and this node has looked
    just now."""
    settings, lease = turn.settings, turn.see.lease
    record = last_heartbeat(turn)
    if not settings.storage_fence or record is None or record.node == settings.node or not last_owner_may_write(turn):
        return None
    if not isinstance(turn.phase, (Contending, Waiting)) or cut_off(turn):
        return None
    left = seen_alive(turn) + SUSPICION * settings.heartbeat // 4 - turn.mono
    if left > 0:
        turn.wake(left)
        return None
    return record if turn.boot - lease.answered <= settings.heartbeat else None


def cut_off(turn: Turn) -> bool:
    """The NFS server has confirmed that the last owner can write nothing any more, and will not until it has shown that nothing
    of it runs."""
    record = last_heartbeat(turn)
    return turn.settings.storage_fence and record is not None and turn.see.lease.fenced == record.epoch


def waiting(turn: Turn) -> None:
    trouble = may_not_contend(turn)
    left = seen_alive(turn) + silence(turn) + 1 - turn.mono
    # Nobody writes under this node's lock; it may have been lost while this node stood still.
    lost = not turn.locked() or (turn.other() is not None and turn.seen.changed > turn.since)
    if trouble or lost:
        turn.cancel(JobKind.FENCE)
        turn.to_standby(trouble or "the lock is lost")
    elif not last_owner_may_write(turn):
        take(turn, "the lease is taken, its last owner has cleaned up")
    elif cut_off(turn):
        take(turn, "the lease is taken, the NFS server has cut its last owner off")
    elif left > 0:
        turn.wake(left)
    elif not turn.settings.fence:
        take(turn, "the lease is taken, its last owner is silent for long enough")
    else:
        fence(turn)


def fence(turn: Turn) -> None:
    """Until the agent has confirmed that the last owner is off; or timers decide, if that one had an armed watchdog."""
    phase, settings, record = turn.phase, turn.settings, turn.see.lease.record
    assert isinstance(phase, Waiting)
    known = isinstance(record, Record) and record.epoch >= turn.see.lease.epoch
    target = record.node if isinstance(record, Record) and known else ""
    if target and target in turn.see.orders.off:
        take(turn, f"an operator has said that {target} is off")
        return
    if phase.job:
        done = turn.outcome(JobKind.FENCE, phase.job)
        if done is None:
            return
        if done.status is JobStatus.OK:
            turn.say("fence", done.words)
            take(turn, "the lease is taken, and its last owner is off")
            return
        turn.say("fence", f"not confirmed, nothing is started: {done.words}")
        retry = turn.mono + FENCE_RETRY * settings.heartbeat
        turn.phase = phase = Waiting(phase.failed or turn.mono, retry, 0)
    armed = isinstance(record, Record) and known and record.armed
    if phase.failed and armed and turn.mono - phase.failed >= settings.fence_fallback:
        take(turn, "fencing failed for too long; the last owner's watchdog has reset it by now")
    elif turn.mono >= phase.retry:
        job = turn.job()
        turn.do(act.RunFence(job, settings.fence_limit, target, record))
        turn.phase = phase._replace(job=job)


def take(turn: Turn, reason: str) -> None:
    """This node is the owner from here on."""
    lease, node = turn.see.lease, turn.settings.node
    record = lease.record
    late = last_owner_may_write(turn) and not cut_off(turn)
    unclean = late or (isinstance(record, Record) and not record.settled)
    # Nor one that this node has called clean: it would be believed to be clean again.
    epoch = max(record.epoch if isinstance(record, Record) else 0, lease.epoch, lease.noted, turn.memory.epoch) + 1
    turn.cancel(JobKind.CHECK_CONTAINER, JobKind.FENCE)
    # Nobody will hear of that one any more: as a standby again it would be waited for until the agent ends.
    turn.checks = turn.checks._replace(container=0)
    watched = not isinstance(record, Record) or (record.claim is Claim.RELEASED and record.epoch >= lease.epoch)
    armed = turn.see.watchdog.available
    turn.tenure = Tenure(epoch=epoch, sent=turn.boot, unclean=unclean, watched=watched, armed=armed)
    if turn.tenure.armed:
        turn.do(act.ArmWatchdog(turn.boot, turn.settings.watchdog))
    turn.memory = turn.memory._replace(epoch=epoch, unclean=unclean, tries=0, first_started=0)
    turn.vip = turn.vip._replace(refused=0, returned=0, to="")
    turn.service = turn.service._replace(noted=0, well=0, unwell=0, refused=0, started=0)
    owner = record.node if isinstance(record, Record) else "nobody"
    turn.say(
        "takeover" if owner != node else "again",
        f"epoch {epoch} after {owner}: {reason}",
        after=owner,
        why=reason,
        vip=turn.vip.since if turn.vip.here else 0,
        heard=turn.seen.changed,
    )
    turn.become(Taking(), reason)
