"""What the helper on the NFS server decides, and what it believes."""

from typing import Any

import pytest
from agent.core import fence_mail, presence
from agent.core.fence_mail import Ask
from agent.core.record import Claim, NoRecord
from core_rig import record
from fencer import core, exports, nfsd

NODES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
NOBODY = core.Register({})
ASK = Ask("n.1", "a", 4, 7)


def client(number: str, address: str, *locked: str, confirmed: bool = True) -> core.Client:
    return core.Client(number, address, confirmed, frozenset(locked))


def seen(**more: Any) -> core.Seen:
    """`b` has the successor's lock, and `a` is the owner whose heartbeat was asked about."""
    plain = core.Seen(
        record("a", epoch=4, sequence=7),
        4,
        "8:1:77",
        frozenset({"8:1:77", "8:1:5"}),
        (client("1", NODES["a"], "8:1:5"), client("2", NODES["b"], "8:1:77"), client("3", NODES["c"])),
    )
    return plain._replace(**more)


def judged(asker: str = "b", ask: Ask = ASK, register: core.Register = NOBODY, **more: Any) -> object:
    return core.judge(asker, ask, seen(**more), NODES, register)


def test_the_holder_of_the_successors_lock_has_the_last_owner_cut_off() -> None:
    assert judged() == core.CutOff("a", 4)


@pytest.mark.parametrize("asker", ["c", "a", "d"])
def test_nobody_else_is_heard(asker: str) -> None:
    assert isinstance(judged(asker), core.Refused)


def test_a_lock_that_is_gone_gives_no_right() -> None:
    """The kernel keeps the state of a lock until its file is closed."""
    assert isinstance(judged(locks=frozenset({"8:1:5"})), core.Refused)
    assert isinstance(judged(successor=""), core.Refused)


def test_two_who_could_have_the_lock_are_none() -> None:
    two = (client("2", NODES["b"], "8:1:77"), client("3", NODES["c"], "8:1:77"))
    assert isinstance(judged(clients=two), core.Refused)
    # Nor two clients of one node.
    assert isinstance(judged(clients=(*two[:1], client("4", NODES["b"], "8:1:77"))), core.Refused)
    assert isinstance(judged(clients=(client("2", NODES["b"], "8:1:77", confirmed=False),)), core.Refused)


@pytest.mark.parametrize(
    "more",
    [
        {"record": record("a", epoch=4, sequence=8)},
        {"record": record("a", epoch=5, sequence=7)},
        {"record": record("c", epoch=4, sequence=7)},
        {"record": record("a", epoch=4, sequence=7, claim=Claim.RELEASED)},
        {"record": NoRecord.INVALID},
        {"record": NoRecord.EMPTY},
        {"epoch": 5},
        {"epoch": None},
    ],
)
def test_only_the_owner_whose_heartbeats_do_not_come_is_cut_off(more: dict[str, Any]) -> None:
    assert isinstance(judged(**more), core.Refused)


def test_epochs_go_forward_only_and_the_same_question_may_be_asked_again() -> None:
    after = core.barring(NOBODY, core.CutOff("a", 4))
    assert after == core.Register({"a": 4}, 4, "a")
    assert judged(register=after) == core.CutOff("a", 4)
    assert judged("c", register=after, clients=(client("3", NODES["c"], "8:1:77"),)) == core.CutOff("a", 4)
    assert isinstance(judged(register=core.Register({}, 5, "c")), core.Refused)
    assert isinstance(judged(register=core.Register({}, 4, "c")), core.Refused)
    assert core.barring(after, core.CutOff("b", 6)).barred == {"a": 4, "b": 6}


def test_it_is_done_only_if_nothing_of_the_access_is_left() -> None:
    late = client("9", NODES["a"])
    assert core.uncertain(NODES["a"], ["1"], "", [late, client("2", NODES["b"])]) == ""
    assert "client 1" in core.uncertain(NODES["a"], ["1", "4"], "", [client("1", NODES["a"])])
    assert core.uncertain(NODES["a"], [], "* may still mount /srv", []) == "* may still mount /srv"


def test_a_node_may_return_once_it_has_noted_that_it_is_clean() -> None:
    def note(clean: int) -> bytes:
        return presence.encode(presence.Presence(False, False, clean, 3))

    assert core.may_return(4, note(4)) and core.may_return(4, note(5))
    assert not core.may_return(4, note(3)) and not core.may_return(4, b"") and not core.may_return(4, b"\xff" * 9_000)


# ---- the kernel's tables ----

INFO = 'clientid: 0x1\naddress: "10.0.0.2:819"\nstatus: confirmed\nseconds from last renew: 3\nname: "Linux NFSv4.2 x"\n'
LOCK = '- 0x0200000031: {{ type: lock, superblock: "08:01:{}", filename: "lease/successor", owner: "lock id:x" }}\n'
OPEN = '- 0x0100000031: { type: open, access: rw, deny: --, superblock: "08:01:77", filename: "lease/successor", owner: "x" }\n'


