"""What people are told: once, by one node, and told again where it fails; nothing of a channel's secrets is to be seen."""

import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from agent.configuration import Refused
from agent.itself import own_command
from agent.observer.channels import channels, shown
from agent.observer.delivery import MOST, Delivery, Waiting
from agent.observer.metrics import Measured
from agent.observer.notices import DO, Notice, Place, Told, changes, conditions, gave_up, takeover
from agent.observer.send import body_of, without_secrets
from agent.observer.telling import Telling, load, save
from agent.observer.trying import try_channels
from support.reports import with_lease
from support.units import wait_for

QUIET, NOTHING = Measured(at=0), Told()
HERE, THERE = Place("s", "a"), Place("s", "b")
WELL = {"event": "well", "epoch": 7, "after": "b", "why": "silent for long enough", "steps": {"detected": 0, "well": 12_000}}
NOTICE = Notice("k:1", "failover", "s", "a", "a text", 1_700_000_000.0, 7, (("well", 9),)).shown()


def _over(seconds: int, report: "dict[str, Any] | None", seen: Measured = QUIET, told: Told = NOTHING) -> "tuple[Told, list[str]]":
    """What is told while it is so for so long."""
    kinds: list[str] = []
    for now in range(0, seconds + 1, 15):
        seen = seen._replace(at=float(now))
        told, notices = changes(told, HERE, conditions(told, HERE, report, seen), float(now))
        kinds += [notice.kind for notice in notices]
    return told, kinds


# ---- what is told ----


def test_nothing_is_told_of_what_is_in_order() -> None:
    seen = Measured(at=0, free={"/": 0.5}, backup_at=0, backup_limit=1e6, backup_failed=False, certificate=1e9)
    assert _over(3_600, with_lease(), seen)[1] == []
    standby = with_lease(agent__epoch=None, agent__state="standby", holdsVip=False, lease__peers=[])
    assert _over(3_600, standby, seen)[1] == []


@pytest.mark.parametrize(
    ("kind", "report", "seen"),
    [
        ("unfit", with_lease(agent__epoch=None, agent__fault="Docker does not answer", fit=False), {}),
        ("unfit", None, {}),
        ("unfit", with_lease(lease__peers=[{"node": "b", "fit": True, "vip": False, "age": 90_000}]), {}),
        ("no-watchdog", with_lease(fencing__watchdogAvailable=False), {}),
        ("fence-failed", with_lease(fencing__agentFault="no route"), {}),
        ("split-brain", with_lease(lease__peers=[{"node": "b", "fit": True, "vip": True, "age": 900}]), {}),
        ("disk", with_lease(), {"free": {"/": 0.05}}),
        ("backup-failed", with_lease(), {"backup_failed": True}),
        ("backup-old", with_lease(), {"backup_at": -1e6, "backup_limit": 1e5}),
        ("certificate", with_lease(), {"certificate": 86_400.0 * 3}),
    ],
)
def test_what_is_wrong_is_told_once_however_long_it_lasts(
    kind: str, report: "dict[str, Any] | None", seen: "dict[str, Any]"
) -> None:
    assert _over(7_200, report, Measured(at=0, **seen))[1] == [kind]


def test_what_is_of_the_stack_is_told_by_the_owner_and_two_holders_by_one_of_them() -> None:
    silent = [{"node": "b", "fit": True, "vip": True, "age": 90_000}]
    seen = Measured(at=0, backup_at=-1e6, backup_limit=1e5, certificate=86_400.0)
    assert _over(3_600, with_lease(agent__epoch=None, lease__peers=silent), seen)[1] == []
    both = with_lease(lease__peers=[{"node": "a", "fit": True, "vip": True, "age": 900}])
    assert conditions(Told(), THERE, both, Measured(at=0)) == {}


