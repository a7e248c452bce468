"""What the observer knows over its own restart. Read like any input: what is of another form is not known."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from ..files import read_small, write_whole
from .metrics import NOTHING, Takeover

_LONGEST = 1 << 20


class Memory(NamedTuple):
    counts: "Mapping[str, int]" = NOTHING
    takeover: Optional[Takeover] = None


def counted(memory: Memory, event: "Mapping[str, Any]", at: float, planned: bool) -> Memory:
    """With one event more. `at`: seconds since 1970."""
    kind = str(event["event"])[:40]
    # Whoever writes events of ever other kinds fills nothing.
    known = kind if kind in memory.counts or len(memory.counts) < 50 else "other"
    memory = memory._replace(counts={**memory.counts, known: memory.counts.get(known, 0) + 1})
    steps = event.get("steps")
    if kind != "well" or not isinstance(steps, dict):
        return memory
    seconds = {str(step): time / 1000 for step, time in steps.items() if isinstance(time, int)}
    return memory._replace(takeover=Takeover(at, planned, seconds))


def load(path: str) -> Memory:
    try:
        told = json.loads(read_small(path, _LONGEST))
        counts = {str(kind): int(count) for kind, count in told["counts"].items()}
        last = told["takeover"]
        steps = {} if last is None else {str(step): float(time) for step, time in last["steps"].items()}
        takeover = None if last is None else Takeover(float(last["at"]), bool(last["planned"]), steps)
        return Memory(counts, takeover)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Memory()


def save(path: str, memory: Memory) -> None:
    """Raises OSError."""
    last = memory.takeover
    takeover = None if last is None else {"at": last.at, "planned": last.planned, "steps": dict(last.steps)}
    write_whole(path, json.dumps({"counts": dict(memory.counts), "takeover": takeover}).encode())
