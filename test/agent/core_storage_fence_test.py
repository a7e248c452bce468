"""Having the NFS server cut the last owner off: who asks, when, what counts as an answer, and the way back."""

from typing import Any

from agent.core import types as core
from agent.core.fence_mail import Answer, Ask, decode_ask, encode_answer, encode_number
from agent.core.fencing import Fencing
from agent.core.files import Close, FileOperation, Flock, Outcome, Put, Read
from agent.core.types import Claim, DataView, Docker, JobKind
from core_rig import SETTINGS, Rig, record

FENCING = SETTINGS._replace(storage_fence=True)


def silent(settings: core.Configuration = FENCING, last: Any = None) -> Rig:
    """Has the VIP, and the last owner's heartbeats have stopped; the server keeps its lock."""
    rig = Rig(settings).to_standby()
    last = last or record(epoch=4)
    rig.lease(record=last, epoch=last.epoch)
    rig.round(vip=True)
    assert rig.phase() == "Contending"
    return rig


def asked(rig: Rig, time: int = 1_900, step: int = 100) -> list[core.CutOff]:
    found = []
    for _ in range(time // step):
        rig.lease(answered=rig.boot)
        found += [action for action in rig.round(step) if isinstance(action, core.CutOff)]
    return found


def test_an_owner_whose_heartbeats_have_stopped_is_cut_off() -> None:
    rig = silent()
    assert asked(rig, 1_600) == []
    first = asked(rig, 400)[0]
    assert first.last == record(epoch=4)
    rig.lease(fenced=4, locked=True)
    rig.round(10)
    assert rig.phase() == "Taking" and rig.state.tenure.epoch == 5
    assert not rig.state.tenure.unclean, "nothing that it left can still be written"
    assert not rig.state.tenure.watched, "its container may have answered"


def test_the_answer_alone_is_not_the_lease() -> None:
    rig = silent()
    rig.lease(fenced=4)
    assert asked(rig, 30_000) == [] and rig.phase() == "Contending"


def test_an_owner_whose_heartbeats_come_is_not_cut_off() -> None:
    rig = silent()
    for sequence in range(6, 10):
        rig.lease(record=record(epoch=4, sequence=sequence))
        assert asked(rig, 1_000) == []


def test_without_the_server_the_timers_decide() -> None:
    rig = silent()
    assert asked(rig, 3_000)
    rig.lease(locked=True, fence_words="it cannot")
    began = rig.mono
    while rig.phase() != "Taking" and rig.mono - began < 60_000:
        rig.lease(answered=rig.boot)
        rig.round(100)
    assert rig.mono - began < 10_000 and rig.state.tenure.unclean


def test_an_answer_about_another_owner_counts_for_nothing() -> None:
    rig = silent()
    rig.lease(fenced=3, locked=True)
    asked(rig, 300)
    assert rig.phase() == "Waiting"


def test_nobody_is_cut_off_who_need_not_be() -> None:
    assert asked(silent(SETTINGS), 5_000) == [], "it is not set"
    assert asked(silent(last=record(epoch=4, claim=Claim.RELEASED)), 5_000) == []
    assert asked(silent(last=record("a", epoch=4)), 5_000) == [], "this node itself"
    rig = silent()
    rig.lease(clean=4)
    assert asked(rig, 5_000) == []


def test_who_has_not_looked_just_now_does_not_ask() -> None:
    rig = silent()
    done: list[core.Action] = []
    rig.answers = False
    for _ in range(30):
        done += rig.round(100)
    assert not any(isinstance(action, core.CutOff) for action in done[-10:])


def test_a_standby_that_may_have_to_ask_does_not_rest() -> None:
    rig = Rig(FENCING).to_standby()
    done: list[core.Action] = []
    for sequence in range(20):
        rig.lease(record=record(sequence=sequence), epoch=1)
        done += rig.round(1_000)
    assert not any(isinstance(action, core.Rest) for action in done)


# ---- the node that was cut off ----


def barred(**seen: Any) -> Rig:
    rig = Rig(FENCING)
    rig.lease(barred=4)
    rig.see = rig.see._replace(**seen)
    return rig


def notes(rig: Rig) -> list[int]:
    return [action.epoch for action in rig.rounds(6_000) if isinstance(action, core.NoteClean)]


def test_a_node_that_is_cut_off_says_that_it_is_clean_only_when_nothing_of_it_runs() -> None:
    assert notes(barred())[:1] == [4]
    assert notes(barred(data=DataView(lingers=True))) == []
    assert notes(barred(container=core.ContainerView(docker=Docker.CREATED, start_pending=True))) == []
    assert notes(barred(container=core.ContainerView())) == [], "Docker was not asked"
    running = {JobKind.CLONE_DATA: core.JobView(99, core.JobStatus.RUNNING)}
    assert notes(barred(jobs=running)) == []


def test_a_node_that_is_cut_off_is_not_fit() -> None:
    rig = barred()
    rig.rounds(3_000)
    assert "cut this node off" in rig.state.fault and rig.state.track is False
    rig.lease(barred=0)
    rig.round()
    assert rig.state.fault == ""


# ---- the lease process ----


class Mail:
    """The files of a server on which one other node may have the successor's lock."""

    def __init__(self, free: bool = True) -> None:
        self.free = free
        self.files: dict[str, bytes] = {}
        self.done: list[FileOperation] = []
        self.process = Fencing("b", "token")

    def do(self, operation: FileOperation) -> Outcome:
        self.done.append(operation)
        if isinstance(operation, Flock):
            return self.free
        if isinstance(operation, Put):
            self.files[operation.name] = operation.content
        return self.files.get(operation.name) if isinstance(operation, Read) else None

    def ask(self, now: int = 0, **last: Any) -> int:
        steps = self.process.ask(record("a", **{"epoch": 4, **last}), now)
        try:
            operation = next(steps)
            while True:
                operation = steps.send(self.do(operation))
        except StopIteration:
            return self.process.done

    def asked(self) -> Ask:
        ask = decode_ask(self.files["fence.ask.b"])
        assert ask
        return ask

    def answer(self, done: bool, **more: Any) -> None:
        answer = Answer(self.asked().nonce, done, 4, "words")._replace(**more)
        self.files["fence.answer.b"] = encode_answer(answer)


def test_it_asks_once_and_looks_for_the_answer() -> None:
    mail = Mail()
    assert mail.ask() == 0 and mail.ask(200) == 0
    assert [type(operation) for operation in mail.done].count(Put) == 1
    mail.answer(True)
    assert mail.ask(300) == 4


def test_an_answer_to_another_question_says_nothing() -> None:
    mail = Mail()
    mail.ask()
    for wrong in ({"nonce": "token.9"}, {"epoch": 3}):
        mail.answer(True, **wrong)
        assert mail.ask(100) == 0
    mail.files["fence.answer.b"] = b"garbage"
    assert mail.ask(100) == 0


def test_a_no_is_asked_about_again_after_a_while_and_so_is_another_heartbeat() -> None:
    mail = Mail()
    mail.ask()
    first = mail.asked().nonce
    mail.answer(False)
    mail.ask(1_000)
    assert mail.asked().nonce == first
    mail.ask(2_500)
    assert mail.asked().nonce != first
    mail.ask(2_600, sequence=9)
    assert mail.asked().sequence == 9


def test_only_the_holder_of_the_successors_lock_asks() -> None:
    mail = Mail(free=False)
    assert mail.ask() == 0 and "fence.ask.b" not in mail.files
    assert isinstance(mail.done[-1], Close)
    mail.free = True
    mail.ask(100)
    assert "fence.ask.b" in mail.files


def test_it_sees_whether_the_helper_goes_round_and_that_this_node_is_cut_off() -> None:
    mail = Mail()

    def look(now: int) -> int:
        steps = mail.process.look(now)
        try:
            operation = next(steps)
            while True:
                operation = steps.send(mail.do(operation))
        except StopIteration as end:
            return int(end.value)

    assert look(1) == 0 and mail.process.seen == 0
    mail.files["fence.alive"] = encode_number(5)
    look(2)
    assert mail.process.seen == 0, "it may have lain there for a year"
    mail.files["fence.alive"] = encode_number(6)
    mail.files["fence.barred.b"] = encode_number(4)
    assert look(3) == 4 and mail.process.seen == 3
