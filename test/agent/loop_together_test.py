"""Several containers as one service, and hooks before its start and after its stop, with two real agents."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent.dump import container_of
from support.units import wait_for
from support.world import TIMERS, RealNode, World, running

GIVE_UP, WATCHDOG = TIMERS["giveUp"] / 1000, TIMERS["watchdog"] / 1000


def _script(node: RealNode, name: str, body: str) -> "list[str]":
    """Notes in the shared data that it starts, and what the body says."""
    return ["sh", "-c", f"say() {{ echo {node.name} {name} $1 >>{node.data}/order; }}; say starts; {body}"]


#: In order, after what is in `SLOW`; not as long as a file `no-end` is there.
_LIVES = "trap 'say ends; exit' TERM; touch {ready}; while sleep 0.05; do :; done"


def _more(node: RealNode) -> "dict[str, list[str]]":
    """A database, which is well once its file says so, and a hook of each kind, which fail, or hang, by a file of the node."""
    ready, folder = f"{node.data}/ready", node.folder
    node.told["service"] = {
        "container": "service",
        "health": [
            *node.told["service"]["health"],
            {"command": ["sh", "-c", f"test -e {ready}"], "container": "service-db", "every": 300},
        ],
        "companions": ["service-db"],
        "before": [{"container": "migrate", "timeout": 2000}],
        "after": [{"container": "clean", "timeout": 2000}],
    }  # fmt: skip
    hook = "test ! -e {0}/hangs-{1} || sleep 60; test ! -e {0}/fails-{1} || exit 3"
    return {
        "service-db": _script(node, "db", f"test ! -e {folder}/ill || exit 5; sleep 0.5; {_LIVES.format(ready=ready)}"),
        "migrate": _script(node, "migrate", f"rm -f {ready}; {hook.format(folder, 'migrate')}"),
        "clean": _script(node, "clean", hook.format(folder, "clean")),
    }


@pytest.fixture
def pair() -> Iterator[World]:
    with running(_more) as made:
        yield made


def _order(world: World, node: RealNode) -> "list[str]":
    lines = Path(world.share, "data/order").read_text().splitlines()
    return [line.split(" ", 1)[1] for line in lines if line.startswith(f"{node.name} ")]


def _processes(node: RealNode) -> "list[int]":
    found = []
    for folder, _, _ in os.walk(f"{node.groups}/system-harancher.slice"):
        found += [int(line) for line in Path(folder, "cgroup.procs").read_text().split()]
    return found


def _database(node: RealNode) -> int:
    """Its first process."""
    return next(pid for pid in _processes(node) if b"say starts; test" in Path(f"/proc/{pid}/cmdline").read_bytes())


def _events(node: RealNode) -> "list[dict[str, Any]]":
    return [json.loads(line) for line in node.command("events").stdout.splitlines()]


def _told(node: RealNode, kind: str) -> str:
    return " | ".join(event["text"] for event in _events(node) if event["event"] == kind)


def test_they_start_in_order_once_the_one_before_is_well_and_stop_in_reverse(pair: World) -> None:
    node = pair.wait_active()
    assert _order(pair, node) == ["migrate starts", "db starts"]
    since = Path(pair.share, "data/ready").stat().st_mtime
    assert Path(pair.share, "data/writes").stat().st_ctime >= since, "the service came after its database was well"
    assert node.status()["container"] == {
        "name": "service", "state": "running", "live": True, "startPending": False, "words": None,
    }  # fmt: skip
    assert node.command("hand-over", "5", "a test").returncode == 0
    assert _order(pair, node)[2:] == ["db ends", "clean starts"] and _processes(node) == []
    assert json.loads((node.run / "container").read_text())["starting"] is False
    released = [event for event in _events(node) if event["event"] == "released"]
    assert released and not _told(node, "kill")
    other = pair.wait_active(other_than=node)
    assert _order(pair, other) == ["migrate starts", "db starts"]


def test_another_agent_takes_all_of_them_over(pair: World) -> None:
    node, processes = pair.wait_active(), set(_processes(pair.wait_active()))
    assert node.agent
    node.agent.signal(signal.SIGKILL)
    wait_for(lambda: node.state() == "active", 5, "the next agent goes on")
    time.sleep(1)
    assert _database(node) in processes and len({process for _, process, _ in pair.writes()}) == 1
    # It knows each of them.
    os.kill(_database(node), signal.SIGKILL)
    wait_for(lambda: "service-db ended by itself" in _told(node, "failure"), 5, "that one has ended")
    wait_for(lambda: node.state() == "active", 20, "it serves again")


def test_one_that_ends_is_a_failure_of_the_service_which_is_started_anew_as_a_whole(pair: World) -> None:
    node, epoch = pair.wait_active(), pair.epoch()
    service = pair.writes()[-1][1]
    os.kill(_database(node), signal.SIGKILL)
    wait_for(lambda: node.state() == "active" and pair.writes()[-1][1] != service, 20, "it serves again")
    assert pair.epoch() == epoch and "1 of 3: service-db ended by itself" in _told(node, "failure")
    assert _order(pair, node) == ["migrate starts", "db starts", "clean starts", "migrate starts", "db starts"]
    # And the same of the main one.
    service, database = pair.writes()[-1][1], _database(node)
    os.kill(service, signal.SIGKILL)
    wait_for(lambda: node.state() == "active" and pair.writes()[-1][1] != service, 20, "it serves again")
    assert _database(node) != database and _order(pair, node).count("db ends") == 1, "the database was stopped in order"
    assert "2 of 3: service ended by itself" in _told(node, "failure") and not _told(node, "kill")


def test_all_of_them_die_with_the_lease_though_the_agent_hangs(pair: World) -> None:
    node, epoch = pair.wait_active(), pair.epoch()
    os.kill(node.agent_pid(), signal.SIGSTOP)
    stopped = time.monotonic()
    wait_for(lambda: _processes(node) == [], WATCHDOG, "all are killed")
    assert time.monotonic() - stopped < WATCHDOG and _order(pair, node)[-1] == "db starts", "nothing ran after it"
    other = pair.wait_active(other_than=node)
    assert pair.epoch() > epoch
    os.kill(node.agent_pid(), signal.SIGCONT)
    wait_for(lambda: node.state() == "standby", 20, "it comes to itself")
    assert pair.active() is other


@pytest.mark.parametrize(("how", "words"), [("fails", "ended with exit code 3"), ("hangs", "did not end in time (2 s)")])
def test_a_hook_that_fails_or_hangs_is_a_start_that_failed_and_another_node_is_tried(pair: World, how: str, words: str) -> None:
    node = pair.wait_active()
    other = pair.standby()
    (other.folder / f"{how}-migrate").touch()
    assert node.command("hand-over", "12", "a test").returncode == 0
    wait_for(lambda: "the service failed 3 times" in _told(other, "give-up"), 40, "it gives up")
    assert f"the container cannot be started: the hook migrate before the start {words}" in _told(other, "failure")
    assert _order(pair, other).count("migrate starts") == 3 and "db starts" not in _order(pair, other)
    wait_for(lambda: node.state() == "active", 40, "the first one serves again")
    assert _processes(other) == [] and not _told(other, "kill")


@pytest.mark.parametrize(("how", "words"), [("fails", "ended with exit code 3"), ("hangs", "did not end in time (2 s)")])
def test_a_hook_after_the_stop_that_fails_or_hangs_keeps_nobody_from_serving(pair: World, how: str, words: str) -> None:
    node = pair.wait_active()
    (node.folder / f"{how}-clean").touch()
    assert node.command("hand-over", "5", "a test").returncode == 0
    assert f"the hook clean after the stop {words}" in _told(node, "failure")
    pair.wait_active(other_than=node)
    assert _processes(node) == [] and not _told(node, "kill")


def test_one_of_them_is_dumped_while_all_go_on(pair: World) -> None:
    node = pair.wait_active()
    database, service = _database(node), pair.writes()[-1][1]
    node.told["backup"] = {"command": ["sh", "-c", f"cat {node.data}/order"], "of": "db"}
    # As a release names them.
    assert container_of("web-1a2b3c4d", "db") == "web-db-1a2b3c4d" and container_of("web-1a2b3c4d", "") == "web-1a2b3c4d"
    node.told["service"] = json.loads(json.dumps(node.told["service"]).replace('"service-db"', '"a-db-service"'))
    node.told["service"]["container"] = "a-service"
    node.write_configuration()
    done = node.command("dump", f"{node.folder}/dump.gz")
    # Whose command it is, the engine is asked for.
    assert done.returncode == 1 and b"no such container" in done.stderr
    assert (_database(node), pair.writes()[-1][1]) == (database, service)


def test_a_hook_that_runs_when_the_lease_is_lost_is_killed(pair: World) -> None:
    node = pair.wait_active()
    other = pair.standby()
    other.told["service"]["before"][0]["timeout"] = 60_000
    other.write_configuration()
    assert other.agent
    other.agent.signal(signal.SIGHUP)
    wait_for(other.fit, 20, "it stands by again")
    (other.folder / "hangs-migrate").touch()
    assert node.command("hand-over", "1", "a test").returncode == 0
    wait_for(lambda: "migrate starts" in _order(pair, other) and bool(_processes(other)), 20, "the hook runs there")
    os.kill(other.agent_pid(), signal.SIGSTOP)
    wait_for(lambda: _processes(other) == [], WATCHDOG, "it is killed")
    (other.folder / "hangs-migrate").unlink()
    pair.wait_active(30, other_than=other)
    os.kill(other.agent_pid(), signal.SIGCONT)


def test_a_companion_that_does_not_get_well_is_named(pair: World) -> None:
    node = pair.wait_active()
    other = pair.standby()
    (other.folder / "ill").touch()
    assert node.command("hand-over", "12", "a test").returncode == 0
    wait_for(lambda: "the service failed 3 times" in _told(other, "give-up"), 40, "it gives up")
    assert "the container cannot be started: service-db ended with exit code 5" in _told(other, "failure")
    assert not [1 for name, _, _ in pair.writes() if name == other.name], "the service was not started without it"
    wait_for(lambda: node.state() == "active", 40, "the first one serves again")
