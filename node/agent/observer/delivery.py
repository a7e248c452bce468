"""Tells notices, one after the other and again where it fails, without waiting for anybody: each try is a process without root."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

from .channels import shown

#: Seconds until the next try, and after which a notice is given up.
_PAUSES = (10, 30, 60, 300, 900, 3_600)
_GIVEN_UP = 86_400
#: Notices that wait, for all channels; the oldest go.
MOST = 100
#: Seconds that one try may take.
_LIMIT = 45


class Waiting(NamedTuple):
    notice: "dict[str, Any]"
    channel: int
    since: float
    due: float
    tries: int = 0


class Delivery:
    """`command`: starts `agent send-notice`. `channels`: as channels.py reads them. Times are seconds since 1970."""

    def __init__(self, command: "list[str]", channels: "Sequence[dict[str, Any]]", waiting: "Sequence[Waiting]" = ()) -> None:
        self._command = command
        self._channels = channels
        self.waiting = [one for one in waiting if 0 <= one.channel < len(channels)][-MOST:]
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._told: Optional[Waiting] = None
        self._until = 0.0

    def tell(self, notice: "dict[str, Any]", now: float) -> None:
        """To all channels."""
        self.waiting += [Waiting(notice, channel, now, now) for channel in range(len(self._channels))]
        del self.waiting[:-MOST]

    def step(self, now: float) -> bool:
        """Goes on, as far as it can without waiting. Whether what waits has changed."""
        if self._process is not None and self._told is not None:
            code = self._process.poll()
            if code is None and time.monotonic() < self._until:
                return False
            self._end(self._told, words_of(self._process, code), now)
            return True
        due = min(self.waiting, key=lambda one: one.due, default=None)
        if due is not None and due.due <= now:
            self._told, self._until = due, time.monotonic() + _LIMIT
            try:
                self._process = begin(self._command, self._channels[due.channel], due.notice)
            except OSError as error:
                self._end(due, f"it cannot be started: {error}", now)
                return True
        return False

    def fileno(self) -> int:
        """Has news when a try has ended; -1: none is under way."""
        return self._process.stderr.fileno() if self._process and self._process.stderr else -1

    def due_in(self, now: float) -> float:
        """Seconds until `step` has something to do."""
        if self._process is not None:
            return max(0.0, self._until - time.monotonic())
        return max(0.0, min((one.due for one in self.waiting), default=now + 3_600) - now)

    def _end(self, told: Waiting, words: str, now: float) -> None:
        self._process = self._told = None
        if told in self.waiting:
            self.waiting.remove(told)
        if not words:
            return
        where = shown(self._channels[told.channel])
        if now - told.since > _GIVEN_UP:
            print(f"{where}: {told.notice['key']} is given up: {words}", flush=True)
            return
        if told.tries == 0:
            print(f"{where}: {told.notice['key']} is tried again: {words}", flush=True)
        pause = _PAUSES[min(told.tries, len(_PAUSES) - 1)]
        self.waiting.append(told._replace(due=now + pause, tries=told.tries + 1))


def begin(command: "list[str]", channel: "dict[str, Any]", notice: "dict[str, Any]") -> "subprocess.Popen[bytes]":
    """Starts one try. Raises OSError."""
    process = subprocess.Popen(
        command,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        # Less than a pipe holds: this does not wait.
        process.stdin.write(json.dumps({"channel": channel, "notice": notice}).encode()[: 60 << 10])
        process.stdin.close()
    except OSError:
        pass  # it has ended
    return process


def words_of(process: "subprocess.Popen[bytes]", code: Optional[int]) -> str:
    """Why a try came to nothing; empty if it did not. `code` None: its time is over."""
    if code is None:
        process.kill()
        process.wait()
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    try:
        said = os.read(process.stderr.fileno(), 2_000).decode("utf-8", "replace").strip()
    except BlockingIOError:
        said = ""  # something that it left behind has it open
    process.stderr.close()
    if code == 0:
        return ""
    return f"no answer within {_LIMIT} s" if code is None else said.splitlines()[-1] if said else f"it ended with {code}"
