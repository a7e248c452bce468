"""The configuration: all mistakes at once, and nothing of it changes under a running agent."""

import json
from pathlib import Path
from typing import Any

import pytest
from agent.configuration import CONFIGURATION_ERROR, Refused, check, claim_time, freeze, load
from agent.core.settings import WatchdogMode
from agent.daemons import quick


def _told() -> "dict[str, Any]":
    return {
        "node": "rancher-1",
        "peers": ["rancher-2"],
        "vip": "192.168.56.10",
        "data": {"directory": "/rancher_data", "unit": "rancher_data.mount", "sentinel": "s"},
        "lease": {"directory": "/rancher_lease", "unit": "rancher_lease.mount", "identity": "stack-rancher-1"},
        "service": {"container": "rancher-abc", "health": [{"url": "https://127.0.0.1/healthz", "timeout": 5000}]},
    }


def test_defaults_fit_and_times_are_taken() -> None:
    told = _told()
    told["timers"] = {"giveUp": 7_000}
    told["watchdog"] = "required"
    setup = check(told, "v1", "agent.json")
    assert setup.core.give_up == 7_000 and setup.core.watchdog_mode is WatchdogMode.REQUIRED
    assert setup.address == "127.0.0.1"
    assert setup.data.datastore == "k3s/server/db" and setup.lease.filesystem == "nfs4" and claim_time(setup) == 0
    told["lease"]["nfsVersion"] = "3"
    assert claim_time(check(told, "v1", "agent.json")) == setup.core.watchdog


def test_all_mistakes_are_said_at_once_with_their_settings() -> None:
    told = _told()
    told["node"] = "a b"
    told["vip"] = "192.168.56.300"
    told["address"] = "192.168.56.1.1"
    told["data"]["directory"] = "relative"
    told["timers"] = {"giveUp": "soon", "none": 1}
    told["surprise"] = 1
    told["service"]["health"][0]["tcp"] = "127.0.0.1:80"
    with pytest.raises(Refused) as refused:
        check(told, "v1", "agent.json")
    for name in ("node", "vip", "address", "data.directory", "timers.giveUp", "timers.none", "surprise", "service.health[0].url"):
        assert any(f"`{name}`" in mistake for mistake in refused.value.mistakes), name


@pytest.mark.parametrize(
    "timers",
    [{"giveUp": 2_000}, {"watchdog": 7_000}, {"leaseTime": 10_000}, {"graceTime": 14_000}, {"heartbeat": 0}, {"giveUp": True}],
)
def test_times_out_of_their_order_are_refused(timers: "dict[str, Any]") -> None:
    with pytest.raises(Refused):
        check({**_told(), "timers": timers}, "v1", "agent.json")


@pytest.mark.parametrize("datastore", ["../etc", "/etc", "a/../../b", ".", "a/..", ""])
def test_a_datastore_outside_of_the_data_is_refused(datastore: str) -> None:
    told = _told()
    told["data"]["datastore"] = datastore
    with pytest.raises(Refused, match=r"`data\.datastore`"):
        check(told, "v1", "agent.json")


@pytest.mark.parametrize("told", [None, [], "text", 5, {}])
def test_another_form_is_refused(told: Any) -> None:
    with pytest.raises(Refused):
        check(told, "v1", "agent.json")


def test_the_service_is_in_a_file_of_its_own_and_frozen_with_the_rest(tmp_path: Path) -> None:
    told = _told()
    (tmp_path / "service.json").write_text(json.dumps(told["service"]))
    told["service"] = str(tmp_path / "service.json")
    (tmp_path / "agent.json").write_text(json.dumps(told))
    loaded = load(str(tmp_path / "agent.json"))
    freeze(loaded, str(tmp_path / "running.json"))
    (tmp_path / "service.json").write_text("{}")
    (tmp_path / "agent.json").unlink()
    assert check(load(str(tmp_path / "running.json")), "v1", "").core.container == "rancher-abc"


