"""Events, orders, fencing, systemd: the smaller edges."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from agent.clock import boot_ms
from agent.control import Connection, Control, ask_agent
from agent.core.record import Claim, NoRecord, Record, encode
from agent.core.settings import Configuration
from agent.events import LIMIT, Events, latest
from agent.fencing import check, power_off
from agent.job import _still_last
from agent.lease.wire import record_words
from agent.orders import WORD_LASTS, OrderBook, read_lasting, write_lasting
from agent.setup import Data, Fence, LeasePlace, Paths, Setup
from agent.shared_data import Failed
from agent.systemd import Manager

# ---- events ----


def test_events_never_wait_for_a_journal_that_hangs_and_say_what_was_lost(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    events = Events(str(tmp_path / "events"), writer)
    for number in range(5_000):
        events.say("state", f"number {number}")
    os.read(reader, 1 << 20)
    events.say("state", "after")
    assert json.loads(os.read(reader, 1 << 20).splitlines()[-1])["lost"] > 0
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size <= 2 * LIMIT
    assert latest(str(tmp_path / "events"), 3)[-1]["text"] == "after"


def test_what_comes_before_a_reset_is_on_the_disk_at_once(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    events = Events(str(tmp_path / "events"), writer)
    for kind in ("state", "failure", "kill"):
        events.say(kind, "a text")
    told = os.read(reader, 4096).splitlines()
    assert [line.partition(b"{")[0] for line in told] == [b"", b"<4>", b"<2>"]
    assert [event["event"] for event in latest(str(tmp_path / "events"), 3)] == ["state", "failure", "kill"]


# ---- orders ----


def test_lasting_orders_hold_over_a_boot_and_a_broken_file_orders_nothing(tmp_path: Path) -> None:
    write_lasting(str(tmp_path / "state"), {"paused": "NFS maintenance", "prefer": "b"})
    book = OrderBook(read_lasting(str(tmp_path / "state")), str(tmp_path / "leave"))
    assert book.orders().paused == "NFS maintenance" and book.orders().prefer == "b"
    (tmp_path / "state/orders.json").write_text("{ no")
    assert not any(read_lasting(str(tmp_path / "state")).values())


def test_an_order_to_leave_lasts_for_its_time_and_over_a_new_agent(tmp_path: Path) -> None:
    OrderBook({}, str(tmp_path / "leave")).leave(0.5, "a switchover")
    assert OrderBook({}, str(tmp_path / "leave")).orders().leave == "a switchover"
    time.sleep(0.6)
    assert OrderBook({}, str(tmp_path / "leave")).orders().leave == ""


def test_a_word_that_a_node_is_off_counts_once_and_not_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = OrderBook({}, str(tmp_path / "leave"))
    book.off("b")
    assert book.orders().off == {"b"}
    book.on("b")
    assert book.orders().off == set()
    book.off("b")
    book.taken()
    assert book.orders().off == set()
    book.off("b")
    later = boot_ms() + WORD_LASTS + 1
    monkeypatch.setattr("agent.orders.boot_ms", lambda: later)
    assert book.orders().off == set()


# ---- the command line's socket ----


def test_what_is_no_request_is_answered_and_ends_nothing(tmp_path: Path) -> None:
    def handle(request: "dict[str, object]", asker: Connection) -> None:
        asker.answer({"seconds": float(str(request["seconds"]))} if "seconds" in request else {"ok": int([])})  # type: ignore[call-overload]

    path = str(tmp_path / "agent.sock")
    control = Control(path, handle)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            control.collect()
            time.sleep(0.01)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert ask_agent(path, {"seconds": 5}, 3) == {"seconds": 5.0}
        assert "no such request" in ask_agent(path, {"seconds": "soon"}, 3)["error"]
        assert "no such request" in ask_agent(path, {}, 3)["error"]
        for line in (b"no JSON\n", b"[" * 100_000 + b"\n", b"x" * 400_000):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(3)
                client.connect(path)
                try:
                    client.sendall(line)
                    client.recv(4096)
                except OSError:
                    pass  # it was thrown out in the middle of it
        assert ask_agent(path, {"seconds": 6}, 3) == {"seconds": 6.0}
    finally:
        done.set()
        thread.join()


# ---- fencing ----


@pytest.fixture
def fence(tmp_path: Path) -> Fence:
    agent = tmp_path / "agent"
    agent.write_text(
        f"#!/bin/sh\ncat > {tmp_path}/asked\necho more >> {tmp_path}/count\naction=$(sed -n 's/^action=//p' {tmp_path}/asked)\n"
        f"echo \"the password is $(sed -n 's/^password=//p' {tmp_path}/asked)\"\nexit $(cat {tmp_path}/code-$action)\n"
    )
    agent.chmod(0o755)
    (tmp_path / "nodes").mkdir()
    for node in ("a", "b"):
        (tmp_path / "nodes" / node).write_text(f"plug={node}\n# secret\npassword=geheim\n")
    (tmp_path / "code-off").write_text("0")
    (tmp_path / "code-status").write_text("2")
    return Fence(str(agent), str(tmp_path / "nodes"))


def _last() -> None:
    """Nobody has the lease by now."""


def test_nobody_is_turned_off_who_has_the_lease_by_now(fence: Fence, tmp_path: Path) -> None:
    data = Data("/data", "data.mount", "s", "db", 3)
    place = LeasePlace(str(tmp_path), "lease.mount", "nfs4", "a")
    setup = Setup(Configuration("a", "v1", "boot", "service", ("b",)), "192.0.2.10", "192.0.2.11", data, place, (), fence, Paths())
    silent = Record(7, 41, "b", Claim.ACTIVE, 10_000, True, True, "v1", "boot")
    (tmp_path / "lease").write_bytes(encode(silent))
    assert power_off(fence, "a", ("b",), _still_last(setup, record_words(silent))) == "b confirmed off"
    asked = (tmp_path / "count").read_text()
    for now in (encode(silent._replace(sequence=42)), encode(silent._replace(epoch=8, node="c")), b"", b"garbage"):
        (tmp_path / "lease").write_bytes(now)
        with pytest.raises(Failed, match="another record"):
            power_off(fence, "a", ("b",), _still_last(setup, record_words(silent)))
    assert (tmp_path / "count").read_text() == asked
    (tmp_path / "lease").write_bytes(b"garbage")
    assert power_off(fence, "a", ("b",), _still_last(setup, record_words(NoRecord.INVALID)))


def test_a_node_is_off_only_when_the_agent_has_confirmed_it(fence: Fence, tmp_path: Path) -> None:
    assert power_off(fence, "a", ("b",), _last) == "b confirmed off"
    (tmp_path / "code-status").write_text("0")
    with pytest.raises(Failed, match="not off"):
        power_off(fence, "a", ("b",), _last)
    (tmp_path / "code-off").write_text("1")
    with pytest.raises(Failed, match="agent off b"):
        power_off(fence, "a", ("b",), _last)


def test_a_node_never_fences_itself_or_a_name_that_is_none(fence: Fence, tmp_path: Path) -> None:
    for node in ("a", "../../etc/passwd", "", "b\naction=on"):
        with pytest.raises(Failed):
            power_off(fence, "a", (node,), _last)
    with pytest.raises(Failed):
        power_off(fence, "a", (), _last)
    assert not (tmp_path / "count").exists()


def test_a_dead_agent_is_seen_before_it_is_needed_and_its_secrets_are_not(fence: Fence, tmp_path: Path) -> None:
    assert check(fence, ("b",)) == ""
    (tmp_path / "code-status").write_text("1")
    with pytest.raises(Failed) as failed:
        check(fence, ("b",))
    assert "geheim" not in str(failed.value) and "***" in str(failed.value)
    with pytest.raises(Failed, match="fence-confirm -- c"):
        check(fence, ("c",))


# ---- systemd ----


def test_the_manager_is_told_without_a_program_and_keeps_descriptors(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    manager = Manager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    assert manager.tell(READY=1, WATCHDOG_USEC=3_000_000)
    assert listener.recv(4096) == b"READY=1\nWATCHDOG_USEC=3000000"
    (tmp_path / "device").write_text("kept")
    fd = os.open(tmp_path / "device", os.O_RDONLY)
    manager.keep("watchdog-watchdog0", fd)
    words, fds, _, _ = socket.recv_fds(listener, 4096, 4)
    assert words == b"FDSTORE=1\nFDNAME=watchdog-watchdog0" and os.read(fds[0], 10) == b"kept"
    assert not Manager({}).tell(READY=1)


def test_a_manager_that_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    manager = Manager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    started = time.monotonic()
    results = {manager.tell(WATCHDOG=1) for _ in range(5_000)}
    assert results == {True, False} and time.monotonic() - started < 3


# ---- memory ----


def test_a_daemon_loads_nothing_that_would_only_be_locked_in_memory() -> None:
    program = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../node")
    code = (
        f"import sys; sys.path.insert(0, {program!r})\nimport agent.loop, agent.lease.process, agent.configuration, agent.stop\n"
        "print([name for name in ('ssl', 'http.client', 'argparse', 'email', 'uuid', 'shutil', 'inspect') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"[]\n"
