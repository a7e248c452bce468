"""Room on the shared storage: told before it ends; the owner stops in order, and nobody begins, until there is some again."""

import pytest
from agent.core import types as core
from agent.core.room import Level, Room, level_of, words_of
from core_rig import SETTINGS, Rig

MIB, GIB = 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("free", "size", "before", "level"),
    [
        (50 * GIB, 100 * GIB, Level.ENOUGH, Level.ENOUGH),
        (2 * GIB, 1000 * GIB, Level.ENOUGH, Level.ENOUGH),
        (2 * GIB - 1, 1000 * GIB, Level.ENOUGH, Level.LOW),
        (128 * MIB, 1000 * GIB, Level.LOW, Level.LOW),
        (128 * MIB - 1, 1000 * GIB, Level.LOW, Level.FULL),
        (500 * MIB, 5 * GIB, Level.ENOUGH, Level.LOW),
        (60 * MIB, 5 * GIB, Level.ENOUGH, Level.LOW),
        (51 * MIB, 5 * GIB, Level.ENOUGH, Level.FULL),
        (0, 5 * GIB, Level.ENOUGH, Level.FULL),
        # Only with twice the room back.
        (101 * MIB, 5 * GIB, Level.FULL, Level.FULL),
        (103 * MIB, 5 * GIB, Level.FULL, Level.LOW),
        (4 * GIB, 5 * GIB, Level.FULL, Level.LOW),
        (1023 * MIB, 5 * GIB, Level.LOW, Level.LOW),
        (1025 * MIB, 5 * GIB, Level.LOW, Level.ENOUGH),
    ],
)
def test_levels(free: int, size: int, before: Level, level: Level) -> None:
    assert level_of(Room(free, size), before) is level


def test_what_is_not_known_is_as_before_and_an_empty_size_is_no_error() -> None:
    for level in Level:
        assert level_of(None, level) is level
        assert level_of(Room(0, 0), level) is not Level.FULL, "nothing is known of it"
    assert words_of(Room(51 * MIB, 5 * GIB), Level.FULL) == (
        "the shared storage is full, and the service stops before it fails: 51 MiB of 5120 are free; "
        "make room there, or raise `sharedSize`"
    )
    assert words_of(None, Level.ENOUGH) == ""


def _full(rig: Rig) -> "list[core.Action]":
    rig.lease(room=Room(40 * MIB, 5 * GIB))
    return rig.round()


def test_the_owner_is_told_early_and_stops_in_order_when_it_is_full() -> None:
    rig = Rig().to_active()
    rig.lease(room=Room(400 * MIB, 5 * GIB))
    told = rig.first(core.Event, rig.round())
    assert told and told.kind == "degraded" and "getting full: 400 MiB of 5120 are free" in told.text
    assert rig.phase() == "Active"
    assert rig.first(core.Event, rig.round()) is None, "once"
    done = _full(rig)
    stop = rig.first(core.StopContainer, done)
    assert stop and stop.grace == SETTINGS.stop_grace and "is full" in rig.state.reason
    assert not rig.first(core.KillContainer, done) and not rig.first(core.ResetNode, done)


def test_nobody_has_the_vip_while_it_is_full_and_somebody_as_soon_as_there_is_room() -> None:
    rig = Rig().to_standby()
    _full(rig)
    assert "is full" in rig.state.fault and rig.state.track is False
    rig.round(vip=True)
    assert rig.phase() == "Standby", "nobody asks for the lease"
    rig.lease(room=Room(400 * MIB, 5 * GIB))
    rig.round()
    assert not rig.state.fault
