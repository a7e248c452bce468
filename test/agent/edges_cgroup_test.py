"""The container is killed by its control group: a real one, of version 2, where this machine has one."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent.cgroup import POD, Group, find_group, find_member
from agent.container import ContainerEdge
from agent.docker import Container
from agent.process import find
from agent.run_files import Kept
from support.groups import CONTAINER, version_2


@pytest.fixture
def root() -> Iterator[str]:
    path = f"{version_2()}/ha-rancher-test-{os.getpid()}"
    os.makedirs(f"{path}/docker/{CONTAINER}/below")
    yield path
    (Path(path) / "docker" / CONTAINER / "cgroup.kill").write_text("1")
    time.sleep(0.1)
    for folder in (f"docker/{CONTAINER}/below", f"docker/{CONTAINER}", "docker", ""):
        os.rmdir(f"{path}/{folder}")


def _sleeper(group: str) -> subprocess.Popen:  # type: ignore[type-arg]
    child = subprocess.Popen(["sleep", "60"])
    Path(group, "cgroup.procs").write_text(str(child.pid))
    return child


def test_all_of_a_group_dies_by_one_write_also_what_is_below_it(root: str) -> None:
    path = find_group(CONTAINER, root)
    assert path
    group = Group(path)
    assert not group.populated()
    children = [_sleeper(path), _sleeper(f"{path}/below")]
    assert group.populated()
    poll = select.poll()
    poll.register(group.events_fd() or -1, select.POLLPRI)
    poll.poll(0)
    started = time.monotonic()
    group.kill()
    for child in children:
        assert child.wait(2) == -9
    assert time.monotonic() - started < 1
    # Whoever waits for it is woken, instead of looking again and again.
    assert poll.poll(1000)
    assert not group.populated()
    group.close()


def test_without_cgroup_kill_its_processes_are_killed_by_number(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = find_group(CONTAINER, root)
    assert path
    group = Group(path)
    monkeypatch.setattr(group, "_kill", None)
    monkeypatch.setattr(group, "_events", None)
    children = [_sleeper(path), _sleeper(f"{path}/below")]
    assert group.populated()
    group.kill()
    assert [child.wait(2) for child in children] == [-9, -9]
    assert not group.populated()


def test_a_group_that_was_removed_has_no_process(root: str) -> None:
    path = f"{root}/docker/{'a' * 64}"
    os.mkdir(path)
    group = Group(path)
    os.rmdir(path)
    assert not group.populated()
    group.kill()
    assert find_group("a" * 64, root) is None


@pytest.mark.parametrize("name", ["../../system.slice", "", "c0ffee", "A" * 64])
def test_what_is_no_id_of_a_container_finds_nothing(root: str, name: str) -> None:
    assert find_group(name, root) is None


def test_a_process_whose_first_thread_has_ended_lives() -> None:
    code = "import threading,time,ctypes\nthreading.Thread(target=time.sleep,args=(30,)).start()\nctypes.CDLL(None).syscall(60,0)"
    child = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + 5
        while "Z" not in Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert " Z " in Path(f"/proc/{child.pid}/stat").read_text()
        assert find(child.pid) is not None
    finally:
        child.kill()
        child.wait()
    assert find(child.pid) is None


def test_another_process_with_the_same_number_is_not_killed() -> None:
    child = subprocess.Popen(["sleep", "60"])
    found = find(child.pid)
    assert found
    found.__class__(found.pid, found.started + 1).kill()
    assert child.poll() is None
    found.kill()
    assert child.wait(2) == -9


class _Notes:
    def __init__(self) -> None:
        self.kept = Kept(id=CONTAINER)

    def keep(self, **changed: Any) -> None:
        self.kept = self.kept._replace(**changed)


def test_a_container_that_was_started_since_the_last_look_has_not_ended(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[subprocess.Popen[bytes]] = []

    class FakeEngine:
        def __init__(self, _: str) -> None: ...

        def inspect(self, _name: str, _limit: float) -> Container:
            return Container(CONTAINER, running=False, pid=0, status="exited", image="", exit_code=0, labels={})

        asked = 0

        def start(self, _name: str, _limit: float) -> bool:
            self.asked += 1
            # Docker has not noticed yet that it has ended.
            if self.asked == 1:
                return False
            os.makedirs(f"{root}/docker/{CONTAINER}/below")
            children.append(_sleeper(f"{root}/docker/{CONTAINER}"))
            return True

    monkeypatch.setattr("agent.container.Engine", FakeEngine)
    for folder in (f"docker/{CONTAINER}/below", f"docker/{CONTAINER}"):
        os.rmdir(f"{root}/{folder}")
    edge = ContainerEdge("service", "/nowhere", root, _Notes())  # type: ignore[arg-type]
    order = edge.starting()
    edge.look(1)
    assert not edge.view().gone
    edge.start(1000, order)
    view = edge.view()
    assert view.runs and not view.gone
    children[0].kill()
    children[0].wait()


def test_it_gets_as_much_of_the_processor_as_any_other_also_after_systemd_has_put_its_own_back(tmp_path: Path) -> None:
    for name, content in (("cgroup.procs", ""), ("cpu.weight", "100\n")):
        (tmp_path / name).write_text(content)
    group = Group(str(tmp_path))
    for there in ("100\n", "10000\n", "1\n"):
        (tmp_path / "cpu.weight").write_text(there)
        group.put_first()
        assert (tmp_path / "cpu.weight").read_text().strip() == "10000"
    group.close()
    (tmp_path / "cpu.weight").unlink()
    group = Group(str(tmp_path))
    group.put_first()
    group.close()


@pytest.mark.parametrize("place", ["system-harancher.slice", "system.slice/system-harancher.slice"])
def test_several_containers_have_one_group_that_dies_by_one_write(root: str, place: str) -> None:
    assert find_group(POD, root) is None
    member = f"{root}/{place}/{CONTAINER if place == POD else f'docker-{CONTAINER}.scope'}"
    os.makedirs(member)
    child = _sleeper(member)
    try:
        path = find_group(POD, root)
        assert path == f"{root}/{place}" and find_member(CONTAINER, path) == member and find_member("b" * 64, path) is None
        group = Group(path)
        assert group.populated()
        group.kill()
        child.wait(5)
        assert not group.populated()
        group.close()
    finally:
        child.kill()
        child.wait()
        folder = member
        while folder != root:
            os.rmdir(folder)
            folder = os.path.dirname(folder)
