"""A real agent beside a lease process that hangs: it is ready all the same, and says what is the matter."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.units import wait_for
from support.world import TIMERS, World

HEARTBEAT, GIVE_UP = TIMERS["heartbeat"] / 1000, TIMERS["giveUp"] / 1000


@pytest.fixture
def one() -> Iterator[World]:
    """A node whose agent has not been started."""
    made = World(("node-a",))
    try:
        yield made
        print(made.logs())
    finally:
        made.end()


def _told(listener: socket.socket, limit: float) -> "list[str]":
    """What the service manager is told in that time."""
    listener.settimeout(0.05)
    found: list[str] = []
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            found += listener.recv(4096).decode().splitlines()
        except TimeoutError:
            continue
    return found


def test_an_agent_is_ready_and_stays_awake_while_the_lease_process_hangs(
    one: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = one.nodes[0]
    wait_for((node.run / "lease.sock").exists, 5)
    node.lease_unit.signal(signal.SIGSTOP)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    started = time.monotonic()
    node.start()
    listener.settimeout(10)
    first = listener.recv(4096).decode().splitlines()
    assert "READY=1" in first and time.monotonic() - started < 5
    # Also beyond the patience that it has for what was held before.
    assert _told(listener, 5).count("WATCHDOG=1") > 5 / HEARTBEAT / 2
    told = node.status()
    assert told["agent"]["state"] != "stopped" and told["fit"] is False
    assert told["lease"]["hangs"] > 2 * HEARTBEAT
    node.lease_unit.signal(signal.SIGCONT)
    one.wait_active()
    assert node.status()["lease"]["hangs"] is None


def test_the_service_manager_waits_for_more_than_a_round_whatever_the_timers_are(
    one: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = one.nodes[0]
    # The longest heartbeat that this `giveUp` allows.
    heartbeat = TIMERS["giveUp"] // 3
    node.told["timers"].update(heartbeat=heartbeat, watchdog=TIMERS["giveUp"] + 2 * heartbeat, followLease=2 * heartbeat)
    node.write_configuration()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    node.start()
    listener.settimeout(10)
    told = dict(line.split("=", 1) for line in listener.recv(4096).decode().splitlines())
    assert 2 * 1000 * heartbeat <= int(told["WATCHDOG_USEC"]) < 1000 * TIMERS["giveUp"]


def test_status_of_a_standby_whose_server_hangs_says_so(world: World) -> None:
    node = world.standby()
    node.lease_unit.signal(signal.SIGSTOP)
    try:
        wait_for(lambda: node.report()["lease"]["hangs"] is not None, GIVE_UP, "it is said that the lease process hangs")
        wait_for(lambda: "does not answer" in str(node.report()["agent"]["fault"]), 3 * GIVE_UP, "it is not fit")
    finally:
        node.lease_unit.signal(signal.SIGCONT)
    wait_for(lambda: node.report()["lease"]["hangs"] is None and node.fit(), 10)
    assert world.active() is not node


def test_a_hand_over_while_the_agent_is_being_replaced_is_done_by_the_next_one(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    assert node.agent
    node.agent.signal(signal.SIGKILL)
    done = node.command("hand-over", "5", "a test")
    assert done.returncode == 0, done.stderr
    world.wait_active(10, other_than=node)
    assert world.epoch() == epoch + 1
