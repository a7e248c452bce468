"""The observer: what it keeps, what it looks at, and what it writes, with a real program beside an agent that answers."""

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from agent.control import Control
from agent.events import Events, bell, lines_of
from agent.itself import own_command
from agent.observer import memory as kept_memory
from agent.observer.certificate import end_of
from agent.observer.files import Places, write_metrics
from agent.observer.kept import Kept
from agent.observer.look import BESIDE, look_around, name_of
from agent.observer.looking import Looking
from agent.observer.loop import CALM, STUCK, Observer
from agent.observer.memory import Memory, counted
from agent.observer.metrics import Measured, families
from agent.observer.reasons import reason_in
from agent.observer.setup import Settings, settings
from agent.version import VERSION
from support.reports import with_lease
from support.units import wait_for


def _say(events: Events, kind: str, **more: Any) -> None:
    events.say(kind, f"a text of {kind}", node="a", **more)


@pytest.fixture
def events(tmp_path: Path) -> Events:
    return Events(str(tmp_path / "run.jsonl"), os.open(os.devnull, os.O_WRONLY))


# ---- events on the disk ----


def test_each_event_is_kept_once_whoever_comes_again(tmp_path: Path, events: Events) -> None:
    path = str(tmp_path / "kept" / "events.jsonl")
    for kind in ("state", "fit"):
        _say(events, kind)
    assert [event["event"] for event in Kept(path).take(lines_of(str(tmp_path / "run.jsonl")))] == ["state", "fit"]
    _say(events, "kill")
    kept = Kept(path)
    assert [event["event"] for event in kept.take(lines_of(str(tmp_path / "run.jsonl")))] == ["kill"]
    assert kept.take(lines_of(str(tmp_path / "run.jsonl"))) == []
    # A boot has emptied /run.
    (tmp_path / "run.jsonl").unlink()
    _say(events, "state")
    assert len(Kept(path).take(lines_of(str(tmp_path / "run.jsonl")))) == 1
    assert len(Path(path).read_text().splitlines()) == 4


def test_what_is_kept_is_bounded_and_what_is_no_event_is_not_kept(tmp_path: Path, events: Events) -> None:
    path = tmp_path / "kept.jsonl"
    kept = Kept(str(path), limit=4_000)
    for number in range(100):
        kept.take([json.dumps({"event": "state", "text": f"{number} {'x' * 80}"}).encode()])
    kept.take([b"garbage", b'{"event": 3}', b"[" * 5_000, b'{"event":"' + b"x" * 20_000 + b'"}'])
    assert sum(file.stat().st_size for file in tmp_path.glob("kept.jsonl*")) <= 8_000
    assert b"garbage" not in path.read_bytes()
    latest = kept.latest(300).splitlines()
    assert 1 <= len(latest) <= 3 and b'"99 ' in latest[-1]


def test_whoever_listens_is_rung_at_and_nobody_waits_where_nobody_listens(tmp_path: Path, events: Events) -> None:
    import socket  # noqa: PLC0415

    _say(events, "state")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(bell(str(tmp_path / "run.jsonl")))
        listener.settimeout(5)
        # More than a socket holds: the writer does not wait.
        for _ in range(2_000):
            _say(events, "state")
        assert listener.recv(16) == b"!"


# ---- looking around ----


def test_events_go_beside_the_lease_and_come_back_and_not_below_a_mount_that_is_missing(tmp_path: Path) -> None:
    lease, mounts = tmp_path / "lease", tmp_path / "mounts"
    lease.mkdir()
    asked: dict[str, Any] = {"node": "a", "peers": ["b", "c"], "events": "x" * 2 * BESIDE}
    asked["lease"] = {"directory": str(lease), "filesystem": "nfs4", "mounts": str(mounts)}
    mounts.write_text("21 1 8:1 / / rw - ext4 /dev/vda1 rw\n")
    assert look_around(asked) == {"peers": {}} and not list(lease.iterdir())
    mounts.write_text(f"21 1 0:5 / {lease} rw - nfs4 server:/ rw\n")
    (lease / name_of("b")).write_text("of b\n")
    (lease / name_of("c")).symlink_to("/etc/passwd")
    found = look_around(asked)
    assert found["beside"] == "" and found["peers"] == {"b": "of b\n", "c": ""}
    assert (lease / name_of("a")).stat().st_size == BESIDE
    assert [path.name for path in lease.iterdir() if ".new" in path.name] == []


def test_the_newest_backup_counts_and_nothing_that_looks_like_one(tmp_path: Path) -> None:
    for name, age in (("rancher-20260101T000000Z.tar", 900), ("rancher-20260102T000000Z.tar", 100), ("rancher-x.tar", 1)):
        path = tmp_path / name
        path.touch()
        os.utime(path, (time.time() - age, time.time() - age))
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\necho exit-code\n")
    systemctl.chmod(0o755)
    found = look_around({"node": "a", "backup": str(tmp_path), "systemctl": str(systemctl)})
    assert 95 < time.time() - found["backup"] < 200 and found["backup_failed"] is True
    systemctl.write_text("#!/bin/sh\necho success\n")
    assert look_around({"node": "a", "backup": str(tmp_path / "none"), "systemctl": str(systemctl)})["backup"] is None


