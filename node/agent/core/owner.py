"""The owner's duties, and its way from the lock to a container that runs."""

from . import actions as act
from .killing import kill
from .leaving import step_down
from .notes import note_served
from .observation import TAKE_BACK, Ending, JobKind, JobStatus
from .room import Level, words_of
from .settings import WatchdogMode
from .state import (
    Cloning,
    Confirming,
    Copying,
    Launching,
    Mounting,
    Taking,
    Warming,
    Working,
)
from .turn import Turn
from .watch import reset_vip

#: What the words of a failed copy begin with if nothing may be started without it.
MUST = "must: "


def keep_lease(turn: Turn) -> bool:
    """False if this node is not the owner any more; the container is being killed then."""
    lease, tenure, settings = turn.see.lease, turn.tenure, turn.settings
    quiet, give_up_after = turn.boot - tenure.sent, tenure.gives_up(settings)
    if not lease.alive or not lease.locked:
        kill(turn, f"the lease is lost: {lease.error or 'its process ended'}")
    elif quiet > give_up_after:
        kill(turn, f"no heartbeat was confirmed for {quiet} ms: giving up")
    elif not isinstance(turn.phase, Taking) and lease.epoch != tenure.epoch:
        kill(turn, f"the epoch on the server is {lease.epoch}, not {tenure.epoch}")
    else:
        if quiet > give_up_after - settings.heartbeat:
            turn.wake(give_up_after + 1 - quiet)
        return True
    return False


def may_go_on(turn: Turn) -> bool:
    """False if somebody else is to serve, or nobody; the service is being handed over then."""
    see = turn.see
    orders = see.orders
    if see.ending is Ending.STOP:
        reason = "told to end"
    elif orders.stopped:
        reason = f"the service is stopped: {orders.stopped}"
    elif orders.leave:
        reason = f"told to hand over: {orders.leave}"
    elif orders.banned:
        reason = f"banned: {orders.banned}"
    elif turn.checks.room is Level.FULL:
        reason = words_of(see.lease.room, Level.FULL)
    else:
        reason = lost_vip(turn)
    if reason:
        if isinstance(turn.phase, (Launching, Warming)) and not turn.service.noted and not see.container.gone:
            # It may have answered since it was last asked.
            note_served(turn)
        step_down(turn, reason, turn.settings.stop_grace)
    return not reason


def lost_vip(turn: Turn) -> str:
    """Without the VIP nobody reaches the service; but only another node that is fit makes leaving better than waiting."""
    if turn.vip.here or turn.mono - turn.vip.since < turn.settings.vip_loss:
        return ""
    peer = turn.fit_peer()
    if not peer or turn.checks.around < turn.vip.since:
        return ""
    return f"the VIP is gone for {turn.mono - turn.vip.since} ms, and {peer} is fit to serve"


def taking(turn: Turn) -> None:
    # Half taken is neither: whatever happens, first see this through.
    if turn.confirmed() < 0 or turn.see.lease.epoch != turn.tenure.epoch:
        return
    reset_vip(turn)
    to_mount(turn, "the epoch is written")


def to_mount(turn: Turn, reason: str) -> None:
    if not may_go_on(turn):
        return
    job = turn.job()
    turn.do(act.MountData(job, turn.settings.start_limit, turn.tenure.epoch, not turn.tenure.watched))
    turn.become(Mounting(job), reason)


def mounting(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Mounting)
    done = turn.outcome(JobKind.MOUNT_DATA, phase.job)
    if done is None or not may_go_on(turn):
        return
    if done.status is JobStatus.FAILED or not turn.see.data.mounted:
        give_up(turn, f"the data cannot be used: {done.words}")
        return
    turn.tenure = turn.tenure._replace(watched=True)
    if turn.tenure.unclean and turn.settings.clone_after_unclean_end:
        turn.become(clone(turn), "the last owner did not end in order: this one works on a copy")
    else:
        to_copy(turn, "the data is mounted")


def clone(turn: Turn) -> Cloning:
    job = turn.job()
    turn.do(act.CloneData(job, turn.settings.start_deadline, turn.tenure.epoch))
    return Cloning(job)


def cloning(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Cloning)
    if not phase.job:
        if may_go_on(turn) and turn.mono >= phase.retry:
            turn.phase = clone(turn)
        return
    done = turn.outcome(JobKind.CLONE_DATA, phase.job)
    if done is None or not may_go_on(turn):
        return
    if done.status is JobStatus.FAILED and done.words.startswith(MUST):
        # The last owner still has its datastore's locks, until the server takes them away.
        if turn.mono - turn.since > turn.settings.start_limit:
            give_up(turn, f"the datastore is still locked: {done.words[len(MUST) :]}")
        else:
            turn.phase = Cloning(0, turn.mono + turn.settings.heartbeat)
        return
    if done.status is JobStatus.FAILED:
        # Whoever comes next tries again.
        turn.say("failure", f"there is no copy to work on, late writes of the last owner would be seen: {done.words}")
        to_copy(turn, "the data is used as it is")
        return
    turn.tenure = turn.tenure._replace(unclean=False)
    turn.memory = turn.memory._replace(unclean=False)
    to_copy(turn, "the data is cloned")


