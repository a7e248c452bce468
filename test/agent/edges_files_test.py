"""Small files: nothing is read through a link or without a bound, and a full file system loses nothing that counts."""

import os
from pathlib import Path

import pytest
from agent.files import PAGE, Page, Unusable, read_page, read_small, read_some, write_whole
from agent.track import Track, read_track
from support.namespaces import NEW_MOUNTS, apart, mount


def test_links_pipes_and_large_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 300)
    with pytest.raises(OSError):
        read_small(str(tmp_path / "link"), 256)
    with pytest.raises(Unusable):
        read_small(str(tmp_path / "pipe"), 256)
    with pytest.raises(Unusable):
        read_small(str(tmp_path / "large"), 256)
    assert read_some(str(tmp_path / "large"), 10) == b"x" * 10
    assert read_some(str(tmp_path / "none"), 10) is None


def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("as it was")
    (tmp_path / "file.new").symlink_to(tmp_path / "victim")
    write_whole(str(tmp_path / "file"), b"text", synced=True)
    assert (tmp_path / "victim").read_text() == "as it was"
    assert (tmp_path / "file").read_text() == "text" and not (tmp_path / "file").is_symlink()


def _full(folder: str) -> None:
    """A file system with no byte left."""
    fd = os.open(f"{folder}/rest", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError):
        while True:
            os.write(fd, b"x" * 4096)


def test_with_a_full_run_what_the_kill_path_needs_is_still_written(tmp_path: Path) -> None:
    def run() -> None:
        mount("tmpfs", str(tmp_path), "tmpfs", options="size=64k")
        page = Page(f"{tmp_path}/memory")
        _full(str(tmp_path))
        page.write(b'{"epoch": 7}')
        assert read_page(f"{tmp_path}/memory") == b'{"epoch": 7}'

    apart(NEW_MOUNTS, run)


def test_a_page_takes_no_more_than_itself(tmp_path: Path) -> None:
    page = Page(str(tmp_path / "page"))
    with pytest.raises(ValueError):
        page.write(b"x" * (PAGE + 1))
    assert read_page(str(tmp_path / "page")) == b""


def test_the_track_file_is_never_empty_not_even_on_a_full_file_system(tmp_path: Path) -> None:
    def run() -> None:
        mount("tmpfs", str(tmp_path), "tmpfs", options="size=64k")
        track = Track(f"{tmp_path}/track")
        assert track.write(True)
        _full(str(tmp_path))
        assert track.write(False)
        assert Path(f"{tmp_path}/track").read_bytes() == b"1\n"

    apart(NEW_MOUNTS, run)


def test_a_track_file_that_was_emptied_or_removed_is_made_unfit_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "track"
    track = Track(str(path))
    for damage in (lambda: path.write_bytes(b""), path.unlink, lambda: path.write_bytes(b"0 and more\n")):
        assert track.write(True)
        damage()
        assert track.write(False)
        assert path.read_bytes() == b"1\n"
        assert read_track(str(path)) is False


def test_a_missing_track_file_cannot_be_made_where_nothing_can_be_written(tmp_path: Path) -> None:
    assert Track(str(tmp_path / "none" / "track")).write(False) is False


def test_what_an_agent_before_has_left_stands_until_something_is_said(tmp_path: Path) -> None:
    path = tmp_path / "track"
    track = Track(str(path))
    assert track.begin() and path.read_bytes() == b"1\n"
    assert track.write(True) and track.begin() and path.read_bytes() == b"0\n"
