"""What programs say that are asked about this node, for `status`. None of them is waited for beyond its time."""

import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple, Optional


class Question(NamedTuple):
    command: Sequence[str]
    #: Whether it answers on standard error; else that is for nobody.
    on_error: bool = False


def said(limit: float, *questions: Question) -> "list[Optional[str]]":
    """The answers; None for one that does not come in `limit` seconds. All are asked at the same time: on a busy machine each
    takes seconds."""
    started = [_start(question) for question in questions]
    until = time.monotonic() + limit
    return [None if one is None else _output(one, until) for one in started]


def _start(question: Question) -> "Optional[subprocess.Popen[bytes]]":
    errors = subprocess.STDOUT if question.on_error else subprocess.DEVNULL
    try:
        return subprocess.Popen(question.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
    except OSError:
        return None


def _output(process: "subprocess.Popen[bytes]", until: float) -> Optional[str]:
    """One that hangs in the kernel is left to itself: it is not waited for, and does not take the others' time."""
    try:
        answer, _ = process.communicate(timeout=max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        return None
    return answer.decode("utf-8", "replace").strip()