def to_copy(turn: Turn, reason: str) -> None:
    settings, work = turn.settings, turn.see.orders.work
    job = turn.job()
    if work:
        turn.do(act.StartWork(job, settings.work_limit, work))
        turn.become(Working(job, work), f"{work.verb} of the data")
    else:
        turn.do(act.CopyDatastore(job, settings.start_deadline, turn.tenure.epoch, settings.copy_limit))
        turn.become(Copying(job), reason)


def working(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Working)
    done = turn.outcome(JobKind.WORK, phase.job)
    if done is None and may_go_on(turn):
        return
    words = "the service left this node"
    if done:
        words = (done.words or "without a word") if done.status is JobStatus.FAILED else ""
    turn.do(act.WorkEnded(phase.work, words))
    if done and phase.work.verb == TAKE_BACK:
        # Whatever became of it.
        turn.memory = turn.memory._replace(hold_until=turn.mono + turn.settings.hold_off, hold_reason=f"{TAKE_BACK} is over")
        step_down(turn, f"{TAKE_BACK} is over", turn.settings.stop_grace)
    elif done:
        # Again from the start: what was left half done is finished there.
        to_mount(turn, f"{phase.work.verb} is over")


def copying(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Copying)
    done = turn.outcome(JobKind.COPY_DATASTORE, phase.job)
    if done is None:
        may_go_on(turn)
    elif may_go_on(turn):
        if done.status is JobStatus.FAILED:
            if done.words.startswith(MUST):
                give_up(turn, f"the datastore cannot be copied: {done.words[len(MUST) :]}")
                return
            turn.say("failure", f"there is no copy of the datastore from before this start: {done.words}")
        to_start(turn, "the datastore is copied")


def to_start(turn: Turn, reason: str, delay: int = 0) -> None:
    """Only while this node is still the owner: a machine that was paused goes on where it was. So first the server must
    confirm a heartbeat that is sent from now on."""
    turn.become(Confirming(turn.boot, turn.mono + delay if delay else 0), reason)


def confirming(turn: Turn) -> None:
    phase, see, settings = turn.phase, turn.see, turn.settings
    assert isinstance(phase, Confirming)
    if not may_go_on(turn):
        return
    if settings.watchdog_mode is WatchdogMode.REQUIRED and not see.watchdog.armed:
        if turn.mono - turn.since > settings.give_up:
            give_up(turn, f"`watchdog` is required and cannot be armed: {see.watchdog.words}")
        return
    if turn.mono < phase.retry:
        turn.wake(phase.retry - turn.mono)
    elif turn.confirmed() >= 0 and see.lease.sent >= phase.after:
        launch(turn)


def launch(turn: Turn) -> None:
    job = turn.job()
    turn.do(act.StartContainer(job, turn.settings.start_limit))
    if not turn.memory.first_started:
        turn.memory = turn.memory._replace(first_started=turn.mono)
    turn.become(Launching(job), "the container is started")


def launching(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Launching)
    done = turn.outcome(JobKind.START_CONTAINER, phase.job)
    if done is None:
        may_go_on(turn)
    elif done.status is JobStatus.FAILED:
        if may_go_on(turn):
            failed(turn, f"the container cannot be started: {done.words}")
    elif may_go_on(turn):
        warm_up(turn, "the container runs")


def warm_up(turn: Turn, reason: str) -> None:
    """The container runs: now it must show that it is well."""
    turn.service = turn.service._replace(started=turn.mono)
    ask(turn)
    turn.become(Warming(), reason)


def ask(turn: Turn) -> None:
    service = turn.service
    turn.service = service._replace(questions=service.questions + 1, well=0, unwell=0, refused=0)
    turn.do(act.AskHealth(turn.service.questions))


def failed(turn: Turn, reason: str) -> None:
    """Counted until the service has been well for a while, however often it is started in between."""
    settings, memory = turn.settings, turn.memory
    turn.memory = memory = memory._replace(tries=memory.tries + 1, failure=reason)
    turn.say("failure", f"{memory.tries} of {settings.failures}: {reason}")
    turn.do(act.StopAsking())
    if memory.tries >= settings.failures:
        give_up(turn, f"the service failed {memory.tries} times: {reason}")
    elif past_deadline(turn):
        give_up(turn, f"the service was not well {settings.start_deadline} ms after its first start: {reason}")
    else:
        # A start that was refused is perhaps just being made possible.
        to_start(turn, reason, 0 if turn.service.started else 5 * settings.heartbeat)


def past_deadline(turn: Turn) -> bool:
    first = turn.memory.first_started
    return bool(first) and turn.mono - first > turn.settings.start_deadline


def give_up(turn: Turn, reason: str) -> None:
    """The service does not come up here. Another node may try."""
    memory, settings = turn.memory, turn.settings
    turn.memory = memory._replace(
        tries=0, first_started=0, failure=reason, hold_until=turn.mono + settings.hold_off, hold_reason=reason
    )
    turn.say("give-up", reason)
    step_down(turn, reason, settings.unwell_grace)
