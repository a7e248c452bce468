"""Whoever keeps the data open after it is mounted nowhere is found and ended before the lease is released: he could write on."""

import mmap
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from agent.holders import holders_of, in_nfs_client, nfs_volume
from agent.mounts import Mount, mount_at, namespaces_with, unmount, unmount_in_namespace
from agent.setup import Setup
from agent.shared_data import Failed, unmount_data
from agent.storage_view import StorageView
from edges_data_test import _apart, _setup
from support.namespaces import mount
from support.units import wait_for


def _elsewhere(data: Path, script: str) -> "subprocess.Popen[bytes]":
    """A shell in a mount namespace of its own, which says when it is there."""
    told = f"cd /; {script}; echo; exec sleep 60"
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c", told]
    shell = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "DATA": str(data)})
    assert shell.stdout and shell.stdout.readline() == b"\n"
    return shell


def _with_volumes(tmp_path: Path, data: Path) -> "tuple[Setup, Path, str]":
    """A data mount that the NFS client has in its table."""
    setup = _setup(data)
    volumes = tmp_path / "volumes"
    found = mount_at(str(data))
    assert found
    volumes.write_text(f"NV SERVER   PORT DEV          FSID FSC\nv4 c0a83801  801 {found.device} 0:0 no\n")
    return setup._replace(paths=setup.paths._replace(nfs_volumes=str(volumes))), volumes, found.device


@pytest.mark.parametrize(
    "script",
    [
        'exec 3>>"$DATA/open"; umount -l "$DATA"',
        'cd "$DATA/sub"; umount -l "$DATA"',
        'exec 3>>"$DATA/open"; rm "$DATA/open"; umount -l "$DATA"',
        # Only by a mount of its own beside the one that everybody has.
        'mkdir -p "$DATA-too"; mount --bind "$DATA/sub" "$DATA-too"; exec 3>>"$DATA-too/open"; umount -l "$DATA-too" "$DATA"',
    ],
)
def test_whoever_has_it_open_where_it_is_not_mounted_any_more_is_ended(tmp_path: Path, script: str) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        (data / "sub").mkdir()
        holder = _elsewhere(data, script)
        assert str(data) not in Path(f"/proc/{holder.pid}/mountinfo").read_text()
        assert "killed 1 processes" in unmount_data(_setup(data), force=False)
        assert holder.wait(3) == -signal.SIGKILL

    _apart(tmp_path, run)


def test_whoever_has_taken_an_open_file_along_into_another_namespace_is_ended(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        script = 'exec 3>>"$DATA/open"; exec unshare -m --propagation private sh -c \'umount "$DATA"; echo; exec sleep 60\''
        holder = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, env={**os.environ, "DATA": str(data)})
        assert holder.stdout and holder.stdout.readline() == b"\n"
        assert "killed 1 processes" in unmount_data(_setup(data), force=False)
        assert holder.wait(3) == -signal.SIGKILL

    _apart(tmp_path, run)


def test_a_mapping_alone_keeps_it_too(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        (data / "file").write_bytes(bytes(mmap.PAGESIZE))
        script = (
            # Not the module `mmap`, which keeps the file open.
            "import ctypes, os, time; fd = os.open(os.environ['DATA'] + '/file', os.O_RDWR);"
            "ctypes.CDLL(None).mmap(None, ctypes.c_size_t(4096), 3, 1, fd, ctypes.c_long(0));"
            "os.close(fd); os.system('umount -l \"$DATA\"'); print(flush=True); time.sleep(60)"
        )
        command = ["unshare", "-m", "--propagation", "private", sys.executable, "-c", script]
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "DATA": str(data)})
        assert holder.stdout and holder.stdout.readline() == b"\n"
        for fd in Path(f"/proc/{holder.pid}/fd").iterdir():
            assert "file" not in os.readlink(fd)
        unmount_data(_setup(data), force=False)
        assert holder.wait(3) == -signal.SIGKILL

    _apart(tmp_path, run)


def test_nobody_is_ended_for_what_he_has_open_of_another_file_system(tmp_path: Path) -> None:
    def run() -> None:
        data, other = tmp_path / "data", tmp_path / "other"
        other.mkdir()
        mount("tmpfs", str(other), "tmpfs")
        mount("tmpfs", str(data), "tmpfs")
        script = f'exec 3>>"{other}/open" 4>"{tmp_path}/gone"; rm "{tmp_path}/gone"; cd {other}; umount -l "{other}" "$DATA"'
        bystander = _elsewhere(data, script)
        assert unmount_data(_setup(data), force=False) == ""
        assert bystander.poll() is None
        bystander.kill()

    _apart(tmp_path, run)