def _certificate(folder: Path, days: int) -> "tuple[Path, Path]":
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(made), "-subj", "/CN=x"]
    subprocess.run([*command, "-days", str(days)], check=True, capture_output=True, timeout=120)
    return key, made


@pytest.mark.parametrize("days", [3, 20_000])
def test_a_certificate_that_signs_itself_tells_when_it_ends(tmp_path: Path, days: int) -> None:
    key, made = _certificate(tmp_path, days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.handle_request, daemon=True).start()
    found = look_around({"node": "a", "certificate": f"127.0.0.1:{server.server_port}"})
    server.server_close()
    assert found["certificate_words"] == ""
    assert abs(found["certificate"] - (time.time() + days * 86_400)) < 600


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x30\x01\x00", b"\x31\x00", os.urandom(300)])
def test_what_is_no_certificate_has_no_end(der: bytes) -> None:
    with pytest.raises(ValueError):
        end_of(der)


def test_a_look_that_hangs_is_ended_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.observer.looking.LIMIT", 0.2)
    looking = Looking(["sleep", "600"])
    assert looking.begin({}) and not looking.begin({})
    began = time.monotonic()
    assert looking.collect() is None and time.monotonic() - began < 0.2
    time.sleep(0.3)
    assert looking.collect() == {} and looking.fileno() == -1
    answers = Looking([sys.executable, "-c", "import sys; sys.stdin.read(); print('{\"peers\": {}}')"])
    wait_for(lambda: answers.begin({}), 5, "the one before has ended")
    found: dict[str, Any] = {}

    def answered() -> bool:
        found.update(answers.collect() or {})
        return bool(found)

    wait_for(answered, 30, "an answer")
    assert found == {"peers": {}}


# ---- what it knows ----


def test_why_an_owner_left_is_what_it_said_in_its_last_tenure() -> None:
    def state(epoch: int, to: str, why: str) -> "dict[str, Any]":
        return {"event": "state", "epoch": epoch, "to": to, "why": why, "text": f"x -> {to}: {why}"}

    order = state(3, "stopping", "told to hand over: a switchover")
    former = {"event": "give-up", "epoch": 2, "text": "the service failed 3 times"}
    assert reason_in([former, order], 4) == "told to hand over: a switchover"
    assert reason_in([state(3, "stopping", "the service failed"), {**former, "epoch": 3}], 4) == "the service failed 3 times"
    assert reason_in([order, {"event": "kill", "epoch": 3, "text": "late"}], 4) == "told to hand over: a switchover"
    assert reason_in([state(5, "stopping", "later")], 4) == "" and reason_in([], 4) == ""


def test_counts_and_the_last_takeover_last_and_garbage_is_nothing_known(tmp_path: Path) -> None:
    path = str(tmp_path / "memory.json")
    steps = {"event": "well", "steps": {"detected": 0, "lease": 1_500, "well": 9_000}}
    memory = counted(counted(Memory(), {"event": "kill"}, 1.0, False), steps, 5.0, True)
    kept_memory.save(path, memory)
    assert kept_memory.load(path) == memory
    assert memory.takeover and memory.takeover.planned and memory.takeover.steps["lease"] == 1.5
    for number in range(200):
        memory = counted(memory, {"event": f"made-up-{number}"}, 1.0, False)
    assert len(memory.counts) <= 51
    for text in ("", "[]", "{", '{"counts": {"a": "b"}, "takeover": null}', '{"counts": 3}'):
        Path(path).write_text(text)
        assert kept_memory.load(path) == Memory()


def test_settings_that_are_missing_have_defaults_and_wrong_ones_are_said(tmp_path: Path) -> None:
    path = tmp_path / "observer.json"
    assert settings(str(path)) == Settings()
    path.write_text(json.dumps({"stack": "s", "backup": {"directory": "/b", "limit": 60}, "certificate": "192.168.56.10:443"}))
    assert settings(str(path)).backup_limit == 60
    path.write_text(json.dumps({"stack": "no good", "more": 1}))
    with pytest.raises(Exception, match=r"`stack` is .*`more` is no setting"):
        settings(str(path))


def test_metrics_are_whole_and_for_all_to_read_and_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    places, textfile = Places(str(tmp_path), str(tmp_path)), str(tmp_path / "node" / "x.prom")
    (tmp_path / "node").mkdir()
    for link in (f"{textfile}.whole", f"{textfile}.whole.new", textfile):
        os.symlink(target, link)
    assert write_metrics(places, textfile, families("s", "a", None, Measured(at=1.0))) == ""
    assert target.read_text() == "mine" and not os.path.islink(textfile)
    assert os.stat(textfile).st_mode & 0o777 == 0o644 and Path(places.metrics).read_text().endswith("# EOF\n")