def test_what_was_ordered_and_what_soon_passes_is_not_told() -> None:
    unfit = with_lease(agent__epoch=None, agent__fault="banned: x", fit=False)
    assert _over(7_200, {**unfit, "orders": {"banned": "x"}})[1] == []
    told, kinds = _over(120, unfit)
    assert kinds == [] and told.known
    assert _over(15, with_lease(), told=told)[0].known == ()


def test_what_comes_and_goes_is_told_once_and_later_again() -> None:
    unfit = with_lease(agent__epoch=None, agent__fault="x", fit=False)
    told, kinds = _over(600, unfit)
    for now in range(615, 1_800, 15):
        flaps = unfit if now // 60 % 2 else with_lease()
        told, notices = changes(told, HERE, conditions(told, HERE, flaps, Measured(at=now)), now)
        kinds += [notice.kind for notice in notices]
    assert kinds == ["unfit"]
    for report, span in ((with_lease(), (1_800, 3_000)), (unfit, (3_000, 4_000))):
        for now in range(*span, 15):
            told, notices = changes(told, HERE, conditions(told, HERE, report, Measured(at=now)), now)
            kinds += [notice.kind for notice in notices]
    assert kinds == ["unfit", "unfit"]


def test_a_takeover_is_told_once_with_why_and_how_long_and_a_planned_one_is_a_switchover() -> None:
    told, notices = takeover(Told(), HERE, WELL, 1_000.0, "")
    assert [(one.kind, one.severity, one.epoch) for one in notices] == [("failover", "critical", 7)]
    assert notices[0].text == "a serves after b (epoch 7), well 12.0 s after it was needed there: silent for long enough"
    assert notices[0].since == 988.0
    assert takeover(told, HERE, WELL, 1_001.0, "")[1] == []
    planned = takeover(Told(), HERE, WELL, 1_000.0, "told to hand over: an update")[1]
    assert planned[0].kind == "switchover" and planned[0].text.endswith(": told to hand over: an update")
    assert takeover(Told(), HERE, {**WELL, "after": "nobody"}, 1.0, "")[1] == []
    assert takeover(Told(), HERE, {"event": "well", "epoch": "x", "steps": 3}, 1.0, "")[1] == []


def test_a_node_that_gives_up_is_told_only_where_nobody_takes_over() -> None:
    told = gave_up(Told(), {"event": "give-up", "text": "the service failed 3 times"}, 1.0)
    nobody = with_lease(agent__epoch=None, lease__owner=None)
    assert _over(900, nobody, told=told)[1] == ["give-up"]
    assert _over(900, with_lease(agent__epoch=None, lease__owner="b"), told=told)[1] == []


def test_each_kind_says_what_to_do() -> None:
    assert all(words.endswith((".", ";", ":")) or words for words in DO.values())
    assert NOTICE["do"] == DO["failover"] and NOTICE["steps"] == {"well": 9}


# ---- where ----


def test_the_forms_are_those_of_their_receivers() -> None:
    assert body_of("json", NOTICE) == NOTICE
    assert body_of("slack", NOTICE)["text"].startswith("[s] failover: a text\n")
    (alert,) = body_of("alertmanager", NOTICE)
    assert alert["startsAt"] == "2023-11-14T22:13:20Z" and alert["labels"]["kind"] == "failover"
    assert all(isinstance(value, str) for value in alert["labels"].values())


def test_a_wrong_channel_is_refused_by_name_and_not_by_value(tmp_path: Path) -> None:
    path = tmp_path / "notify.json"
    assert channels(str(path)) == []
    for one in (
        {"kind": "webhook", "url": "ftp://my-secret"},
        {"kind": "mail", "from": "x", "to": ["a@b"], "password": "my-secret"},
        {"kind": "mail", "from": "a@b", "to": ["a@b"], "server": "s", "password": "my-secret\n"},
        {"kind": "command", "command": ["my-secret"]},
        {"kind": "webhook", "url": "https://x", "format": "my-secret"},
    ):
        path.write_text(json.dumps({"channels": [one]}))
        with pytest.raises(Refused) as refused:
            channels(str(path))
        assert "my-secret" not in str(refused.value) and "`channels[0]." in str(refused.value)


