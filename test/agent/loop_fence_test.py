"""A fence agent beside two real agents: who is fenced, and who is not."""

import signal
import time
from pathlib import Path

from support.units import wait_for
from support.world import TIMERS, RealNode, World

WATCHDOG = TIMERS["watchdog"] / 1000


def _with_fence_agent(world: World) -> Path:
    """Both nodes get one; the file that it notes in who was turned off."""
    folder = Path(world.folder, "fence")
    folder.mkdir()
    agent = folder / "agent"
    agent.write_text(
        f"#!/bin/sh\ncat > {folder}/asked.$$\nplug=$(sed -n s/^plug=//p {folder}/asked.$$)\n"
        f"case $(sed -n s/^action=//p {folder}/asked.$$) in\n"
        f"off) echo $plug >> {folder}/off ;;\nstatus) grep -qx $plug {folder}/off && exit 2 ;;\nesac\nexit 0\n"
    )
    agent.chmod(0o755)
    (folder / "off").touch()
    (folder / "nodes").mkdir()
    for node in world.nodes:
        (folder / "nodes" / node.name).write_text(f"plug={node.name}\n")
        node.told["fence"] = {"agent": str(agent), "directory": str(folder / "nodes")}
        node.write_configuration()
        before = node.agent_pid()
        assert node.agent
        node.agent.signal(signal.SIGHUP)
        wait_for(lambda node=node, before=before: node.agent_pid() != before and node.report() != {}, 8)  # type: ignore[misc]
        wait_for(lambda node=node: node.report()["fencing"]["agent"] is True, 8)  # type: ignore[misc]
    wait_for(lambda: world.active() is not None and world.standby().fit(), 10)
    return folder / "off"


def _lose_power(node: RealNode) -> None:
    assert node.agent
    node.agent.end()
    node.lease_unit.end()
    for group in Path(node.groups, "docker").iterdir():
        if group.is_dir():
            (group / "cgroup.kill").write_text("1")
    (node.run / "track").write_bytes(b"1\n")


def test_a_node_that_lost_its_power_is_turned_off_for_certain_before_another_one_serves(world: World) -> None:
    off = _with_fence_agent(world)
    node, epoch = world.wait_active(), world.epoch()
    _lose_power(node)
    world.wait_active(other_than=node)
    assert off.read_text().split() == [node.name] and world.epoch() == epoch + 1


def test_a_node_that_gave_up_and_cleaned_up_says_so_and_is_not_turned_off(world: World) -> None:
    off = _with_fence_agent(world)
    node, epoch = world.wait_active(), world.epoch()
    # As if it hung in NFS: the agent ends the container, and then the lease process, whose successor can say so.
    node.lease_unit.signal(signal.SIGSTOP)
    world.wait_active(other_than=node)
    assert off.read_text() == "" and world.epoch() == epoch + 1


def test_an_agent_that_dies_of_its_configuration_and_comes_back_in_time_is_not_turned_off(world: World) -> None:
    off = _with_fence_agent(world)
    node = world.wait_active()
    assert node.agent
    node.configuration.write_text("{ no JSON")
    node.agent.signal(signal.SIGKILL)
    # The kill path ends the container.
    wait_for(lambda: not node.fit(), 5)
    node.write_configuration()
    wait_for(lambda: world.active() is not None, 20)
    assert off.read_text() == ""


def test_where_the_agent_does_not_work_an_operators_word_counts(world: World) -> None:
    _with_fence_agent(world)
    node, epoch = world.wait_active(), world.epoch()
    other = world.standby()
    Path(world.folder, "fence/agent").write_text("#!/bin/sh\necho the host is gone\nexit 1\n")
    _lose_power(node)
    wait_for(lambda: other.state() == "waiting", 10)
    time.sleep(WATCHDOG)
    assert other.state() == "waiting" and world.epoch() == epoch
    assert other.command("fence-confirm", node.name).returncode == 0
    world.wait_active(other_than=node)
    assert world.epoch() == epoch + 1
