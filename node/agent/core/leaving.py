"""Handing over in order: the container ends, the data is unmounted, the lease is released."""

from . import actions as act
from .killing import DATA_JOBS, kill
from .notes import note_before_leaving
from .observation import JobKind, JobStatus
from .record import Claim
from .state import Releasing, Stopping, Unmounting
from .turn import Turn

#: What is under way and is seen through: killing the job would not take back what was asked for.
SEEN_THROUGH = (JobKind.MOUNT_DATA, JobKind.START_CONTAINER, JobKind.STOP_CONTAINER, JobKind.NOTE_SERVED)


def step_down(turn: Turn, reason: str, grace: int) -> None:
    """`grace`: what the container gets to end by itself, milliseconds."""
    # What these leave half done, the next owner finishes. The questions go on: until it has ended the service may answer.
    turn.cancel(*(kind for kind in DATA_JOBS if kind not in SEEN_THROUGH))
    turn.become(Stopping(0, grace), reason)


def stopping(turn: Turn) -> None:
    phase, settings, see = turn.phase, turn.settings, turn.see
    assert isinstance(phase, Stopping)
    noted = note_before_leaving(turn)
    if not phase.job:
        if any(turn.runs(kind) for kind in SEEN_THROUGH + DATA_JOBS):
            if turn.mono - turn.since > settings.start_limit + settings.stop_grace:
                kill(turn, "what is under way does not end")
        elif see.container.gone:
            if noted:
                unmount(turn)
        else:
            job = turn.job()
            turn.do(act.StopContainer(job, phase.grace + settings.start_limit, phase.grace))
            turn.phase = phase._replace(job=job)
        return
    done = turn.outcome(JobKind.STOP_CONTAINER, phase.job)
    if done is None:
        return
    if done.status is JobStatus.FAILED or not see.container.gone:
        kill(turn, f"the service cannot be stopped in order: {done.words}")
    elif noted:
        if done.words:
            turn.say("failure", done.words)
        unmount(turn)


def unmount(turn: Turn) -> None:
    job = turn.job()
    turn.do(act.StopAsking())
    turn.do(act.UnmountData(job, turn.settings.start_limit, force=False))
    turn.become(Unmounting(job), turn.reason)


def unmounting(turn: Turn) -> None:
    phase, see = turn.phase, turn.see
    assert isinstance(phase, Unmounting)
    done = turn.outcome(JobKind.UNMOUNT_DATA, phase.job)
    if done is None:
        return
    if done.status is JobStatus.FAILED:
        kill(turn, f"the data cannot be unmounted: {done.words}")
    elif see.data.mounted or see.data.lingers:
        # The job has seen it gone: what is looked at here may be from a moment before.
        if turn.mono - turn.since > turn.settings.start_limit:
            kill(turn, f"the data is still {'mounted' if see.data.mounted else 'used somewhere'} though it was unmounted")
        turn.wake(turn.settings.heartbeat // 4)
    elif not see.container.gone:
        kill(turn, "the container runs again")
    else:
        turn.become(Releasing(), turn.reason)


def releasing(turn: Turn) -> None:
    record = turn.see.lease.confirmed
    if record is None or record.epoch != turn.tenure.epoch or record.claim is not Claim.RELEASED:
        return
    if turn.tenure.armed:
        turn.do(act.DisarmWatchdog())
    turn.say("released", turn.reason)
    turn.memory = turn.memory._replace(epoch=0, unclean=False)
    turn.checks = turn.checks._replace(checked=False, next_check=0)
    turn.to_standby(turn.reason)
