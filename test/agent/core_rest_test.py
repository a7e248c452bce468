"""A standby beside an owner that is well looks seldom, and misses nothing by that."""

from typing import Any

import pytest
from agent.core import types as core
from agent.core.rest import rest_time
from agent.core.types import Claim
from core_lease_test import Directory, process
from core_rig import SETTINGS, Rig, record

REST = 3_000


class Beside:
    """A standby, and an owner that beats each second: its heartbeat is seen by a look that comes after it."""

    def __init__(self, settings: core.Configuration = SETTINGS, **owner: Any) -> None:
        self.owner, self.beats, self.late = owner, True, 0
        self.rig = Rig(settings).to_standby()
        self.written = record("b", **owner)
        self.looks: list[int] = []
        self.asked: list[int] = []
        """When Docker was."""
        self.beat = 0
        self.rested = 0
        """Until when, as last told, `mono`."""

    def pass_by(self, time: int, **seen: Any) -> "Beside":
        """Rounds each tenth of a second, but none without news while it rests."""
        rig = self.rig
        for _ in range(time // 100):
            if self.beats and rig.mono - self.beat >= 1_000:
                self.beat = rig.mono
                self.written = self.written._replace(sequence=self.written.sequence + 1)
            if rig.mono + 100 < self.rested and not seen:
                rig.mono, rig.boot = rig.mono + 100, rig.boot + 100
                continue
            actions = rig.round(100, **seen)
            seen = {}
            for action in actions:
                if isinstance(action, core.CheckContainer):
                    self.asked.append(rig.mono)
                    actions = [*actions, *rig.round(5)]
                if isinstance(action, (core.Look, core.Lock)):
                    self.looks.append(rig.mono)
                    rig.lease(record=self.written, epoch=self.written.epoch)
                    actions = [*actions, *rig.round(5)]
            self.rested = max((action.at for action in actions if isinstance(action, core.Rest)), default=0)
        return self

    def pauses(self) -> "list[int]":
        return [later - sooner for sooner, later in zip(self.looks, self.looks[1:])]


def test_a_standby_beside_an_owner_that_is_well_looks_seldom() -> None:
    here = Beside().pass_by(10_000)
    here.looks.clear()
    here.pass_by(30_000)
    assert 9 <= len(here.looks) <= 11 and max(here.pauses()) <= REST + 100


def test_docker_is_asked_as_often_as_ever() -> None:
    here = Beside().pass_by(5_000)
    here.asked.clear()
    here.pass_by(40_000)
    assert len(here.asked) >= 3 and all(later - sooner <= 10_200 for sooner, later in zip(here.asked, here.asked[1:]))


def test_with_the_vip_it_looks_at_once_and_often() -> None:
    here = Beside().pass_by(10_000)
    begun = here.rig.mono
    here.looks.clear()
    here.pass_by(1_000, vip=True)
    assert here.looks[0] - begun <= 100 and len(here.looks) >= 2


def test_the_vip_is_given_back_to_an_owner_that_goes_on_and_to_no_other() -> None:
    here = Beside().pass_by(10_000)
    here.pass_by(3_000, vip=True)
    assert here.rig.state.vip.refused
    gone = Beside().pass_by(10_000)
    gone.beats = False
    gone.pass_by(3_000, vip=True)
    assert not gone.rig.state.vip.refused and gone.rig.phase() == "Contending"


def test_a_question_that_was_asked_just_now_makes_it_not_blind() -> None:
    """Its last answer is as old as its rest."""
    here = Beside().pass_by(10_000)
    rig = here.rig
    while here.rested - rig.mono < 2_000:
        here.pass_by(100)
    here.pass_by(here.rested - rig.mono - 200)
    rig.answers = False
    rig.round(1, vip=True)
    rig.lease(pending=True)
    for _ in range(7):
        rig.round(200)
    assert not rig.state.vip.refused
    rig.round(1_500)
    assert rig.state.vip.refused, "the server does not answer this node, and lets the owner go on"


def test_an_owner_that_falls_silent_is_watched_each_heartbeat_from_the_next_look_on() -> None:
    here = Beside().pass_by(10_000)
    here.beats = False
    last = here.rig.mono
    here.looks.clear()
    here.pass_by(12_000)
    silent = [at for at in here.looks if at > last + REST]
    assert silent and here.rig.state.seen.at <= last + REST + 100
    assert all(later - sooner <= 1_100 for sooner, later in zip(silent, silent[1:]))


@pytest.mark.parametrize(
    "trouble",
    ["owner without the VIP", "owner that stops", "own fault", "preferred node", "three nodes", "server's error", "not clean"],
)
def test_whoever_has_something_to_watch_does_not_rest(trouble: str) -> None:
    settings = SETTINGS._replace(peers=("b", "c")) if trouble == "three nodes" else SETTINGS
    owners: dict[str, dict[str, Any]] = {"owner without the VIP": {"vip": False}, "owner that stops": {"claim": Claim.STOPPING}}
    owner = owners.get(trouble, {})
    here = Beside(settings, **owner)
    rig = here.rig
    if trouble == "own fault":
        rig.see = rig.see._replace(unfit="a disk is full")
    elif trouble == "preferred node":
        rig.orders(prefer="b")
    elif trouble == "server's error":
        rig.lease(error="EIO")
    elif trouble == "not clean":
        rig.state = rig.state._replace(memory=core.Memory(epoch=7))
        rig.see = rig.see._replace(data=core.DataView(lingers=True))
    here.pass_by(12_000)
    assert here.rested == 0 and max(here.pauses()) <= 1_100


@pytest.mark.parametrize(
    ("give_up", "watchdog", "lease_time", "rest"),
    [(6_000, 10_000, 15_000, 3_000), (3_000, 5_000, 6_000, 1_000), (6_000, 10_000, 10_500, 1_000), (12_000, 20_000, 22_500, 2_000)],
)
def test_it_rests_for_no_longer_than_silence_may_be_seen_late(give_up: int, watchdog: int, lease_time: int, rest: int) -> None:
    assert rest_time(SETTINGS._replace(give_up=give_up, watchdog=watchdog, lease_time=lease_time)) == rest


def test_of_an_owner_that_goes_on_nothing_but_its_record_is_read() -> None:
    server, a, b = Directory(), process("a"), process("b")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a", epoch=4)))
    server.ask(b, core.Look(3, True, False))
    server.ask(a, core.Write(4, record("a", epoch=4, sequence=6)))
    found = server.ask(b, core.Look(5, True, False))
    assert found.record == record("a", epoch=4, sequence=6) and len(server.asked) == 1
    # It is silent: what else may have become of it?
    server.ask(a, core.NoteClean(6, 4))
    assert server.ask(b, core.Look(7, True, False)).clean == 4


def test_of_another_owner_all_is_read() -> None:
    server, a, b = Directory(), process("a"), process("b")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a", epoch=4)))
    server.ask(b, core.Look(3, True, False))
    server.ask(a, core.NoteClean(4, 4))
    server.locks.clear()
    c = process("c")
    server.ask(c, core.Lock(5))
    server.ask(c, core.Take(6, record("c", epoch=5)))
    found = server.ask(b, core.Look(7, True, False))
    assert (found.epoch, found.record, found.clean) == (5, record("c", epoch=5), 0)
