"""Programs that are waited for with a time limit."""

import os
import signal
import subprocess
from collections.abc import Sequence

from .setup import Asked
from .watching import Watched

#: Bytes of what a program says that are read.
_LONGEST = 4 << 10


class TookTooLong(OSError):
    """It was killed, with all that it had started."""


def finished(command: Sequence[str], seconds: float) -> "tuple[int, str]":
    """The exit code, and what it said. Raises TookTooLong, OSError."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, start_new_session=True)
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        code = child.wait(seconds)
        os.set_blocking(reader, False)
        try:
            said_last = os.read(reader, _LONGEST)
        except BlockingIOError:
            said_last = b""
        return code, said_last.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise TookTooLong(f"took longer than {seconds:g} s") from None
    finally:
        os.close(reader)


def said(command: Sequence[str], seconds: float) -> str:
    """What a program said that must end with 0. Raises OSError."""
    code, words = finished(command, seconds)
    if code != 0:
        raise OSError(last_line(words) or f"{command[0]} ended with {code}")
    return words


def last_line(words: str) -> str:
    return next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "")


class Command:
    """A check: a program that ends with 0 while all is well."""

    ends: "Watched | None" = None

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def ask(self) -> str:
        code, words = finished(self._asked.command, self._asked.timeout / 1000)
        if code == 0:
            return ""
        more = last_line(words)
        return f"ended with {code}" + (f" ({more})" if more else "")
