"""A node whose agent has just ended while its container runs: what the kill path finds."""

import os
import subprocess
import time
from pathlib import Path

from agent.clock import boot_ms
from agent.core.actions import Memory
from agent.core.observation import Beat
from agent.reset import Reset
from agent.run_files import KillPlan, Notes, RunFiles
from agent.stop import stop

from .groups import CONTAINER, version_2

CRASHED = {"EXIT_CODE": "killed", "EXIT_STATUS": "9"}
REFUSED = {"EXIT_CODE": "exited", "EXIT_STATUS": "78"}


class Owner:
    """A node whose agent has just ended, with its container running."""

    def __init__(self, folder: Path) -> None:
        self.run = folder / "run"
        self.run.mkdir()
        self.root = f"{version_2()}/ha-rancher-test-{os.getpid()}"
        self.group = f"{self.root}/docker/{CONTAINER}"
        os.makedirs(self.group)
        self.container = subprocess.Popen(["sleep", "60"])
        Path(self.group, "cgroup.procs").write_text(str(self.container.pid))
        self.trigger = folder / "reset"
        self.trigger.touch()
        self.plan = KillPlan(self.root, "/proc/self/mountinfo", str(self.trigger), str(folder / "data"), 200, 1_200, 2_000)
        self.notes = Notes(RunFiles(str(self.run)), self.plan)
        self.notes.keep(id=CONTAINER)
        self.notes.remember(Memory(epoch=7))
        self.notes.beat(Beat(boot_ms()))

    def stop(self, environment: "dict[str, str]") -> int:
        return stop(str(self.run), environment, Reset(str(self.trigger)))

    def alive(self) -> bool:
        return self.container.poll() is None

    def was_reset(self) -> bool:
        return self.trigger.read_bytes() == b"b"

    def end(self) -> None:
        self.container.kill()
        self.container.wait()
        Path(self.group, "cgroup.kill").write_text("1")
        time.sleep(0.1)
        for folder in (self.group, f"{self.root}/docker", self.root):
            os.rmdir(folder)
