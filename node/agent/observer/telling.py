"""Notices from what is seen to where they are told, and what is remembered of them over a restart."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..files import read_small, write_whole
from .delivery import MOST, Delivery, Waiting
from .metrics import Measured
from .notices import Known, Notice, Place, Told, changes, conditions, gave_up, takeover

_LONGEST = 4 << 20


class Telling:
    """Without channels nothing is remembered: who names the first one is told what is wrong then. `path`: what is remembered."""

    def __init__(self, path: str, place: Place, command: "list[str]", channels: "Sequence[dict[str, Any]]") -> None:
        self._path, self._place, self._works = path, place, bool(channels)
        self._told, waiting = load(path) if channels else (Told(), [])
        self.delivery = Delivery(command, channels, waiting)

    def see_event(self, event: "Mapping[str, Any]", at: float, reason: str, now: float) -> None:
        """A new one of this node; `at`: when it was; `reason`: why the last owner left, of `well`."""
        if not self._works:
            return
        if event["event"] == "well":
            self._told, notices = takeover(self._told, self._place, event, at, reason)
            self._tell(notices, now)
        elif event["event"] == "give-up":
            self._told = gave_up(self._told, event, at)

    def see(self, report: "Optional[Mapping[str, Any]]", seen: Measured, now: float) -> None:
        if not self._works:
            return
        before = self._told
        found = conditions(self._told, self._place, report, seen)
        self._told, notices = changes(self._told, self._place, found, now)
        self._tell(notices, now)
        if [key for key, _ in self._told.known] != [key for key, _ in before.known]:
            self._save()

    def step(self, now: float) -> None:
        if self.delivery.step(now):
            self._save()

    def _tell(self, notices: "Sequence[Notice]", now: float) -> None:
        for notice in notices:
            self.delivery.tell(notice.shown(), now)
        if notices:
            self._save()

    def _save(self) -> None:
        try:
            save(self._path, self._told, self.delivery.waiting)
        except OSError as error:
            print(f"{self._path}: {error}", flush=True)


def save(path: str, told: Told, waiting: "Sequence[Waiting]") -> None:
    """Raises OSError."""
    known = {key: list(one) for key, one in told.known}
    kept = {"known": known, "takeovers": told.takeovers, "gaveUp": told.gave_up, "waiting": [list(one) for one in waiting]}
    write_whole(path, json.dumps(kept).encode())


def load(path: str) -> "tuple[Told, list[Waiting]]":
    """Of another form than expected: nothing was told yet."""
    try:
        kept = json.loads(read_small(path, _LONGEST))
        known = tuple((str(key), _known(one)) for key, one in kept["known"].items())
        at, words = kept["gaveUp"]
        waiting = [_waiting(one) for one in kept["waiting"][-MOST:]]
        return Told(known, tuple(str(key) for key in kept["takeovers"]), (float(at), str(words))), waiting
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Told(), []


def _known(told: Any) -> Known:
    kind, text, since, seen, was_told = told
    return Known(str(kind), str(text), float(since), float(seen), bool(was_told))


def _waiting(told: Any) -> Waiting:
    notice, channel, since, due, tries = told
    if not isinstance(notice, dict) or not isinstance(notice.get("key"), str):
        raise ValueError("it is no notice")
    return Waiting(notice, int(channel), float(since), float(due), int(tries))