def test_no_part_of_an_address_that_is_a_secret_is_shown() -> None:
    hook = {"kind": "webhook", "url": "https://user:pass@hooks.example/services/T0/B0?token=abc", "format": "slack"}
    words = without_secrets("failed: /services/T0/B0?token=abc at user:pass token=abc", hook)
    assert not any(secret in words for secret in ("T0", "pass", "abc"))
    assert "T0" not in shown(hook) and "***" in without_secrets("bad hunter2", {"kind": "mail", "password": "hunter2"})


class Hook(BaseHTTPRequestHandler):
    """Answers with the server's next status."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(body)))  # type: ignore[attr-defined]
        statuses = self.server.statuses  # type: ignore[attr-defined]
        self.send_response(statuses.pop(0) if statuses else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> "Iterator[HTTPServer]":
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.statuses = [], []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _finish(delivery: Delivery, now: float) -> None:
    """Until the try that begins now has ended."""
    delivery.step(now)
    wait_for(lambda: delivery.step(now), 60, "a try ends")


def _webhook(server: HTTPServer) -> "dict[str, Any]":
    return {"kind": "webhook", "url": f"http://127.0.0.1:{server.server_port}/services/my-secret", "format": "json"}


def test_a_notice_is_told_again_until_it_is_taken_and_then_no_more(hook: HTTPServer, capfd: pytest.CaptureFixture[str]) -> None:
    hook.statuses[:] = [500, 302]  # type: ignore[attr-defined]
    delivery = Delivery(own_command("send-notice"), [_webhook(hook)])
    delivery.tell(NOTICE, 0.0)
    _finish(delivery, 0.0)
    assert delivery.due_in(0.0) == 10 and not delivery.step(5.0)
    _finish(delivery, 10.0)
    assert delivery.due_in(10.0) == 30
    _finish(delivery, 40.0)
    assert delivery.waiting == [] and [path for path, _ in hook.got] == 3 * ["/services/my-secret"]  # type: ignore[attr-defined]
    said = capfd.readouterr().out
    assert said == "webhook (json): k:1 is tried again: it answered 500\n"


def test_a_try_has_no_root_and_no_secret_in_its_command_line_or_environment(tmp_path: Path) -> None:
    script = tmp_path / "told"
    out = tmp_path / "out"
    out.touch()
    out.chmod(0o666)
    tmp_path.chmod(0o755)
    # Nobody must be able to come here.
    for parent in tmp_path.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)
    script.write_text(
        f"#!/bin/sh\n{{ id -u; cat /proc/$PPID/cmdline | tr '\\0' ' '; cat /proc/$PPID/environ 2>&1; cat; }} >{out}\n"
    )
    script.chmod(0o755)
    delivery = Delivery(own_command("send-notice"), [{"kind": "command", "command": [str(script), "x"]}])
    delivery.tell({**NOTICE, "text": "my-secret"}, 0.0)
    _finish(delivery, 0.0)
    told = out.read_text()
    if os.geteuid() == 0:
        assert told.splitlines()[0] != "0"
        # Not even another process of the same user may look into it.
        assert "Permission denied" in told
    assert told.count("my-secret") == 1 and delivery.waiting == []


def test_one_that_hangs_is_ended_and_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.observer.delivery._LIMIT", 0.2)
    delivery = Delivery(["sleep", "600"], [{"kind": "command", "command": ["/x"]}])
    for number in range(3 * MOST):
        delivery.tell({**NOTICE, "key": f"k:{number}"}, 0.0)
    assert len(delivery.waiting) == MOST
    began = time.monotonic()
    delivery.step(0.0)
    assert time.monotonic() - began < 1
    time.sleep(0.3)
    assert delivery.step(0.0) and len(delivery.waiting) == MOST
    # After a day it is given up.
    old = Delivery(["false"], [{"kind": "command", "command": ["/x"]}], [Waiting(NOTICE, 0, 0.0, 0.0, 9)])
    _finish(old, 90_000.0)
    assert old.waiting == []


def test_a_mail_goes_over_tls_alone_and_its_password_nowhere_else(tmp_path: Path) -> None:
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(made), "-subj", "/CN=x"]
    subprocess.run([*command, "-days", "1"], check=True, capture_output=True, timeout=120)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    said: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)

    def serve() -> None:
        connected, _ = listener.accept()
        with connected:
            connected.sendall(b"220 x\r\n")
            said.append(connected.recv(4096))
            connected.sendall(b"250-x\r\n250 AUTH PLAIN LOGIN\r\n")
            said.append(connected.recv(4096))
            connected.sendall(b"454 not here\r\n")
            said.append(connected.recv(4096))

    thread = threading.Thread(target=serve)
    thread.start()
    mail = {"kind": "mail", "from": "a@b.example", "to": ["c@d.example"], "server": "127.0.0.1", "tls": "starttls"}
    told = {"channel": {**mail, "port": listener.getsockname()[1], "user": "u", "password": "my-secret"}, "notice": NOTICE}
    done = subprocess.run(own_command("send-notice"), input=json.dumps(told).encode(), capture_output=True, timeout=60, check=False)
    thread.join()
    listener.close()
    # A server that offers no TLS gets no password.
    assert done.returncode == 1 and b"my-secret" not in b"".join(said) + done.stderr + done.stdout
    assert b"AUTH" not in b"".join(said)


def test_what_is_told_and_what_waits_lasts_over_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "told.json")
    told, _ = _over(600, None)
    told = takeover(told, HERE, WELL, 5.0, "")[0]
    waiting = [Waiting(NOTICE, 0, 1.0, 2.0, 3)]
    save(path, told, waiting)
    assert load(path) == (told, waiting) and os.stat(path).st_mode & 0o777 == 0o600
    for text in ("", "[]", '{"known": {"a": [1]}, "takeovers": [], "gaveUp": [0, ""], "waiting": []}'):
        Path(path).write_text(text)
        assert load(path) == (Told(), [])


def test_of_one_takeover_that_two_observers_hear_of_one_notice_comes(tmp_path: Path, hook: HTTPServer) -> None:
    """The new owner's tells it; the other one sees the same fault end."""
    tellings = [Telling(str(tmp_path / place.node), place, own_command("send-notice"), [_webhook(hook)]) for place in (HERE, THERE)]
    tellings[0].see_event(WELL, 100.0, "", 100.0)
    tellings[1].see_event({"event": "kill", "epoch": 6, "text": "late"}, 90.0, "", 100.0)
    for now in range(100, 500, 15):
        tellings[0].see(with_lease(), Measured(at=now), now)
        tellings[1].see(with_lease(agent__epoch=None, holdsVip=False, lease__peers=[]), Measured(at=now), now)
    assert [len(telling.delivery.waiting) for telling in tellings] == [1, 0]
    # A restart does not tell it again.
    again = Telling(str(tmp_path / "a"), HERE, [], [_webhook(hook)])
    again.see_event(WELL, 100.0, "", 600.0)
    assert len(again.delivery.waiting) == 1


def test_a_test_says_for_each_channel_how_it_went(tmp_path: Path, hook: HTTPServer, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notify.json"
    assert try_channels(str(path), "s", "a") == 1
    hook.statuses[:] = [200, 404]  # type: ignore[attr-defined]
    path.write_text(json.dumps({"channels": [_webhook(hook), _webhook(hook)]}))
    assert try_channels(str(path), "s", "a") == 1
    assert capfd.readouterr().out.splitlines()[1:] == ["webhook (json): told", "webhook (json): it answered 404"]
