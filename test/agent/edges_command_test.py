"""The command line where something is missing: no agent, no configuration, a lease process or a program that hangs."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent.cli import main
from agent.clock import boot_ms
from agent.configuration import CONFIGURATION_ERROR
from agent.core.actions import Memory
from agent.core.lease_requests import Lock, Take, Write
from agent.orders import OrderBook, read_lasting
from agent.run_files import KillPlan, Notes, RunFiles
from support.lease_node import Process


class Place:
    """A node's folders, without an agent."""

    def __init__(self, folder: Path) -> None:
        self.run, self.state, self.written = folder / "run", folder / "state", folder / "agent.json"
        self.run.mkdir()
        (folder / "bin").mkdir()
        self.systemctl = folder / "bin/systemctl"
        self.program("systemctl", "echo inactive; exit 3")
        self.told = {
            "node": "a",
            "vip": "192.0.2.10",
            "data": {"directory": str(folder / "data"), "unit": "data.mount", "sentinel": "s"},
            "lease": {"directory": str(folder / "lease"), "unit": "lease.mount", "identity": "a"},
            "service": {"container": "v1", "health": [{"tcp": "127.0.0.1:1"}]},
            "timers": {"heartbeat": 200, "giveUp": 600, "watchdog": 1_100, "leaseTime": 1_200, "graceTime": 1_300},
            "paths": {
                "run": str(self.run),
                "state": str(self.state),
                "docker": str(folder / "docker.sock"),
                "systemctl": str(self.systemctl),
                "keepalived": str(folder / "keepalived.conf"),
            },
        }
        self.files = RunFiles(str(self.run))

    def program(self, name: str, script: str) -> None:
        path = self.systemctl.parent / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def ran(self, memory: Memory) -> None:
        """An agent has."""
        Path(self.files.running).write_text(json.dumps(self.told))
        Notes(self.files, KillPlan(data=str(self.told["data"]["directory"]))).remember(memory)  # type: ignore[index]

    def command(self, *words: str) -> int:
        return main([words[0], "--run", str(self.run), "--configuration", str(self.written), *words[1:]])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return Place(tmp_path)


class Agent:
    """Whoever listens in the place of an agent. `answer`: to each request; without one it hangs."""

    def __init__(self, path: str, answer: "dict[str, object] | None") -> None:
        self.asked: list[dict[str, object]] = []
        self.orders: list[dict[str, str]] = []
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self.state = ""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        kept = []
        while True:
            connection, _ = self._listener.accept()
            kept.append(connection)
            if self._answer is not None:
                self.asked.append(json.loads(connection.recv(4096)))
                self.orders.append(read_lasting(self.state))
                connection.sendall(json.dumps(self._answer).encode() + b"\n")


# ---- hand-over ----


