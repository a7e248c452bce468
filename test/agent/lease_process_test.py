"""The lease process with real files, real locks between processes, and a real socket."""

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent.clock import boot_ms
from agent.core.lease_requests import Lock, Look, NoteClean, Take, Write
from agent.core.record import RECORD_BYTES, Claim, NoRecord, Record, encode
from agent.lease.client import LeaseClient
from agent.lease.process import Held
from agent.lease.wire import Terms
from support.lease_node import Process, lease_folder, wait


@pytest.fixture
def folder() -> Iterator[Path]:
    with lease_folder() as folder:
        yield folder


@pytest.fixture
def pair(folder: Path) -> "tuple[Process, Process]":
    return Process(folder, "a"), Process(folder, "b")


def test_processes_are_ended_where_one_of_them_does_not_come_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Process(folder, "a")

    def fails(_: Process) -> LeaseClient:
        raise AssertionError("it took too long")

    monkeypatch.setattr(Process, "connected", fails)
    with pytest.raises(AssertionError):
        Process(folder, "b")
    second = Process.made[-1]
    Process.end_all()
    assert second is not first and first.child.returncode is not None and second.child.returncode is not None


def test_only_one_process_has_the_lock_and_its_end_frees_it(pair: "tuple[Process, Process]") -> None:
    a, b = pair
    assert a.ask(Lock(boot_ms())).locked
    assert not b.ask(Lock(boot_ms())).locked and not b.client.view.error
    a.end()
    assert b.ask(Lock(boot_ms())).locked


def test_heartbeats_and_epoch_are_seen_by_the_other_node(pair: "tuple[Process, Process]", folder: Path) -> None:
    a, b = pair
    a.ask(Lock(boot_ms()))
    sent = boot_ms()
    view = a.ask(Take(sent, a.record(1, 0, Claim.STARTING)))
    assert view.epoch == 1 and view.sent == sent and view.confirmed == a.record(1, 0, Claim.STARTING)
    for sequence in range(1, 200):
        a.ask(Write(boot_ms(), a.record(1, sequence)))
    seen = b.ask(Look(boot_ms(), False, False))
    assert seen.record == a.record(1, 199) and seen.epoch == 1
    # Written in place: it does not grow.
    assert (folder / "lease/lease").stat().st_size == RECORD_BYTES


def test_an_agent_that_is_started_anew_finds_the_lease_kept(pair: "tuple[Process, Process]") -> None:
    a, b = pair
    a.ask(Lock(boot_ms()))
    a.ask(Take(boot_ms(), a.record(4, 0)))
    a.client.close()
    again = a.connected()
    assert again.view.locked and again.view.confirmed == a.record(4, 0) and again.view.epoch == 4
    assert not b.ask(Lock(boot_ms())).locked


def test_a_lease_that_is_left_alone_is_let_go_once_nothing_can_write_any_more(folder: Path) -> None:
    a, b = Process(folder, "a", alone=1_000), Process(folder, "b")
    try:
        a.ask(Lock(boot_ms()))
        a.ask(Take(boot_ms(), a.record(1, 0)))
        a.client.close()
        started = time.monotonic()
        wait(lambda: b.ask(Lock(boot_ms())).locked, 5)
        assert 0.7 < time.monotonic() - started < 3
    finally:
        a.end()
        b.end()


def test_agents_that_begin_again_and_again_and_never_write_do_not_keep_the_lease(folder: Path) -> None:
    a, b = Process(folder, "a", alone=1_000), Process(folder, "b")
    try:
        a.ask(Lock(boot_ms()))
        a.ask(Take(boot_ms(), a.record(1, 0)))
        started = time.monotonic()

        def begins() -> bool:
            a.client.close()
            a.client = a.connected()
            a.ask(Look(boot_ms(), False, False))
            return b.ask(Lock(boot_ms())).locked

        wait(begins, 6)
        assert time.monotonic() - started > 0.7
    finally:
        a.end()
        b.end()


def test_an_agent_that_waits_for_the_last_owners_silence_keeps_the_lock(folder: Path) -> None:
    a, b = Process(folder, "a", alone=1_000), Process(folder, "b")
    try:
        a.ask(Lock(boot_ms()))
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert a.ask(Look(boot_ms(), False, False)).locked
            time.sleep(0.2)
        assert not b.ask(Lock(boot_ms())).locked
    finally:
        a.end()
        b.end()


def test_a_process_that_hangs_is_killed_by_a_drop(pair: "tuple[Process, Process]") -> None:
    a, b = pair
    a.ask(Lock(boot_ms()))
    a.child.send_signal(signal.SIGSTOP)
    a.client.ask(Look(boot_ms(), False, False))
    a.client.drop()
    assert a.child.wait(3) == -signal.SIGKILL
    assert b.ask(Lock(boot_ms())).locked


def test_terms_do_not_change_under_a_lease_that_is_held(pair: "tuple[Process, Process]") -> None:
    a, _ = pair
    a.ask(Lock(boot_ms()))
    other = a.connected(a.terms._replace(directory="/somewhere/else"))
    assert "other terms" in other.view.error and other.view.locked


def test_a_full_server_still_takes_heartbeats(pair: "tuple[Process, Process]", folder: Path) -> None:
    a, _ = pair
    a.ask(Lock(boot_ms()))
    a.ask(Take(boot_ms(), a.record(1, 0)))
    fd = os.open(folder / "lease/rest", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError):
        while True:
            os.write(fd, b"x" * 4096)
    os.close(fd)
    for sequence in range(1, 100):
        view = a.ask(Write(boot_ms(), a.record(1, sequence)))
        assert not view.error and view.locked
    b = pair[1]
    view = b.ask(Look(boot_ms(), True, False))
    assert view.record == a.record(1, 99) and not view.error and "No space left" in view.unsaid
    a.end()
    assert b.ask(Lock(boot_ms())).locked and b.ask(Take(boot_ms(), b.record(2, 0))).epoch == 2
    assert not [path.name for path in (folder / "lease").iterdir() if ".new." in path.name]


