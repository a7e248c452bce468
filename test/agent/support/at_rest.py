"""What nodes cost at rest: two with agents, or two with the agent's forerunner, the guard. Both do the same: one serves.

Usage: at_rest.py agent SECONDS
       at_rest.py observed SECONDS         each with its observer, too, which is `standbyObserver` and `activeObserver`
       at_rest.py guard SECONDS FOLDER     the guard's files, as `git archive COMMIT node test/guard/fakes` has them

Prints {"standby": {...}, "active": {...}}: `cpu` (seconds of the processor, with all children), `locked` (bytes of memory),
`started` (processes that were begun), each in that time.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../../node"), os.path.join(HERE, "..")]

from support.groups import version_2  # noqa: E402
from support.units import wait_for  # noqa: E402
from support.world import World  # noqa: E402

#: Seconds until whatever was begun by starting has come to its end.
SETTLED = 15


class Metered:
    """A command in a control group of its own: the kernel then counts for it alone."""

    def __init__(self, name: str) -> None:
        self.group = Path(version_2(), f"ha-rancher-at-rest-{os.getpid()}-{name}")
        self.group.mkdir()

    def command(self, command: "list[str]") -> "list[str]":
        return ["sh", "-c", f'echo $$ > {self.group}/cgroup.procs; exec "$@"', "metered", *command]

    def processes(self) -> "list[int]":
        return [int(line) for line in (self.group / "cgroup.procs").read_text().split()]

    def cpu(self) -> float:
        line = next(line for line in (self.group / "cpu.stat").read_text().splitlines() if line.startswith("usage_usec"))
        return int(line.split()[1]) / 1e6

    def locked(self) -> int:
        """Memory that is there and stays there; what several processes share counts once."""
        return sum(_kilobytes(pid, "Locked") for pid in self.processes()) * 1024

    def started(self) -> int:
        """At least so many: children that live, and one more for each process whose ended children have used any memory."""
        found = 0
        for pid in self.processes():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            found += 1 + int(fields[8]) + int(fields[10])
        return found

    def end(self) -> None:
        (self.group / "cgroup.kill").write_text("1")
        time.sleep(0.3)
        self.group.rmdir()


def _line(pid: int, name: str, file: str = "status") -> str:
    try:
        return next(line for line in Path(f"/proc/{pid}/{file}").read_text().splitlines() if line.startswith(f"{name}:"))
    except (OSError, StopIteration):
        return ""


def _kilobytes(pid: int, name: str) -> int:
    words = _line(pid, name, "smaps_rollup").split()
    return int(words[1]) if len(words) > 1 else 0


def _measure(parts: "dict[str, list[Metered]]", seconds: float) -> "dict[str, Any]":
    time.sleep(SETTLED)
    before = {what: [(part.cpu(), part.started()) for part in metered] for what, metered in parts.items()}
    time.sleep(seconds)
    found = {}
    for what, metered in parts.items():
        after = [(part.cpu(), part.started()) for part in metered]
        pairs = list(zip(before[what], after))
        found[what] = {
            "cpu": sum(now[0] - then[0] for then, now in pairs),
            "locked": sum(part.locked() for part in metered),
            "started": sum(now[1] - then[1] for then, now in pairs),
        }
    return found


def listening(path: str) -> str:
    """A service manager, as far as it listens to what is told to it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)

    def listen() -> None:
        while True:
            listener.recv(4096)

    threading.Thread(target=listen, daemon=True).start()
    return path


def observed(node: Any, metered: Metered) -> "subprocess.Popen[bytes]":
    """A node's observer, with a channel and a folder for metrics, as it runs where all is on."""
    told = node.folder / "observer.json"
    told.write_text(json.dumps({"stack": "s", "textfile": str(node.folder / "node.prom")}))
    channels = node.folder / "notify.json"
    channels.write_text(json.dumps({"channels": [{"kind": "command", "command": ["/bin/true"]}]}))
    words = [
        "--run",
        str(node.run),
        "--configuration",
        str(node.configuration),
        "--settings",
        str(told),
        "--channels",
        str(channels),
    ]
    command = metered.command(node.enter("launch.py", "observe", *words))
    with Path(node.log("observer")).open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def agents(seconds: float, with_observers: bool = False) -> "dict[str, Any]":
    world = World()
    os.environ["NOTIFY_SOCKET"] = listening(f"{world.folder}/notify")
    parts: dict[str, list[Metered]] = {}
    try:
        for node in world.nodes:
            node.told.update(timers={}, watchdog="automatic")
            node.told["service"]["health"][0].update(every=1_000, timeout=5_000)
            node.write_configuration()
            lease, agent = Metered(f"{node.name}-lease"), Metered(f"{node.name}-agent")
            parts[node.name] = [lease, agent]
            node.lease_unit.end()
            node.lease_unit = type(node.lease_unit)(lease.command(node.lease_unit.command), None, node.log("lease"))
            command, after = node.unit_commands()
            node.agent = type(node.lease_unit)(agent.command(command), after, node.log("agent"))
        active = world.wait_active(60)
        other = world.standby()
        roles = {"standby": parts[other.name], "active": parts[active.name]}
        if with_observers:
            for role, node in (("standby", other), ("active", active)):
                parts[f"{node.name}-observer"] = roles[f"{role}Observer"] = [Metered(f"{node.name}-observer")]
                observed(node, roles[f"{role}Observer"][0])
        return _measure(roles, seconds)
    finally:
        for node in world.nodes:
            if node.agent:
                node.agent.stopping = True
            node.lease_unit.stopping = True
        for metered in parts.values():
            for part in metered:
                part.end()
        world.end()


