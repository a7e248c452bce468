"""node/export: images with real mounts in a mount namespace of this process, and what an attacker may have put where. As root."""

import fcntl
import json
import os
import re
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from export.command import MUST_MOVE, main
from export.files import Refused, open_folder
from export.image import Places
from support.namespaces import NEW_MOUNTS, unshare

NAME = "ha-rancher-dev"
_FICLONE = 0x40049409

#: Does what systemd does with a mount unit, and says where it runs on a word that it does not know.
SYSTEMCTL = """#!/bin/sh
set -e
case "$1 $2" in
  'daemon-reload ') exit 0 ;;
  'enable --now' | 'disable --now') unit={units}/$3 ;;
  *) exit 9 ;;
esac
of() {{ sed -n "s/^$1=//p" "$unit"; }}
if [ "$1" = disable ]; then umount "$(of Where)"; exit; fi
mountpoint -q "$(of Where)" || mount -t "$(of Type)" -o "$(of Options)" "$(of What)" "$(of Where)"
"""

#: Serves what the files say, but for what is mounted nowhere: `mp`.
EXPORTFS = """#!/bin/sh
case "$1" in
  -ra) : >{etab}; cat {exports}/*.exports 2>/dev/null | grep -v '^#' | grep -v 10.0.0.66 >>{etab}; exit 1 ;;
  -s) cat {etab} ;;
esac
"""


@pytest.fixture(scope="module", autouse=True)
def own_namespace() -> None:
    """Whatever is left mounted is gone with this process."""
    unshare(NEW_MOUNTS)
    os.environ["PATH"] += ":/usr/sbin:/sbin"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    made = Places(*(str(tmp_path / name) for name in ("images", "points", "units", "exports", "systemctl", "exportfs")))
    os.mkdir(made.units)
    for path, text in (
        (made.systemctl, SYSTEMCTL.format(units=made.units)),
        (made.exportfs, EXPORTFS.format(exports=made.exports, etab=tmp_path / "etab")),
    ):
        Path(path).write_text(text)
        os.chmod(path, 0o755)
    yield made
    with open("/proc/self/mounts", encoding="utf-8") as table:
        for point in [line.split()[1] for line in table if str(tmp_path) in line]:
            subprocess.run(["umount", "--lazy", point], check=True)


def run(places: Places, *words: str, user: str = "") -> int:
    return main(words, places, user)


def point(places: Places) -> Path:
    return Path(places.points, NAME)


def options_of(path: Path) -> "list[str]":
    with open("/proc/self/mounts", encoding="utf-8") as table:
        return next((line.split()[3].split(",") for line in table if line.split()[1] == str(path)), [])


def test_makes_a_file_system_of_its_own_with_reflink(places: Places) -> None:
    assert run(places, "make", NAME, "1", "it's the data") == 0
    mounted = point(places)
    assert {"nosuid", "nodev", "noexec"} <= set(options_of(mounted))
    assert os.stat(mounted).st_dev != os.stat(places.points).st_dev
    assert stat.S_IMODE(os.stat(mounted).st_mode) == 0o700
    assert sorted(os.listdir(mounted)) == ["data", "lease"], "nothing of ours but what nodes mount"
    assert (mounted / "data/.ha-rancher-sentinel").read_text() == "it's the data\n"
    image = os.stat(f"{places.images}/{NAME}.img")
    assert image.st_size == 1 << 30
    assert image.st_blocks * 512 >= 1 << 30, "its room is taken: a disk that fills later harms nobody in it"
    source, target = mounted / "data/a", mounted / "data/b"
    source.write_bytes(b"x" * (8 << 20))
    with open(source, "rb") as old, open(target, "wb") as new:
        fcntl.ioctl(new, _FICLONE, old.fileno())
    assert target.read_bytes() == source.read_bytes()


def test_made_again_it_stays_and_it_grows_while_it_is_used(places: Places) -> None:
    assert run(places, "make", NAME, "1", "one") == 0
    mounted = point(places)
    with open(mounted / "data/open", "wb") as file:
        assert run(places, "make", NAME, "1", "two") == 0
        assert (mounted / "data/.ha-rancher-sentinel").read_text() == "one\n", "never overwritten"
        before = os.statvfs(mounted)
        assert run(places, "make", NAME, "2", "one") == 0
        after = os.statvfs(mounted)
        assert after.f_blocks * after.f_frsize > 1.9 * before.f_blocks * before.f_frsize
        file.write(b"goes on")
    assert os.stat(f"{places.images}/{NAME}.img").st_size == 2 << 30


