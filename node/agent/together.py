"""Several containers that are one service, and short-lived ones before its start and after its stop.

All of them are in one control group (`cgroup.POD`): one write kills them, whichever of them lives, and one look tells whether
any does. So nobody else needs to know how many there are. They start in their order, each once the one before is well; they
stop in reverse. What is started while this is cancelled dies by whoever has cancelled it, who kills again and again.
"""

import time
from typing import Callable, NamedTuple, Optional

from .docker import Container, Docker, DockerError
from .setup import Hook, Pod, Question

#: Seconds between two looks, for an answer of Docker's beyond a limit, and for what is taken down again.
_BETWEEN, _MORE, _CLEARING = 0.1, 0.5, 5.0


class Cancelled(DockerError):
    """Nothing more is started."""

    def __init__(self) -> None:
        super().__init__(0, "cancelled")


class Unknown(DockerError):
    """Docker may still start what it was asked to."""


class Limits(NamedTuple):
    """`until`: monotonic seconds. `cancelled`: whether nothing more may be started."""

    until: float
    cancelled: Callable[[], bool]

    def left(self) -> float:
        """Raises Cancelled."""
        if self.cancelled():
            raise Cancelled
        return self.until - time.monotonic()

    def sooner(self, seconds: float) -> "Limits":
        return self._replace(until=min(self.until, time.monotonic() + seconds))


class Together:
    """`main`: the last one that is started. `questions`: those of the other ones are asked before the next is started."""

    def __init__(self, main: str, pod: Pod, questions: "tuple[Question, ...]") -> None:
        self.names = (*pod.companions, main)
        self._pod = pod
        self._questions = questions

    @property
    def ends_later(self) -> bool:
        """Something is started after a stop."""
        return bool(self._pod.after)

    def inspect(self, engine: Docker, limit: float) -> "tuple[list[Container], str]":
        """In the order of their start; and the name of one that there is none of, or empty. Raises DockerError."""
        found = []
        for name in (*(hook.container for hook in (*self._pod.before, *self._pod.after)), *self.names):
            one = engine.inspect(name, limit)
            if one is None:
                return [], name
            if name in self.names:
                found.append(one)
        return found, ""

    def start(self, engine: Docker, limits: Limits) -> None:
        """Raises DockerError in words; what was started is stopped again then. Unknown: something may still start."""
        begun: list[str] = []
        try:
            for hook in self._pod.before:
                self._run(engine, hook, "before the start", limits)
            for name in self.names:
                begun.append(name)
                _start(engine, name, limits)
                self._await_well(engine, name, limits)
        except (Cancelled, Unknown):
            raise
        except DockerError:
            self._stop(engine, begun, _CLEARING, Limits(time.monotonic() + _CLEARING + 1, limits.cancelled))
            raise

    def stop(self, engine: Docker, grace: float, limits: Limits) -> None:
        """`grace`: seconds for all of them together. Raises DockerError."""
        self._stop(engine, self.names, grace, limits)

    def after_stop(self, engine: Docker, limits: Limits) -> str:
        """Once all have ended. What went wrong, in words: they have been stopped in order all the same. Raises Unknown."""
        words = []
        for hook in self._pod.after:
            try:
                self._run(engine, hook, "after the stop", limits)
            except (Cancelled, Unknown):
                raise
            except DockerError as error:
                words.append(str(error))
        return "; ".join(words)

    def _stop(self, engine: Docker, names: "tuple[str, ...] | list[str]", grace: float, limits: Limits) -> None:
        end = time.monotonic() + grace
        for name in reversed(names):
            left = max(1, int(end - time.monotonic() + 0.5))
            try:
                engine.stop(name, left, max(_MORE, limits.left()) + _MORE)
            except DockerError as error:
                if error.status != 404:
                    raise

    def _run(self, engine: Docker, hook: Hook, when: str, limits: Limits) -> None:
        """To its end. Raises DockerError if it fails or takes too long; it is dead then, or Unknown is raised."""
        what = f"the hook {hook.container} {when}"
        limits = limits.sooner(hook.timeout / 1000)
        _start(engine, hook.container, limits)
        while True:
            found = engine.inspect(hook.container, max(_MORE, limits.left()))
            if found is None or not found.running:
                break
            if limits.left() < 0:
                engine.kill(hook.container, _CLEARING)
                _await_end(engine, hook.container)
                raise DockerError(0, f"{what} did not end in time ({hook.timeout / 1000:g} s)")
            time.sleep(_BETWEEN)
        if found is None or found.exit_code != 0:
            raise DockerError(0, f"{what} ended with exit code {found.exit_code if found else 'unknown'}")

    def _await_well(self, engine: Docker, name: str, limits: Limits) -> None:
        for question in self._questions:
            if question.container != name:
                continue
            while True:
                words = _trouble(engine, name, question, min(question.timeout / 1000, max(_MORE, limits.left())))
                if not words:
                    break
                found = engine.inspect(name, max(_MORE, limits.left()))
                if found is None or not found.running:
                    raise DockerError(0, f"{name} ended with exit code {found.exit_code if found else 'unknown'}")
                if limits.left() < 0:
                    raise DockerError(0, f"{name} is not well in time: {words}")
                time.sleep(_BETWEEN)


def _start(engine: Docker, name: str, limits: Limits) -> None:
    left = limits.left()
    if left < 0:
        raise DockerError(0, f"there was no time left to start {name}")
    try:
        started = engine.start(name, left + _MORE)
    except DockerError as error:
        raise DockerError(error.status, f"{name}: {error}") if error.status else Unknown(0, f"{name}: {error}") from error
    if not started:
        # It has just ended, and Docker has not noticed; or it runs, which it does not after a stop in order.
        found: Optional[Container] = engine.inspect(name, _MORE + max(_MORE, left))
        if not (found and found.running):
            raise DockerError(0, f"{name} was just ending")


def _await_end(engine: Docker, name: str) -> None:
    end = time.monotonic() + _CLEARING
    while True:
        found = engine.inspect(name, _CLEARING)
        if found is None or not found.running:
            return
        if time.monotonic() > end:
            raise Unknown(0, f"{name} cannot be killed")
        time.sleep(_BETWEEN)


def _trouble(engine: Docker, name: str, question: Question, limit: float) -> str:
    """Why it is not well yet; empty if it is."""
    try:
        if question.command:
            code = engine.execute(name, question.command, limit)
            return "" if code == 0 else f"{question.command[0]} ended with {code}"
        started = engine.started(name, limit)
        if not question.log or (started and engine.has_logged(name, question.log, started, limit)):
            return ""
        return f"its log has no line with '{question.log}' yet"
    except DockerError as error:
        return str(error)
