"""What is noted durably in the data: that this version of the service has answered, and that its start went well."""

from . import actions as act
from .observation import JobKind, JobStatus
from .turn import Turn


def note_served(turn: Turn) -> None:
    """An upgrade must not be undone from here on."""
    settings = turn.settings
    job = turn.job()
    turn.do(act.NoteServed(job, settings.start_limit, settings.container, turn.tenure.epoch))
    turn.service = turn.service._replace(noted=job)


def keep_note(turn: Turn) -> None:
    """Until the note is there, it is tried again."""
    number = turn.service.noted
    if not number:
        if turn.service.well:
            note_served(turn)
        return
    done = turn.outcome(JobKind.NOTE_SERVED, number)
    if done is None:
        return
    if done.status is JobStatus.FAILED:
        if not turn.runs(JobKind.NOTE_SERVED):
            turn.say("failure", f"it cannot be noted that the service answered: {done.words}")
            note_served(turn)
    elif turn.see.jobs.get(JobKind.SETTLE) is None or turn.see.jobs[JobKind.SETTLE].number < number:
        turn.do(act.Settle(turn.job(), turn.settings.work_limit, turn.tenure.epoch))


def note_before_leaving(turn: Turn) -> bool:
    """A container that is being stopped may answer for the first time meanwhile. False: the note is under way."""
    service = turn.service
    if not service.noted:
        if service.well:
            note_served(turn)
            return False
        return True
    done = turn.outcome(JobKind.NOTE_SERVED, service.noted)
    if done is None:
        return False
    if done.status is JobStatus.FAILED:
        turn.say("failure", f"it cannot be noted that the service answered: {done.words}")
    return True
