"""Backup and restore by the scripts of node/backup, with a real agent that has the data mounted."""

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from support.units import wait_for
from support.world import RealNode, World

SCRIPTS = Path(__file__).resolve().parents[2] / "node" / "backup"
IMAGE = "rancher/rancher:v2.12.3"


def _environment(node: RealNode) -> "list[str]":
    programs = node.folder / "programs"
    programs.mkdir(exist_ok=True)
    docker = programs / "docker"
    docker.write_text(f"#!/bin/sh\ncat {node.folder}/image\n")
    docker.chmod(0o755)
    if not (node.folder / "image").exists():
        (node.folder / "image").write_text(f"{IMAGE}\n")
    settings = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "CONFIG_DIRECTORY": node.folder,
        "RUN_DIRECTORY": node.run,
        "HA_RANCHER_CACHE": node.folder / "cache",
    }
    return ["env", *(f"{name}={value}" for name, value in settings.items())]


def _start(node: RealNode, script: str, *words: str) -> "subprocess.Popen[bytes]":
    command = [*node._nsenter(), *_environment(node), str(SCRIPTS / script), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _ended(child: "subprocess.Popen[bytes]") -> "tuple[int, str, str]":
    out, err = child.communicate(timeout=90)
    return child.returncode, out.decode().strip(), err.decode()


def _backups(node: RealNode) -> Path:
    return node.folder / "backups"


def _back_up(node: RealNode, keep: int = 7) -> Path:
    code, out, err = _ended(_start(node, "backup", str(_backups(node)), str(keep)))
    assert code == 0, err
    return Path(out)


def _restore(node: RealNode, file: Path) -> "tuple[int, str, str]":
    return _ended(_start(node, "restore", str(file)))


@pytest.fixture
def one() -> Iterator[World]:
    """One node that serves, with data as Rancher has it: a datastore, something hidden, something that stays on the node."""
    world = World(("node-a",))
    try:
        data = Path(world.share, "data")
        (data / "db/wal").write_text("early")
        # What does not get smaller, so that an archive has places to be broken at.
        (data / "db/random").write_bytes(os.urandom(50_000))
        (data / ".hidden file").write_text("early")
        (data / "k3s/agent").mkdir(parents=True)
        (data / "k3s/agent/image").write_text("early")
        world.nodes[0].start()
        world.wait_active()
        yield world
        print(world.logs())
    finally:
        world.end()


def _change(world: World) -> Path:
    """What a restore must take away, written through the mount; where it is looked at."""
    node = world.wait_active()
    node.inside("sh", "-c", 'cd "$1" && printf later >db/wal && printf later >db/new', "sh", str(node.data))
    return Path(world.share, "data")


def _names(file: Path) -> "list[str]":
    with tarfile.open(file) as outer:
        packed = outer.extractfile("data.tar.gz")
        assert packed
        with tarfile.open(fileobj=io.BytesIO(packed.read())) as inner:
            return inner.getnames()


def test_a_backup_has_the_data_and_nothing_of_the_place_and_comes_back_as_it_was(one: World) -> None:
    node, epoch = one.wait_active(), one.epoch()
    starts = len({process for _, process, _ in one.writes()})
    file = _back_up(node)
    assert re.fullmatch(r"rancher-\d{8}T\d{6}Z\.tar", file.name) and file.stat().st_mode & 0o777 == 0o600
    assert node.state() == "active" and one.epoch() == epoch, "the lease was kept"
    wait_for(lambda: len({process for _, process, _ in one.writes()}) == starts + 1, 5, "one stop, and one start")
    names = _names(file)
    assert {"./db/wal", "./.hidden file", "./writes"} <= set(names)
    assert not [name for name in names if re.search(r"sentinel|\.snap|k3s/agent", name)]
    with tarfile.open(file) as outer:
        manifest = outer.extractfile("manifest")
        assert manifest and re.fullmatch(
            rf"format=1\nimage={IMAGE}\ntime=\d{{8}}T\d{{6}}Z\nnode=node-a\nsize=\d+\nsha256=[0-9a-f]{{64}}\nbytes=\d+\n"
            r"check=[0-9a-f]{64}\n",
            manifest.read().decode(),
        )
    assert os.listdir(_backups(node)) == [file.name], "nothing is left beside it"

    data = _change(one)
    node.inside("rm", f"{node.data}/.hidden file")
    code, out, err = _restore(node, file)
    assert code == 0 and "is restored, and the service is well" in out, err
    assert (data / "db/wal").read_text() == (data / ".hidden file").read_text() == "early"
    assert not (data / "db/new").exists(), "what came later is gone"
    wait_for(lambda: not (data / ".restore").exists(), 10, "what was there before goes")
    assert (data / ".ha-rancher-sentinel").exists() and one.epoch() == epoch
    assert os.listdir(_backups(node)) == [file.name]


def test_only_so_many_are_kept_and_a_standby_makes_none(world: World) -> None:
    node = world.wait_active()
    _backups(node).mkdir()
    for name in ("rancher-20200101T000000Z.tar", "rancher-20210101T000000Z.tar", "mine.tar"):
        (_backups(node) / name).touch()
    file = _back_up(node, 2)
    assert sorted(os.listdir(_backups(node))) == sorted(["mine.tar", "rancher-20210101T000000Z.tar", file.name])
    standby = world.standby()
    code, out, err = _ended(_start(standby, "backup", str(_backups(standby)), "2"))
    assert (code, out) == (0, "") and "nothing to do here" in err
    assert not _backups(standby).exists()


def _remade(file: Path, change: "Callable[[tarfile.TarFile], None]") -> Path:
    """The archive with more in its data, and all sums right."""
    with tarfile.open(file) as outer:
        packed, manifest = (outer.extractfile(name) for name in ("data.tar.gz", "manifest"))
        assert packed and manifest
        content, lines = packed.read(), manifest.read().decode().splitlines()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as before, tarfile.open(fileobj=buffer, mode="w:gz") as after:
        for member in before.getmembers():
            after.addfile(member, before.extractfile(member) if member.isreg() else None)
        change(after)
    content = buffer.getvalue()
    lines = [line for line in lines if not re.match("check|size|sha256", line)]
    lines += [f"size={len(content)}", f"sha256={hashlib.sha256(content).hexdigest()}", ""]
    text = "\n".join(lines)
    text += f"check={hashlib.sha256(text.encode()).hexdigest()}\n"
    made = file.with_name("remade.tar")
    with tarfile.open(made, "w") as outer:
        for name, part in (("manifest", text.encode()), ("data.tar.gz", content)):
            info = tarfile.TarInfo(name)
            info.size = len(part)
            outer.addfile(info, io.BytesIO(part))
    return made


def _with_file(name: str, kind: bytes = tarfile.REGTYPE) -> "Callable[[tarfile.TarFile], None]":
    def change(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type = kind
        archive.addfile(info)

    return change


def test_an_archive_that_is_broken_hostile_or_of_another_version_is_refused_and_nothing_happens(one: World) -> None:
    node = one.wait_active()
    file = _back_up(node)
    data = _change(one)
    process = {process for _, process, _ in one.writes()}
    whole = file.read_bytes()

    def flipped(part: bytes, offset: int = 0) -> bytes:
        place = whole.index(part) + offset
        return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]

    broken = _backups(node) / "broken.tar"
    for content, words in (
        (whole[:2048], "cut off"),
        (whole[: whole.index(b"data.tar.gz") + 600], "cut off"),
        (b"no tar file at all", "no backup"),
        (flipped(b"v2.12.3"), "manifest was changed"),
        (flipped(b"data.tar.gz", 700), "was changed, or is broken"),
    ):
        broken.write_bytes(content)
        code, _, err = _restore(node, broken)
        assert code == 1 and "is refused, and nothing was touched" in err and words in err
    for name, kind, words in (
        ("../../../../etc/hostname", tarfile.REGTYPE, "names outside of it"),
        ("./device", tarfile.CHRTYPE, "devices or the like"),
    ):
        assert words in _restore(node, _remade(file, _with_file(name, kind)))[2]
    (node.folder / "image").write_text("rancher/rancher:v2.13.0\n")
    assert f"it is of {IMAGE}, and the stack runs rancher/rancher:v2.13.0" in _restore(node, file)[2]
    assert (data / "db/wal").read_text() == "later" and node.state() == "active"
    assert {process for _, process, _ in one.writes()} == process, "the service went on"
    # A mirror's image of the same name is of the same version.
    (node.folder / "image").write_text(f"registry.example.com:5000/{IMAGE}\n")
    code, _, err = _restore(node, file)
    assert code == 0 and (data / "db/wal").read_text() == "early", err


def _slow_docker(node: RealNode, seconds: float) -> None:
    (node.folder / "docker.sock.slow").write_text(str(seconds))


def test_a_backup_is_given_up_where_the_service_leaves(world: World) -> None:
    node = world.wait_active()
    _slow_docker(node, 2)
    child = _start(node, "backup", str(_backups(node)), "2")
    wait_for(lambda: node.state() == "halting", 20, "the service is stopped for it")
    assert node.command("hand-over", "20", "a test").returncode == 0
    code, _, err = _ended(child)
    assert code == 1 and "the data cannot be copied: the service left this node" in err
    assert os.listdir(_backups(node)) == []
    world.wait_active(30, other_than=node)


def test_data_with_which_the_service_does_not_start_is_restored_too(one: World) -> None:
    node = one.wait_active()
    file = _back_up(node)
    data = _change(one)
    node.inside("touch", f"{node.data}/crash")
    wait_for(lambda: node.state() == "standby" and not node.fit(), 60, "it gives up")
    code, _, err = _restore(node, file)
    assert code == 0, err
    assert (data / "db/wal").read_text() == "early" and not (data / "crash").exists()


def test_restored_data_with_which_the_service_does_not_get_well_is_taken_out_again(one: World) -> None:
    node = one.wait_active()
    file = _remade(_back_up(node), _with_file("./unwell"))
    data = _change(one)
    code, _, err = _restore(node, file)
    assert code == 1 and "does not get well with the restored data" in err and "the data from before is back" in err
    assert (data / "db/wal").read_text() == "later" and (data / "db/new").exists()
    assert not (data / ".restore").exists() and not (data / "unwell").exists()
    one.wait_active(30)


def test_a_restore_whose_script_was_killed_is_not_done_and_one_whose_agent_was_killed_is(one: World) -> None:
    node = one.wait_active()
    file = _back_up(node)
    data = _change(one)
    _slow_docker(node, 5)
    child = _start(node, "restore", str(file))
    wait_for(lambda: node.state() == "halting", 20, "the service is stopped for it")
    child.kill()
    child.wait()
    # Docker has been asked to stop it by then, and the agent knows that nobody waits any more.
    time.sleep(2)
    (node.folder / "docker.sock.slow").unlink()
    wait_for(lambda: node.state() == "active", 30, "it serves again")
    assert (data / "db/wal").read_text() == "later", "nobody wants it any more"
    _slow_docker(node, 1)
    child = _start(node, "restore", str(file))
    wait_for(lambda: node.state() in ("halting", "mounting", "working"), 20, "the service is stopped for it")
    assert node.agent
    node.agent.signal(signal.SIGKILL)
    code, _, err = _ended(child)
    assert code == 0, err
    assert (data / "db/wal").read_text() == "early"
    assert json.loads(node.command("status").stdout)["agent"]["state"] == "active"
