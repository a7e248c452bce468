"""An agent without a lease as it runs on a node: in a network namespace, with real checks; systemd is a stand-in."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent.control import NoAgent, ask_agent
from support.units import Unit, wait_for

CODE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../node/agent"))
VIP, OTHER = "192.0.2.10", "192.0.2.20"
PORT = 18080
#: Milliseconds.
ASKED = {"every": 200, "timeout": 500}


class AddressNode:
    """Its network is its own, so that a VIP and a port are nobody else's."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder, folder / "run"
        self.run.mkdir()
        self.anchor = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        time.sleep(0.2)
        self.inside("ip", "link", "set", "lo", "up")
        self._write_systemctl()
        self.told: dict[str, Any] = {
            "workload": "address", "node": "web-1", "peers": ["web-2"], "address": "127.0.0.1",
            "vips": [
                {"name": "web", "address": VIP, "checks": [{"tcp": f"127.0.0.1:{PORT}", **ASKED}]},
                {"name": "vpn", "address": OTHER, "units": ["vpn.service"],
                 "checks": [{"unit": "vpn.service", "onHolder": True, **ASKED},
                            {"command": ["/usr/bin/test", "!", "-e", str(folder / "hot")], "weight": 30, **ASKED}]},
            ],
            "timers": {"letFirst": 0, "holdOff": 1_500, "startLimit": 3_000},
            "paths": {"run": str(self.run), "state": str(folder / "state"), "systemctl": str(folder / "systemctl"),
                      "keepalived": str(folder / "keepalived.conf")},
        }  # fmt: skip
        self.configuration = folder / "agent.json"
        self.write_configuration()
        common = f"--run {self.run} --configuration {self.configuration}"
        touch = f'[ ! -e {self.run}/ending ] && [ "$EXIT_STATUS" != 78 ] || for f in {self.run}/track-*; do echo 1 >$f; done'
        # As ha-rancher-address.service has it.
        self.agent = Unit(
            [*self.enter, sys.executable, "-I", "-S", "-B", CODE, "agent", *common.split()],
            ["sh", "-c", touch],
            str(folder / "log"),
        )

    def write_configuration(self) -> None:
        self.configuration.write_text(json.dumps(self.told))

    def _write_systemctl(self) -> None:
        """A unit is a file; starting one whose name is in `broken` fails."""
        (self.folder / "units").mkdir()
        script = self.folder / "systemctl"
        script.write_text(
            f"""#!/bin/sh
cd {self.folder}/units
for unit; do :; done
echo "$*" >>../asked
case $1 in
start) [ ! -e "broken" ] || {{ echo "$unit failed" >&2; exit 1; }}; touch "$unit" ;;
stop) rm -f "$unit" ;;
show) if [ -e "$unit" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi; echo MainPID=0 ;;
*) echo active ;;
esac
"""
        )
        script.chmod(0o755)

    @property
    def enter(self) -> "list[str]":
        return ["nsenter", "-t", str(self.anchor.pid), "-n", "--"]

    def inside(self, *command: str) -> None:
        subprocess.run([*self.enter, *command], check=True, stdout=subprocess.DEVNULL)

    def command(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        options = ["--run", str(self.run), "--configuration", str(self.configuration)]
        line = [*self.enter, sys.executable, "-I", "-S", "-B", CODE, words[0], *options, *words[1:]]
        return subprocess.run(line, capture_output=True, check=False)

    def serve(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*self.enter, sys.executable, "-m", "http.server", str(PORT), "--bind", "127.0.0.1", "-d", str(self.run)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def vip(self, address: str, here: bool) -> None:
        self.inside("ip", "addr", "add" if here else "del", f"{address}/32", "dev", "lo")

    def fit(self, name: str) -> bool:
        try:
            return (self.run / f"track-{name}").read_bytes() == b"0\n"
        except OSError:
            return False

    def report(self) -> "dict[str, Any]":
        try:
            return ask_agent(str(self.run / "agent.sock"), {"do": "status"}, 2)
        except NoAgent:
            return {}

    def of(self, name: str) -> "dict[str, Any]":
        return next((vip for vip in self.report().get("vips", []) if vip["name"] == name), {})

    def end(self) -> None:
        self.agent.end()
        self.anchor.kill()
        self.anchor.wait()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[AddressNode]:
    made = AddressNode(tmp_path)
    try:
        wait_for(lambda: bool(made.report()), 20)
        yield made
        print((tmp_path / "log").read_text())
    finally:
        made.end()


def test_what_is_killed_is_noticed_within_a_second_and_what_comes_back_is_too(node: AddressNode) -> None:
    assert not node.fit("web")
    server = node.serve()
    try:
        wait_for(lambda: node.fit("web"), 10)
        server.kill()
        server.wait()
        took = wait_for(lambda: not node.fit("web"), 5)
        # `every`, a second look after 0.2 s, and what this machine adds.
        assert took < 1.5, took
        assert "refused" in node.of("web")["reason"].lower()
        assert node.fit("vpn")
    finally:
        server.kill()
    server = node.serve()
    try:
        wait_for(lambda: node.fit("web"), 10)
        status = json.loads(node.command("status").stdout)
        assert (status["node"], status["agent"]["state"], status["fit"]) == ("web-1", "standby", True)
        assert "image" not in status
    finally:
        server.kill()
        server.wait()


def test_units_come_and_go_with_their_vip(node: AddressNode) -> None:
    unit = node.folder / "units/vpn.service"
    wait_for(lambda: node.fit("vpn"), 10)
    wait_for(lambda: node.of("vpn")["units"] == "stopped", 10)
    assert not unit.exists()
    node.vip(OTHER, True)
    wait_for(unit.exists, 5)
    wait_for(lambda: node.of("vpn")["checks"][0]["good"] is True, 5)
    assert node.report()["agent"]["state"] == "active"
    # What ends there sends the VIP away, for a while.
    unit.unlink()
    wait_for(lambda: not node.fit("vpn"), 5)
    node.vip(OTHER, False)
    wait_for(lambda: node.of("vpn")["units"] == "stopped", 5)
    wait_for(lambda: node.fit("vpn"), 5)


def test_a_weight_is_written_for_keepalived(node: AddressNode) -> None:
    weight = node.run / "weight-vpn"
    (node.folder / "hot").touch()
    wait_for(lambda: weight.exists() and weight.read_bytes() == b" 30\n", 5)
    assert node.fit("vpn")
    (node.folder / "hot").unlink()
    wait_for(lambda: weight.read_bytes() == b"  0\n", 5)
    assert not (node.run / "weight-web").exists()


def test_an_agent_that_is_killed_is_followed_by_one_that_moves_nothing(node: AddressNode) -> None:
    server = node.serve()
    try:
        wait_for(lambda: node.fit("web"), 10)
        node.vip(VIP, True)
        wait_for(lambda: node.of("web")["holds"], 5)
        before = os.stat(node.run / "track-web").st_mtime_ns
        for number in (signal.SIGKILL, signal.SIGHUP):
            starts = node.agent.starts
            node.agent.signal(number)
            wait_for(lambda started=starts: node.agent.starts > started and bool(node.report()), 20)  # type: ignore[misc]
            wait_for(lambda: node.of("web")["checks"][0]["good"] is True, 10)
            assert os.stat(node.run / "track-web").st_mtime_ns == before
    finally:
        server.kill()
        server.wait()


def test_orders_move_vips_and_a_pause_holds_them(node: AddressNode) -> None:
    wait_for(lambda: node.fit("vpn"), 10)
    node.vip(OTHER, True)
    wait_for((node.folder / "units/vpn.service").exists, 5)
    assert node.command("pause", "new switch").returncode == 0
    refused = node.command("hand-over", "30", "switchover")
    assert refused.returncode == 1 and b"paused (new switch)" in refused.stderr
    assert node.command("resume").returncode == 0
    assert node.fit("vpn")
    # keepalived's part.
    node.vip(OTHER, False)
    assert node.command("hand-over", "30", "switchover").returncode == 0
    assert not (node.folder / "units/vpn.service").exists()
    assert node.of("vpn")["reason"] == "told to hand over: switchover"
    assert node.command("hand-over", "0").returncode == 0
    wait_for(lambda: node.fit("vpn"), 5)
    assert node.command("halt", "new disk").returncode == 0
    wait_for(lambda: not node.fit("vpn"), 5)
    assert node.command("start").returncode == 0
    wait_for(lambda: node.fit("vpn"), 5)
    wrong = node.command("fence-confirm", "web-2")
    assert wrong.returncode == 1 and b"no service with a lease" in wrong.stderr


def test_an_orderly_end_and_a_refused_configuration_leave_no_vip(node: AddressNode) -> None:
    wait_for(lambda: node.fit("vpn"), 10)
    node.agent.stop()
    assert not node.fit("vpn")
    assert node.agent.afterwards == [0]


def test_a_refused_configuration_leaves_no_vip(node: AddressNode) -> None:
    wait_for(lambda: node.fit("vpn"), 10)
    node.told["vips"][0]["checks"].append({"tcp": "127.0.0.1:80", "unit": "nginx.service"})
    node.write_configuration()
    node.agent.signal(signal.SIGHUP)
    wait_for(lambda: not node.fit("vpn"), 10)
    status = json.loads(node.command("status").stdout)
    assert status["agent"]["state"] == "stopped"
    assert "`vips[0].checks[1].url`" in status["configuration"]
    assert [vip["fit"] for vip in status["vips"]] == [False, False]


def test_another_configuration_is_taken_over_at_once(node: AddressNode) -> None:
    wait_for(lambda: node.fit("vpn"), 10)
    node.told["vips"][1]["checks"] = []
    node.write_configuration()
    answer = json.loads(node.command("renew", "--limit", "20").stdout)
    assert (answer["was"], answer["leaseVersion"]) == ("restarted", None)
    assert node.of("vpn")["checks"] == []
    assert json.loads(node.command("renew", "--limit", "20").stdout)["was"] == "unchanged"