@pytest.mark.parametrize("content", [None, b"{ no JSON", b"\xff\xfe", b"[" * 100_000])
def test_an_agent_with_a_broken_configuration_ends_with_78_and_touches_nothing(tmp_path: Path, content: "bytes | None") -> None:
    if content is not None:
        (tmp_path / "agent.json").write_bytes(content)
    run = tmp_path / "run"
    assert quick(["agent", "--run", str(run), "--configuration", str(tmp_path / "agent.json")]) == CONFIGURATION_ERROR
    assert list(run.iterdir()) == []


@pytest.mark.parametrize(
    "question",
    [
        {"tcp": "127.0.0.1:5432"},
        {"command": ["pg_isready", "-q"], "deep": True},
        {"log": "ready to accept connections"},
        {"url": "http://127.0.0.1/v2/", "status": [200, 401]},
    ],
)
def test_each_kind_of_question_is_taken(question: "dict[str, Any]") -> None:
    told = _told()
    told["service"]["health"] = [question]
    (asked,) = check(told, "v1", "agent.json").questions
    assert (asked.url, asked.tcp, list(asked.command), asked.log, list(asked.status)) == (
        *(question.get("url", ""), question.get("tcp", ""), question.get("command", [])),
        *(question.get("log", ""), question.get("status", [])),
    )


@pytest.mark.parametrize(
    "question",
    [
        *({"log": ""}, {"log": "a\nb"}, {"log": "x", "tcp": "h:1"}, {"tcp": "h:1", "status": [200]}),
        *(
            {"url": "http://h/", "status": [99]},
            {"url": "http://h/", "status": [True]},
            {"url": "http://h/", "status": 200},
            5,
            None,
        ),
    ],
)
def test_a_question_that_is_none_is_refused(question: Any) -> None:
    told = _told()
    told["service"]["health"] = [question]
    with pytest.raises(Refused, match=r"service\.health\[0\]"):
        check(told, "v1", "agent.json")


def test_the_further_containers_of_a_service_are_taken() -> None:
    told = _told()
    told["service"].update(
        companions=["web-db", "web-cache"],
        before=[{"container": "web-migrate", "timeout": 5000}],
        after=[{"container": "web-clean"}],
    )
    told["service"]["health"].append({"command": ["pg_isready"], "container": "web-db"})
    pod = check(told, "v1", "agent.json").pod
    assert pod.companions == ("web-db", "web-cache") and pod.before[0] == ("web-migrate", 5000) and pod.after[0].timeout == 30_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"companions": ["a", "a"]}, r"`service\.companions` and hooks"),
        ({"companions": ["a"], "before": [{"container": "a"}]}, r"`service\.companions` and hooks"),
        ({"companions": ["../a"]}, r"`service\.companions`"),
        ({"companions": [f"c{i}" for i in range(25)]}, "24 at most"),
        ({"before": {"container": "a"}}, r"`service\.before` must be a list"),
        ({"before": [{"container": "a", "timeout": 0}]}, r"`service\.before\[0\]\.timeout`"),
        ({"after": [{"container": "a", "timeout": "5"}]}, r"`service\.after\[0\]\.timeout`"),
        ({"health": [{"command": ["x"], "container": "nobody"}]}, "none of the service's"),
    ],
)
def test_further_containers_that_cannot_be_are_refused(changes: "dict[str, Any]", words: str) -> None:
    told = _told()
    told["service"].update(changes)
    with pytest.raises(Refused, match=words):
        check(told, "v1", "agent.json")


@pytest.mark.parametrize(
    "backup", [{}, {"command": []}, {"command": [""]}, {"command": "pg_dump"}, {"command": ["x"], "of": "a b"}, 5]
)
def test_a_backup_by_no_command_is_refused(backup: Any) -> None:
    with pytest.raises(Refused, match="backup"):
        check({**_told(), "backup": backup}, "v1", "agent.json")
