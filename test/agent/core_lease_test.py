"""What the lease process asks of the server, and what it makes of what lies there. All that lies there is input."""

import random
from typing import Any, Optional, get_args

import pytest
from agent.core import record as form
from agent.core import types as core
from agent.core.files import Close, FileError, FileOperation, Flock, FullError, Open, Outcome, Put, Pwrite, Read, Stamp
from agent.core.lease import LeaseProcess, Steps
from agent.core.lease_requests import REQUESTS, Request
from agent.core.presence import decode as decode_presence
from agent.core.record import MOST, RECORD_BYTES, decode, decode_epoch, encode, encode_epoch
from agent.core.types import Claim, NoRecord
from core_rig import record


class Directory:
    """A lease directory in memory, for several processes. `locking` is off with NFSv3."""

    def __init__(self, locking: bool = True) -> None:
        self.files: dict[str, bytes] = {}
        self.locks: dict[str, LeaseProcess] = {}
        self.locking = locking
        self.changes = 0
        self.asked: list[FileOperation] = []
        self.broken: Optional[type] = None
        self.full = False

    def carry_out(self, process: LeaseProcess, operation: FileOperation) -> Outcome:
        self.asked.append(operation)
        if self.broken and isinstance(operation, self.broken):
            raise FileError("it is broken")
        if self.full and isinstance(operation, Put):
            raise FullError("no room")
        if isinstance(operation, Read):
            content = self.files.get(operation.name)
            return None if content is None else content[: operation.limit + 1]
        if isinstance(operation, Stamp):
            return str(self.changes) if operation.name in self.files else ""
        if isinstance(operation, Flock):
            return self.locks.setdefault(operation.name, process) is process
        if isinstance(operation, Close):
            if self.locks.get(operation.name) is process:
                del self.locks[operation.name]
        elif isinstance(operation, Open):
            self.files.setdefault(operation.name, b"\0" * RECORD_BYTES)
        else:
            assert isinstance(operation, (Pwrite, Put))
            if isinstance(operation, Pwrite) and self.locking and self.locks.get(operation.name) is not process:
                raise FileError("EIO")
            self.changes += 1
            self.files[operation.name] = operation.content
        return None

    def ask(self, process: LeaseProcess, request: core.Request) -> core.LeaseView:
        return self.carry(process, process.handle(request))

    def carry(self, process: LeaseProcess, steps: Steps) -> core.LeaseView:
        self.asked = []
        given: Outcome = None
        failed: Optional[FileError] = None
        while True:
            try:
                operation = steps.throw(failed) if failed else steps.send(given)
            except StopIteration:
                return process.view
            failed, given = None, None
            try:
                given = self.carry_out(process, operation)
            except FileError as error:
                failed = error


def process(name: str = "a", claim_time: int = 0) -> LeaseProcess:
    return LeaseProcess(name, tuple({"a", "b", "c"} - {name}), f"token-of-{name}", claim_time)


def test_one_process_at_a_time_has_the_lock() -> None:
    server, a, b = Directory(), process("a"), process("b")
    assert server.ask(a, core.Lock(1)).locked
    assert not server.ask(b, core.Lock(2)).locked
    assert server.ask(a, core.Take(3, record("a"))).confirmed == record("a")
    found = server.ask(b, core.Look(4, True, False))
    assert (found.record, found.epoch) == (record("a"), 1)


def test_in_the_agents_place_heartbeats_go_on_for_a_while_and_use_no_number_twice() -> None:
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(1_000, record("a", sequence=0, claim=Claim.STARTING)))
    assert a.until_beat(1_000, 1_000, 5_000) is None, "the service does not run yet"
    server.ask(a, core.Write(2_000, record("a", sequence=1, claim=Claim.ACTIVE)))
    assert a.until_beat(2_100, 1_000, 5_000) == 1_400 and a.until_beat(2_100, 0, 5_000) is None
    server.carry(a, a.beat(3_600))
    assert a.view.confirmed == record("a", sequence=2, claim=Claim.ACTIVE) and (a.view.sent, a.asked) == (3_600, 2_000)
    assert a.until_beat(7_000, 1_000, 5_000) == 0 and a.until_beat(7_001, 1_000, 5_000) is None
    view = server.ask(a, core.Write(7_500, record("a", sequence=2, claim=Claim.ACTIVE)))
    assert view.confirmed == record("a", sequence=3, claim=Claim.ACTIVE) and a.asked == 7_500
    server.broken = Pwrite
    server.carry(a, a.beat(9_000))
    assert not a.view.locked and a.view.error and a.until_beat(9_000, 1_000, 5_000) is None


