"""Heartbeats in the agent's place: while it is late, or is being replaced, the lease is not lost; and not for ever."""

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from agent.clock import boot_ms
from agent.core.lease_requests import Lock, Look, Take, Write
from agent.core.record import Claim, Record
from agent.lease.process import Held
from agent.lease.wire import Terms
from support.groups import CONTAINER
from support.lease_node import Process, lease_folder
from support.owner import Owner

GIVE_UP, RESET = 1_000, 3_000
NEW = {"heartbeat": 200, "alone": 2_000}


class Owned(NamedTuple):
    """A container, the lease process that looks after it, and a peer's."""

    process: Process
    peer: Process
    owner: Owner

    def take(self, told: "dict[str, int]", claim: Claim = Claim.ACTIVE) -> None:
        self.process.ask(Lock(boot_ms()))
        self.process.ask(Take(boot_ms(), self.process.record(1, 0, claim)))
        self.guard(told)

    def guard(self, told: "dict[str, int]") -> None:
        words: dict[str, Any] = {"control_groups": self.owner.root, "trigger": str(self.owner.trigger)}
        track = str(self.process.run / "track")
        self.process.client.guard(container=CONTAINER, sent=boot_ms(), give_up=GIVE_UP, reset=RESET, track=track, **words, **told)


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Owned]:
    owner = Owner(tmp_path)
    try:
        with lease_folder() as folder:
            yield Owned(Process(folder, "a", alone=60_000), Process(folder, "b"), owner)
    finally:
        owner.end()


def sequences(peer: Process, seconds: float) -> "list[tuple[float, int]]":
    """When the peer sees which number for the first time, seconds from now."""
    began = time.monotonic()
    seen: list[tuple[float, int]] = []
    while time.monotonic() - began < seconds:
        record = peer.ask(Look(boot_ms(), False, False)).record
        if isinstance(record, Record) and record.sequence not in [number for _, number in seen]:
            seen.append((time.monotonic() - began, record.sequence))
        time.sleep(0.02)
    return seen


def test_heartbeats_go_on_without_an_agent_and_end_with_its_time(owned: Owned) -> None:
    a, b = owned.process, owned.peer
    owned.take(NEW, Claim.STARTING)
    a.ask(Write(boot_ms(), a.record(1, 1)))
    a.client.close()
    seen = sequences(b, 1.6)
    # A slow peer may miss one.
    assert len(seen) > 3 and seen[-1][1] > 4 and seen == sorted(seen)
    assert owned.owner.alive()
    # The time for another agent is over: the container ends, although the last heartbeat is younger than `give_up`.
    wait_dead = time.monotonic()
    assert owned.owner.container.wait(3) == -signal.SIGKILL
    assert time.monotonic() - wait_dead < 1.5
    last = sequences(b, 1.2)
    assert len(last) == 1 and not owned.owner.was_reset()
    # Once, and as what the journal writes to the disk at once.
    [said] = [line for line in a.log.read_text().splitlines() if "kills the container" in line]
    assert said.startswith("<2>{") and "no agent has asked for a heartbeat for" in said


def test_the_next_agent_finds_them_and_goes_on_from_there(owned: Owned) -> None:
    a, b = owned.process, owned.peer
    owned.take(NEW)
    a.client.close()
    time.sleep(1.4)  # longer than `give_up`
    a.client = a.connected()
    view = a.client.view
    assert view.locked and view.confirmed and view.confirmed.sequence > 2 and boot_ms() - view.sent < 800
    number = view.confirmed.sequence
    owned.guard(NEW)
    # One that knows of none of them does not use a number again: peers would take that for silence.
    view = a.ask(Write(boot_ms(), a.record(1, 1)))
    assert view.confirmed and view.confirmed.sequence > number
    assert b.ask(Look(boot_ms(), False, False)).record == view.confirmed
    time.sleep(1.2)
    assert owned.owner.alive()


def test_agents_that_begin_and_never_ask_for_one_put_nothing_off(owned: Owned) -> None:
    a = owned.process
    owned.take(NEW)
    began = time.monotonic()
    while owned.owner.container.poll() is None:
        assert time.monotonic() - began < 5
        a.client.close()
        a.client = a.connected()
        owned.guard(NEW)
        a.ask(Look(boot_ms(), False, False))
    assert 1.5 < time.monotonic() - began < 3.5


@pytest.mark.parametrize("claim", [Claim.STARTING, Claim.STOPPING, Claim.RELEASED])
def test_there_are_none_unless_the_service_runs(owned: Owned, claim: Claim) -> None:
    owned.take(NEW, claim)
    assert len(sequences(owned.peer, 0.8)) == 1


def test_an_agent_that_does_not_know_them_gets_none(owned: Owned) -> None:
    owned.take({})
    began = time.monotonic()
    assert len(sequences(owned.peer, 0.8)) == 1
    assert owned.owner.container.wait(3) == -signal.SIGKILL
    assert time.monotonic() - began < 2


def test_one_that_the_server_does_not_take_ends_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    with lease_folder() as folder:
        held = Held(Terms(str(folder / "lease"), "tmpfs", "/proc/self/mountinfo", "a", ("b",), 0, 3_000))
        record = Record(1, 0, "a", Claim.ACTIVE, 10_000, False, True, "v1", "boot")
        held.run(held.logic.handle(Lock(boot_ms())))
        held.run(held.logic.handle(Take(boot_ms(), record)))
        held.run(held.logic.beat(boot_ms()))
        assert held.logic.view.confirmed == record._replace(sequence=1)

        def lost(_: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fdatasync", lost)
        held.run(held.logic.beat(boot_ms()))
        assert not held.logic.view.locked and "Input/output error" in held.logic.view.error
        assert held.logic.until_beat(boot_ms(), 200, 2_000) is None
