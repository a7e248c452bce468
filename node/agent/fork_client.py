"""The agent's side of the process that forks the jobs."""

from typing import Any, NamedTuple

from .clock import awake_ms
from .line_process import LineProcess

#: Milliseconds in which it answers an order to kill. One that does not is killed itself, and its jobs end with it.
PATIENCE = 5_000
_GONE = "the process that starts the jobs has ended"


class Ended(NamedTuple):
    number: int
    code: int
    words: str
    """What it said last."""


class ForkClient:
    """`command`: starts the process. It is started with the first job, or by `begin`, and again if it has ended."""

    def __init__(self, command: "list[str]") -> None:
        self._process = LineProcess(command)
        self._last = 0
        self._said: dict[int, str] = {}  # by those that run
        self._unanswered: dict[int, int] = {}  # killed, when
        self._hung: set[int] = set()
        self._buried: list[Ended] = []  # nobody was told of it yet

    def fileno(self) -> int:
        return self._process.fileno()

    @property
    def hung(self) -> int:
        """How many were killed, and are not gone yet: what hangs in the kernel goes when it can."""
        return len(self._hung)

    def begin(self) -> str:
        """Why it cannot be started, in words; empty: it runs."""
        return "" if self._process.runs else self._process.start()

    def run(self, kind: str, arguments: "list[str]") -> int:
        """The job's number; it may have ended already."""
        self._last += 1
        why = ""
        # One that has ended is found out by speaking to it.
        for _ in range(2):
            self._bury()
            why = self.begin()
            if why:
                break
            self._process.send({"run": self._last, "kind": kind, "arguments": arguments})
            if self._process.runs:
                self._said[self._last] = ""
                return self._last
        self._buried.append(Ended(self._last, 1, why or _GONE))
        return self._last

    def _bury(self) -> None:
        """What ran in a process that has ended has ended, too."""
        if not self._process.runs:
            self._hung.clear()
            self._unanswered.clear()
            self._buried += [Ended(number, 1, words or _GONE) for number, words in self._said.items()]
            self._said.clear()

    def words(self, number: int) -> str:
        """What a job that runs has said last."""
        return self._said.get(number, "")

    def kill(self, number: int) -> None:
        """Nobody waits for its end."""
        if self._said.pop(number, None) is not None and self._process.runs:
            self._hung.add(number)
            self._unanswered[number] = awake_ms()
            self._process.send({"kill": number})

    def ended(self) -> "list[Ended]":
        """Those that have ended since the last time, and were not killed."""
        if self._unanswered and awake_ms() > min(self._unanswered.values()) + PATIENCE:
            self._process.close()
        found = [each for answer in self._process.answers() for each in self._take(answer)]
        self._bury()
        found, self._buried = found + self._buried, []
        return found

    def _take(self, answer: "dict[str, Any]") -> "list[Ended]":
        if "said" in answer:
            if answer["said"] in self._said:
                self._said[answer["said"]] = answer["words"]
        elif "killed" in answer:
            self._unanswered.pop(answer["killed"], None)
        else:
            self._hung.discard(answer["ended"])
            if answer["ended"] in self._said:
                return [Ended(answer["ended"], answer["code"], self._said.pop(answer["ended"]))]
        return []
