"""The service while its container runs: is it well, and what if not. Adopting one that another agent has started."""

from typing import Optional

from . import actions as act
from .killing import kill
from .leaving import step_down
from .notes import keep_note, note_served
from .observation import Answer, Docker, Ending, JobKind, JobStatus, Work
from .owner import ask, failed, give_up, may_go_on, past_deadline, to_mount, to_start, warm_up
from .record import Claim
from .state import Active, Adopting, Halting, Standby, Tenure, Warming
from .turn import Turn


def begin(turn: Turn) -> None:
    """What did the agent before leave?"""
    see, settings, memory = turn.see, turn.settings, turn.memory
    record = see.lease.confirmed
    ours = record is not None and record.node == settings.node and record.boot == settings.boot and see.lease.locked
    if not see.ready and not (ours and turn.round):
        if memory.epoch and turn.since and turn.mono - turn.since > settings.give_up:
            kill(turn, "the node cannot be looked at")
        elif not turn.since:
            turn.since = turn.mono
        return
    if record is not None and ours and see.lease.alive and record.claim is not Claim.RELEASED:
        turn.tenure = Tenure(
            epoch=record.epoch,
            sequence=record.sequence,
            sent=see.lease.sent,
            silence=record.silence,
            unclean=memory.unclean,
            armed=see.watchdog.available or see.watchdog.armed,
        )
        if turn.tenure.armed:
            turn.do(act.ArmWatchdog(see.lease.sent, turn.tenure.silent(settings)))
        turn.memory = memory._replace(epoch=record.epoch)
        turn.become(Adopting(0), f"the lease of epoch {record.epoch} is taken over from the agent before")
    elif memory.epoch or see.container.runs or see.data.mounted or see.container.start_pending:
        kill(turn, "leftovers of the agent before")
    else:
        turn.to_standby("nothing was left by an agent before")


def adopting(turn: Turn) -> None:
    """Whatever the agent before was at: what runs on the mounted data goes on, all else begins anew."""
    phase, see, settings = turn.phase, turn.see, turn.settings
    assert isinstance(phase, Adopting)
    record = see.lease.confirmed
    if see.orders.paused and not see.container.runs:
        return
    if record is not None and record.claim in (Claim.STOPPING, Claim.RELEASED):
        step_down(turn, "the hand-over goes on", settings.stop_grace)
    elif see.container.runs:
        if not see.data.mounted:
            kill(turn, "the container runs without its data")
        elif record is not None and record.claim is Claim.ACTIVE:
            ask(turn)
            turn.service = turn.service._replace(started=turn.mono)
            turn.become(Active(), "the service runs, and is taken over")
        else:
            warm_up(turn, "the container runs, and is taken over")
    elif see.container.gone:
        to_mount(turn, "the container does not run")
    elif not phase.job:
        job = turn.job()
        turn.do(act.CheckContainer(job, settings.start_limit))
        turn.phase = Adopting(job)
    elif turn.outcome(JobKind.CHECK_CONTAINER, phase.job):
        # Docker does not answer, or a start may still happen.
        if turn.mono - turn.since > settings.start_limit:
            give_up(turn, "it cannot be found out whether the container runs")
        else:
            turn.phase = Adopting(0)


def one_ended(turn: Turn) -> bool:
    """One of several without the others is no service."""
    container = turn.see.container
    return container.runs and bool(container.ended) and not container.start_pending


def container_died(turn: Turn) -> bool:
    container = turn.see.container
    if one_ended(turn):
        unwell(turn, f"{container.ended} ended by itself", turn.settings.stop_grace)
        return True
    if container.runs or not container.gone:
        return False
    if container.docker is Docker.MISSING:
        give_up(turn, container.words or f"there is no container {turn.settings.container}")
    else:
        failed(turn, f"the container ended by itself{': ' if container.words else ''}{container.words}")
    return True


