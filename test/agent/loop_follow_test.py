"""The VIP follows the service, a new version takes over from the running one, and rest is rest."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.units import wait_for
from support.world import HERE, TIMERS, VIP, World, longest_gap

GIVE_UP, WATCHDOG, HEARTBEAT = (TIMERS[name] / 1000 for name in ("giveUp", "watchdog", "heartbeat"))


def test_while_keepalived_is_restarted_everywhere_the_service_goes_on(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    world.vip_cut.update(world.names)
    time.sleep(TIMERS["vipLoss"] / 1000 - 2 * HEARTBEAT)
    assert world.active() is node and world.epoch() == epoch
    world.vip_cut.clear()
    time.sleep(WATCHDOG)
    assert world.active() is node and longest_gap(world.writes(), start, time.monotonic()) < 1


def test_a_standby_that_gets_the_vip_beside_a_node_that_serves_gives_it_back(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    other = world.standby()
    other.set_vip(True)
    took = wait_for(lambda: not other.fit(), 4, "the VIP is refused")
    assert took < (TIMERS["followLease"] + 4 * TIMERS["heartbeat"]) / 1000
    other.set_vip(False)
    time.sleep(WATCHDOG)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    wait_for(other.fit, 15, "it may have the VIP again")


COUNT_ANNOUNCEMENTS = """
import socket, sys, time
got = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0806))
got.bind(("other", 0x0806))
until, count = time.monotonic() + float(sys.argv[1]), 0
while until > time.monotonic():
    got.settimeout(max(until - time.monotonic(), 0.001))
    try:
        packet = got.recv(64)
    except socket.timeout:
        break
    count += packet[14:18] == packet[24:28] == socket.inet_aton(sys.argv[2])
print(count)
"""


def test_the_owner_and_nobody_else_tells_the_network_where_the_vip_is(world: World) -> None:
    node, other = world.wait_active(), world.standby()
    for each in (node, other):
        (each.run / "vips").write_text(f"{VIP}/24 dev probe\n")
        for words in (
            "link add probe type veth peer name other", "link set probe up", "link set other up", f"addr add {VIP}/32 dev probe"
        ):  # fmt: skip
            each.inside("ip", *words.split())
    heartbeats = 8
    counting = [sys.executable, "-c", COUNT_ANNOUNCEMENTS, str(heartbeats * HEARTBEAT), VIP]
    with ThreadPoolExecutor(2) as pool:
        here, there = (int(count) for count in pool.map(lambda each: each.inside(*counting), (node, other)))
    assert heartbeats - 3 <= here <= heartbeats + 1 and there == 0
    # The cable is out: that is said, and costs nothing else.
    node.inside("ip", "link", "set", "probe", "down")
    wait_for(lambda: "probe: Network is down" in str(node.report()["agent"]["degraded"]), 4)
    node.inside("ip", "link", "set", "probe", "up")
    wait_for(lambda: "probe" not in str(node.report()["agent"]["degraded"]), 4)
    said = [event["text"] for event in map(json.loads, node.command("events").stdout.splitlines()) if event["event"] == "degraded"]
    assert sum("probe: Network is down" in text for text in said) == 1 and world.active() is node


def test_an_agent_that_hangs_while_its_unit_is_stopped_runs_no_container_on(world: World) -> None:
    node = world.wait_active()
    os.kill(node.agent_pid(), signal.SIGSTOP)
    os.kill(node.agent_pid(), signal.SIGTERM)
    stopped = time.monotonic()
    time.sleep(WATCHDOG)
    last = max(at for name, _, at in world.writes() if name == node.name)
    assert last - stopped < WATCHDOG - HEARTBEAT
    world.wait_active(other_than=node)
    os.kill(node.agent_pid(), signal.SIGKILL)


def test_a_new_version_is_installed_beside_the_running_one_and_takes_over(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    versions = Path(world.folder, "versions")
    source = Path(HERE, "../../../node/agent").resolve()
    for version in ("one", "two"):
        shutil.copytree(source, versions / version / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    link = versions / "current"
    link.symlink_to(versions / "one")
    assert node.agent
    node.code = str(link)
    common = ["--run", str(node.run), "--configuration", str(node.configuration)]
    node.agent.command, node.agent.after = node.unit_commands()
    node.agent.signal(signal.SIGHUP)
    wait_for(lambda: node.report().get("agent", {}).get("version") == "one", 5, "the first version runs")
    start = time.monotonic()
    # Somebody's `up` was killed in the middle: what is behind the link is broken, and the running agent does not notice.
    link.unlink()
    link.symlink_to(versions / "none")
    time.sleep(2)
    assert node.state() == "active"
    link.unlink()
    link.symlink_to(versions / "two")
    node.agent.signal(signal.SIGHUP)
    wait_for(lambda: node.report().get("agent", {}).get("version") == "two", 5, "the second version runs")
    wait_for(lambda: node.state() == "active", 5)
    assert world.epoch() == epoch and longest_gap(world.writes(), start, time.monotonic()) < 1
    # A standby's lease process makes room for one of the new files; the owner's goes on as long as it has the lease.
    other = world.standby()
    other.code = str(link)
    assert other.agent
    other.agent.command, other.agent.after = other.unit_commands()
    other.lease_unit.command = other.enter("launch.py", "lease", "--run", str(other.run))
    other.agent.signal(signal.SIGHUP)
    wait_for(lambda: other.report().get("agent", {}).get("leaseVersion") == "two", 8, "the lease process is renewed")
    assert node.report()["agent"]["leaseVersion"] != "two" and world.epoch() == epoch
    wait_for(other.fit, 8)
    # An agent of the old files hands over with them, too.
    link.unlink()
    assert subprocess.run(
        [*node._nsenter(), sys.executable, "-I", "-B", f"{HERE}/launch.py", "hand-over", *common, "3"], check=False
    ).returncode == 0  # fmt: skip
    world.wait_active(10, other_than=node)


def test_with_a_full_run_an_agent_that_is_killed_is_replaced_all_the_same(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    fd = os.open(node.run / "rest", os.O_WRONLY | os.O_CREAT)
    for size in (65_536, 4_096):
        with pytest.raises(OSError):
            while True:
                os.write(fd, b"x" * size)
    os.close(fd)
    assert os.statvfs(node.run).f_bavail == 0
    assert node.agent
    node.agent.signal(signal.SIGKILL)
    time.sleep(GIVE_UP + WATCHDOG)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    # And what must be written when it comes to it still is.
    assert node.command("hand-over", "3").returncode == 0
    assert not node.fit()


def test_at_rest_no_program_is_started_and_memory_is_locked(world: World) -> None:
    node, other = world.wait_active(), world.standby()
    time.sleep(1)
    pids = [
        pid for each in (node, other) for pid in (each.agent_pid(), each.lease_unit.process.pid if each.lease_unit.process else 0)
    ]
    before = {pid: _children_faults(pid) for pid in pids}
    time.sleep(10 * HEARTBEAT)
    assert {pid: _children_faults(pid) for pid in pids} == before
    for pid in pids:
        assert _status(pid, "VmLck") > 10_000 and _status(pid, "VmRSS") < 30 << 10
        assert os.sched_getscheduler(pid) == os.SCHED_RR


def _children_faults(pid: int) -> "tuple[str, str]":
    """Of children that have ended, and those that live: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return fields[8], Path(f"/proc/{pid}/task/{pid}/children").read_text()


def _status(pid: int, name: str) -> int:
    """Kilobytes."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
