"""Snapshots of a service that runs, and the way back, with a real agent and XFS in the place of the NFS server. As root."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent.freeze import NotFrozen, frozen
from loop_backup_test import _ended, _start
from support.groups import version_2
from support.namespaces import NEW_MOUNTS, unshare
from support.units import wait_for
from support.world import RealNode, World, longest_gap


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> str:
    """XFS with reflink; gone with the last process of this one's namespace."""
    unshare(NEW_MOUNTS)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    folder = tmp_path_factory.mktemp("disk")
    image, point = folder / "image", folder / "point"
    point.mkdir()
    for command in (
        ["truncate", "-s", "2G", str(image)],
        ["mkfs.xfs", "-q", "-m", "reflink=1", str(image)],
        ["mount", "-o", "loop", str(image), str(point)],
    ):
        subprocess.run(command, check=True)
    return str(point)


@pytest.fixture
def one(disk: str) -> Iterator[World]:
    world = World(("node-a",), disk=disk)
    try:
        Path(world.share, "data/db/file").write_text("early")
        world.nodes[0].start()
        world.wait_active()
        yield world
        print(world.logs())
    finally:
        world.end()


def _take(node: RealNode, keep: int = 0) -> str:
    done = node.command("snapshot", "--keep", str(keep))
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def _all(node: RealNode) -> "dict[str, str]":
    done = node.command("snapshots")
    assert done.returncode == 0, done.stderr
    return {each["name"]: each["what"] for each in json.loads(done.stdout)}


def _write(node: RealNode, text: str) -> None:
    node.inside("sh", "-c", f"printf {text} >{node.data}/db/file")


def test_a_gigabyte_is_taken_in_less_than_a_second_and_the_service_goes_on(one: World) -> None:
    node, begun = one.wait_active(), time.monotonic()
    node.inside("dd", "if=/dev/zero", f"of={node.data}/db/large", "bs=1M", "count=1000", "conv=fsync", "status=none")
    filled = os.statvfs(f"{one.share}/data").f_bfree
    start = time.monotonic()
    name = _take(node)
    assert time.monotonic() - start < 3, "with the start of the program"
    assert longest_gap(one.writes(), start, time.monotonic()) < 1
    assert filled - os.statvfs(f"{one.share}/data").f_bfree < 5_000, "it takes no room"
    assert _all(node)[name] == "while the service ran"
    assert node.state() == "active" and len({process for _, process, _ in one.writes()}) == 1, f"no restart since {begun}"


def test_a_rollback_stops_and_starts_in_order_and_keeps_what_it_replaces(one: World) -> None:
    node, epoch = one.wait_active(), one.epoch()
    name = _take(node)
    _write(node, "late")
    code, out, err = _ended(_start(node, "rollback", name))
    assert code == 0, err
    assert f"as it was in the snapshot {name}" in out
    assert one.epoch() == epoch, "the lease was kept"
    assert Path(one.share, "data/db/file").read_text() == "early"
    kept = next(each for each in _all(node) if each.startswith("replaced-"))
    assert Path(one.share, "data/.snap", kept, "file").read_text() == "late"
    code, out, err = _ended(_start(node, "rollback", kept))
    assert code == 0, err
    assert Path(one.share, "data/db/file").read_text() == "late", "and back again"
    assert name in _all(node), "a snapshot stays"


def test_a_rollback_to_what_is_not_there_changes_nothing(one: World) -> None:
    node = one.wait_active()
    for name in ("at-20200101T000000Z", "../../x", "before", "at-20200101T000000Z/../x"):
        code, _, err = _ended(_start(node, "rollback", name))
        assert code == 1 and ("no snapshot" in err), err
        wait_for(lambda: node.state() == "active", 10, "the service goes on")
    assert Path(one.share, "data/db/file").read_text() == "early"
    assert not [each for each in _all(node) if each.startswith("replaced-")]


def test_only_so_many_of_a_schedule_stay_and_no_other_is_removed(one: World) -> None:
    node = one.wait_active()
    snaps = Path(one.share, "data/.snap")
    node.inside("mkdir", f"{node.data}/.snap/at-20200101T000000Z", f"{node.data}/.snap/replaced-20200101T000000Z")
    first = _take(node, keep=2)
    time.sleep(1.1)
    second = _take(node, keep=2)
    assert sorted(each for each in os.listdir(snaps) if each.startswith("at-")) == [first, second]
    assert (snaps / "replaced-20200101T000000Z").exists()


def test_without_reflink_and_without_a_service_there_is_none(world: World) -> None:
    node = world.wait_active()
    done = node.command("snapshot")
    assert done.returncode == 1 and b"cannot clone files" in done.stderr
    other = world.standby()
    done = other.command("snapshot")
    assert done.returncode == 1 and b"does not run on this node" in done.stderr
    done = other.command("snapshots")
    assert done.returncode == 1 and b"not mounted on this node" in done.stderr


@pytest.fixture
def group() -> Iterator[str]:
    path = f"{version_2()}/ha-rancher-freeze-{os.getpid()}"
    os.makedirs(path)
    child = subprocess.Popen(["sleep", "60"])
    Path(path, "cgroup.procs").write_text(str(child.pid))
    yield path
    child.kill()
    child.wait()
    wait_for(lambda: "populated 0" in Path(path, "cgroup.events").read_text(), 5, "it is empty")
    os.rmdir(path)


def _is_frozen(group: str) -> bool:
    return "frozen 1" in Path(group, "cgroup.events").read_text()


def test_what_is_held_still_goes_on_whatever_becomes_of_who_asked(group: str) -> None:
    with frozen(group, 5):
        assert _is_frozen(group)
    wait_for(lambda: not _is_frozen(group), 1, "it goes on")
    child = os.fork()
    if child == 0:
        with frozen(group, 30):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    wait_for(lambda: not _is_frozen(group), 2, "it goes on after who asked was killed")
    with pytest.raises(NotFrozen, match=r"more than 0\.5 s"), frozen(group, 0.5):
        wait_for(lambda: not _is_frozen(group), 2, "it goes on in time")
    with pytest.raises(NotFrozen, match="cannot be held still"), frozen("/nowhere", 1):
        pass


def test_what_is_held_still_can_be_killed(group: str) -> None:
    with frozen(group, 5):
        Path(group, "cgroup.kill").write_text("1")
        wait_for(lambda: "populated 0" in Path(group, "cgroup.events").read_text(), 2, "it is gone")