# ---- the program ----


class Answering:
    """An agent's socket, which answers with a report."""

    def __init__(self, path: Path, report: "dict[str, Any]") -> None:
        self.report = report
        self._control = Control(str(path), lambda _, asker: asker.answer(self.report))
        self._go_on = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while self._go_on:
            self._control.collect()
            time.sleep(0.01)

    def end(self) -> None:
        self._go_on = False
        self._thread.join()


@pytest.fixture
def beside(tmp_path: Path) -> "Iterator[tuple[Path, Answering]]":
    """A folder with what an agent runs with, and an agent that answers."""
    run = tmp_path / "run"
    run.mkdir()
    lease = {"directory": str(tmp_path / "lease"), "unit": "l.mount", "identity": "i"}
    told = {
        "node": "a",
        "peers": ["b"],
        "vip": "192.168.56.10",
        "data": {"directory": str(tmp_path / "data"), "unit": "d.mount", "sentinel": "s"},
        "lease": lease,
        "service": {"container": "c", "health": [{"tcp": "127.0.0.1:1"}]},
        "paths": {"run": str(run), "state": str(tmp_path / "state"), "mounts": str(tmp_path / "mounts")},
    }
    (run / "running.json").write_text(json.dumps(told))
    (tmp_path / "lease").mkdir()
    (tmp_path / "mounts").write_text(f"21 1 0:5 / {tmp_path}/lease rw - nfs4 server:/ rw\n")
    (tmp_path / "observer.json").write_text(json.dumps({"stack": "s", "textfile": str(tmp_path / "x.prom")}))
    answering = Answering(run / "agent.sock", with_lease(agent__version=VERSION))
    yield tmp_path, answering
    answering.end()


def _command(folder: Path) -> "list[str]":
    files = ["--settings", str(folder / "observer.json"), "--channels", str(folder / "notify.json")]
    return own_command("observe", "--run", str(folder / "run"), *files)


def test_it_keeps_events_beside_the_lease_and_tells_a_planned_takeover_by_what_the_last_owner_said(
    beside: "tuple[Path, Answering]",
) -> None:
    folder, _ = beside
    order = {"event": "state", "epoch": 4, "to": "stopping", "why": "told to hand over: x", "text": "y"}
    (folder / "lease" / name_of("b")).write_text(json.dumps(order) + "\n")
    with subprocess.Popen(_command(folder), stdout=subprocess.PIPE) as process:
        try:
            wait_for((folder / "x.prom").exists, 60, "metrics")
            events = Events(str(folder / "run" / "events.jsonl"), os.open(os.devnull, os.O_WRONLY))
            _say(events, "well", epoch=5, after="b", steps={"detected": 0, "well": 8_000})
            own = folder / "lease" / name_of("a")
            wait_for(lambda: own.exists() and '"event": "well"' in own.read_text(), 60, "events beside the lease")
            wait_for(lambda: kept_memory.load(str(folder / "state" / "observer.json")).takeover is not None, 60, "the takeover")
            takeover = kept_memory.load(str(folder / "state" / "observer.json")).takeover
            assert takeover and takeover.planned and takeover.steps == {"detected": 0.0, "well": 8.0}
            assert "told to hand over" in (folder / "state" / "peers" / "b.jsonl").read_text()
            # Other settings: it ends, to be started with them.
            (folder / "observer.json").write_text(json.dumps({"stack": "other"}))
            _say(events, "state")
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_it_ends_to_be_started_from_other_files_and_says_that_no_agent_answers(beside: "tuple[Path, Answering]") -> None:
    folder, answering = beside
    observer = Observer(str(folder / "run"), "", str(folder / "observer.json"), str(folder / "notify.json"))
    assert observer.round()
    assert 'ha_rancher_agent_up{stack="s",node="a"} 1' in (folder / "x.prom").read_text()
    answering.report = with_lease(agent__version="another")
    assert not observer.round()
    answering.end()
    (folder / "run" / "agent.sock").unlink()
    assert observer.round()
    assert 'ha_rancher_agent_up{stack="s",node="a"} 0' in (folder / "x.prom").read_text()


def test_in_a_takeover_it_starts_nothing_until_the_service_is_well(beside: "tuple[Path, Answering]") -> None:
    folder, _ = beside
    observer = Observer(str(folder / "run"), "", str(folder / "observer.json"), str(folder / "notify.json"))
    events = Events(str(folder / "run" / "events.jsonl"), os.open(os.devnull, os.O_WRONLY))
    # The first round has looked around.
    observer._unsaid, observer._looked = False, 1_000.0
    for at, to, after in ((2_000.0, "taking", STUCK), (2_001.0, "launching", STUCK), (2_050.0, "active", CALM)):
        _say(events, "state", to=to)
        assert observer._take_events(at)
        assert observer._look_due(at) == at + after
    _say(events, "unfit")
    assert observer._take_events(2_055.0) and observer._look_due(2_055.0) == 2_055.0 + CALM