@pytest.mark.parametrize(
    "content",
    [
        b"999999999999999999 5 b released\n",
        b"99999999999999999999 5 b active 10000 0 0 v1 boot 0\n",
        b"08 1 b active\n",
        b"\xff" * RECORD_BYTES,
        b"1 2 b gone\n" * 200,
        b"x" * 100_000,
    ],
)
def test_a_record_that_nobody_wrote_is_none_and_ends_nothing(pair: "tuple[Process, Process]", folder: Path, content: bytes) -> None:
    a, _ = pair
    (folder / "lease/lease").write_bytes(content)
    (folder / "lease/epoch").write_text("7\n")
    view = a.ask(Look(boot_ms(), False, False))
    assert view.record is NoRecord.INVALID and view.epoch == 7 and not view.error
    assert a.ask(Lock(boot_ms())).locked
    assert a.ask(Take(boot_ms(), a.record(8, 0))).epoch == 8
    assert (folder / "lease/lease").read_bytes() == encode(a.record(8, 0))


def test_links_in_the_lease_directory_lead_nowhere(pair: "tuple[Process, Process]", folder: Path) -> None:
    a, _ = pair
    victim = folder / "victim"
    victim.write_text("as it was")
    for name in ("lease", "epoch", "node.a"):
        (folder / "lease" / name).symlink_to(victim)
    assert a.ask(Lock(boot_ms())).error and not a.client.view.locked
    assert a.ask(Look(boot_ms(), True, True)).error
    a.ask(NoteClean(boot_ms(), 3))
    assert victim.read_text() == "as it was"


def test_temporary_names_are_each_nodes_own(pair: "tuple[Process, Process]", folder: Path) -> None:
    a, b = pair
    (folder / "victim").write_text("as it was")
    for process in (a, b):
        (folder / f"lease/node.{process.node}.new.{process.node}").symlink_to(folder / "victim")
        assert not process.ask(NoteClean(boot_ms(), 3)).error
    assert (folder / "victim").read_text() == "as it was"


def test_below_a_directory_that_is_not_mounted_nothing_is_read_or_written(folder: Path) -> None:
    process = Process(folder, "a")
    try:
        client = process.connected(process.terms._replace(directory=str(folder)))
        assert client.ask(Lock(boot_ms()))
        wait(lambda: client.collect() and not client.view.pending, 5)
        assert "not mounted" in client.view.error and not client.view.locked
        assert not (folder / "lease/lease").exists()
    finally:
        process.end()


def test_what_is_no_request_ends_the_connection_and_not_the_process(pair: "tuple[Process, Process]") -> None:
    a, _ = pair
    a.ask(Lock(boot_ms()))
    for line in (b"no JSON\n", b"[]\n", b'{"do": "guard"}\n', b'{"id": 1}\n', b"x" * 200_000):
        client = LeaseClient(str(a.run / "lease.sock"), a.terms)
        assert client.connect() and client._socket
        try:
            client._socket.sendall(line)
        except OSError:
            pass
        client.close()
    assert a.connected().view.locked


def test_without_locks_a_claim_must_stand_for_its_time(folder: Path) -> None:
    a, b = Process(folder, "a", claim_time=600), Process(folder, "b", claim_time=600)
    try:
        assert not a.ask(Lock(boot_ms())).locked
        started = time.monotonic()
        wait(lambda: a.ask(Lock(boot_ms())).locked, 5)
        assert time.monotonic() - started > 0.5
        assert a.ask(Take(boot_ms(), a.record(1, 0))).confirmed
        # The other one finds records that change, and does not claim.
        end = time.monotonic() + 1.5
        sequence = 0
        while time.monotonic() < end:
            sequence += 1
            assert a.ask(Write(boot_ms(), a.record(1, sequence))).locked
            assert not b.ask(Lock(boot_ms())).locked
            time.sleep(0.1)
        # A foreign claim ends it with the next heartbeat.
        (folder / "lease/claim").write_text("b something\n")
        view = a.ask(Write(boot_ms(), a.record(1, sequence + 1)))
        assert not view.locked and "b claims the lease" in view.error
    finally:
        a.end()
        b.end()


def test_an_epoch_that_was_put_back_is_told_with_the_next_heartbeat(pair: "tuple[Process, Process]", folder: Path) -> None:
    a, _ = pair
    a.ask(Lock(boot_ms()))
    a.ask(Take(boot_ms(), a.record(5, 0)))
    (folder / "lease/epoch").write_text("3\n")
    assert a.ask(Write(boot_ms(), a.record(5, 1))).epoch == 3


def test_a_lock_that_the_server_took_away_is_noticed_by_the_sync(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(Terms(str(folder / "lease"), "tmpfs", "/proc/self/mountinfo", "a", ("b",), 0, 3_000))
    record = Record(1, 0, "a", Claim.ACTIVE, 10_000, False, True, "v1", "boot")
    held.run(held.logic.handle(Lock(boot_ms())))
    held.run(held.logic.handle(Take(boot_ms(), record)))
    assert held.logic.view.locked and not held.logic.view.error

    def lost(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    # What the kernel says then; the write alone may still succeed.
    monkeypatch.setattr(os, "fdatasync", lost)
    held.run(held.logic.handle(Write(boot_ms(), record._replace(sequence=1))))
    assert not held.logic.view.locked and "Input/output error" in held.logic.view.error
    b = Process(folder, "b")
    try:
        assert b.ask(Lock(boot_ms())).locked
    finally:
        b.end()
