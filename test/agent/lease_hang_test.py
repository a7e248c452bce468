"""The lease process hangs in the server, really: its file system is frozen."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent.clock import boot_ms
from agent.core.lease_requests import Lock, Look, Take, Write
from support.groups import CONTAINER, version_2
from support.lease_node import Process, wait
from support.owner import REFUSED, Owner


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Path]:
    """A file system that can be made to hang, as NFS does without its server."""
    image, folder = tmp_path / "image", tmp_path / "world"
    (folder / "lease").mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder / "lease")], check=True)
    yield folder
    subprocess.run(["fsfreeze", "-u", str(folder / "lease")], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["umount", "-l", str(folder / "lease")], check=True)


def test_while_the_process_hangs_in_the_server_it_says_what_it_holds_and_its_deadman_acts(frozen: Path) -> None:
    a = Process(frozen, "a", alone=60_000)
    a.terms = a.terms._replace(filesystem="ext4")
    a.client = a.connected()
    group = f"{version_2()}/ha-rancher-test-{os.getpid()}"
    os.makedirs(f"{group}/docker/{CONTAINER}")
    sleeper = subprocess.Popen(["sleep", "60"])
    Path(f"{group}/docker/{CONTAINER}/cgroup.procs").write_text(str(sleeper.pid))
    trigger = a.run / "reset"
    trigger.touch()
    try:
        a.ask(Lock(boot_ms()))
        a.ask(Take(boot_ms(), a.record(1, 0)))
        a.client.guard(
            container=CONTAINER,
            sent=boot_ms(),
            give_up=1_500,
            reset=3_000,
            control_groups=group,
            trigger=str(trigger),
            track=str(a.run / "track"),
        )
        subprocess.run(["fsfreeze", "-f", str(frozen / "lease")], check=True)
        hung = time.monotonic()
        assert a.client.ask(Write(boot_ms(), a.record(1, 1)))
        again = a.connected()
        assert again.view.locked and again.view.confirmed == a.record(1, 0)
        assert sleeper.wait(5) == -signal.SIGKILL
        assert 1.0 < time.monotonic() - hung < 2.6
        time.sleep(2)
        # It is gone for certain: no reset.
        assert trigger.read_bytes() == b"" and (a.run / "track").read_bytes() == b"1\n"
        subprocess.run(["fsfreeze", "-u", str(frozen / "lease")], check=True)
        assert again.ask(Write(boot_ms(), a.record(1, 2)))
        wait(lambda: again.collect() and not again.view.pending, 5)
        assert again.view.locked and again.view.confirmed == a.record(1, 2)
    finally:
        subprocess.run(["fsfreeze", "-u", str(frozen / "lease")], check=False, stderr=subprocess.DEVNULL)
        sleeper.kill()
        a.end()
        os.rmdir(f"{group}/docker/{CONTAINER}")
        os.rmdir(f"{group}/docker")
        os.rmdir(group)


def test_a_child_of_a_killed_agent_that_hangs_in_the_server_delays_no_kill(frozen: Path, tmp_path: Path) -> None:
    """systemd kills the agent's process alone (KillMode=process), and so waits for nothing else before the kill path."""
    units = Path(__file__).parents[2] / "node/units"
    for unit in ("ha-rancher-agent.service", "ha-rancher-lease.service"):
        assert "\nKillMode=process\n" in (units / unit).read_text()
    owner = Owner(tmp_path)
    subprocess.run(["fsfreeze", "-f", str(frozen / "lease")], check=True)
    agent = subprocess.Popen(
        [sys.executable, "-c", _STARTS_A_JOB, str(frozen / "lease/file")], env=_WITH_AGENT, stdout=subprocess.PIPE
    )
    assert agent.stdout
    child = int(agent.stdout.readline())
    try:
        wait(lambda: _hangs(child), 5)
        agent.kill()
        killed = time.monotonic()
        agent.wait()
        os.kill(child, signal.SIGKILL)
        assert owner.stop(REFUSED) == 0 and not owner.alive() and not owner.was_reset()
        assert time.monotonic() - killed < 1 and _state(child) == "D"
    finally:
        subprocess.run(["fsfreeze", "-u", str(frozen / "lease")], check=False)
        owner.end()
    wait(lambda: _state(child) != "D", 5)


def _hangs(pid: int) -> bool:
    """In the kernel, and not for a moment, as whoever reads a file from the disk."""
    for _ in range(10):
        if _state(pid) != "D":
            return False
        time.sleep(0.02)
    return True


_WITH_AGENT = {**os.environ, "PYTHONPATH": f"{Path(__file__).parents[2] / 'node'}:{Path(__file__).parent}"}

_STARTS_A_JOB = """
import sys, time
from agent.core.observation import JobKind
from agent.fork_client import ForkClient
from agent.jobs import Jobs
from support.fork_server import SERVER
jobs = Jobs(lambda: None, ForkClient(SERVER))
jobs.process(JobKind.WORK, 1, 60_000, ["sh", "-c", "echo $$; exec dd if=/dev/zero of=" + sys.argv[1] + " count=1"])
while not jobs._processes.words(1):
    jobs.collect()
    time.sleep(0.01)
print(jobs._processes.words(1), flush=True)
time.sleep(60)
"""


def _state(pid: int) -> str:
    """proc(5); empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_lock_that_comes_late_for_an_agent_of_other_terms_is_let_go(frozen: Path) -> None:
    a, b = Process(frozen, "a"), Process(frozen, "b")
    try:
        for each in (a, b):
            each.terms = each.terms._replace(filesystem="ext4")
            each.client = each.connected()
        subprocess.run(["fsfreeze", "-f", str(frozen / "lease")], check=True)
        # It cannot make the file.
        assert a.client.ask(Lock(boot_ms()))
        a.client = a.connected(a.terms._replace(alone=a.terms.alone + 1))
        subprocess.run(["fsfreeze", "-u", str(frozen / "lease")], check=True)
        # As a standby it looks once a heartbeat.
        wait(lambda: not a.ask(Look(boot_ms(), False, False)).locked and b.ask(Lock(boot_ms())).locked, 5)
    finally:
        for each in (a, b):
            each.end()
