"""Starts and stops the units of VIPs beside the agent: systemd may take its time."""

import queue
import threading
from typing import Callable

from ..harden import ordinary_children
from .commands import finished, last_line
from .plan import Vip
from .state import Moved


class UnitMover:
    """`wake` is called from another thread when something is done."""

    def __init__(self, systemctl: str, limit: int, wake: Callable[[], None]) -> None:
        self._systemctl, self._limit, self._wake = systemctl, limit, wake
        self._done: queue.SimpleQueue[Moved] = queue.SimpleQueue()

    def move(self, number: int, vip: Vip, start: bool) -> None:
        def run() -> None:
            try:
                with ordinary_children():
                    words = self._run(vip.units, start)
            except OSError as error:
                words = str(error)
            self._done.put(Moved(number, start, words))
            self._wake()

        threading.Thread(target=run, daemon=True).start()

    def _run(self, units: "tuple[str, ...]", start: bool) -> str:
        """Why one could not be moved; empty: all are."""
        for unit in units if start else reversed(units):
            code, words = finished((self._systemctl, "start" if start else "stop", "--", unit), self._limit / 1000)
            if code != 0:
                return last_line(words) or f"`systemctl {'start' if start else 'stop'} {unit}` ended with {code}"
        return ""

    def collect(self) -> "tuple[Moved, ...]":
        done = []
        while not self._done.empty():
            done.append(self._done.get())
        return tuple(done)
