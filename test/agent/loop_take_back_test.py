"""The datastore is taken back by a real agent that does nothing else; and how another agent takes over by `renew`."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from support.units import wait_for
from support.world import TIMERS, RealNode, World, longest_gap

HEARTBEAT = TIMERS["heartbeat"] / 1000


def _stop_all(world: World) -> RealNode:
    node = world.wait_active()
    for each in (world.standby(), node):
        assert each.agent
        each.agent.stop()
    return node


def _upgraded(world: World) -> Path:
    """The data as a new container left it that came after epoch 7 and has not answered."""
    data = Path(world.share, "data")
    (data / "db/file").write_text("as the new one left it")
    (data / ".snap/7").mkdir()
    (data / ".snap/7/file").write_text("as the old one left it")
    (data / ".snap/before").write_text("7\n")
    (data / ".snap/container").write_text("new\n")
    (data / ".snap/served").write_text("service 5\n")
    return data


def _take_back(node: RealNode, *words: str) -> "dict[str, Any]":
    done = node.command("take-back", *words)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_datastore_is_taken_back_under_a_lease_of_its_own_and_nothing_is_started(world: World) -> None:
    node = _stop_all(world)
    epoch, writes = world.epoch(), len(world.writes())
    data = _upgraded(world)
    told = _take_back(node, "service")
    assert told == {"answered": None, "words": "its datastore is as it was before the upgrade, from the copy of epoch 7"}
    assert (data / "db/file").read_text() == "as the old one left it"
    assert (data / f".snap/failed-{epoch + 1}/file").read_text() == "as the new one left it"
    assert (data / ".snap/container").read_text() == "service\n"
    assert world.epoch() == epoch + 1 and " released " in Path(world.share, "lease/lease").read_text()
    assert str(node.data) not in node.inside("cat", "/proc/self/mountinfo")
    assert len(world.writes()) == writes and not node.fit()
    # Once more: there is nothing to do.
    assert "as it was, since" in _take_back(node, "service")["words"]
    # And the old one serves again, on that.
    node.start()
    assert world.wait_active() is node
    assert (data / "db/file").read_text() == "as the old one left it"


def test_what_the_other_one_may_have_acknowledged_is_not_discarded_without_being_told_to(world: World) -> None:
    node = _stop_all(world)
    data = _upgraded(world)
    (data / ".snap/served").write_text("new 8\n")
    assert _take_back(node, "service") == {"answered": "new", "words": ""}
    assert (data / "db/file").read_text() == "as the new one left it"
    assert "epoch 7" in _take_back(node, "service", "new")["words"]
    assert (data / "db/file").read_text() == "as the old one left it"


def test_nothing_is_taken_back_where_it_cannot_be(world: World) -> None:
    node = world.wait_active()
    assert b"the agent of this node runs" in node.command("take-back", "service").stderr
    node = _stop_all(world)
    data = _upgraded(world)
    shutil.rmtree(data / ".snap/7")
    assert b"is gone: restore a backup" in node.command("take-back", "service").stderr
    (data / ".ha-rancher-sentinel").write_text("another one's\n")
    assert b"not this stack's data" in node.command("take-back", "service").stderr
    # Whoever comes next need not wait.
    assert " released " in Path(world.share, "lease/lease").read_text()
    assert (data / "db/file").read_text() == "as the new one left it"
    assert str(node.data) not in node.inside("cat", "/proc/self/mountinfo")


def test_an_agent_of_other_files_takes_over_and_one_of_the_same_does_not(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    before = node.agent_pid()
    told = json.loads(node.command("renew").stdout)
    assert (told["was"], node.agent_pid()) == ("unchanged", before)
    # Another configuration is as good a reason as other files.
    node.told["timers"]["wellTime"] = 4000
    node.write_configuration()
    told = json.loads(node.command("renew", "--limit", "20").stdout)
    assert told["was"] == "restarted" and told["state"] in ("active", "warming") and node.agent_pid() != before
    assert json.loads(Path(node.run, "running.json").read_text())["timers"]["wellTime"] == 4000
    assert world.wait_active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1


def test_a_change_that_a_running_service_cannot_survive_is_left_to_who_asked(world: World) -> None:
    node = world.wait_active()
    before = node.agent_pid()
    node.told["service"]["container"] = "another"
    node.write_configuration()
    assert json.loads(node.command("renew").stdout)["was"] == "other"
    assert node.agent_pid() == before and node.state() == "active"


def test_a_configuration_that_is_refused_renews_nothing(world: World) -> None:
    node = world.wait_active()
    before = node.agent_pid()
    node.told["timers"]["giveUp"] = 60_000
    node.write_configuration()
    done = node.command("renew")
    assert done.returncode == 78 and b"watchdog" in done.stderr
    time.sleep(2 * HEARTBEAT)
    assert node.agent_pid() == before and node.state() == "active"


def test_without_an_agent_to_answer_renewing_fails_in_its_time(world: World) -> None:
    node = _stop_all(world)
    done = node.command("renew", "--limit", "1")
    assert done.returncode == 1 and b"did not answer in 1 s" in done.stderr
    wait_for(lambda: not node.fit(), 5)