def warming(turn: Turn) -> None:
    if not may_go_on(turn) or container_died(turn) or work_asked(turn):
        return
    if turn.service.well:
        turn.memory = turn.memory._replace(first_started=0)
        note_served(turn)
        turn.become(Active(), "the service is well")
    elif past_deadline(turn):
        words = turn.see.health.words or "no answer"
        give_up(turn, f"the service is not well {turn.settings.start_deadline} ms after its first start: {words}")


def active(turn: Turn) -> None:
    if not may_go_on(turn) or container_died(turn) or work_asked(turn):
        return
    keep_note(turn)
    service, settings = turn.service, turn.settings
    if service.well:
        well_for = turn.mono - max(service.well, turn.since)
        if (turn.memory.tries or turn.memory.failure) and well_for >= settings.well_time:
            turn.memory = turn.memory._replace(tries=0, failure="", first_started=0)
    elif not service.unwell:
        return
    elif server_was_away(turn):
        # Without the NFS server no service is well, and starting it again mends nothing: the lease decides then.
        refused = turn.mono if service.refused else 0
        turn.service = service._replace(unwell=turn.mono, refused=refused)
    elif unwell_for_good(turn):
        words = turn.see.health.words or service.answer.value
        unwell(turn, f"the service is not well: {words}", settings.unwell_grace)


def server_was_away(turn: Turn) -> bool:
    """One that is back lets nobody open a file before its grace time is over."""
    tenure, settings = turn.tenure, turn.settings
    if turn.boot - tenure.sent > 3 * settings.heartbeat:
        return True
    return bool(tenure.late) and turn.boot - tenure.late < settings.grace_time


def unwell_for_good(turn: Turn) -> bool:
    """Nobody listens: that is quick. Slow or wrong answers may be a service that is merely busy."""
    service, settings = turn.service, turn.settings
    if service.answer is Answer.REFUSED and turn.mono - service.refused >= settings.refused_time:
        return True
    return turn.mono - service.unwell >= settings.slow_time


def unwell(turn: Turn, words: str, grace: int) -> None:
    """`grace`: what is left of it gets to end by itself, milliseconds."""
    settings, memory = turn.settings, turn.memory
    turn.memory = memory = memory._replace(tries=memory.tries + 1, failure=words)
    turn.say("failure", f"{memory.tries} of {settings.failures}: {words}")
    if memory.tries >= settings.failures:
        give_up(turn, f"the service failed {memory.tries} times: {words}")
    else:
        halt(turn, words, grace, None)


def halt(turn: Turn, reason: str, grace: int, work: Optional[Work]) -> None:
    """Stops the container; this node stays the owner."""
    job = turn.job()
    turn.cancel(JobKind.SETTLE, JobKind.NOTE_SERVED)
    turn.do(act.StopAsking())
    turn.do(act.StopContainer(job, grace + turn.settings.start_limit, grace))
    turn.become(Halting(job, work is not None), reason)


def work_asked(turn: Turn) -> bool:
    work = turn.see.orders.work
    if work is None:
        return False
    turn.memory = turn.memory._replace(tries=0, first_started=0)
    halt(turn, f"the service is stopped to {work.verb} the data", turn.settings.stop_grace, work)
    return True


def halting(turn: Turn) -> None:
    phase = turn.phase
    assert isinstance(phase, Halting)
    done = turn.outcome(JobKind.STOP_CONTAINER, phase.job)
    if done is None:
        return
    if done.status is JobStatus.FAILED or not turn.see.container.gone:
        kill(turn, f"the container cannot be stopped in order: {done.words}")
        return
    if done.words:
        turn.say("failure", done.words)
    if phase.work:
        to_mount(turn, "the container has ended")
    else:
        to_start(turn, "the container has ended")


RESTARTABLE = (Standby, Warming, Active)


def may_be_replaced(turn: Turn) -> bool:
    """An agent that is told to make room for another does so where nothing is under way."""
    return turn.see.ending is Ending.RESTART and isinstance(turn.phase, RESTARTABLE)