def test_does_not_shrink_and_takes_no_more_room_than_there_is(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(places, "make", NAME, "2", "s") == 0
    assert run(places, "make", NAME, "1", "s") == 1
    assert re.search("`sharedSize` is 1, and .* has 2 GiB: XFS does not shrink", capsys.readouterr().err)
    assert run(places, "make", NAME, "16000", "s") == 1
    assert re.search(r"MiB free, and `sharedSize` \(16000 GiB\) needs .*: make room, or lower it", capsys.readouterr().err)
    assert run(places, "make", "ha-rancher-b", "0", "s") == 1
    assert sorted(os.listdir(places.images)) == ["ha-rancher-b.lock", f"{NAME}.img", f"{NAME}.lock"], "no draft is left"


def test_is_exported_to_its_clients_alone_and_only_while_it_is_mounted(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(places, "publish", NAME, "10.0.0.1") == 1
    assert "not mounted" in capsys.readouterr().err
    assert run(places, "make", NAME, "1", "s") == 0
    assert run(places, "publish", NAME, "10.0.0.1", "10.0.0.2") == 0
    text = Path(places.exports, f"{NAME}.exports").read_text()
    # As exports(5) of the program has it: test/unit/nfs-kernel.test.ts.
    options = r"\(rw,sync,no_subtree_check,no_root_squash,mp,fsid=[0-9a-f-]{36},sec=sys\)"
    lines = "".join(f"{re.escape(str(point(places)))} 10.0.0.{n}{options}\n" for n in (1, 2))
    assert re.fullmatch(f"# Made by ha-rancher; changes are overwritten.\n{lines}", text)
    assert run(places, "look", NAME) == 0
    assert json.loads(capsys.readouterr().out) == {
        "image": True,
        "bytes": 1 << 30,
        "mounted": True,
        "point": str(point(places)),
        "clients": ["10.0.0.1", "10.0.0.2"],
    }
    assert run(places, "publish", NAME, "10.0.0.66") == 1, "what exportfs says counts for nothing, what it serves does"
    assert "does not export" in capsys.readouterr().err
    for client in ("*", "10.0.0.0/8", "10.0.0.1(no)", "10.0.0.01", "host"):
        assert run(places, "publish", NAME, client) == 1
    assert run(places, "remove", NAME) == 1, "while it is exported"
    assert run(places, "withdraw", NAME) == 0
    assert run(places, "remove", NAME) == 0
    assert os.listdir(places.images) == [f"{NAME}.lock"]
    assert os.listdir(places.units) == os.listdir(places.points) == []
    assert run(places, "withdraw", NAME) == 0
    assert run(places, "remove", NAME) == 0, "again"


def test_an_image_in_use_is_not_removed(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(places, "make", NAME, "1", "s") == 0
    with open(point(places) / "data/used", "wb"):
        assert run(places, "remove", NAME) == 1
    assert "failed" in capsys.readouterr().err
    assert os.path.exists(f"{places.images}/{NAME}.img")


def test_paths_are_made_of_the_name_and_users_name_no_directory(places: Places, tmp_path: Path) -> None:
    for name in ("../x", "ha-rancher-/x", ".x", "", "ha-rancher-a b", "ha-rancher-a\n", "a" * 64):
        assert run(places, "make", name, "1", "s") == 1, name
        assert run(places, "withdraw", name) == 1, name
    assert run(places, "make", NAME, "1", "two\nlines") == 1
    assert run(places, "make", NAME, "1", "s", "--at", str(tmp_path / "etc"), user="1000") == 1
    assert run(places, "move", NAME, "1", "/root", user="1000") == 1
    assert run(places, "make", NAME, "1", "s", "--at", "/a b") == 1
    assert run(places, "make", NAME, "1", "s", user="1000") == 0


def test_files_of_other_people_are_not_touched(places: Places) -> None:
    os.mkdir(places.exports)
    theirs = Path(places.exports, "other.exports")
    theirs.write_text("/other 10.0.0.9(ro)\n")
    assert run(places, "make", "other", "1", "s") == 0
    assert run(places, "publish", "other", "10.0.0.1") == 0
    assert sorted(os.listdir(places.exports)) == ["ha-rancher-of-other.exports", "other.exports"]
    assert run(places, "withdraw", "other") == 0
    assert theirs.read_text() == "/other 10.0.0.9(ro)\n"


def test_links_of_nodes_lead_nowhere(places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(places, "make", NAME, "1", "s") == 0
    victim = tmp_path / "victim"
    victim.mkdir()
    data = point(places) / "data"
    (data / ".ha-rancher-sentinel").unlink()
    (data / ".ha-rancher-sentinel").symlink_to(victim / "made")
    assert run(places, "make", NAME, "1", "s") == 0
    (data / ".ha-rancher-sentinel").unlink()
    os.mkfifo(data / ".ha-rancher-sentinel")
    assert run(places, "make", NAME, "1", "s") == 0, "no pipe is waited for"
    for folder in ("data", "lease"):
        path = point(places) / folder
        subprocess.run(["rm", "-r", str(path)], check=True)
        path.symlink_to(victim)
        assert run(places, "make", NAME, "1", "s") == 1
        assert f"{folder} is a link or a file" in capsys.readouterr().err
        path.unlink()
    assert os.listdir(victim) == []


def test_links_at_every_path_of_ours_are_refused(places: Places, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("whole")
    for link in (places.images, places.points):
        os.symlink(victim, link)
        assert run(places, "make", NAME, "1", "s") == 1, link
        os.unlink(link)
    os.mkdir(places.points, 0o711)
    for link in (str(point(places)), f"{places.images}/{NAME}.img", f"{places.images}/{NAME}.lock"):
        for old in (f"{places.images}/{NAME}.img", f"{places.images}/{NAME}.lock"):
            subprocess.run(["rm", "-f", old], check=True)
        os.symlink(victim / "file", link)
        assert run(places, "make", NAME, "1", "s") == 1, link
        os.unlink(link)
    # A draft is a new file, whatever is there under its name.
    for link in (f"{places.images}/{NAME}.img.new", f"{places.units}/x.new"):
        os.symlink(victim / "file", link)
    assert run(places, "make", NAME, "1", "s") == 0
    assert (victim / "file").read_text() == "whole"
    assert os.listdir(victim) == ["file"]


def test_a_folder_that_others_can_change_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    os.close(open_folder(str(tmp_path / "a/b")))
    os.chmod(tmp_path / "a", 0o777)
    with pytest.raises(Refused, match="can be changed by others"):
        open_folder(str(tmp_path / "a/b"))
    os.chmod(tmp_path / "a", 0o755)
    os.chown(tmp_path / "a", 1000, 1000)
    with pytest.raises(Refused, match="can be changed by others"):
        open_folder(str(tmp_path / "a/b"))
    os.close(open_folder(str(tmp_path / "a/b"), owned=False))


def test_somebody_elses_file_system_at_its_place_is_refused(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(places, "make", NAME, "1", "s") == 0
    subprocess.run(["mount", "-t", "tmpfs", "none", str(point(places))], check=True)
    assert run(places, "make", NAME, "1", "s") == 1
    assert "is another file system" in capsys.readouterr().err
    assert os.listdir(point(places)) == []


def former(tmp_path: Path) -> Path:
    """What a stack made before images were."""
    made = tmp_path / "former"
    for folder in ("data", "lease"):
        (made / folder).mkdir(parents=True)
    (made / "data/.ha-rancher-sentinel").write_text("s\n")
    (made / "data/file").write_text("acknowledged")
    os.chown(made / "data/file", 12, 34)
    (made / "data/link").symlink_to("/etc/passwd")
    (made / "lease/lease").write_text("record")
    return made


def test_former_data_stays_until_root_says_move(places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = former(tmp_path)
    at = ["--at", str(made)]
    assert run(places, "make", NAME, "1", "s", *at) == MUST_MOVE
    assert re.search(r"holds data \(data, lease\).*helper move ha-rancher-dev GIB", capsys.readouterr().err)
    assert not os.path.exists(f"{places.images}/{NAME}.img")
    assert run(places, "move", NAME, "1", str(made), *at) == 0
    kept = Path(f"{made}.before-move")
    assert str(kept) in capsys.readouterr().out
    for folder in (made, kept):
        assert (folder / "data/file").read_text() == "acknowledged"
        assert os.stat(folder / "data/file").st_uid == 12
        assert os.readlink(folder / "data/link") == "/etc/passwd"
        assert (folder / "lease/lease").read_text() == "record"
    assert "noexec" in options_of(made)
    assert run(places, "make", NAME, "1", "s", *at) == 0
    assert run(places, "move", NAME, "1", str(made), *at) == 1, "a second time"
    assert (made / "data/file").read_text() == "acknowledged"


def test_nothing_moves_while_a_node_has_the_lease(places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = former(tmp_path)
    with open(made / "lease/lease", "r+b") as lease:
        fcntl.fcntl(lease, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        assert run(places, "move", NAME, "1", str(made)) == 1
        assert "a node has the lease" in capsys.readouterr().err
    assert run(places, "move", NAME, "1", str(made)) == 0
    assert (point(places) / "data/file").read_text() == "acknowledged"


@pytest.mark.parametrize("step", ["cp", "rename", "last"])
def test_a_move_that_is_cut_short_loses_nothing(step: str, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from export import moving  # noqa: PLC0415

    made, real = former(tmp_path), os.rename
    calls = 0

    def rename(source: str, target: str) -> None:
        nonlocal calls
        calls += source == str(made) or source.endswith(".img.new")
        if calls == {"rename": 2}.get(step, 9):
            raise OSError(5, "cut short")
        real(source, target)

    def cut_short(*_: object) -> None:
        raise OSError(5, "cut short")

    with monkeypatch.context() as patch:
        if step == "cp":
            patch.setattr(moving, "_copy", cut_short)
        elif step == "last":
            patch.setattr("export.image.Image.mount", cut_short)
        else:
            patch.setattr(os, "rename", rename)
        assert run(places, "move", NAME, "1", str(made)) == 1
    assert run(places, "make", NAME, "1", "s") == 1, "no empty data in the place of what is being moved"
    assert run(places, "move", NAME, "1", str(made)) == 0
    assert (point(places) / "data/file").read_text() == "acknowledged"
    assert run(places, "make", NAME, "1", "s") == 0
