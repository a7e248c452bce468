"""Copies of the datastore: the last good one survives however often a start fails, and copying starves no heartbeat."""

import fcntl
import os
import struct
import time
from pathlib import Path

import pytest
from agent.copies import Copies, Locked
from agent.copying import PIECE, Pace, TooLong, copy_tree
from agent.shared_data import Failed
from agent.taking_back import TakingBack

_never = Pace(lambda: False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "db/sub").mkdir(parents=True)
    (tmp_path / "db/file").write_text("good")
    (tmp_path / "db/sub/link").symlink_to("../file")
    return tmp_path


def _copies(data: Path) -> Copies:
    return Copies(str(data), "db", 3)


def _kept(data: Path) -> "dict[int, str]":
    return {epoch: (data / f".snap/{epoch}/file").read_text() for epoch in _copies(data).epochs()}


def test_starts_that_fail_again_and_again_do_not_push_the_last_good_copies_out(data: Path) -> None:
    _copies(data).make(90, "v1", _never)
    for epoch in (100, 101, 102):
        (data / "db/file").write_text(f"good {epoch}")
        _copies(data).make(epoch, "v1", _never)
        _copies(data).well(epoch)
    (data / "db/file").write_text("corrupt")
    for epoch in range(110, 130):
        _copies(data).make(epoch, "v1", _never)
    kept = _kept(data)
    assert {epoch: kept[epoch] for epoch in (90, 100, 101, 102)} == {90: "good", 100: "good 100", 101: "good 101", 102: "good 102"}
    # Of those from before starts that failed: the last one, and one more.
    assert sorted(set(kept) - {90, 100, 101, 102}) == [128, 129]


def test_the_copy_from_before_a_container_first_ran_is_the_way_back_and_stays(data: Path) -> None:
    assert _copies(data).must("v1")
    _copies(data).make(5, "v1", _never)
    assert not _copies(data).must("v1") and _copies(data).must("v2")
    _copies(data).make(6, "v2", _never)
    for epoch in range(7, 30):
        _copies(data).make(epoch, "v2", _never)
        _copies(data).well(epoch)
    assert 6 in _copies(data).epochs()
    assert (data / ".snap/before").read_text() == "6\n" and (data / ".snap/container").read_text() == "v2\n"


def test_the_way_back_leads_to_the_container_that_had_the_data_and_to_no_other(data: Path) -> None:
    for epoch, container in ((5, "v1"), (6, "v2"), (7, "v3")):
        _copies(data).make(epoch, container, _never)
        (data / "db/file").write_text(f"of {container}")
    taking = TakingBack(str(data), "db", 3)
    with pytest.raises(Failed, match="the copy from before v3 is of the data of v2"):
        taking.take_back("v1", "v3", 8, _never, lambda: None)
    assert (data / "db/file").read_text() == "of v3"
    assert taking.take_back("v2", "", 8, _never, lambda: None)[0] == ""
    assert (data / "db/file").read_text() == "of v2" and (data / ".snap/failed-8/file").read_text() == "of v3"
    # What it left before there was such a note is believed.
    _copies(data).make(9, "v3", _never)
    (data / ".snap/former").unlink()
    taking.take_back("v1", "", 10, _never, lambda: None)


def test_that_a_container_has_answered_is_noted_durably(data: Path) -> None:
    _copies(data).served("v2", 8)
    assert (data / ".snap/served").read_text() == "v2 8\n"


def test_that_a_container_has_answered_is_noted_over_a_later_epochs_note_by_nobody(data: Path) -> None:
    _copies(data).served("v2", 8)
    # A node that stood still goes on.
    _copies(data).served("v1", 7)
    assert (data / ".snap/served").read_text() == "v2 8\n"
    _copies(data).served("v3", 9)
    assert (data / ".snap/served").read_text() == "v3 9\n"


@pytest.mark.parametrize("before", ["v1\n", "", "v1 soon\n", "v1 99999999999999999999\n", "x" * 100])
def test_a_note_that_is_none_of_an_agent_is_replaced(data: Path, before: str) -> None:
    _copies(data)
    (data / ".snap/served").write_text(before)
    _copies(data).served("v2", 8)
    assert (data / ".snap/served").read_text() == "v2 8\n"


def test_the_container_that_last_ran_counts_as_one_that_answered_if_nobody_watched_its_end(data: Path) -> None:
    _copies(data).last_served(7)
    assert not (data / ".snap/served").exists()
    _copies(data).make(7, "v1", _never)
    _copies(data).last_served(8)
    assert (data / ".snap/served").read_text() == "v1 8\n"


