"""The simulation finds what it is meant to find, reaches what it is meant to reach, and finds nothing in the core as it is."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from proof.simulation.__main__ import COVERAGE  # noqa: E402
from proof.simulation.batch import simulate  # noqa: E402
from proof.simulation.finds import FINDS, Find  # noqa: E402
from proof.simulation.schedule import run  # noqa: E402
from proof.simulation.shrink import Shrinker, story  # noqa: E402
from proof.simulation.weakening import Weakening  # noqa: E402
from proof.simulation.weakenings import WEAKENINGS, weakened  # noqa: E402

BY_SIMULATION = [weakening for weakening in WEAKENINGS if not weakening.found.startswith("test_")]
BY_TEST = [weakening for weakening in WEAKENINGS if weakening.found.startswith("test_")]
#: Schedules within which a weakening that is the simulation's to find must be found.
BOUND = 6_000


@pytest.mark.parametrize("nodes, schedules", [(2, 600), (3, 150), (5, 60)])
def test_no_invariant_breaks(nodes: int, schedules: int) -> None:
    total = simulate(1, schedules, nodes, "", jobs=2, progress=False)
    assert not total.broken, "\n".join(story(outcome, nodes) for outcome in total.broken)
    assert total.schedules == schedules


def test_all_that_matters_is_reached() -> None:
    total = simulate(1, 2_000, 2, "", jobs=2, progress=False)
    assert all(total.reached[name] for name in COVERAGE), total.reached


def test_a_seed_is_played_the_same_again() -> None:
    for seed in range(40):
        assert run(seed, 2, tells=True) == run(seed, 2, tells=True)


@pytest.mark.parametrize("find", FINDS, ids=lambda find: str(find.what))
def test_what_was_found_once_holds(find: Find) -> None:
    outcome = run(find.seed, find.nodes, list(find.faults), tells=True)
    assert not outcome.broken, story(outcome, find.nodes)
    if find.weakening:
        with weakened(find.weakening):
            assert run(find.seed, find.nodes, list(find.faults)).broken


@pytest.mark.parametrize("weakening", BY_SIMULATION, ids=lambda weakening: str(weakening.name))
def test_the_simulation_finds_each_weakening(weakening: Weakening) -> None:
    total = simulate(1, BOUND, 2, weakening.name, jobs=2, progress=False)
    assert total.broken, f"not found in {BOUND} schedules: {weakening.what}"
    assert total.broken[0].broken.startswith(weakening.found), total.broken[0].broken


@pytest.mark.parametrize("weakening", BY_TEST, ids=lambda weakening: str(weakening.name))
def test_a_test_of_the_core_finds_each_other_weakening(weakening: Weakening) -> None:
    """By the very test that it names, which passes with the core as it is."""
    here = Path(__file__).parent
    files = [path for path in here.glob("core_*_test.py") if f"def {weakening.found}(" in path.read_text()]
    assert len(files) == 1, f"there is no test {weakening.found}"
    for name, fails in (("", 0), (weakening.name, 1)):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "weakened_plugin", f"{files[0]}::{weakening.found}"],
            cwd=here,
            env={"WEAKENED": name, "PYTHONPATH": str(here / "support"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == fails, done.stdout + done.stderr


def test_there_are_enough_weakenings_and_each_is_another() -> None:
    assert len(WEAKENINGS) >= 20
    assert max(Counter(weakening.name for weakening in WEAKENINGS).values()) == 1


def test_a_story_is_short_and_names_the_nodes() -> None:
    with weakened("no-release-record"):
        seed = next(seed for seed in range(1, BOUND) if run(seed, 2).broken)
        whole = run(seed, 2)
        short = Shrinker(whole, 2).shrink()
    assert short.broken[:2] == whole.broken[:2]
    assert 1 <= len(short.faults) <= len(whole.faults)
    assert "node-1" in story(short, 2) and "FAULT" in story(short, 2)


def test_the_command_says_what_broke() -> None:
    command = [sys.executable, "-m", "proof.simulation", "--schedules", "200", "--jobs", "1", "--json"]
    for weaken, code in ((), 0), (("--weaken", "same-epoch"), 1):
        done = subprocess.run([*command, *weaken], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == code, done.stderr
        report = json.loads(done.stdout)
        assert bool(report["broken"]) is bool(code) and bool(report["story"]) is bool(code)
