"""Two real agents: what a fault or an order does to the service, to the lease, and to the data."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.units import wait_for
from support.world import TIMERS, World, longest_gap

GIVE_UP, WATCHDOG, HEARTBEAT = (TIMERS[name] / 1000 for name in ("giveUp", "watchdog", "heartbeat"))


def test_an_agent_that_is_killed_is_replaced_and_the_service_does_not_notice(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    for _ in range(3):
        assert node.agent
        node.agent.signal(signal.SIGKILL)
        wait_for(lambda: node.state() == "active", 5, "the next agent goes on")
        time.sleep(2 * HEARTBEAT)
    time.sleep(GIVE_UP + WATCHDOG)
    assert world.active() is node and world.epoch() == epoch
    assert len({process for _, process, _ in world.writes()}) == 1
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    assert not node.was_reset()


def test_an_agent_that_is_told_to_let_another_one_take_over_does_so(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    before = node.agent_pid()
    node.agent.signal(signal.SIGHUP) if node.agent else None
    wait_for(lambda: node.agent_pid() != before and node.state() == "active", 5, "the next agent goes on")
    time.sleep(WATCHDOG + GIVE_UP)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    assert node.agent and node.agent.afterwards == [0]


def test_an_agent_that_hangs_is_killed_and_replaced_before_the_lease_is_lost(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    os.kill(node.agent_pid(), signal.SIGSTOP)
    # As systemd does, whose watchdog has a third of `giveUp`.
    time.sleep(GIVE_UP / 3)
    os.kill(node.agent_pid(), signal.SIGKILL)
    time.sleep(WATCHDOG + GIVE_UP)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1


def test_where_nobody_replaces_an_agent_the_lease_process_ends_the_container_in_time(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    os.kill(node.agent_pid(), signal.SIGSTOP)
    stopped = time.monotonic()
    time.sleep(WATCHDOG)
    last = max(at for name, _, at in world.writes() if name == node.name)
    assert last - stopped < WATCHDOG - HEARTBEAT
    other = world.wait_active(other_than=node)
    assert world.epoch() == epoch + 1 and other is not node
    os.kill(node.agent_pid(), signal.SIGCONT)
    wait_for(lambda: node.state() == "standby", 10, "the one that went on sees that it lost")
    assert world.active() is other


def test_a_node_that_loses_its_power_is_succeeded_after_its_silence_time(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    node.agent.end() if node.agent else None
    node.lease_unit.end()
    for group in Path(node.groups, "docker").iterdir():
        if group.is_dir():
            (group / "cgroup.kill").write_text("1")
    (node.run / "track").write_bytes(b"1\n")
    other = world.wait_active(other_than=node)
    assert world.epoch() == epoch + 1
    first = min(at for name, _, at in world.writes() if name == other.name)
    assert WATCHDOG - 2 * HEARTBEAT < first - start < WATCHDOG + 6


def test_without_the_server_the_owner_ends_its_container_at_give_up(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    # As if it hung in NFS.
    node.lease_unit.signal(signal.SIGSTOP)
    stopped = time.monotonic()
    other = world.wait_active(other_than=node)
    last = max(at for name, _, at in world.writes() if name == node.name)
    assert last - stopped + HEARTBEAT > GIVE_UP - HEARTBEAT and last - stopped < GIVE_UP + 2 * HEARTBEAT
    assert world.epoch() == epoch + 1
    assert world.active() is other


def test_a_hand_over_releases_the_lease_and_the_other_node_need_not_wait(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    done = node.command("hand-over", "5", "a test")
    assert done.returncode == 0, done.stderr
    assert "mounted" not in node.report() or not node.report()["mounts"]["data"]
    other = world.wait_active(10, other_than=node)
    assert world.epoch() == epoch + 1
    log = Path(other.log("agent")).read_text()
    assert "-> Taking: the lease is taken" in log and "-> Waiting" not in log


def test_somebody_in_the_data_directory_does_not_hold_a_hand_over_up(world: World) -> None:
    node = world.wait_active()
    shell = subprocess.Popen([*node._nsenter(), "sh", "-c", f"cd {node.data} && exec sleep 600"])
    time.sleep(0.5)
    done = node.command("hand-over", "5")
    assert done.returncode == 0, done.stderr
    assert shell.wait(5) == -signal.SIGKILL
    world.wait_active(10, other_than=node)
    assert not node.was_reset()


def test_a_bad_configuration_and_a_killed_agent_leave_no_container(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    node.configuration.write_text("{ no JSON")
    assert node.agent
    node.agent.signal(signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: not node.fit(), 5, "the VIP is refused")
    other = world.wait_active(other_than=node)
    assert world.epoch() == epoch + 1 and other is not node
    last = max(at for name, _, at in world.writes() if name == node.name)
    assert last - killed < WATCHDOG - HEARTBEAT
    node.write_configuration()
    wait_for(lambda: node.state() == "standby", 10, "a right configuration mends it")


def test_a_changed_configuration_changes_nothing_in_a_running_agent(world: World) -> None:
    node = world.wait_active()
    node.told["data"]["directory"] = "/somewhere/else"
    node.write_configuration()
    done = node.command("hand-over", "5")
    assert done.returncode == 0, done.stderr
    assert str(node.data) not in node.inside("cat", "/proc/self/mountinfo")
    world.wait_active(10, other_than=node)


@pytest.mark.parametrize("trouble", ["broken", "slow"])
def test_docker_in_trouble_is_no_trouble_of_the_service(world: World, trouble: str) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    Path(f"{node.folder}/docker.sock.{trouble}").write_text("20")
    time.sleep(WATCHDOG * 2)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1


def test_the_lease_is_released_while_docker_still_clears_up_after_the_container(world: World) -> None:
    node = world.wait_active()
    Path(f"{node.folder}/docker.sock.clearing").write_text("8")
    start = time.monotonic()
    assert node.command("hand-over", "10").returncode == 0
    assert time.monotonic() - start < 6
    world.wait_active(10, other_than=node)


def test_docker_killed_and_started_again_is_no_trouble_of_the_service(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    node.docker.restart = False
    node.docker.signal(signal.SIGKILL)
    time.sleep(WATCHDOG)
    assert world.active() is node
    node.docker.restart = True
    time.sleep(GIVE_UP)
    assert world.active() is node and world.epoch() == epoch
    assert len({process for _, process, _ in world.writes()}) == 1
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    # The new one can be told to stop what the one before it had started.
    assert node.command("hand-over", "3").returncode == 0


def test_a_container_that_ends_is_started_again_here(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    before = len({process for _, process, _ in world.writes()})
    for group in Path(node.groups, "docker").iterdir():
        if group.is_dir():
            (group / "cgroup.kill").write_text("1")
    killed = time.monotonic()
    wait_for(lambda: len({process for _, process, _ in world.writes()}) > before, 8, "a new container")
    assert time.monotonic() - killed < 4
    wait_for(lambda: node.state() == "active", 10)
    assert world.epoch() == epoch
    told = json.loads(node.command("failures").stdout)
    assert told["failures"] == 1
    assert node.command("failures", "--clear").returncode == 0
    wait_for(lambda: json.loads(node.command("failures").stdout)["failures"] == 0, 3)


def test_an_agent_that_is_paused_touches_nothing_and_says_why(world: World) -> None:
    node = world.wait_active()
    assert node.command("pause", "NFS maintenance").returncode == 0
    wait_for(lambda: node.report()["orders"]["paused"] == "NFS maintenance", 3)
    world.vip_cut.add(node.name)
    time.sleep(2 * WATCHDOG)
    assert node.state() == "active"
    world.vip_cut.clear()
    assert node.command("resume").returncode == 0
    told = node.status()
    assert told["orders"]["paused"] is None and isinstance(told["agent"]["degraded"], list)
    assert told["lease"]["alive"] is True and 0 <= told["lease"]["unanswered"] < WATCHDOG


def test_the_service_is_stopped_in_order_everywhere_and_started_again(world: World) -> None:
    node = world.wait_active()
    for each in world.nodes:
        assert each.command("halt", "the server moves").returncode == 0
    wait_for(lambda: not node.report()["mounts"]["data"] and node.state() == "standby", 10)
    time.sleep(2 * WATCHDOG)
    assert world.active() is None
    for each in world.nodes:
        assert each.command("start").returncode == 0
    world.wait_active(15)


def test_a_banned_node_does_not_serve(world: World) -> None:
    node = world.wait_active()
    assert node.command("ban", "its disk is dying").returncode == 0
    other = world.wait_active(15, other_than=node)
    assert other is not node
    assert node.command("allow").returncode == 0


def test_the_unit_that_is_stopped_hands_over_in_order(world: World) -> None:
    node, epoch = world.wait_active(), world.epoch()
    assert node.agent
    node.agent.stop()
    assert node.agent.afterwards[-1] == 0
    assert str(node.data) not in node.inside("cat", "/proc/self/mountinfo")
    world.wait_active(10, other_than=node)
    assert world.epoch() == epoch + 1
    assert not node.was_reset()


def test_status_is_one_form_with_and_without_an_agent(world: World) -> None:
    node = world.wait_active()
    told = node.status()
    assert told["node"] == node.name and told["agent"]["state"] == "active" and told["lease"]["owner"] == node.name
    assert told["container"]["live"] is True and told["mounts"] == {"lease": True, "data": True, "dataLingers": False}
    assert told["holdsVip"] is True and told["health"]["answer"] == "ok" and told["configuration"] is None
    other = world.standby()
    wait_for(lambda: other.status()["lease"]["owner"] == node.name, 10, "the standby reads who is the owner")
    assert other.agent
    other.agent.stop()
    told = other.status()
    assert told["agent"]["state"] == "stopped" and told["mounts"]["lease"] is True and told["holdsVip"] is False
