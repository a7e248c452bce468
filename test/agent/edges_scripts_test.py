"""What the scripts of node/ ask the agent for, and what they rely on."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from agent import status
from agent.configuration import Refused, check
from agent.process import find
from agent.setup import Question
from agent.show import show, values
from edges_configuration_test import _told


def test_values_are_a_line_each_and_empty_for_what_is_not_said(tmp_path: Path) -> None:
    path, service = tmp_path / "agent.json", tmp_path / "service.json"
    path.write_text(json.dumps({**_told(), "service": str(service)}))
    # Some of it is needed before it is said what the node is to run.
    assert show(str(path), ["lease.identity", "lease.nfsVersion", "data", "none.at.all"]) == ["stack-rancher-1", "", "", ""]
    with pytest.raises(Refused, match=r"service\.json cannot be read as JSON"):
        show(str(path), ["service.container"])
    service.write_text('{"container": "rancher-abc"}')
    assert show(str(path), ["service.container"]) == ["rancher-abc"]
    assert values({"a": {"b": "two\nlines"}, "c": None, "d": True, "e": 1.5}, ["a.b", "c", "d", "e", "a.b.c"]) == [
        "two lines", "", "true", "1.5", "",
    ]  # fmt: skip


def test_how_often_a_question_is_asked_is_the_configurations_unless_it_says_so_itself() -> None:
    told: dict[str, Any] = _told()
    told["health"] = {"every": 2_000, "timeout": 3_000, "deepEvery": 20_000, "deepTimeout": 6_000}
    told["service"]["health"] = [
        {"url": "https://127.0.0.1/healthz"},
        {"url": "https://127.0.0.1/deep", "deep": True},
        {"url": "https://127.0.0.1/own", "every": 500, "timeout": 400},
    ]
    asked = [(question.every, question.timeout) for question in check(told, "v1", "agent.json").questions]
    assert asked == [(2_000, 3_000), (20_000, 6_000), (500, 400)]
    del told["health"]
    defaults = [(question.every, question.timeout) for question in check(told, "v1", "agent.json").questions]
    assert defaults[:2] == [(Question().every, Question().timeout), (15_000, Question().timeout)]
    told["health"] = {"every": 1, "often": 2}
    with pytest.raises(Refused) as refused:
        check(told, "v1", "agent.json")
    assert [mistake.split(" ")[0] for mistake in refused.value.mistakes] == ["`health.every`", "`health.often`"]


def test_a_name_with_a_bracket_and_a_z_in_it_says_nothing_of_a_process(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as child:
        try:
            time.sleep(0.1)
            found = find(child.pid)
            assert found and found.lives()
        finally:
            child.kill()


def test_a_process_that_has_ended_and_that_nobody_has_waited_for_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert find(child.pid) is None
    child.wait()


def test_a_node_that_an_upgrade_keeps_out_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "KEPT_OUT", str(tmp_path / "kept-out"))
    agent = status.status(str(tmp_path), str(tmp_path / "agent.json"), "v1")["agent"]
    assert agent["state"] == "stopped" and "kept out" not in agent["reason"]
    (tmp_path / "kept-out").write_text("rancher-old\n")
    agent = status.status(str(tmp_path), str(tmp_path / "agent.json"), "v1")["agent"]
    assert "`npm run up` ends it" in agent["reason"]
