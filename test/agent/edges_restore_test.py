"""Backup and restore of the shared data: killed anywhere it goes on; hostile state and archives are refused."""

import os
import subprocess
from pathlib import Path

import pytest
from agent.restore import Restore
from agent.shared_data import Failed


def _owner() -> None:
    pass


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "k3s/server/db").mkdir(parents=True)
    (folder / "k3s/server/db/state").write_text("before")
    (folder / ".ha-rancher-sentinel").write_text("this stack\n")
    (folder / ".snap").mkdir()
    (folder / ".snap/1").write_text("copy")
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    content = tmp_path / "content"
    (content / "k3s/server/db").mkdir(parents=True)
    (content / "k3s/server/db/state").write_text("restored")
    return _pack(content, tmp_path / "data.tar.gz")


def _pack(content: Path, file: Path) -> Path:
    subprocess.run(["tar", "--create", "--gzip", "--file", str(file), "--directory", str(content), "."], check=True)
    return file


def _state(data: Path) -> str:
    return (data / "k3s/server/db/state").read_text()


def test_what_was_packed_can_be_unpacked_without_what_belongs_to_the_place(data: Path, tmp_path: Path) -> None:
    Restore(str(data), _owner).pack(str(tmp_path / "data.tar"))
    names = subprocess.run(["tar", "--list", "--file", str(tmp_path / "data.tar")], stdout=subprocess.PIPE, check=True).stdout
    assert b"./k3s/server/db/state" in names and b"snap" not in names and b"sentinel" not in names


def test_the_data_from_before_stays_until_the_service_is_well(data: Path, archive: Path) -> None:
    restore = Restore(str(data), _owner)
    restore.unpack(str(archive), "id-1", "k3s/server/db")
    assert _state(data) == "restored" and (data / ".restore/replaced/k3s/server/db/state").read_text() == "before"
    assert (data / ".snap/1").read_text() == "copy"
    restore.put_back("id-2")
    assert _state(data) == "before" and not (data / ".restore").exists()
    restore.unpack(str(archive), "id-3", "k3s/server/db")
    restore.settle()
    assert _state(data) == "restored" and not (data / ".restore").exists()


@pytest.mark.parametrize("step", range(1, 14))
def test_killed_anywhere_it_ends_as_it_was_or_as_it_was_to_be(
    data: Path, archive: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = 0
    rename = os.rename

    def killed(*names: str) -> None:
        nonlocal done
        done += 1
        if done == step:
            raise KeyboardInterrupt
        rename(*names)

    monkeypatch.setattr(os, "rename", killed)
    try:
        Restore(str(data), _owner).unpack(str(archive), "id-1", "k3s/server/db")
    except KeyboardInterrupt:
        pass
    monkeypatch.setattr(os, "rename", rename)
    Restore(str(data), _owner).finish()
    assert _state(data) in ("before", "restored")
    Restore(str(data), _owner).unpack(str(archive), "id-1", "k3s/server/db")
    assert _state(data) == "restored" and (data / ".restore/replaced/k3s/server/db/state").read_text() == "before"


@pytest.mark.parametrize(
    "line",
    [
        "out 7 incoming ../../root/etc/cron.d\n",
        "in 7 ../../root/secret x\n",
        "out 7 incoming /etc\n",
        "out 7 incoming replaced more\n",
        "over\n",
        "\n",
        "x" * 5_000,
    ],
)
def test_a_state_that_no_restore_of_ours_wrote_moves_nothing(data: Path, tmp_path: Path, line: str) -> None:
    secret = tmp_path / "root/secret"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    (data / ".restore/incoming").mkdir(parents=True)
    (data / ".restore/state").write_text(line)
    before = sorted(str(path) for path in data.rglob("*"))
    with pytest.raises(OSError):
        Restore(str(data), _owner).finish()
    assert sorted(str(path) for path in data.rglob("*")) == before and (secret / "key").exists()


@pytest.mark.parametrize("place", [".restore", ".restore/incoming", ".restore/replaced"])
def test_a_link_in_the_place_of_a_folder_is_refused(data: Path, archive: Path, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("as it was")
    (data / place).parent.mkdir(exist_ok=True)
    (data / place).symlink_to(outside)
    if place != ".restore":
        (data / ".restore/state").write_text("out 7 incoming replaced\n")
    with pytest.raises(OSError):
        Restore(str(data), _owner).finish()
    assert sorted(os.listdir(outside)) == ["file"]


def test_names_of_the_place_in_an_archive_do_not_end_the_service_for_good(data: Path, tmp_path: Path) -> None:
    content = tmp_path / "hostile"
    (content / "k3s/server/db").mkdir(parents=True)
    (content / "k3s/server/db/state").write_text("restored")
    for name in (".restore", ".snap"):
        (content / name).mkdir()
        (content / name / "x").write_text("x")
    (content / ".ha-rancher-sentinel").write_text("another stack\n")
    restore = Restore(str(data), _owner)
    restore.unpack(str(_pack(content, tmp_path / "hostile.tar.gz")), "id-1", "k3s/server/db")
    assert _state(data) == "restored" and (data / ".ha-rancher-sentinel").read_text() == "this stack\n"
    assert (data / ".snap/1").read_text() == "copy"
    restore.settle()
    assert not (data / ".restore").exists()


def test_an_archive_that_is_broken_leaves_the_data_as_it_was(data: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(OSError, match="as it was"):
        Restore(str(data), _owner).unpack(str(tmp_path / "broken"), "id-1", "k3s/server/db")
    Restore(str(data), _owner).finish()
    assert _state(data) == "before" and not (data / ".restore").exists()


def test_a_node_that_is_no_longer_the_owner_moves_nothing(data: Path, archive: Path) -> None:
    def lost() -> None:
        raise Failed("another node has the lease")

    with pytest.raises(Failed):
        Restore(str(data), lost).unpack(str(archive), "id-1", "k3s/server/db")
    assert _state(data) == "before"


def test_the_only_copy_of_somebodys_data_is_not_removed(data: Path) -> None:
    (data / ".restore/replaced").mkdir(parents=True)
    with pytest.raises(OSError, match="nothing says what became of it"):
        Restore(str(data), _owner).finish()
    assert (data / ".restore/replaced").exists()
