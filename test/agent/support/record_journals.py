"""Records what two real agents say to their journals while something happens to them, for tests of `npm run history`.

Usage: PYTHONPATH=node:test/agent PYTHON -m support.record_journals FOLDER [SCENARIO...]

For each scenario a folder with a file for each node: the lines of `node/host/history`, stamped when they came, as the
journal does. The VIP moves by the world's stand-in for keepalived; its lines are written as keepalived's own.
"""

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Callable

from .units import wait_for
from .world import RealNode, World

BOOT = "0123456789abcdef0123456789abcdef"
UNITS = {"agent": "ha-rancher-agent.service", "lease": "ha-rancher-lease.service"}


class Recorder:
    """Follows the logs of a world's nodes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lines: dict[str, list[str]] = {node.name: [] for node in world.nodes}
        self._read: dict[str, int] = {}
        self._holder = ""
        self._ended = False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._ended:
            self._look()
            time.sleep(0.01)

    def _look(self) -> None:
        holder = self._world.holder.name if self._world.holder else ""
        if holder != self._holder:
            for name, word in ((self._holder, "BACKUP"), (holder, "MASTER")):
                if name:
                    self._add(name, "keepalived.service", f"(ha_rancher) Entering {word} STATE")
            self._holder = holder
        for node in self._world.nodes:
            for log, unit in UNITS.items():
                self._read_on(node, log, unit)

    def _read_on(self, node: RealNode, log: str, unit: str) -> None:
        path = node.log(log)
        try:
            with open(path, "rb") as file:
                file.seek(self._read.get(path, 0))
                text = file.read()
        except OSError:
            return
        whole = text[: text.rfind(b"\n") + 1]
        self._read[path] = self._read.get(path, 0) + len(whole)
        for line in whole.decode().splitlines():
            self._add(node.name, unit, line[3:] if line.startswith("<") else line)

    def _add(self, name: str, unit: str, message: str) -> None:
        entry = {
            "MESSAGE": message,
            "_SYSTEMD_UNIT": unit,
            "__REALTIME_TIMESTAMP": str(time.time_ns() // 1000),
            "__MONOTONIC_TIMESTAMP": str(time.monotonic_ns() // 1000),
            "_BOOT_ID": BOOT,
        }
        self._lines[name].append(json.dumps(entry))

    def lines(self) -> "dict[str, list[str]]":
        return {name: list(lines) for name, lines in self._lines.items()}

    def stop(self) -> None:
        self._ended = True
        self._thread.join()
        self._look()

    def end(self, folder: Path) -> None:
        self.stop()
        folder.mkdir(parents=True, exist_ok=True)
        for name, lines in self._lines.items():
            (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))


def cut_power(node: RealNode) -> None:
    """Everything of a node ends at once."""
    if node.agent:
        node.agent.end()
    node.lease_unit.end()
    for group in Path(node.groups, "docker").iterdir():
        if group.is_dir():
            (group / "cgroup.kill").write_text("1")
    (node.run / "track").write_bytes(b"1\n")


def switchover(world: World) -> None:
    node = world.wait_active()
    # The words of node/keepalived/yield.
    node.command("hand-over", "5", "the VIP is given to another node")
    world.wait_active(other_than=node)


def power_off(world: World) -> None:
    node = world.wait_active()
    cut_power(node)
    world.wait_active(other_than=node)


def no_storage(world: World) -> None:
    """The owner's lease process hangs, as with a server that is away."""
    node = world.wait_active()
    node.lease_unit.signal(signal.SIGSTOP)
    world.wait_active(other_than=node)
    node.lease_unit.signal(signal.SIGCONT)
    wait_for(lambda: node.state() == "standby", 30, "the former owner is a standby")


def vip_lost(world: World) -> None:
    """The owner serves on without the VIP, which comes back to it."""
    node = world.wait_active()
    world.vip_cut.add(node.name)
    time.sleep(1)
    world.vip_cut.discard(node.name)
    wait_for(lambda: world.holder is node, 20, "the VIP is back")


def service_fails(world: World) -> None:
    """The container ends again and again on one node: another one is to try."""
    node = world.wait_active()
    ends = time.monotonic() + 60
    while world.active() in (node, None) and time.monotonic() < ends:
        for group in Path(node.groups, "docker").iterdir():
            if group.is_dir():
                (group / "cgroup.kill").write_text("1")
        time.sleep(0.5)
    world.wait_active(30, other_than=node)


def container_ends(world: World) -> None:
    """Once: it is started again where it was."""
    node = world.wait_active()
    for group in Path(node.groups, "docker").iterdir():
        if group.is_dir():
            (group / "cgroup.kill").write_text("1")
    wait_for(lambda: node.state() != "active", 10, "it is noticed")
    world.wait_active()


def agent_killed(world: World) -> None:
    node = world.wait_active()
    if node.agent:
        node.agent.signal(signal.SIGKILL)
    time.sleep(2)
    wait_for(lambda: node.state() == "active", 10, "the next agent goes on")


SCENARIOS: "dict[str, Callable[[World], None]]" = {
    "switchover": switchover, "power-off": power_off, "no-storage": no_storage, "vip-lost": vip_lost,
    "service-fails": service_fails, "container-ends": container_ends, "agent-killed": agent_killed,
}  # fmt: skip


def record(folder: Path, name: str) -> None:
    world = World()
    recorder = Recorder(world)
    try:
        for node in world.nodes:
            node.start()
        world.wait_active()
        time.sleep(3)
        SCENARIOS[name](world)
        time.sleep(4)
        recorder.end(folder / name)
    finally:
        world.end()


if __name__ == "__main__":
    for scenario in sys.argv[2:] or SCENARIOS:
        record(Path(sys.argv[1]), scenario)
        print(scenario, flush=True)