def test_a_client_is_read_from_its_files() -> None:
    assert nfsd.client_of("2", INFO, OPEN + LOCK.format(77)) == client("2", "10.0.0.2", "8:1:77")
    assert nfsd.client_of("2", INFO.replace("confirmed", "courtesy"), OPEN) == client("2", "10.0.0.2", confirmed=False)
    assert nfsd.client_of("2", "", "") == client("2", "", confirmed=False)


def test_what_a_client_says_of_itself_counts_for_nothing() -> None:
    forged = INFO.replace("Linux", 'x"\naddress: "10.0.0.1:1"\nstatus: courtesy\nname: "')
    assert nfsd.client_of("2", forged, "") == client("2", "10.0.0.2")


def test_only_an_exclusive_lock_of_the_whole_file_is_one() -> None:
    table = (
        "1: POSIX  ADVISORY  WRITE 23596 08:01:77 0 EOF\n2: POSIX  ADVISORY  READ 1 08:01:78 0 EOF\n"
        "3: POSIX  ADVISORY  WRITE 1 08:01:79 0 4\n3: -> POSIX  ADVISORY  WRITE 1 08:01:80 0 EOF\n"
        "4: FLOCK  ADVISORY  WRITE 9 fe:0a:81 0 EOF\n5: DELEG  ACTIVE    READ 0 08:01:82 0 EOF\n"
    )
    assert nfsd.locks_in(table) == {"8:1:77", "254:10:81"}


# ---- exports ----


def test_a_node_that_is_cut_off_keeps_the_lease_directory_alone() -> None:
    fsids = {"lease": "L", "data": "D"}
    text = exports.rendered("/srv/a b", fsids, {"a": "10.0.0.1", "b": "10.0.0.2"}, ["a"])
    lines = [line.split(" ")[:2] for line in text.splitlines()[1:]]
    assert [(path, word.split("(")[0]) for path, word in lines] == [
        ("/srv/a\\040b/lease", "10.0.0.1"),
        ("/srv/a\\040b/lease", "10.0.0.2"),
        ("/srv/a\\040b/data", "10.0.0.2"),
    ]
    assert "fsid=L" in text.splitlines()[1] and "fsid=D" in text.splitlines()[3]


@pytest.mark.parametrize(
    "line",
    [
        "/srv/x/data\t10.0.0.1(rw,sync)",
        "/srv/x\t10.0.0.1(rw)",
        "/srv/x/data/deep\t10.0.0.1(rw)",
        "/\t10.0.0.1(ro)",
        "/srv/x/data\t*(rw)",
        "/srv/x/data\t10.0.0.0/24(rw)",
        "/srv/x/data\thost.example(rw)",
        "/srv/x/data\t10.0.0.2,10.0.0.1(rw)",
        "/srv/\\170/data\t10.0.0.1(rw)",
    ],
)
def test_an_export_that_lets_the_node_in_is_found(line: str) -> None:
    assert exports.still_exported(f"# Version 1.1\n{line}\n", "/srv/x/data", "10.0.0.1", ["10.0.0.2"])


@pytest.mark.parametrize(
    "line",
    [
        "/srv/x/data\t10.0.0.2(rw,sync)",
        "/srv/x/lease\t10.0.0.1(rw)",
        "/srv/x/data2\t10.0.0.1(rw)",
        "/\t10.0.0.1(ro,root_squash,v4root,fsid=0)",
        "# Path Client(Flags) # IPs",
    ],
)
def test_an_export_that_does_not_is_none(line: str) -> None:
    assert exports.still_exported(f"{line}\n", "/srv/x/data", "10.0.0.1", ["10.0.0.2"]) == ""


# ---- mail ----


def test_mail_is_read_as_it_was_written() -> None:
    assert fence_mail.decode_ask(fence_mail.encode_ask(ASK)) == ASK
    answer = fence_mail.Answer("n.1", True, 4, "a is cut off")
    assert fence_mail.decode_answer(fence_mail.encode_answer(answer)) == answer
    longest = fence_mail.encode_answer(answer._replace(nonce="n" * 64, epoch=10**15, words="é\n" * 200))
    told = fence_mail.decode_answer(longest)
    assert told and told.words.startswith("??") and len(longest) <= 256
    assert fence_mail.decode_number(fence_mail.encode_number(12)) == 12


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 5_000, b"\xff\xfe", b"n.1 a 4 7 00000000\n", b"n.1 done 4 x 1\n"])
def test_other_mail_is_none(content: bytes) -> None:
    assert fence_mail.decode_ask(content) is None and fence_mail.decode_answer(content) is None
    assert fence_mail.decode_number(content) == 0
    whole = fence_mail.encode_ask(ASK)
    assert all(fence_mail.decode_ask(whole[:length]) is None for length in range(len(whole) - 1))
