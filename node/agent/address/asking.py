"""Asks what runs here whether it is well, in a process of its own: what hangs or costs time there does not concern the agent.

`agent checks` reads orders from standard input and writes answers to standard output, one JSON object a line:

    {"held": [0]}    which VIPs are here          {"vip": 0, "check": 1, "good": false, "words": "ended with 1"}, each time

Each check has a thread: one that hangs keeps no other one waiting. A process or a unit that ends is noticed at once.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Optional

from ..core.observation import Answer
from ..harden import be_ordinary
from ..health import Asker
from ..setup import Question
from .commands import Command, said
from .setup import AddressSetup, Asked
from .watching import Watched

#: Milliseconds after which a bad answer is asked again, at most.
_SOON = 200
#: Milliseconds for which a unit whose process lives is believed to be active.
_BELIEVED = 5_000
_LONGEST_WORDS = 300


class Page:
    """A page, or a port. Its connection is kept."""

    ends: Optional[Watched] = None

    def __init__(self, asked: Asked, address: str) -> None:
        question = Question(url=asked.url, status=asked.status, tcp=asked.tcp, timeout=asked.timeout)
        self._asker = Asker(question, "", "", address)

    def ask(self) -> str:
        answer, words = self._asker.ask()
        return "" if answer is Answer.OK else words or answer.value


class Unit:
    """systemd is asked seldom, as long as the unit's main process lives."""

    def __init__(self, asked: Asked, systemctl: str) -> None:
        self._asked, self._systemctl = asked, systemctl
        self.ends = Watched()
        self._until = 0.0

    def ask(self) -> str:
        if self.ends.lives() and time.monotonic() < self._until:
            return ""
        command = (self._systemctl, "show", "--property=ActiveState,MainPID", "--", self._asked.unit)
        told = dict(line.partition("=")[::2] for line in said(command, self._asked.timeout / 1000).splitlines())
        state = told.get("ActiveState", "")
        if state not in ("active", "reloading"):
            self.ends.forget()
            return f"is {state or 'unknown to systemd'}"
        self.ends.watch(int(told.get("MainPID") or 0))
        self._until = time.monotonic() + _BELIEVED / 1000
        return ""


class Named:
    """A process of this name, the oldest one first."""

    def __init__(self, asked: Asked) -> None:
        self._name = asked.process
        self.ends = Watched()

    def ask(self) -> str:
        if self.ends.lives():
            return ""
        for pid in _pids():
            if _name_of(pid) == self._name:
                self.ends.watch(pid)
                if self.ends.lives():
                    return ""
        return "does not run"


def _pids() -> Iterator[int]:
    return iter(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))


def _name_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read(64).rstrip("\n")
    except OSError:
        return ""


class Checks:
    """All of them, each in its thread."""

    def __init__(self, setup: AddressSetup) -> None:
        self._setup = setup
        self._held: frozenset[int] = frozenset()
        self._turned = threading.Condition()

    def run(self) -> int:
        """Until standard input ends, which it does with the agent."""
        for vip, checks in enumerate(self._setup.asked):
            for number, asked in enumerate(checks):
                threading.Thread(target=self._go_on, args=(vip, number, asked), daemon=True).start()
        for line in sys.stdin:
            with self._turned:
                self._held = frozenset(json.loads(line)["held"])
                self._turned.notify_all()
        return 0

    def _go_on(self, vip: int, number: int, asked: Asked) -> None:
        asker = self._asker(asked)
        while True:
            if asked.on_holder:
                with self._turned:
                    self._turned.wait_for(lambda: vip in self._held)
            started = time.monotonic()
            try:
                words = asker.ask()
            except (OSError, ValueError) as error:
                words = str(error) or type(error).__name__
            told = {"vip": vip, "check": number, "good": not words, "words": words[:_LONGEST_WORDS]}
            # A line is shorter than PIPE_BUF: lines do not mix.
            os.write(1, json.dumps(told).encode() + b"\n")
            pause = asked.every if not words else min(asked.every, _SOON)
            left = started + pause / 1000 - time.monotonic()
            if asker.ends:
                asker.ends.wait(max(0.05, left))
            else:
                time.sleep(max(0.0, left))

    def _asker(self, asked: Asked) -> "Page | Unit | Named | Command":
        if asked.unit:
            return Unit(asked, self._setup.paths.systemctl)
        if asked.process:
            return Named(asked)
        return Command(asked) if asked.command else Page(asked, self._setup.address)


def run_checks(setup: AddressSetup) -> int:
    be_ordinary(os.getppid())
    return Checks(setup).run()
