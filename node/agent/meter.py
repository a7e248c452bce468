"""How long the lease server takes for heartbeats: counts, of a fixed size. Costs an addition for each heartbeat."""

from bisect import bisect_left
from typing import Any

#: Upper bounds, milliseconds; what takes longer is in the last count.
BOUNDS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)


class Meter:
    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0

    def note(self, took: int) -> None:
        """Milliseconds."""
        self._counts[bisect_left(BOUNDS, took)] += 1
        self._sum += took

    def report(self) -> "dict[str, Any]":
        """`counts`: for each bound, of those that took no longer than it and longer than the one before. Seconds."""
        return {"bounds": [bound / 1000 for bound in BOUNDS], "counts": [*self._counts], "sum": self._sum / 1000}
