"""The datastore goes back to what it was before another container first ran on it, wherever that is cut short."""

import os
from pathlib import Path

import pytest
from agent.copying import Pace
from agent.core import types as core
from agent.core.observation import TAKE_BACK
from agent.core.types import JobKind, Work
from agent.shared_data import Failed
from agent.taking_back import TakingBack
from core_rig import Rig


def _owner() -> None:
    pass


def _take_back(data: Path, epoch: int = 9, discarded: str = "", still_owner: "object" = _owner) -> "tuple[str, str]":
    pace = Pace(lambda: False)
    return TakingBack(str(data), "db", 3).take_back("old", discarded, epoch, pace, still_owner)  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """As the container `new` left it, which came with epoch 7 and has not answered."""
    for folder, text in (("db", "as the new one left it"), (".snap/7", "as the old one left it")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_text(text)
    for name, word in (("before", "7"), ("container", "new"), ("served", "old 5")):
        (tmp_path / ".snap" / name).write_text(f"{word}\n")
    return tmp_path


class _Killed(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("step", range(6))
def test_killed_anywhere_it_is_done_again_and_nothing_is_lost(data: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    left = [step]
    rename = os.rename

    def dying(source: str, target: str) -> None:
        if left[0] == 0:
            raise _Killed
        left[0] -= 1
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", dying)
        try:
            _take_back(data)
        except _Killed:
            pass
    _take_back(data, 10)
    assert (data / "db/file").read_text() == "as the old one left it"
    assert (data / ".snap/container").read_text() == "old\n"
    assert [path for path in data.glob(".snap/failed-*/file") if path.read_text() == "as the new one left it"]
    # What is written from now on is the old one's.
    (data / "db/file").write_text("written since")
    assert "as it was, since" in _take_back(data, 11)[1]
    assert (data / "db/file").read_text() == "written since"


def test_it_is_empty_if_it_was_that_when_the_other_one_came(data: Path) -> None:
    (data / ".snap/before").unlink()
    assert "is empty" in _take_back(data)[1]
    assert not (data / "db").exists()
    assert (data / ".snap/failed-9/file").read_text() == "as the new one left it"


@pytest.mark.parametrize(("served", "answered"), [("new 7", "new"), ("new 8", "new"), ("new 6", ""), ("old 8", ""), ("new", "")])
def test_only_what_has_answered_since_it_came_may_have_acknowledged_something(data: Path, served: str, answered: str) -> None:
    (data / ".snap/served").write_text(f"{served}\n")
    assert _take_back(data)[0] == answered
    assert (data / "db/file").read_text() == ("as the new one left it" if answered else "as the old one left it")


@pytest.mark.parametrize("before", ["7/../../db", "..", "8", "x"])
def test_no_word_that_lies_there_leads_elsewhere(data: Path, before: str) -> None:
    (data / ".snap/before").write_text(f"{before}\n")
    with pytest.raises(Failed, match="is gone: restore a backup"):
        _take_back(data)
    assert (data / "db/file").read_text() == "as the new one left it"


def test_a_node_that_is_no_longer_the_owner_moves_nothing(data: Path) -> None:
    def lost() -> None:
        raise Failed("another node has the lease")

    with pytest.raises(Failed, match="another node"):
        _take_back(data, still_owner=lost)
    assert (data / "db/file").read_text() == "as the new one left it"
    assert (data / ".snap/container").read_text() == "new\n"


@pytest.mark.parametrize("words", ["", "the copy is gone"])
def test_whatever_became_of_it_the_agent_for_it_starts_nothing_after_it(words: str) -> None:
    rig = Rig().to_mounting()
    work = Work("1", TAKE_BACK)
    rig.orders(work=work)
    rig.see = rig.see._replace(data=core.DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    assert rig.only(core.StartWork).work == work
    rig.ended(JobKind.WORK, words)
    rig.round(10)
    assert rig.only(core.WorkEnded).words == words and rig.phase() in ("Stopping", "Unmounting")
    rig.orders(work=None)
    rig.see = rig.see._replace(data=core.DataView())
    rig.ended(JobKind.UNMOUNT_DATA)
    done = rig.rounds(20_000)
    assert rig.phase() == "Standby" and rig.state.fault == "take-back is over"
    assert not [action for action in done if isinstance(action, (core.StartContainer, core.CopyDatastore, core.Lock))]