def test_a_full_server_is_looked_at_and_taken_over_on_as_ever() -> None:
    server, a, b = Directory(), process("a"), process("b")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a", epoch=3)))
    server.ask(b, core.Look(3, False, False))
    server.full = True
    found = server.ask(b, core.Look(4, True, True, around=True))
    assert (found.error, found.answered, found.record, found.unsaid) == ("", 4, record("a", epoch=3), "no room")
    found = server.ask(b, core.NoteClean(5, 2))
    assert (found.error, found.answered, found.noted, found.unsaid) == ("", 5, 0, "no room")
    server.locks.clear()
    assert server.ask(b, core.Lock(6)).locked and not b.view.error
    assert server.ask(b, core.Take(7, record("b", epoch=4))).epoch == 4
    server.ask(b, core.Write(8, record("b", epoch=4)))
    # What was not written is not believed to be, and is written once there is room.
    server.full = False
    server.ask(a, core.NoteClean(9, 3))
    assert a.view.noted == 3 and not a.view.unsaid
    b.view = b.view._replace(confirmed=None)
    assert not server.ask(b, core.Look(10_000, True, True)).unsaid
    said = decode_presence(server.files["node.b"])
    assert said and said.fit and said.vip and said.clean == 0


def test_the_epoch_is_written_through_a_lock() -> None:
    """A process that was paused in between cannot put it back: the server refuses."""
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a", epoch=3)))
    written = [operation for operation in server.asked if isinstance(operation, (Pwrite, Put))]
    assert [operation.name for operation in written] == ["lease", "epoch"]
    assert all(isinstance(operation, Pwrite) for operation in written)
    server.locks.clear()
    view = server.ask(a, core.Take(3, record("a", epoch=2)))
    assert view.error and not view.locked and decode_epoch(server.files["epoch"]) == 3


def test_a_heartbeat_opens_no_file() -> None:
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a")))
    for beat in range(3):
        server.ask(a, core.Write(3 + beat, record("a", sequence=6 + beat)))
    server.changes = server.changes
    # The directory stamps by any change; with the same stamp nothing is read.
    a.stamp = str(server.changes + 1)
    server.ask(a, core.Write(9, record("a", sequence=9)))
    assert {type(operation) for operation in server.asked} == {Pwrite, Stamp}


def test_a_heartbeat_finds_a_foreign_epoch() -> None:
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a")))
    server.files["epoch"] = b"8"
    server.changes += 1
    assert server.ask(a, core.Write(3, record("a", sequence=6))).epoch == 8


def test_a_heartbeat_that_fails_drops_the_lock() -> None:
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a")))
    server.broken = Pwrite
    view = server.ask(a, core.Write(3, record("a", sequence=6)))
    assert view.error and not view.locked and not server.locks and view.sent == 0


def test_a_look_that_fails_drops_nothing() -> None:
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a")))
    server.broken = Read
    view = server.ask(a, core.Look(3, True, False, around=True))
    assert view.error and view.locked


def test_the_record_stays_as_long_as_it_is_written_in_place() -> None:
    """A full server takes it: nothing is appended."""
    server, a = Directory(), process("a")
    server.ask(a, core.Lock(1))
    for beat in range(200):
        server.ask(a, core.Write(2, record("a", sequence=beat)))
        assert len(server.files["lease"]) == RECORD_BYTES


