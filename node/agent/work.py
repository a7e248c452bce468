"""`agent work` and `agent await-well`: work on the shared data that wants the service stopped, from the side of who asks."""

import json
import socket
import time
from typing import Any, NamedTuple, Optional

from .control import NoAgent, ask_agent
from .core.observation import TAKE_BACK
from .core.settings import Configuration
from .process import Process

#: Seconds between two looks, and for one answer.
_BETWEEN, _ANSWER = 1.0, 3.0
#: Seconds in which another agent takes over from one that has ended.
_REPLACED = 30.0
#: States from which the work is not begun, nor the service started, without something else happening first.
_AWAY = ("begin", "standby", "contending", "waiting", "ended")
#: However long they take, which has its own limits.
_WORKING = ("cloning", "working")
#: The service leaves this node.
_LEAVING = ("stopping", "unmounting", "releasing", "killing")


def patience(core: Configuration) -> float:
    """Seconds: a node that is not active yet may have to wait for the VIP and for the lease."""
    return (core.stop_grace + core.hold_off + core.grace_time + 2 * core.start_limit) / 1000


class _Gone(Exception):
    """The agent has ended, in words; another one may take its place."""


class _Asked(NamedTuple):
    control: str
    verb: str
    file: str
    number: str
    limit: float
    asker: Optional[Process]


def ask_work(control: str, verb: str, file: str, number: str, limit: float, asker: Optional[Process] = None) -> str:
    """Waits until it is done, however long the work itself takes, which the agent limits. Withdrawn where this ends before, or
    the `asker`. Where the agent ends meanwhile the next one is asked for the same, which it knows by its number.

    `limit`: seconds in which it must begin. Returns why it was not done; empty if it was.
    """
    asked = _Asked(control, verb, file, number, limit, asker)
    gone_since: Optional[float] = None
    while True:
        begun = time.monotonic()
        try:
            return _ask_once(asked)
        except _Gone as gone:
            now = time.monotonic()
            # One that had answered has just gone.
            if gone_since is None or now - begun > _REPLACED:
                gone_since = now
            if verb == TAKE_BACK or now - gone_since > _REPLACED:
                return str(gone)
            time.sleep(_BETWEEN)


def _ask_once(asked: _Asked) -> str:
    """Raises _Gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER)
        try:
            connection.connect(asked.control)
            request = {"do": "work", "number": asked.number, "verb": asked.verb, "file": asked.file}
            connection.sendall(json.dumps(request).encode() + b"\n")
            connection.settimeout(_BETWEEN)
            return _words(_wait(connection, asked))
        except OSError as error:
            raise _Gone(f"the agent of this node does not answer: {error}") from error
        except _NotBegun as trouble:
            return str(trouble)


class _NotBegun(Exception):
    """In words."""


def _wait(connection: socket.socket, asked: _Asked) -> bytes:
    """The answer. Raises _Gone, _NotBegun, OSError."""
    answer, begun, owned = b"", time.monotonic(), False
    while not answer.endswith(b"\n"):
        try:
            part = connection.recv(64 << 10)
        except socket.timeout:
            state, reason = _state(asked.control)
            owned = owned or bool(state and state not in _AWAY + _LEAVING)
            if state in _WORKING:
                begun = time.monotonic()
            _still_wanted(asked, state, reason, owned, time.monotonic() - begun)
            continue
        if not part:
            raise _Gone("the agent of this node has ended")
        answer += part
    return answer


def _still_wanted(asked: _Asked, state: str, reason: str, owned: bool, waited: float) -> None:
    """Raises _NotBegun."""
    if asked.asker and not asked.asker.lives():
        raise _NotBegun("nobody waits for it any more")
    if asked.verb == "pack" and state in (*_LEAVING, "standby"):
        # Another node serves by now, or will.
        raise _NotBegun(f"the service left this node: {reason}")
    if asked.verb == TAKE_BACK and (state in _LEAVING or (owned and state == "standby")):
        raise _NotBegun(reason)
    if waited > asked.limit:
        raise _NotBegun(f"the agent did not begin it in {asked.limit:.0f} s; it is {state or 'stopped'} ({reason})")


def _words(answer: bytes) -> str:
    try:
        told = json.loads(answer)
        return str(told.get("error") or "")
    except (ValueError, AttributeError, RecursionError):
        return "the agent answers in another form than expected"


def _state(control: str) -> "tuple[str, str]":
    """Empty, and why, where nobody answers."""
    try:
        agent: Any = ask_agent(control, {"do": "status"}, _ANSWER).get("agent")
    except NoAgent as gone:
        return "", str(gone)
    if not isinstance(agent, dict):
        return "", "the agent answers in another form than expected"
    return str(agent.get("state")), str(agent.get("fault") or agent.get("reason"))


class NotWell(Exception):
    """In words."""


def await_well(control: str, core: Configuration) -> float:
    """Waits until the service is well on this node; for how many seconds it has been, then. Raises NotWell."""
    deadline = time.monotonic() + (core.start_deadline + core.start_limit + core.copy_limit) / 1000
    silent: Optional[float] = None
    while True:
        state, reason = _state(control)
        now = time.monotonic()
        silent = None if state else (silent or now)
        if state == "active":
            return _since(control)
        if state in _AWAY[1:] + _LEAVING or now > deadline or (silent is not None and now - silent > _REPLACED):
            raise NotWell(reason)
        time.sleep(_BETWEEN / 5)


def _since(control: str) -> float:
    try:
        return float(ask_agent(control, {"do": "status"}, _ANSWER)["agent"]["since"])
    except (NoAgent, KeyError, TypeError, ValueError):
        return 0.0
