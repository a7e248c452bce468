"""What `status` says of keepalived, with stand-ins for the programs that it asks."""

import hashlib
import os
import time
from pathlib import Path

import agent.keepalived_view
import pytest
from agent.asked import Question, said
from agent.clock import boot_ms
from agent.keepalived_view import keepalived_view
from agent.units_view import units_view


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scripts = {
        "systemctl": "echo active",
        "keepalived": "echo 'Keepalived v2.2.7 (01/16,2022)' >&2",
        "nft": 'echo "table inet ha_rancher { set $5 { elements = { 192.0.2.12 expires 2s960ms } } }"',
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    rest = "vrrp_instance ha_rancher {}\n"
    sum_ = hashlib.sha256(rest.encode()).hexdigest()[:16]
    (tmp_path / "keepalived.conf").write_text(f"# ha-rancher {'a' * 16} {sum_}\n{rest}")
    (tmp_path / "vip.env").write_text("# Made by ha-rancher.\nPEERS='192.0.2.12 192.0.2.13'\n")
    (tmp_path / "vrrp").write_text(f"MASTER {boot_ms() // 1000 - 30}.25 77\n")
    (tmp_path / "maintenance").write_text("1\n")
    return tmp_path


def _view(node: Path) -> "tuple[object, dict[str, object]]":
    files = [str(node / name) for name in ("keepalived.conf", "vip.env", "systemctl", "maintenance")]
    return keepalived_view(str(node), *files)


def test_a_keepalived_that_runs_is_told_with_all_that_is_known(node: Path) -> None:
    state, told = _view(node)
    assert state == "MASTER"
    assert told["version"] == "2.2.7" and told["settings"] == "a" * 16 and told["edited"] is False
    assert told["since"] in (29, 30, 31) and told["maintenance"] is True
    assert told["peers"] == ["192.0.2.12", "192.0.2.13"] and told["heard"] == ["192.0.2.12"]


def test_a_file_that_was_edited_by_hand_has_no_fingerprint(node: Path) -> None:
    with (node / "keepalived.conf").open("a") as file:
        file.write("# by hand\n")
    told = _view(node)[1]
    assert told["settings"] is None and told["edited"] is True


def test_a_keepalived_that_is_stopped_has_no_state_of_before(node: Path) -> None:
    (node / "systemctl").write_text("#!/bin/sh\necho inactive\nexit 3\n")
    assert _view(node)[0] == "STOPPED"


@pytest.mark.parametrize("word", ["", "MASTER", "NONSENSE soon 1", "MASTER 99999999999999999999 1"])
def test_what_no_notification_wrote_is_no_time(node: Path, word: str) -> None:
    (node / "vrrp").write_text(word)
    state, told = _view(node)
    assert state in ("INIT", "MASTER") and told["since"] is None


def test_where_nothing_is_installed_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    state, told = _view(tmp_path)
    assert state is None
    assert told["version"] is None and told["heard"] is None and told["peers"] == [] and told["edited"] is True


def test_programs_that_hang_cost_one_time_limit_together(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.keepalived_view, "_LIMIT", 0.5)
    for name in ("systemctl", "keepalived", "nft"):
        (node / name).write_text("#!/bin/sh\nexec sleep 60\n")
    begin = time.monotonic()
    state, told = _view(node)
    assert time.monotonic() - begin < 2
    assert state is None and told["version"] is None and told["heard"] is None


def test_the_version_is_asked_for_once(node: Path) -> None:
    assert _view(node)[1]["version"] == "2.2.7"
    (node / "keepalived").write_text("#!/bin/sh\necho Keepalived v9.9.9\n")
    assert _view(node)[1]["version"] == "2.2.7"
    # As keepalived's unit does at each start.
    (node / "keepalived-version").unlink()
    assert _view(node)[1]["version"] == "9.9.9"


def test_all_are_asked_at_once_and_one_that_says_nothing_for_ever_is_left() -> None:
    begin = time.monotonic()
    slow = Question(("sleep", "30"))
    assert said(0.2, slow, Question(("echo", "x")), Question(("/nowhere",)), slow) == [None, "x", None, None]
    assert time.monotonic() - begin < 2


def test_standard_error_is_for_nobody_but_where_it_is_the_answer() -> None:
    command = ("sh", "-c", "echo answer; echo trouble >&2")
    assert said(5, Question(command), Question(command, on_error=True)) == ["answer", "answer\ntrouble"]


def _units(node: Path, *blocks: str) -> "dict[str, str]":
    text = "\n\n".join(blocks)
    (node / "systemctl").write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
    return units_view(str(node / "systemctl"), "lease.mount")


def _block(load: str, active: str, start: str) -> str:
    return f"LoadState={load}\nActiveState={active}\nUnitFileState={start}"


def test_units_that_do_not_run_are_told_with_what_is_the_matter(node: Path) -> None:
    runs = _block("loaded", "active", "enabled")
    found = _units(
        node,
        _block("loaded", "inactive", "enabled"),
        _block("loaded", "inactive", "disabled"),
        _block("masked", "inactive", "masked"),
        _block("not-found", "inactive", ""),
        _block("loaded", "failed", "enabled"),
    )
    assert found == {
        "agent": "stopped",
        "lease": "stopped, disabled",
        "keepalived": "masked",
        "docker": "missing",
        "mount": "failed",
    }
    assert _units(node, *[runs] * 5) == {}


def test_a_systemd_that_says_something_else_says_nothing(node: Path) -> None:
    assert _units(node, _block("loaded", "inactive", "enabled")) == {}
    assert units_view(str(node / "nothing"), "lease.mount") == {}
