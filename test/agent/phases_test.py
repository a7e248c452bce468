"""Lists of the agent's phases by their names, which others keep for themselves, against the phases that there are."""

from collections.abc import Iterable
from typing import get_args

from agent.core import state
from agent.story import TAKEOVER
from recorder.look import OWNERS


def _names(phases: "Iterable[type]") -> set[str]:
    return {phase.__name__.lower() for phase in phases}


def test_the_drills_recorder_knows_every_phase_with_the_lease() -> None:
    assert _names(state.OWNERS) - {"taking"} == OWNERS, "in `taking` the epoch is not confirmed yet"


def test_the_phases_of_a_takeover_are_phases() -> None:
    assert set(TAKEOVER) <= _names(get_args(state.Phase))
