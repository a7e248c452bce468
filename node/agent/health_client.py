"""The agent's side of the process that asks the service."""

from .core.observation import Answer, HealthView
from .line_process import LineProcess


class HealthProcess:
    """`command`: starts it. Nothing runs until the first question, or `prepare`."""

    def __init__(self, command: "list[str]") -> None:
        self._process = LineProcess(command)
        self._asked = 0
        self.view = HealthView()

    def fileno(self) -> int:
        return self._process.fileno()

    @property
    def ended(self) -> bool:
        """It should be asking, and does not run."""
        return self._asked != 0 and not self._process.runs

    def prepare(self) -> None:
        """Starts what asks, so that the first question does not wait for it. What does not come about is told with that one."""
        if not self._process.runs:
            self._process.start()

    def ask(self, questions: int) -> None:
        """From now on; 0: no more."""
        self._asked = questions
        self.view = HealthView(questions)
        if questions == 0:
            self.close()
            return
        words = "" if self._process.runs else self._process.start()
        if words:
            self.view = HealthView(questions, Answer.NONE, words)
            return
        self._process.send({"ask": questions})

    def collect(self) -> bool:
        """Whether there is a new answer. One that has ended is started again."""
        if self.ended:
            self.ask(self._asked)
            return False
        answers = self._process.answers()
        for told in answers[-1:]:
            self.view = HealthView(int(told["questions"]), Answer(told["answer"]), str(told["words"]))
        return bool(answers)

    def close(self) -> None:
        self._process.close()
