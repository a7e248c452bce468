"""The agent's side of the process that asks the service."""

import json
import os
import subprocess
from typing import Optional

from .core.observation import Answer, HealthView
from .harden import ordinary_children


class HealthProcess:
    """`command`: starts it. Nothing runs until the first question."""

    def __init__(self, command: "list[str]") -> None:
        self._command = command
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._buffer = b""
        self._asked = 0
        self.view = HealthView()

    def fileno(self) -> int:
        return self._child.stdout.fileno() if self._child and self._child.stdout else -1

    @property
    def ended(self) -> bool:
        """It should be asking, and does not run."""
        return self._asked != 0 and self._child is None

    def ask(self, questions: int) -> None:
        """From now on; 0: no more."""
        self._asked = questions
        self.view = HealthView(questions)
        if questions == 0:
            self.close()
            return
        if self._child is None:
            try:
                with ordinary_children():
                    self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            except OSError as error:
                self.view = HealthView(questions, Answer.NONE, f"nobody can ask: {error.strerror}")
                return
            os.set_blocking(self.fileno(), False)
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps({"ask": questions}).encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            self.close()

    def collect(self) -> bool:
        """Whether there is a new answer. One that has ended is started again."""
        if self._child is None:
            if self._asked:
                self.ask(self._asked)
            return False
        try:
            part = os.read(self.fileno(), 64 << 10)
        except BlockingIOError:
            return False
        if not part:
            self.close()
            return False
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        for line in lines[-1:]:
            told = json.loads(line)
            self.view = HealthView(int(told["questions"]), Answer(told["answer"]), str(told["words"]))
        return bool(lines)

    def close(self) -> None:
        child, self._child, self._buffer = self._child, None, b""
        if child:
            child.kill()
            child.poll()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except OSError:
                        pass