def test_a_holder_that_cannot_be_ended_is_said_and_nothing_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.shared_data._GONE", 0.5)
    monkeypatch.setattr("agent.process.Process.kill", lambda _: None)

    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        holder = _elsewhere(data, 'exec 3>>"$DATA/open"; umount -l "$DATA"')
        with pytest.raises(Failed, match=f"still used by processes {holder.pid}"):
            unmount_data(_setup(data), force=False)
        os.kill(holder.pid, signal.SIGKILL)

    _apart(tmp_path, run)


def test_as_long_as_the_nfs_client_has_it_nothing_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has it there: a swap file, a descriptor that is on its way from one process to another."""
    monkeypatch.setattr("agent.shared_data._GONE", 0.5)

    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        setup, volumes, device = _with_volumes(tmp_path, data)
        of_data = setup._replace(data=setup.data._replace(directory=str(data)))
        view = StorageView(of_data, str(tmp_path / "seen"))
        view.look(20_000, True)
        assert view.data() == (True, False)
        with pytest.raises(Failed, match="the kernel still has tmpfs, and no process"):
            unmount_data(setup, force=False)
        view.look(40_000, True)
        assert view.data() == (False, True), "this node is not clean"
        # Nor does the next agent of this boot believe it to be.
        after = StorageView(of_data, str(tmp_path / "seen"))
        after.look(60_000, True)
        assert after.data() == (False, True)
        assert holders_of(device) == []
        volumes.write_text("NV SERVER   PORT DEV          FSID FSC\n")
        assert view.data() == (False, False)
        later = StorageView(of_data, str(tmp_path / "seen"))
        later.look(80_000, True)
        assert later.data() == (False, False)

    _apart(tmp_path, run)


@pytest.mark.parametrize(
    "content", ["{}", "[]", "[[], 1]", '[["a"], "b"]', '[["0:4", "/", "/d", "nfs4", 5], "v"]', "x", "[" * 3_000]
)
def test_a_page_that_says_nothing_is_no_data_and_nothing_is_lost_for_it(tmp_path: Path, content: str) -> None:
    page = tmp_path / "seen"
    page.write_text(content.ljust(4096))
    view = StorageView(_setup(tmp_path / "data"), str(page))
    view.look(0, True)
    assert view.data() == (False, False)


def test_of_a_node_without_nfs_client_nothing_is_in_it(tmp_path: Path) -> None:
    assert nfs_volume("0:45", str(tmp_path / "none")) == "" and not in_nfs_client("", str(tmp_path / "none"))


def test_a_volume_is_known_by_its_number_on_the_server_too(tmp_path: Path) -> None:
    table = tmp_path / "volumes"
    heading = "NV SERVER   PORT DEV          FSID FSC\n"
    table.write_text(f"{heading}v4 c0a83801  801 0:45         8b3b2:0  no\n\nnonsense\n")
    data = nfs_volume("0:45", str(table))
    assert data and in_nfs_client(data, str(table))
    assert [nfs_volume(device, str(table)) for device in ("0:4", "0:451", "801", "DEV ")] == [""] * 4
    # The data has gone, and the lease, say, was mounted anew.
    table.write_text(f"{heading}v4 c0a83801  801 0:45         77:0  no\n")
    assert not in_nfs_client(data, str(table))


def test_a_file_system_that_got_the_device_of_the_data_is_none_of_ours(tmp_path: Path) -> None:
    def run() -> None:
        data, other = tmp_path / "data", tmp_path / "other"
        other.mkdir()
        view = StorageView(_setup(data), str(tmp_path / "seen"))

        def mounted(source: str, point: Path) -> Mount:
            mount(source, str(point), "tmpfs")
            found = mount_at(str(point))
            assert found
            return found

        for _ in range(200):  # others on this machine take numbers, too
            lost = mounted("data", data)
            view.look(0, True)
            unmount(str(data))
            there = mounted("other", other)
            if there.device == lost.device:
                break
            unmount(str(other))
        assert lost.device == there.device
        bystander = subprocess.Popen(["sleep", "60"], cwd=other)
        view.look(0, True)
        assert view.data() == (False, False)
        assert namespaces_with(lost) == [] and namespaces_with(there) != []
        unmount_in_namespace(os.getpid(), lost)
        assert mount_at(str(other)) and bystander.poll() is None

    _apart(tmp_path, run)


def test_the_way_out_at_once_ends_them_too(tmp_path: Path) -> None:
    def run() -> None:
        data = tmp_path / "data"
        mount("tmpfs", str(data), "tmpfs")
        holder = _elsewhere(data, 'exec 3>>"$DATA/open"; umount -l "$DATA"')
        unmount_data(_setup(data), force=True)
        wait_for(lambda: holder.poll() is not None, 3)
        assert mount_at(str(data)) is None

    _apart(tmp_path, run)