def test_a_clean_note_of_the_last_owner_is_seen_by_others() -> None:
    server, a, b = Directory(), process("a"), process("b")
    server.ask(a, core.Lock(1))
    server.ask(a, core.Take(2, record("a", epoch=4)))
    assert server.ask(a, core.NoteClean(3, 4)).noted == 4
    assert server.ask(b, core.Look(4, True, False)).clean == 4
    again = process("a")
    server.ask(again, core.Look(5, True, False))
    assert server.ask(b, core.Look(6, True, False)).clean == 4, "it outlives the process that wrote it"


def test_an_epoch_that_was_noted_clean_is_never_taken_again() -> None:
    """Nobody would wait for an owner whose epoch is called clean already."""
    server, a = Directory(), process("a")
    server.ask(a, core.NoteClean(1, 4))
    again = process("a")
    assert server.ask(again, core.Lock(2)).noted == 4
    assert "clean" in server.ask(again, core.Take(3, record("a", epoch=4))).error
    server.ask(again, core.Lock(4))
    assert server.ask(again, core.Take(5, record("a", epoch=5))).epoch == 5


def test_peers_are_believed_only_once_they_have_moved() -> None:
    server, a, b = Directory(), process("a"), process("b")
    server.ask(a, core.Look(1_000, True, False))
    assert server.ask(b, core.Look(1_000, True, False, around=True)).peers[0].age >= 10_000
    server.ask(a, core.Look(7_000, True, False))
    peer = server.ask(b, core.Look(8_000, True, False, around=True)).peers[0]
    assert (peer.node, peer.fit, peer.age) == ("a", True, 0)


# ---- NFSv3 ----


def test_a_claim_must_stand_for_its_time() -> None:
    server, a = Directory(locking=False), process("a", 10_000)
    assert not server.ask(a, core.Lock(1)).locked
    assert not server.ask(a, core.Lock(9_000)).locked
    assert server.ask(a, core.Lock(10_100)).locked


def test_a_claim_waits_for_an_owner_that_is_alive() -> None:
    server, a, b = Directory(locking=False), process("a", 10_000), process("b", 10_000)
    server.ask(a, core.Lock(1))
    server.ask(a, core.Lock(10_100))
    server.ask(a, core.Take(10_200, record("a")))
    for beat in range(40):
        time = 11_000 + 1_000 * beat
        server.ask(a, core.Write(time, record("a", sequence=6 + beat)))
        assert not server.ask(b, core.Lock(time + 100)).locked
    assert server.files["claim"].startswith(b"a ")


def test_an_owner_finds_a_foreign_claim_with_its_next_heartbeat() -> None:
    server, a = Directory(locking=False), process("a", 10_000)
    server.ask(a, core.Lock(1))
    server.ask(a, core.Lock(10_100))
    server.ask(a, core.Take(10_200, record("a")))
    server.files["claim"] = b"b token-of-b\n"
    view = server.ask(a, core.Write(11_000, record("a", sequence=6)))
    assert "b claims the lease" in view.error and not view.locked


def test_a_released_claim_is_taken_over_without_its_time_of_silence() -> None:
    server, a, b = Directory(locking=False), process("a", 10_000), process("b", 10_000)
    server.ask(a, core.Lock(1))
    server.ask(a, core.Lock(10_100))
    server.ask(a, core.Take(10_200, record("a")))
    server.ask(a, core.Write(10_300, record("a", sequence=6, claim=Claim.RELEASED)))
    server.ask(b, core.Lock(10_400))
    assert server.files["claim"].startswith(b"b ")
    assert server.ask(b, core.Lock(20_500)).locked


# ---- what lies there ----


@pytest.mark.parametrize("claim", list(Claim))
def test_a_record_is_read_as_it_was_written(claim: Claim) -> None:
    for armed in (True, False):
        one = record("node-1.example", 10**14, 10**14, claim, armed=armed, vip=not armed, version="0a.b_c+d-e")
        assert decode(encode(one)) == one and len(encode(one)) == RECORD_BYTES


