"""While agents take the place of guards, nodes with either share the lease file: each understands what the other writes."""

import re

import pytest
from agent.core import types as core
from agent.core.record import FORMER_BYTES, RECORD_BYTES, decode, encode, silence_of
from agent.core.types import Claim, NoRecord, Record
from core_candidate_test import waiting, waits
from core_lease_test import Directory, process
from core_rig import SETTINGS, record

#: How a guard reads: `mapfile`, and then the last line, unless it is none of these.
GUARDS_LINE = re.compile(r"^[0-9]+ [0-9]+ [A-Za-z0-9.-]+ (starting|active|stopping|released)$")


def guards_record(content: bytes) -> str:
    """`-` if there is none: a guard then goes by what it saw before, as if nothing were written any more."""
    lines = content.decode().split("\n")[:-1]
    return lines[-1] if lines and GUARDS_LINE.match(lines[-1]) else "-"


def guard(epoch: int, sequence: int, node: str, claim: str) -> Record:
    found = decode(f"{epoch} {sequence} {node} {claim}\n".encode())
    assert isinstance(found, Record)
    return found


@pytest.mark.parametrize("claim", list(Claim))
def test_a_guard_sees_each_heartbeat_of_an_agent_and_what_it_claims(claim: Claim) -> None:
    one = record("node-1.example", 10**14, 10**14, claim, version="0a.b_c+d-e" * 6)
    assert guards_record(encode(one)) == f"{10**14} {10**14} node-1.example {claim.value}"
    assert guards_record(encode(one._replace(sequence=7))) != guards_record(encode(one))


def test_the_last_line_of_a_guard_counts() -> None:
    content = b"4 1 b starting\n" + b"".join(b"4 %d b active\n" % number for number in range(2, 200))
    assert len(content) > RECORD_BYTES
    found = decode(content)
    assert isinstance(found, Record)
    assert (found.epoch, found.sequence, found.node, found.claim) == (4, 199, "b", Claim.ACTIVE)
    assert guard(4, 3, "b", "released").claim is Claim.RELEASED
    # Blanks behind it are an agent's, which made room for its own record.
    assert decode(b"4 3 b released\n".ljust(RECORD_BYTES, b"\n")) == guard(4, 3, "b", "released")
    # A guard that took over from an agent appends to what that one wrote.
    assert decode(encode(record("a", epoch=3, claim=Claim.RELEASED)) + b"4 0 b starting\n") == guard(4, 0, "b", "starting")


@pytest.mark.parametrize("below", [b"2 184 a active\n", b"3 0 a starting\n", b"4 1 b active\n2 1 b active\n"])
def test_a_line_below_an_agents_record_is_a_guards_only_with_a_new_epoch(below: bytes) -> None:
    assert decode(encode(record("a", epoch=3)) + below) is NoRecord.INVALID


@pytest.mark.parametrize(
    "content",
    [
        b"4 3 b released",
        b"4 3 b gone\n",
        b"4 3 b active\nsomething\n",
        b"04 3 b active\n",
        b"0 3 b active\n",
        b"4 3 b active more\n",
        b"4 3 ../b active\n",
        b"4 3 b active\n" * (FORMER_BYTES // 13 + 1),
    ],
)
def test_what_is_no_line_of_a_guard_is_none(content: bytes) -> None:
    assert decode(content) is NoRecord.INVALID


def test_half_a_line_is_none_and_the_one_before_counts() -> None:
    assert decode(b"4 3 b stopping\n4 4 b rele") == guard(4, 3, "b", "stopping")
    assert decode(b"4 3 b stopping\n4 4 b released") == guard(4, 3, "b", "stopping")


def test_an_agents_record_of_two_halves_is_none() -> None:
    """Written in place over another one, and cut short: the guard's line of one is not the other's."""
    old, new = encode(record("b", 4, 9, Claim.RELEASED)), encode(record("a", 5, 0, Claim.STARTING))
    for cut in range(RECORD_BYTES):
        found = decode(new[:cut] + old[cut:])
        assert found in (NoRecord.INVALID, record("b", 4, 9, Claim.RELEASED), record("a", 5, 0, Claim.STARTING))
    assert decode(new[:400] + old[400:]) is NoRecord.INVALID


def test_a_guards_release_is_one_and_nobody_is_waited_for() -> None:
    rig = waiting(guard(4, 7, "b", "released"), epoch=4)
    assert rig.phase() == "Taking"
    assert rig.state.tenure.epoch == 5 and rig.state.tenure.unclean is False


@pytest.mark.parametrize("claim", ["starting", "active", "stopping"])
def test_any_other_guard_is_waited_for_as_long_as_one_may_need(claim: str) -> None:
    """It does not say how long it may write after a heartbeat; the server's lease time is longer than any of its times."""
    wanted = SETTINGS.lease_time
    assert wanted > SETTINGS.watchdog
    assert wanted < waits(waiting(guard(4, 7, "b", claim), epoch=4)) <= wanted + 300
    # A release of an older epoch says nothing of the last owner.
    assert waits(waiting(guard(4, 7, "b", "released"), epoch=5)) > SETTINGS.watchdog


def test_an_owners_own_time_is_believed_and_a_guards_is_the_longer_one() -> None:
    assert silence_of(record(silence=4_000), 10_000, 15_000) == 4_000
    assert silence_of(guard(4, 7, "b", "active"), 10_000, 15_000) == 15_000
    assert silence_of(guard(4, 7, "b", "active"), 20_000, 15_000) == 20_000


def test_the_lease_goes_from_a_guard_to_an_agent_and_back() -> None:
    server, a = Directory(), process("a")
    server.files.update(lease=b"".join(b"6 %d b active\n" % number for number in range(60)), epoch=b"6\n")
    seen = server.ask(a, core.Look(1, True, False))
    assert (seen.record, seen.epoch) == (guard(6, 59, "b", "active"), 6)
    server.files["lease"] += b"6 60 b released\n"
    server.ask(a, core.Lock(2))
    server.ask(a, core.Take(3, record("a", 7, 0, Claim.STARTING)))
    assert guards_record(server.files["lease"]) == "7 0 a starting"
    # `read` takes the first line, and no blanks around it.
    assert re.fullmatch(r"[1-9][0-9]{0,17}", server.files["epoch"].decode().split("\n")[0].strip()), "a guard can read it"
