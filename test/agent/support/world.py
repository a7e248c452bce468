"""Two nodes on this machine: real agents, lease processes, control groups, mounts, addresses; Docker, systemd and
keepalived are stand-ins, and a local directory is the NFS server's."""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional

from agent.control import NoAgent, ask_agent
from agent.core.record import decode_epoch

from .groups import version_2
from .units import Unit, wait_for

HERE = os.path.dirname(os.path.realpath(__file__))
VIP = "192.0.2.10"
SENTINEL = "stack of the test"
TIMERS = {
    "heartbeat": 400, "giveUp": 3000, "watchdog": 4200, "leaseTime": 6000, "graceTime": 6000, "followLease": 800,
    "vipLoss": 5000, "hold": 1500, "holdOff": 4000, "wellTime": 3000, "startDeadline": 15000, "refusedTime": 1000,
    "slowTime": 4000, "startLimit": 10000, "stopGrace": 3000, "unwellGrace": 500,
}  # fmt: skip


class RealNode:
    """One node: a network and a mount namespace, and its processes in them."""

    def __init__(self, world: "World", name: str, port: int) -> None:
        self.world, self.name = world, name
        self.folder = Path(world.folder, name)
        self.run, self.data, self.lease = (self.folder / part for part in ("run", "data", "lease"))
        for path in (self.run, self.data, self.lease, self.folder / "state"):
            path.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(self.run)], check=True)
        self.groups = f"{world.groups}/{name}"
        os.makedirs(self.groups)
        self.reset = self.folder / "reset"
        self.reset.touch()
        self.code = ""  # where the agent's files are; the repository's without
        self.anchor = subprocess.Popen(["unshare", "-m", "-n", "--propagation", "private", "sleep", "infinity"])
        time.sleep(0.2)
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("mount", "--bind", f"{world.share}/lease", str(self.lease))
        self._write_systemctl()
        self.configuration = self.folder / "agent.json"
        self.told = self._told(port)
        more = world.more(self) if world.more else {}
        if more:
            Path(self.folder, "docker.sock.more").write_text(json.dumps(more))
        self.write_configuration()
        service = [sys.executable, f"{HERE}/fake_service.py", str(self.data), name, str(port)]
        docker = self.enter("fake_docker.py", f"{self.folder}/docker.sock", self.groups, "service", *service)
        self.docker = Unit(docker, None, self.log("docker"))
        self.lease_unit = Unit(self.enter("launch.py", "lease", "--run", str(self.run)), None, self.log("lease"))
        self.agent: Optional[Unit] = None

    def log(self, name: str) -> str:
        return str(self.folder / f"{name}.log")

    def _told(self, port: int) -> "dict[str, Any]":
        health = [{"url": f"http://127.0.0.1:{port}/ping", "every": 200, "timeout": 500}]
        return {
            "node": self.name, "peers": [peer for peer in self.world.names if peer != self.name], "vip": VIP,
            "data": {"directory": str(self.data), "unit": "data.mount", "sentinel": SENTINEL, "datastore": "db"},
            "lease": {"directory": str(self.lease), "unit": "lease.mount", "identity": self.name},
            "timers": dict(TIMERS), "watchdog": "off", "service": {"container": "service", "health": health},
            "paths": {"run": str(self.run), "state": str(self.folder / "state"), "docker": f"{self.folder}/docker.sock",
                      "controlGroups": self.groups, "reset": str(self.reset), "systemctl": str(self.folder / "systemctl"),
                      "keepalived": str(self.folder / "keepalived.conf"), "watchdog": "/dev/none-of-the-test"},
        }  # fmt: skip

    def write_configuration(self) -> None:
        self.configuration.write_text(json.dumps(self.told))

    def _write_systemctl(self) -> None:
        script = self.folder / "systemctl"
        share = self.world.share
        # A file system of its own each time: whether it is still mounted anywhere can be told, as with NFS. Both nodes are on
        # this machine, and one's must not be taken for the other's that had its device before.
        folders = f"lowerdir={share}/empty,upperdir={share}/data,workdir={share}/work"
        data = f"mount -t overlay data-of-{self.name} -o {folders} {self.data}"
        script.write_text(
            f"#!/bin/sh\ncase $2 in\ndata.mount) exec {data} ;;\n"
            f'lease.mount) exec mount --bind "{self.world.share}/lease" "{self.lease}" ;;\nesac\necho inactive\nexit 3\n'
        )
        script.chmod(0o755)

    def enter(self, script: str, *words: str) -> "list[str]":
        """A command in this node's namespaces."""
        python = ["env", "MALLOC_ARENA_MAX=1", f"AGENT_CODE={self.code}", sys.executable, "-I", "-S", "-B"]
        return [*self._nsenter(), *python, f"{HERE}/{script}", *words]

    def _nsenter(self) -> "list[str]":
        return ["nsenter", "-t", str(self.anchor.pid), "-m", "-n", "--"]

    def inside(self, *command: str, check: bool = True) -> str:
        done = subprocess.run([*self._nsenter(), *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert not check or done.returncode == 0, done.stdout.decode()
        return done.stdout.decode()

    def start(self) -> None:
        self.agent = Unit(*self.unit_commands(), self.log("agent"))

    def unit_commands(self) -> "tuple[list[str], list[str]]":
        """ExecStart and ExecStopPost, as ha-rancher-agent.service has them."""
        common = ["--run", str(self.run), "--configuration", str(self.configuration)]
        stop = shlex.join(self.enter("launch.py", "stop", *common))
        condition = f'[ ! -e {self.run}/ending ] && [ "$EXIT_STATUS" != 78 ]'
        return self.enter("launch.py", "agent", *common), ["sh", "-c", f"{condition} || exec {stop}"]

    def command(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        """The agent's command line on this node."""
        options = ["--run", str(self.run), "--configuration", str(self.configuration)]
        return subprocess.run(self.enter("launch.py", words[0], *options, *words[1:]), capture_output=True, check=False)

    def status(self) -> "dict[str, Any]":
        told: dict[str, Any] = json.loads(self.command("status").stdout)
        return told

    def report(self) -> "dict[str, Any]":
        """What the agent says of itself; empty if it does not answer."""
        try:
            return ask_agent(str(self.run / "agent.sock"), {"do": "status"}, 2)
        except NoAgent:
            return {}

    def state(self) -> str:
        return str(self.report().get("agent", {}).get("state", ""))

    def fit(self) -> bool:
        try:
            return (self.run / "track").read_bytes() == b"0\n"
        except OSError:
            return False

    def set_vip(self, here: bool) -> None:
        self.inside("ip", "addr", "add" if here else "del", f"{VIP}/32", "dev", "lo", check=False)

    def agent_pid(self) -> int:
        """nsenter becomes the program."""
        assert self.agent and self.agent.process
        return self.agent.process.pid

    def was_reset(self) -> bool:
        return self.reset.read_bytes() != b""

    def end(self) -> None:
        for unit in (self.agent, self.lease_unit, self.docker):
            if unit:
                unit.end()
        for folder, _, _ in os.walk(self.groups, topdown=False):
            try:
                Path(folder, "cgroup.kill").write_text("1")
            except OSError:
                pass
        self.anchor.kill()
        self.anchor.wait()
        subprocess.run(["umount", "-l", str(self.run)], check=False)


#: Changes what a node is told; gives the commands of its further containers by their names.
More = Callable[[RealNode], "dict[str, list[str]]"]


class World:
    def __init__(
        self, names: "tuple[str, ...]" = ("node-a", "node-b"), more: "Optional[More]" = None, disk: str = "/dev/shm"
    ) -> None:
        self.names = names
        self.more = more
        # A file system that is known by its type in the place of NFS.
        self.folder = f"/dev/shm/ha-rancher-test-{os.getpid()}-{time.monotonic_ns()}"
        self.share = f"{self.folder}/share"
        self.groups = f"{version_2()}/{os.path.basename(self.folder)}"
        os.makedirs(self.groups)
        os.makedirs(f"{self.share}/lease")
        for part in ("data", "work") if disk else ():
            os.makedirs(f"{disk}/{os.path.basename(self.folder)}/{part}")
            os.symlink(f"{disk}/{os.path.basename(self.folder)}/{part}", f"{self.share}/{part}")
        for part in ("data/db", "empty", "work"):
            os.makedirs(f"{self.share}/{part}", exist_ok=True)
        Path(self.share, "data/.ha-rancher-sentinel").write_text(f"{SENTINEL}\n")
        Path(self.share, "data/db/file").write_text("datastore")
        self.nodes = [RealNode(self, name, 18080 + i) for i, name in enumerate(names)]
        self.holder: Optional[RealNode] = None
        self.vip_cut: set[str] = set()
        self._ended = False
        self._keepalived = threading.Thread(target=self._elect, daemon=True)
        self._keepalived.start()

    def _elect(self) -> None:
        """As keepalived with `nopreempt`: the VIP stays where it is as long as that node is fit."""
        while not self._ended:
            able = [node for node in self.nodes if node.fit() and node.name not in self.vip_cut]
            if self.holder not in able:
                if self.holder:
                    self.holder.set_vip(False)
                self.holder = able[0] if able else None
                if self.holder:
                    self.holder.set_vip(True)
            time.sleep(0.05)

    def active(self) -> Optional[RealNode]:
        return next((node for node in self.nodes if node.state() == "active"), None)

    def wait_active(self, limit: float = 20, other_than: Optional[RealNode] = None) -> RealNode:
        wait_for(lambda: self.active() not in (None, other_than), limit, "an active node")
        found = self.active()
        assert found
        return found

    def standby(self) -> RealNode:
        active = self.active()
        return next(node for node in self.nodes if node is not active)

    def writes(self) -> "list[tuple[str, int, float]]":
        lines = Path(self.share, "data/writes").read_text().splitlines()
        parts = [line.split(" ") for line in lines if line.count(" ") == 2]
        return [(node, int(process), float(at)) for node, process, at in parts]

    def epoch(self) -> int:
        return decode_epoch(Path(self.share, "lease/epoch").read_bytes()) or 0

    def logs(self) -> str:
        found = ""
        for node in self.nodes:
            for path in sorted(node.folder.glob("*.log")):
                found += f"--- {node.name} {path.name}\n{path.read_text()[-6000:]}"
        return found

    def end(self) -> None:
        self._ended = True
        self._keepalived.join(5)
        for node in self.nodes:
            node.end()
        for folder, _, _ in os.walk(self.groups, topdown=False):
            try:
                Path(folder, "cgroup.kill").write_text("1")
            except OSError:
                pass
        time.sleep(0.2)
        for folder, _, _ in os.walk(self.groups, topdown=False):
            os.rmdir(folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def longest_gap(writes: "list[tuple[str, int, float]]", since: float, until: float) -> float:
    """The longest time without a write between two times."""
    times = [since, *(at for _, _, at in writes if since <= at <= until), until]
    return max(after - before for before, after in zip(times, times[1:]))


def overlapping(writes: "list[tuple[str, int, float]]") -> "list[str]":
    """Processes that wrote while another one did."""
    spans: dict[tuple[str, int], list[float]] = {}
    for node, process, at in writes:
        spans.setdefault((node, process), []).append(at)
    ordered = sorted((times[0], times[-1], name) for name, times in spans.items())
    return [f"{one[2]} and {two[2]}" for one, two in zip(ordered, ordered[1:]) if one[1] > two[0]]


@contextlib.contextmanager
def running(more: "Optional[More]" = None) -> "Iterator[World]":
    """Two nodes, one of them active. Whatever a test does there, two containers never write at the same time."""
    made = World(more=more)
    try:
        for node in made.nodes:
            node.start()
        made.wait_active()
        yield made
        # Shown if the test fails.
        print(made.logs())
        assert overlapping(made.writes()) == []
    finally:
        made.end()