def test_nothing_that_lies_there_raises_or_is_believed() -> None:
    chance = random.Random(1)
    plain = encode(record())
    assert decode(b"") is NoRecord.EMPTY and decode(b"\0" * RECORD_BYTES) is NoRecord.EMPTY
    for _ in range(20_000):
        content = bytearray(plain)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(80)] = chance.randrange(256)
        found = decode(bytes(content))
        assert found is NoRecord.INVALID or found == record()
    for _ in range(2_000):
        noise = chance.randbytes(chance.randrange(1, 2 * RECORD_BYTES))
        assert decode(noise) is NoRecord.INVALID
        assert decode_presence(noise) is None
        epoch = decode_epoch(noise)
        assert epoch is None or 0 <= epoch <= MOST


@pytest.mark.parametrize(
    "content",
    [b"-1", b"1.5", b"9" * 40, b"1e3", "١٢".encode(), b"0x10", b"1 2", b"\xff", b"1" * (RECORD_BYTES + 1), str(MOST + 1).encode()],
)
def test_an_epoch_is_a_whole_number_within_bounds(content: bytes) -> None:
    assert decode_epoch(content) is None


@pytest.mark.parametrize(
    "field, value",
    [
        ("epoch", 0),
        ("epoch", MOST + 1),
        ("silence", 0),
        ("silence", 10**9),
        ("node", "../b"),
        ("node", "b" * 80),
        ("node", ""),
        ("version", "a b"),
        ("boot", "x" * 65),
    ],
)
def test_a_record_with_a_field_out_of_bounds_is_none(field: str, value: Any) -> None:
    assert decode(encode(record(**{field: value}))) is NoRecord.INVALID


def test_an_epoch_that_cannot_be_read_is_the_records() -> None:
    server, a = Directory(), process("a")
    server.files.update(lease=encode(record("b", epoch=5)), epoch=b"garbage")
    assert server.ask(a, core.Look(1, True, False)).epoch == 5
    server.files.update(lease=b"garbage")
    assert server.ask(a, core.Look(2, True, False)).error


def test_an_epoch_that_was_left_half_written_is_mended_under_the_lock_before_anything_else() -> None:
    server, a = Directory(), LeaseProcess("a", ("b",), "1")
    half = encode_epoch(10)[:1] + encode_epoch(9)[1:]
    server.files.update(lease=encode(record("b", epoch=10)), epoch=half)
    assert server.ask(a, core.Lock(1)).epoch == 10
    assert decode_epoch(server.files["epoch"]) == 10
    # Whoever looks on mends nothing.
    server.files["epoch"] = half
    assert server.ask(LeaseProcess("c", ("b",), "2"), core.Look(1, True, False)).epoch == 10
    assert server.files["epoch"] == half


def halves(before: bytes, after: bytes) -> set[bytes]:
    """What a write that was cut short may leave."""
    return {after[:length] + before[length:] for length in range(len(after) + 1)}


@pytest.mark.parametrize("before, after", [(9, 10), (10, 11), (99, 100), (1, 2), (199, 200)])
def test_half_an_epoch_is_none(before: int, after: int) -> None:
    assert {form.decode_epoch(half) for half in halves(form.encode_epoch(before), form.encode_epoch(after))} == {
        before,
        after,
        None,
    }
    assert form.decode_epoch(str(after).encode().ljust(RECORD_BYTES)) == after, "as it was formerly"


def test_half_a_record_is_none() -> None:
    # Of one length: each cut leaves something that looks like a record.
    before = record("b", epoch=19, sequence=99, claim=Claim.RELEASED)
    after = record("a", epoch=20, sequence=10, claim=Claim.STARTING)
    assert {decode(half) for half in halves(encode(before), encode(after))} == {before, after, NoRecord.INVALID}
    # The first one that was ever written.
    assert {decode(half) for half in halves(b"\0" * RECORD_BYTES, encode(after))} <= {NoRecord.EMPTY, after, NoRecord.INVALID}


def test_all_requests_of_the_type_can_be_asked_for() -> None:
    assert get_args(Request) == REQUESTS
