"""Alert rules and dashboard: with Debian's real promtool, and against the metrics that an agent's observer really writes."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from agent.observer.exposition import exposition
from agent.observer.metrics import Measured, Takeover, families
from agent.observer.vrrp_stats import counters
from support.reports import with_lease, without_lease

FOLDER = Path(__file__).resolve().parents[2] / "monitoring"
RULES = (FOLDER / "alerts.yml").read_text()
TESTS = (FOLDER / "alerts.test.yml").read_text()

STATS = """VRRP Instance: ha_rancher
  Advertisements:
    Received: 3
    Sent: 5
  Became master: 1
  Released master: 0
  Packet Errors:
    Length: 0
    TTL: 2
    Invalid Type: 0
  Authentication Errors:
    Invalid Type: 0
  Priority Zero:
    Received: 4
    Sent: 0
"""

MEASURED = Measured(
    at=1_700_000_000.5,
    counts={"failure": 2},
    takeover=Takeover(1_699_999_000.0, False, {"detected": 0, "vip": 0.1, "lease": 4, "mounted": 5, "started": 6, "well": 20.25}),
    free={"/": 0.25},
    backup_at=1_699_990_000.0,
    backup_failed=False,
    backup_limit=90_000,
    certificate=1_800_000_000.0,
    vrrp=counters(STATS),
    vrrp_state="MASTER",
)


def _promtool() -> str:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ha-rancher")
    found = shutil.which("promtool") or shutil.which("promtool", path=str(cache / "prometheus" / "usr" / "bin"))
    # Nothing is skipped in silence: the layer fetches it.
    assert found, "there is no promtool: `npm test -- agent` fetches Debian's"
    return found


def _run(*words: str, given: str = "") -> str:
    done = subprocess.run([_promtool(), *words], cwd=FOLDER, input=given, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _text(openmetrics: bool = False) -> str:
    both = [families("s", "a", with_lease(), MEASURED), families("s", "a", without_lease(), MEASURED)]
    return "".join(exposition(one, openmetrics) for one in both)


def _written() -> "set[str]":
    """Names of samples in what is written."""
    return set(re.findall(r"^(ha_rancher_\w+)[{ ]", _text(), re.MULTILINE))


def _named(text: str) -> "set[str]":
    return set(re.findall(r"\bha_rancher_\w+", text))


def _expressions() -> "list[str]":
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(found) > 20
    return found


def test_each_alert_is_tested_for_firing_and_for_keeping_silent() -> None:
    for alert in re.findall(r"- alert: (\w+)", RULES):
        assert f"- name: {alert} fires" in TESTS, alert
        assert f"- name: {alert} keeps silent" in TESTS, alert
        assert re.search(rf"- alertname: {alert}\n", TESTS), alert
        assert re.search(rf"{{alertname: {alert}, .*exp_alerts: \[\]}}", TESTS), alert


def test_the_rules_fire_and_keep_silent_as_they_should() -> None:
    assert "SUCCESS" in _run("check", "rules", "alerts.yml")
    assert "SUCCESS" in _run("test", "rules", "alerts.test.yml")


@pytest.mark.parametrize("text", [RULES, TESTS, "\n".join(_expressions())], ids=["rules", "tests of rules", "dashboard"])
def test_what_is_asked_for_is_written(text: str) -> None:
    assert _named(text) and not _named(text) - _written()


def test_each_expression_of_the_dashboard_is_one(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "5m")} for number, expr in enumerate(_expressions())
    ]
    path = tmp_path / "dashboard.yml"
    # JSON is YAML.
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in _run("check", "rules", "--lint=none", str(path))


def test_what_is_written_is_read_by_prometheus() -> None:
    """promtool also lints names: counters end with `_total`, nothing else does."""
    _run("check", "metrics", given=exposition(families("s", "a", with_lease(), MEASURED), openmetrics=False))


def test_openmetrics_ends_with_its_mark_and_names_counters_without_their_ending() -> None:
    text = exposition(families('s"\\', "a\n", with_lease(), MEASURED), openmetrics=True)
    assert text.endswith("\n# EOF\n") and "# TYPE ha_rancher_events counter\n" in text
    assert 'ha_rancher_events_total{stack="s\\"\\\\",node="a\\n",event="failure"} 2\n' in text
    assert 'ha_rancher_heartbeat_seconds_bucket{stack="s\\"\\\\",node="a\\n",le="+Inf"} 6\n' in text


def test_an_agent_that_does_not_answer_has_no_values_that_look_like_its_own() -> None:
    text = exposition(families("s", "a", None, Measured(at=1.0)), openmetrics=False)
    assert 'ha_rancher_agent_up{stack="s",node="a"} 0' in text
    assert "ha_rancher_owner" not in text and "ha_rancher_fit" not in text


@pytest.mark.parametrize(
    ("changed", "sample", "value"),
    [
        ({"agent__epoch": None}, "ha_rancher_owner", "0"),
        ({"health__answer": "slow"}, "ha_rancher_service_well", "0"),
        ({"lease__hangs": 3.5}, "ha_rancher_lease_hangs_seconds", "3.5"),
        ({"lease__error": "stale"}, "ha_rancher_lease_error", "1"),
        ({"fencing__agentFault": "no route"}, "ha_rancher_fence_agent_works", "0"),
        ({"fencing__watchdogAvailable": False}, "ha_rancher_watchdog_available", "0"),
        ({"fencing__watchdogMode": "off"}, "ha_rancher_watchdog_available", None),
        ({"fencing__agent": False}, "ha_rancher_fence_agent_works", None),
        ({"agent__degraded": ["one", "two"]}, "ha_rancher_degraded", "2"),
    ],
)
def test_what_the_agent_says_is_what_is_measured(changed: "dict[str, Any]", sample: str, value: "str | None") -> None:
    text = exposition(families("s", "a", with_lease(**changed), MEASURED), openmetrics=False)
    found = re.search(rf'^{sample}{{stack="s",node="a"}} (\S+)$', text, re.MULTILINE)
    assert (found[1] if found else None) == value


def test_counters_of_keepalived_have_its_own_names() -> None:
    assert counters(STATS)["ha_rancher"] == {
        "advertisements_received": 3,
        "advertisements_sent": 5,
        "became_master": 1,
        "released_master": 0,
        "packet_errors_length": 0,
        "packet_errors_ttl": 2,
        "packet_errors_invalid_type": 0,
        "authentication_errors_invalid_type": 0,
        "priority_zero_received": 4,
        "priority_zero_sent": 0,
    }
    assert counters("garbage\n  x: y\n    Sent: 3\n") == {}
