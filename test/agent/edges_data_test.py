"""The shared data: mounted only where it is this stack's, and taken away for certain before a lease is released."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable

import pytest
from agent.configuration import SENTINEL_NAME
from agent.core.record import RECORD_BYTES
from agent.core.settings import Configuration
from agent.job import still_owner
from agent.mounts import cut_off, mount_at, parse_table, unmount
from agent.setup import Data, LeasePlace, Paths, Setup
from agent.shared_data import Failed, check_sentinel, mount_data, unmount_data
from support.namespaces import NEW_MOUNTS, NEW_PROCESSES, apart, mount


def _setup(directory: Path) -> Setup:
    data = Data(str(directory), "data.mount", "this stack", "db", 3)
    core = Configuration("a", "v1", "boot", "service")
    return Setup(core, "192.0.2.10", "192.0.2.11", data, LeasePlace("/lease", "lease.mount", "nfs4", "a"), (), None, Paths())


def _apart(tmp_path: Path, run: Callable[[], None]) -> None:
    """Where the whole machine is searched for users of the data, and they are killed."""
    (tmp_path / "data").mkdir()
    apart(NEW_MOUNTS | NEW_PROCESSES, run)


def test_somebodys_shell_in_the_data_is_ended_and_the_lease_can_be_released(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        (data / "large").write_bytes(b"x" * 4096)
        users = [
            subprocess.Popen(["sleep", "60"], cwd=data),
            subprocess.Popen(["tail", "-f", str(data / "large")], stdout=subprocess.DEVNULL),
        ]
        bystander = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
        time.sleep(0.3)
        words = unmount_data(_setup(data), force=False)
        assert "killed 2 processes" in words
        assert [user.wait(3) for user in users] == [-signal.SIGKILL] * 2
        assert bystander.poll() is None and mount_at(str(data)) is None
        bystander.kill()

    _apart(tmp_path, run)


def test_a_private_copy_of_the_mount_in_another_namespace_is_taken_away_too(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        other = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sleep", "60"])
        time.sleep(0.4)
        assert str(data) in Path(f"/proc/{other.pid}/mountinfo").read_text()
        assert unmount_data(_setup(data), force=False) == ""
        # Whoever lives there does not use it, and lives on.
        assert other.poll() is None
        assert str(data) not in Path(f"/proc/{other.pid}/mountinfo").read_text()
        other.kill()

    _apart(tmp_path, run)


def test_what_is_mounted_elsewhere_for_good_is_said_and_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.shared_data._GONE", 0.5)
    monkeypatch.setattr("agent.shared_data.unmount_in_namespace", lambda *_: None)

    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        other = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sleep", "60"])
        time.sleep(0.4)
        with pytest.raises(Failed, match="still mounted by processes"):
            unmount_data(_setup(data), force=False)
        other.kill()

    _apart(tmp_path, run)


def test_several_mounts_on_one_place_are_all_taken_away(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        for _ in range(3):
            mount("tmpfs", str(data), "tmpfs")
        cut_off(str(data))
        assert mount_at(str(data)) is None

    _apart(tmp_path, run)


def test_a_link_in_the_place_of_a_mount_point_is_not_followed(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        (tmp_path / "link").symlink_to(data)
        with pytest.raises(OSError):
            unmount(str(tmp_path / "link"))
        assert mount_at(str(data))

    _apart(tmp_path, run)


def test_a_missing_sentinel_is_an_error_and_no_new_stack(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="is missing"):
        check_sentinel(str(tmp_path), "this stack")
    assert not (tmp_path / SENTINEL_NAME).exists()


@pytest.mark.parametrize("content", ["another stack\n", "", "x" * 10_000])
def test_another_stacks_data_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / SENTINEL_NAME).write_text(content)
    with pytest.raises((Failed, OSError)):
        check_sentinel(str(tmp_path), "this stack")


def test_a_sentinel_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("this stack\n")
    (tmp_path / SENTINEL_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        check_sentinel(str(tmp_path), "this stack")


def test_what_did_not_come_to_be_mounted_is_told(tmp_path: Path) -> None:
    started: list[str] = []
    with pytest.raises(Failed, match="is not mounted"):
        mount_data(_setup(tmp_path), started.append, lambda: None)
    assert started == ["data.mount"]


def test_names_with_blanks_and_backslashes_are_found_in_the_table() -> None:
    line = "36 35 98:0 /mnt1 /data\\040with\\134all rw,noatime master:1 - nfs4 server:/a\\040b rw\n"
    found = list(parse_table(line + "half a line\n"))
    assert [(each.point, each.type, each.source, each.device) for each in found] == [
        ("/data with\\all", "nfs4", "server:/a b", "98:0")
    ]


def test_nobody_is_killed_for_a_mount_of_another_namespace_with_the_same_name(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        inner = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", f"mount -t tmpfs x {data} && cd {data} && exec sleep 60"]
        )
        time.sleep(0.5)
        mount("tmpfs", str(data), "tmpfs")
        shell = subprocess.Popen(["sleep", "60"], cwd=data)
        time.sleep(0.2)
        unmount_data(_setup(data), force=False)
        assert shell.wait(3) == -signal.SIGKILL
        assert inner.poll() is None
        assert os.readlink(f"/proc/{inner.pid}/cwd") == str(data)
        inner.kill()

    _apart(tmp_path, run)


def test_a_job_reads_who_is_the_owner_from_a_file_as_long_as_the_server_has_it(tmp_path: Path) -> None:
    setup = _setup(tmp_path)._replace(lease=LeasePlace(str(tmp_path), "lease.mount", "nfs4", "a"))
    (tmp_path / "epoch").write_bytes(b"7".ljust(RECORD_BYTES - 1) + b"\n")
    still_owner(setup, 7)()
    with pytest.raises(Failed, match="the epoch on the server is 7, not 6"):
        still_owner(setup, 6)()
