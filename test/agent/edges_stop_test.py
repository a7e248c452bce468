"""The kill path: whatever is missing or broken, it ends in no container, or in a reset; never in one that runs on."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent.clock import boot_ms
from agent.core.actions import Memory
from agent.core.observation import Beat
from agent.run_files import KillPlan, RunFiles
from support.owner import CRASHED, REFUSED, Owner


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    made = Owner(tmp_path)
    yield made
    made.end()


def test_while_another_agent_can_go_on_in_time_everything_is_left_as_it_is(owner: Owner) -> None:
    assert owner.stop(CRASHED) == 0
    assert owner.alive() and not owner.was_reset() and not (owner.run / "track").exists()


def test_a_refused_configuration_ends_the_container_at_once(owner: Owner) -> None:
    assert owner.stop(REFUSED) == 0
    assert owner.container.wait(1) == -signal.SIGKILL
    assert (owner.run / "track").read_bytes() == b"1\n" and not owner.was_reset()


def test_nobody_goes_on_once_the_time_to_give_up_has_come(owner: Owner) -> None:
    owner.notes.beat(Beat(boot_ms() - 1_300))
    assert owner.stop(CRASHED) == 0
    assert owner.container.wait(1) == -signal.SIGKILL and not owner.was_reset()


def test_nobody_goes_on_for_longer_than_the_last_heartbeat_says(owner: Owner) -> None:
    owner.notes.beat(Beat(boot_ms() - 900, 1_200))
    assert owner.stop(CRASHED) == 0
    assert owner.container.wait(1) == -signal.SIGKILL and not owner.was_reset()


def test_nobody_goes_on_after_an_orderly_stop_that_was_cut_short(owner: Owner) -> None:
    (owner.run / "ending").touch()
    assert owner.stop(CRASHED) == 0
    assert owner.container.wait(1) == -signal.SIGKILL


@pytest.mark.parametrize("broken", ["running.json", "memory", "leave", "events.jsonl"])
@pytest.mark.parametrize("content", [b"", b"{ no JSON", b"\xff" * 9_000])
def test_no_broken_file_keeps_the_container_running(owner: Owner, broken: str, content: bytes) -> None:
    (owner.run / broken).write_bytes(content)
    assert owner.stop(REFUSED) == 0
    assert owner.container.wait(1) == -signal.SIGKILL


def test_a_lost_heartbeat_time_ends_the_container(owner: Owner) -> None:
    (owner.run / "beaten").write_bytes(b"soon")
    assert owner.stop(CRASHED) == 0
    assert owner.container.wait(1) == -signal.SIGKILL


def test_a_container_that_cannot_be_killed_is_a_reset(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cgroup.Group.kill", lambda _: None)
    started = time.monotonic()
    assert owner.stop(REFUSED) == 1
    assert owner.was_reset() and time.monotonic() - started < 2


def test_data_that_nobody_knows_the_writer_of_is_a_reset(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    (owner.run / "container").write_bytes(b"")
    monkeypatch.setattr("agent.stop._mounted", lambda _: True)
    assert owner.stop(REFUSED) == 1
    assert owner.was_reset()


def test_data_that_cannot_be_taken_away_is_a_reset(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.stop._mounted", lambda _: True)
    assert owner.stop(REFUSED) == 1
    assert owner.was_reset() and not owner.alive()


def test_a_start_that_may_still_happen_is_waited_for(owner: Owner) -> None:
    owner.notes.keep(starting=True)
    owner.container.kill()
    owner.container.wait()
    late = subprocess.Popen(["sh", "-c", f"sleep 0.6; echo $$ > {owner.group}/cgroup.procs; exec sleep 60"])
    assert owner.stop(REFUSED) == 0
    assert late.wait(1) == -signal.SIGKILL and not owner.was_reset()


def test_where_nothing_was_owned_nothing_is_done(owner: Owner) -> None:
    owner.container.kill()
    owner.container.wait()
    owner.notes.remember(Memory())
    assert owner.stop(REFUSED) == 0
    assert not (owner.run / "track").exists()


def test_its_program_ends_the_container_too(owner: Owner) -> None:
    """As the unit runs it, without anything but /run."""
    program = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../node/agent")
    done = subprocess.run(
        ["python3", "-I", "-S", "-B", program, "stop", "--run", str(owner.run), "--configuration", "/none"],
        env={**os.environ, **REFUSED},
        check=False,
    )
    assert done.returncode == 0 and owner.container.wait(1) == -signal.SIGKILL


@pytest.mark.parametrize("character", ["x", "\x01", "\U0001f600", "\udc80"])
def test_what_an_agent_remembers_fits_in_its_page_whatever_it_is(owner: Owner, character: str) -> None:
    owner.notes.remember(Memory(epoch=10**15, hold_reason=character * 5_000, failure=character * 5_000, unclean=True))
    memory = RunFiles(str(owner.run)).memory()
    assert memory.epoch == 10**15 and memory.unclean and memory.failure.startswith(character * 100)


def test_its_plan_is_no_secret_and_has_no_guesses(owner: Owner) -> None:
    assert RunFiles(str(owner.run)).kill_plan() == owner.plan
    (owner.run / "kill").write_text(json.dumps({"watchdog": "soon", "data": 5}))
    assert RunFiles(str(owner.run)).kill_plan() == KillPlan()