def test_where_no_agent_has_ever_run_there_is_nothing_to_hand_over(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    for seconds in ("60", "0"):
        assert place.command("hand-over", seconds, "maintenance") == 0
        assert "nothing to hand over" in capsys.readouterr().out


def test_where_no_agent_runs_and_the_service_neither_nothing_is_handed_over_and_the_next_one_knows(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.ran(Memory())
    assert place.command("hand-over", "60", "maintenance") == 0
    assert "nothing to hand over" in capsys.readouterr().out
    assert OrderBook({}, place.files.leave).orders().leave == "maintenance"


def test_where_nobody_answers_and_the_service_may_run_the_hand_over_fails(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.ran(Memory(epoch=7))
    started = time.monotonic()
    assert place.command("hand-over", "60", "maintenance") == 1
    assert "does not answer" in capsys.readouterr().err and time.monotonic() - started < 5
    # An agent that comes later hands over.
    assert OrderBook({}, place.files.leave).orders().leave == "maintenance"


def test_a_refused_configuration_is_said_with_its_setting(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.told["vip"] = "nowhere"
    place.ran(Memory())
    assert place.command("hand-over", "60") == CONFIGURATION_ERROR
    told = capsys.readouterr()
    assert "`vip`" in told.err and "Traceback" not in told.err
    Path(place.files.running).write_text("{ no JSON")
    assert place.command("hand-over", "60") == CONFIGURATION_ERROR
    assert "cannot be read as JSON" in capsys.readouterr().err


# ---- orders ----


def test_an_order_is_written_down_before_the_agent_is_asked(place: Place) -> None:
    place.ran(Memory())
    agent = Agent(place.files.control, {"ok": True})
    agent.state = str(place.state)
    assert place.command("pause", "NFS maintenance") == 0
    assert agent.orders[0]["paused"] == "NFS maintenance"
    assert agent.asked[0]["orders"]["paused"] == "NFS maintenance"  # type: ignore[index]


def test_an_order_without_an_agent_is_for_the_next_one_also_before_the_first(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.written.write_text(json.dumps(place.told))
    assert place.command("ban", "its disk is dying") == 0
    assert "for the next agent" in capsys.readouterr().err
    assert read_lasting(str(place.state))["banned"] == "its disk is dying"
    assert place.command("allow") == 0
    assert read_lasting(str(place.state))["banned"] == ""


def test_an_order_that_cannot_be_written_down_is_not_given(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.ran(Memory())
    agent = Agent(place.files.control, {"ok": True})
    place.state.write_text("no folder")
    assert place.command("pause", "NFS maintenance") == 1
    assert "not given" in capsys.readouterr().err and agent.asked == []


def test_an_order_that_the_agent_refuses_fails(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.ran(Memory())
    Agent(place.files.control, {"error": "no such request"})
    assert place.command("pause", "NFS maintenance") == 1
    assert "no such request" in capsys.readouterr().err


# ---- status ----


def _status(place: Place, capsys: pytest.CaptureFixture[str]) -> "tuple[dict[str, dict[str, object]], float]":
    started = time.monotonic()
    assert place.command("status") == 0
    return json.loads(capsys.readouterr().out), time.monotonic() - started


@pytest.fixture
def hanging(place: Place) -> Iterator[Process]:
    """A lease process that has the lease and hangs: its file system is frozen."""
    folder = place.run.parent
    image = folder / "image"
    (folder / "lease").mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder / "lease")], check=True)
    process = Process(folder, "run", alone=60_000)
    try:
        process.terms = process.terms._replace(filesystem="ext4", node="a")
        process.node = "a"
        process.client = process.connected()
        process.ask(Lock(boot_ms()))
        process.ask(Take(boot_ms(), process.record(4, 0)))
        subprocess.run(["fsfreeze", "-f", str(folder / "lease")], check=True)
        assert process.client.ask(Write(boot_ms(), process.record(4, 1)))
        yield process
    finally:
        subprocess.run(["fsfreeze", "-u", str(folder / "lease")], check=False, stderr=subprocess.DEVNULL)
        process.end()
        subprocess.run(["umount", "-l", str(folder / "lease")], check=True)


def test_status_says_that_the_lease_process_hangs_and_what_it_holds(
    place: Place, hanging: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    place.ran(Memory(epoch=4))
    time.sleep(1)
    told, took = _status(place, capsys)
    assert took < 5
    assert told["lease"]["heldHere"] is True and told["lease"]["owner"] == "a" and told["lease"]["epoch"] == 4
    hangs = told["lease"]["hangs"]
    assert isinstance(hangs, float) and 0.9 < hangs < 10
    # It goes on for its agent, whoever else has asked.
    subprocess.run(["fsfreeze", "-u", str(place.run.parent / "lease")], check=True)
    deadline = time.monotonic() + 5
    while hanging.client.view.pending and time.monotonic() < deadline:
        hanging.client.collect()
        time.sleep(0.01)
    assert hanging.client.view.confirmed == hanging.record(4, 1)
    assert _status(place, capsys)[0]["lease"]["hangs"] is None


def test_status_waits_for_nobody_who_hangs(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Agent, lease process, Docker, and each program that is asked."""
    place.ran(Memory(epoch=4))
    for path in (place.files.control, place.files.lease, str(place.run.parent / "docker.sock")):
        Agent(path, None)
    for name in ("systemctl", "keepalived", "nft"):
        place.program(name, "trap '' TERM; exec sleep 97.5")
    try:
        told, took = _status(place, capsys)
        # Some seconds each, and not for ever.
        assert took < 40
        assert told["agent"]["state"] == "stopped" and "does not answer" in str(told["agent"]["fault"])
        assert "does not answer" in str(told["lease"]["error"]) and "does not answer" in str(told["container"]["words"])
        assert told["vrrpState"] is None and told["keepalived"]["heard"] is None
    finally:
        left = subprocess.run(["pgrep", "-f", "sleep 97.5"], stdout=subprocess.PIPE, check=False).stdout.split()
        for number in left:
            os.kill(int(number), signal.SIGKILL)
    assert not left


def test_status_is_told_without_any_configuration(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    told, took = _status(place, capsys)
    assert took < 5 and "cannot be read" in str(told["configuration"]) and told["agent"]["state"] == "stopped"
