"""What systemd does for the agent's units: restarts them, runs the kill path after the agent, asks for an orderly stop."""

import os
import signal
import subprocess
import threading
import time
from typing import Callable, Optional


class Unit:
    """`command` runs and is restarted; `after` runs whenever it has ended, with systemd's variables."""

    def __init__(self, command: "list[str]", after: "Optional[list[str]]", log: str, notify: bool = False) -> None:
        self.command, self.after, self.log = command, after, log
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.stopping = False
        self.restart = True
        self.starts = 0
        self.afterwards: list[int] = []
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self.stopping:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                self.starts += 1
                code = self.process.wait()
                if self.after:
                    told = {"EXIT_CODE": "exited" if code >= 0 else "killed", "EXIT_STATUS": str(code)}
                    self.afterwards.append(
                        subprocess.run(self.after, stdout=log, stderr=log, env={**os.environ, **told}, check=False).returncode
                    )
            time.sleep(0.1)
            while not self.restart and not self.stopping:
                time.sleep(0.02)

    def signal(self, number: int) -> None:
        if self.process:
            self.process.send_signal(number)

    def stop(self, limit: float = 30) -> None:
        """In order."""
        self.stopping = True
        self.signal(signal.SIGTERM)
        self._thread.join(limit)
        if self._thread.is_alive():
            self.signal(signal.SIGKILL)
            self._thread.join(5)

    def end(self) -> None:
        self.stopping = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self._thread.join(10)


def wait_for(what: "Callable[[], bool]", limit: float, words: str = "") -> float:
    """How long it took; raises AssertionError if it does not come."""
    start = time.monotonic()
    while not what():
        if time.monotonic() - start > limit:
            raise AssertionError(f"not within {limit} s: {words or what}")
        time.sleep(0.02)
    return time.monotonic() - start