def test_a_copy_that_nothing_depends_on_ends_by_itself_when_it_takes_too_long(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.copying._reflink", lambda *_: False)
    _copies(data).make(5, "v1", _never)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        time.sleep(seconds)

    (data / "db/large").write_bytes(os.urandom(2 * PIECE))
    started = time.monotonic()
    with pytest.raises(TooLong, match="longer than"):
        copy_tree(str(data / "db"), str(data / "copy"), Pace(lambda: True, 0.3, nap))
    assert naps and 0.25 < time.monotonic() - started < 5
    # What is left of it is in nobody's way.
    (data / ".snap/6.new").mkdir()
    _copies(data).make(6, "v1", _never)
    assert _copies(data).epochs() == [5, 6] and not list((data / ".snap").glob("*.new"))


def test_many_small_files_are_given_up_in_time_too(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    for number in range(100):
        (tmp_path / f"source/{number}").write_text("small")
    pace = Pace(lambda: False, 0)
    time.sleep(0.01)
    with pytest.raises(TooLong):
        copy_tree(str(tmp_path / "source"), str(tmp_path / "target"), pace)
    assert not os.listdir(tmp_path / "target")


def test_a_clone_takes_the_place_of_what_the_last_owner_may_still_write(data: Path) -> None:
    late = os.open(data / "db/file", os.O_WRONLY | os.O_APPEND)
    _copies(data).make(8, "v1", _never)
    _copies(data).clone(9, _never)
    os.write(late, b" and a late write")
    os.close(late)
    assert (data / "db/file").read_text() == "good"
    assert (data / ".snap/9/file").read_text() == "good and a late write"
    assert os.readlink(data / "db/sub/link") == "../file"


@pytest.mark.parametrize("step", range(1, 12))
def test_a_clone_that_is_killed_anywhere_loses_nothing(data: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each change of the directory."""
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
        _copies(data).clone(9, _never)
    except KeyboardInterrupt:
        pass
    monkeypatch.setattr(os, "rename", rename)
    _copies(data).repair()
    assert (data / "db/file").read_text() == "good"
    _copies(data).clone(10, _never)
    assert (data / "db/file").read_text() == "good"
    assert not list((data / ".snap").glob("*.aside"))


@pytest.mark.parametrize("kind", ["flock", "of the open file"])
def test_a_datastore_that_its_last_owner_still_has_locked_is_left_as_it_is(data: Path, kind: str) -> None:
    owner = os.open(data / "db/file", os.O_RDWR)
    if kind == "flock":
        fcntl.flock(owner, fcntl.LOCK_EX)
    else:
        fcntl.fcntl(owner, 37, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    before = (data / "db").stat().st_ino
    with pytest.raises(Locked, match="still locked"):
        _copies(data).clone(9, _never)
    assert (data / "db").stat().st_ino == before and _copies(data).epochs() == []
    os.close(owner)
    _copies(data).clone(9, _never)
    assert (data / "db").stat().st_ino != before and _copies(data).epochs() == [9]


def test_links_lead_to_no_file_of_the_node(data: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "x.new").write_text("as it was")
    (data / ".snap").symlink_to(outside)
    with pytest.raises(OSError, match="link"):
        _copies(data)
    assert (outside / "x.new").read_text() == "as it was" and outside.stat().st_mode & 0o777 == 0o755
    (data / ".snap").unlink()
    for name in ("container.note", "before.note", "served.note"):
        _copies(data)
        (data / ".snap" / name).symlink_to(outside / "x.new")
    _copies(data).make(3, "v1", _never)
    _copies(data).served("v1", 3)
    assert (outside / "x.new").read_text() == "as it was"
    (data / "db").rename(data / "real")
    (data / "db").symlink_to(outside)
    with pytest.raises(OSError, match="link"):
        _copies(data)


def test_a_large_copy_waits_while_a_heartbeat_is_late(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/large").write_bytes(os.urandom(3 * PIECE))
    late = [True, True, False, True, False, False]
    naps: list[float] = []
    asked: list[int] = []

    def yield_to() -> bool:
        asked.append(1)
        return late.pop(0) if late else False

    linked = copy_tree(str(tmp_path / "source"), str(tmp_path / "target"), Pace(yield_to, sleep=naps.append))
    assert (tmp_path / "target/large").read_bytes() == (tmp_path / "source/large").read_bytes()
    if not linked:
        assert len(naps) == 3 and len(asked) >= 6


def test_holes_stay_holes_and_times_and_modes_stay(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "wal").open("wb") as file:
        file.write(b"data")
        file.truncate(64 << 20)
    os.chmod(source / "wal", 0o640)
    os.utime(source / "wal", (1_000, 2_000))
    started = time.monotonic()
    copy_tree(str(source), str(tmp_path / "target"), _never)
    found = (tmp_path / "target/wal").stat()
    assert time.monotonic() - started < 5
    assert found.st_size == 64 << 20 and found.st_blocks * 512 <= 1 << 20
    assert found.st_mode & 0o777 == 0o640 and found.st_mtime == 2_000


def test_zeros_that_take_room_take_none_in_the_copy_and_what_is_between_them_stays(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    content = bytes(3 << 20) + b"x" + bytes(5 << 20) + b"end" + bytes(1_000)
    (source / "wal").write_bytes(content)
    copy_tree(str(source), str(tmp_path / "target"), _never)
    assert (tmp_path / "target/wal").read_bytes() == content
    assert (tmp_path / "target/wal").stat().st_blocks * 512 <= 3 << 20


def test_nothing_but_files_folders_and_links_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    os.mkfifo(source / "pipe")
    os.mknod(source / "device", 0o600 | 0o020000, os.makedev(1, 3))
    copy_tree(str(source), str(tmp_path / "target"), _never)
    assert os.listdir(tmp_path / "target") == ["pipe"]