class Numbered(Metered):
    """In a PID namespace, too, which gives each process the next number. No thread is among them: all is shells and programs."""

    def command(self, command: "list[str]") -> "list[str]":
        return super().command(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *command])

    looks = 0

    def started(self) -> int:
        inside = next(pid for pid in self.processes() if len(_line(pid, "NSpid").split()) > 2)
        last = ["nsenter", "-t", str(inside), "-p", "-m", "cat", "/proc/sys/kernel/ns_last_pid"]
        # Whoever looks gets a number, too.
        self.looks += 1
        return int(subprocess.run(last, stdout=subprocess.PIPE, check=True).stdout) - self.looks


class Guard:
    """A node with a guard. Docker, systemd and mounts are the stand-ins of its own tests."""

    def __init__(self, folder: Path, files: Path, name: str) -> None:
        self.home, self.name = folder / name, name
        (self.home / "run").mkdir(parents=True)
        for file, content in {"container": "0", "identity": f"test-{name}\n"}.items():
            (self.home / file).write_text(content)
        (self.home / "addresses").write_text(_addresses(name == "a"))
        (self.home / "mounts").write_text(
            "".join(
                f"21 1 8:1 / {point} rw,relatime shared:1 - {kind} /dev/vda1 rw\n"
                for point, kind in (("/", "ext4"), (folder / "lease", "nfs4"))
            )
        )
        told = {
            "NODE": name, "VIP": "192.168.56.10", "CONTAINER": "rancher", "DATA_DIRECTORY": folder / "data",
            "DATA_UNIT": "rancher_data.mount", "LEASE_DIRECTORY": folder / "lease", "LEASE_UNIT": "rancher_lease.mount",
            "IDENTITY": f"test-{name}", "SENTINEL": "the data of the test", "HEALTH_URL": "https://127.0.0.1/healthz",
            "DEEP_URL": "https://127.0.0.1/deep", "HEALTH_EVERY": "1", "RUN_DIRECTORY": self.home / "run",
        }  # fmt: skip
        files_of_it = {
            "IDENTITY_FILE": "identity", "ADDRESS_TABLE": "addresses", "MOUNT_TABLE": "mounts",
            "KEEPALIVED_FILE": "keepalived.conf", "VIP_FACTS": "vip.env", "MAINTENANCE_FILE": "maintenance",
            "MOUNT_STATISTICS": "statistics",
            "WATCHDOG_DEVICE": "watchdog", "INIT_FILES": "init", "FENCE_DIRECTORY": "fence", "CONTROL_GROUPS": "groups",
            "RESET_TRIGGER": "reset",
        }  # fmt: skip
        told.update({key: self.home / file for key, file in files_of_it.items()})
        configuration = self.home / "guard.conf"
        configuration.write_text("".join(f"{key}='{value}'\n" for key, value in told.items()))
        # systemd-notify is the real one where there is one: what it costs is most of what a guard costs.
        fakes = self.home / "bin"
        shutil.copytree(files / "test/guard/fakes", fakes)
        if shutil.which("systemd-notify"):
            (fakes / "systemd-notify").unlink()
        notify = listening(str(self.home / "notify"))
        environment = {
            "PATH": f"{fakes}:/usr/bin:/bin", "FAKE_NODE": str(self.home), "FAKE_NAME": name, "FAKE_LOG": str(folder / "log"),
            "FAKE_LEASE": str(folder / "lease"), "FAKE_DATA": str(folder / "data"), "NOTIFY_SOCKET": notify,
        }  # fmt: skip
        self.metered = Numbered(f"guard-{name}")
        with (self.home / "said").open("wb") as said:
            self.process = subprocess.Popen(
                self.metered.command([str(files / "node/guard/guard"), str(configuration)]), env=environment, stderr=said
            )

    def state(self) -> str:
        try:
            lines = (self.home / "run/state").read_text().splitlines()
        except OSError:
            return ""
        return next((line[6:] for line in lines if line.startswith("state=")), "")


def _addresses(vip: bool) -> str:
    """As /proc/net/fib_trie has them."""
    leaf = "           |-- {}\n              /32 host LOCAL\n"
    addresses = ("192.168.56.100", "192.168.56.1", *(("192.168.56.10",) if vip else ()))
    return "Local:\n  +-- 0.0.0.0/0 3 0 5\n" + "".join(leaf.format(address) for address in addresses)


def guards(seconds: float, files: Path) -> "dict[str, Any]":
    folder = Path(f"/dev/shm/ha-rancher-at-rest-{os.getpid()}")
    for part in ("lease", "data"):
        (folder / part).mkdir(parents=True)
    (folder / "log").touch()
    (folder / "data/.ha-rancher-sentinel").write_text("the data of the test\n")
    nodes: list[Guard] = []
    try:
        nodes += [Guard(folder, files, name) for name in ("a", "b")]
        try:
            wait_for(lambda: [node.state() for node in nodes] == ["ACTIVE", "STANDBY"], 90, "an active guard and a standby")
        except AssertionError:
            said = "".join(f"{node.name} {node.state()}: {(node.home / 'said').read_text()[-2000:]}\n" for node in nodes)
            raise SystemExit(f"the guards do not come up:\n{said}") from None
        return _measure({"standby": [nodes[1].metered], "active": [nodes[0].metered]}, seconds)
    finally:
        for node in nodes:
            node.metered.end()
            node.process.send_signal(signal.SIGKILL)
            node.process.wait()
        container = folder / "a/container"
        if container.exists() and container.read_text().strip() not in ("", "0"):
            subprocess.run(["kill", "-9", container.read_text().strip()], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    kind, seconds = sys.argv[1], float(sys.argv[2])
    print(json.dumps(guards(seconds, Path(sys.argv[3])) if kind == "guard" else agents(seconds, kind == "observed")))
