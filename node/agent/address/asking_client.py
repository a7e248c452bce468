"""The agent's side of the process that asks."""

from typing import Any, Optional

from ..line_process import LineProcess
from .state import Answer


class Asking:
    """`command`: starts it. `fileno()` is readable when there are answers; -1 while it does not run."""

    def __init__(self, command: "list[str]") -> None:
        self._process = LineProcess(command)
        self._held: Optional[frozenset[int]] = None
        self.words = ""
        """Why nobody asks; empty: it is asked."""

    def fileno(self) -> int:
        return self._process.fileno()

    def tell(self, held: "frozenset[int]") -> None:
        """Which VIPs are here. Starts it, if it does not run."""
        begins = not self._process.runs
        if begins:
            self.words = self._process.start()
        if self._process.runs and (begins or held != self._held):
            self._held = held
            self._process.send({"held": sorted(held)})

    def collect(self) -> "tuple[Answer, ...]":
        """The answers that have come."""
        return tuple(_answer(told) for told in self._process.answers())

    def close(self) -> None:
        self._process.close()


def _answer(told: Any) -> Answer:
    return Answer(int(told["vip"]), int(told["check"]), told["good"] is True, str(told["words"]))
