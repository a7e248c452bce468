"""The way out that needs nobody: the container dies by its control group, and if that is not certain, the node is reset."""

from . import actions as act
from .observation import JobKind
from .state import Killing, Tenure
from .turn import Turn

#: Whatever may write the data, beside the container.
DATA_JOBS = (
    JobKind.MOUNT_DATA,
    JobKind.CLONE_DATA,
    JobKind.COPY_DATASTORE,
    JobKind.WORK,
    JobKind.NOTE_SERVED,
    JobKind.SETTLE,
)
#: Between two looks while something is to die, milliseconds.
LOOK = 100
UNMOUNT_LIMIT = 2_000


def kill(turn: Turn, reason: str) -> None:
    """First of all the container; nothing may stand before it in the list."""
    turn.actions.insert(0, act.KillContainer())
    if turn.tenure.epoch:
        turn.say("kill", reason)
        hold_until = max(turn.memory.hold_until, turn.mono + turn.settings.hold)
        turn.memory = turn.memory._replace(hold_until=hold_until, hold_reason=turn.memory.hold_reason or reason)
    turn.cancel(*DATA_JOBS, JobKind.START_CONTAINER, JobKind.STOP_CONTAINER, JobKind.UNMOUNT_DATA)
    turn.do(act.StopAsking())
    turn.become(Killing(turn.boot), reason)


def deadline(turn: Turn, phase: Killing) -> int:
    """When this node must be certain not to write, or is reset, `boot`. A successor counts from the last heartbeat that
    was sent. What was killed just now gets a moment to be gone, though."""
    settings = turn.settings
    moment = phase.since + settings.heartbeat // 2
    if turn.tenure.epoch:
        return max(turn.tenure.sent + turn.tenure.resets(settings), moment)
    # A former tenure: of this agent, or of one before it.
    moment += settings.heartbeat // 2
    beaten = turn.see.beaten
    return max(beaten.sent + Tenure(silence=beaten.silence).resets(settings), moment) if beaten.silence else moment


def killing(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Killing)
    see = turn.see
    certain = see.container.gone and not see.data.mounted and not any(turn.runs(kind) for kind in DATA_JOBS)
    if certain:
        silent(turn)
        return
    if not see.container.gone and not (turn.actions and isinstance(turn.actions[0], act.KillContainer)):
        turn.actions.insert(0, act.KillContainer())
    if (turn.tenure.epoch or turn.memory.epoch) and turn.boot >= deadline(turn, phase):
        what = "the container" if not see.container.gone else "the data's mount"
        turn.do(act.ResetNode(f"{what} is not certain to be gone: {turn.reason}"))
    elif not see.container.runs and see.data.mounted:
        # Also while a start may still come: it finds no data then.
        unmount_by_force(turn, phase)
    turn.wake(LOOK)


def unmount_by_force(turn: Turn, phase: Killing) -> None:
    if phase.job and turn.outcome(JobKind.UNMOUNT_DATA, phase.job) is None:
        return
    job = turn.job()
    turn.do(act.UnmountData(job, UNMOUNT_LIMIT, force=True))
    turn.phase = phase._replace(job=job)


def silent(turn: Turn) -> None:
    """Nothing of this node can write any more. What was found out before may be old."""
    if turn.tenure.armed or turn.see.watchdog.armed:
        turn.do(act.DisarmWatchdog())
    turn.checks = turn.checks._replace(checked=False, next_check=0)
    turn.to_standby(turn.reason)
