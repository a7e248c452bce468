"""Why an owner left, by its own events. Pure. stack/history/chain.ts tells it the same way."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

#: What an order of an operator begins with, in the agent's words.
PLANNED = re.compile(r"(told to hand over|told to end|banned|the service is stopped)\b")
_LEAVING = ("stopping", "killing", "releasing", "unmounting")
_GRAVE = ("reset", "give-up", "kill")


def reason_in(events: "Sequence[Mapping[str, Any]]", before: int) -> str:
    """Of the last tenure before the epoch `before`; empty if it did not say. `events`: of the node that had it, oldest first."""
    told = [event for event in events if 0 < _epoch(event) < before]
    last = max((_epoch(event) for event in told), default=0)
    told = [event for event in told if _epoch(event) == last]
    left = next((str(event.get("why", "")) for event in told if event.get("event") == "state" and event.get("to") in _LEAVING), "")
    grave = next((str(event.get("text", "")) for event in told if event.get("event") in _GRAVE), "")
    return left if PLANNED.match(left) else grave or left


def _epoch(event: "Mapping[str, Any]") -> int:
    epoch = event.get("epoch")
    return epoch if isinstance(epoch, int) else 0
