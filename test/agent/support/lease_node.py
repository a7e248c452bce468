"""A real lease process of one node, and its agent's side of it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, ClassVar, Optional

from agent.core.lease_requests import Request
from agent.core.observation import LeaseView
from agent.core.record import Claim, Record
from agent.lease.client import LeaseClient
from agent.lease.wire import Terms

LAUNCH = os.path.join(os.path.dirname(os.path.realpath(__file__)), "launch.py")


@contextlib.contextmanager
def lease_folder() -> "Iterator[Path]":
    """On a file system that is known by its type in the place of NFS."""
    path = Path(f"/dev/shm/ha-rancher-lease-{os.getpid()}-{time.monotonic_ns()}")
    (path / "lease").mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(path / "lease")], check=False)
    assert mounted.returncode == 0
    try:
        yield path
    finally:
        Process.end_all()
        subprocess.run(["umount", "-l", str(path / "lease")], check=True)
        subprocess.run(["rm", "-rf", str(path)], check=True)


class Process:
    """A lease process of a node, and its agent's side."""

    made: ClassVar["list[Process]"] = []
    """All of them: whoever has a folder for them ends them, also if the one after it does not come up."""

    def __init__(self, folder: Path, node: str, alone: int = 3_000, claim_time: int = 0) -> None:
        self.run = folder / node
        self.run.mkdir(exist_ok=True)
        self.node = node
        self.log = self.run / "log"
        with self.log.open("ab") as log:
            self.child = subprocess.Popen([sys.executable, "-I", "-S", "-B", LAUNCH, "lease", "--run", str(self.run)], stderr=log)
        self.made.append(self)
        self.terms = Terms(str(folder / "lease"), "tmpfs", "/proc/self/mountinfo", node, ("a", "b"), claim_time, alone)
        self.client = self.connected()

    def connected(self, terms: Optional[Terms] = None) -> LeaseClient:
        client = LeaseClient(str(self.run / "lease.sock"), terms or self.terms)
        wait(client.connect, 5)
        wait(lambda: client.collect() and bool(client.version), 5)
        return client

    def ask(self, request: Request) -> LeaseView:
        assert self.client.ask(request)
        wait(lambda: self.client.collect() and not self.client.view.pending, 5)
        return self.client.view

    def record(self, epoch: int, sequence: int, claim: Claim = Claim.ACTIVE) -> Record:
        return Record(epoch, sequence, self.node, claim, 10_000, False, True, "v1", "boot")

    @classmethod
    def end_all(cls) -> None:
        while cls.made:
            cls.made.pop().end()

    def end(self) -> None:
        self.child.send_signal(signal.SIGCONT)
        self.child.kill()
        self.child.wait()


def wait(what: Callable[[], object], limit: float) -> None:
    end = time.monotonic() + limit
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
