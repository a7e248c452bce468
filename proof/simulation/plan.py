"""Which faults a schedule has: from its seed alone."""

from __future__ import annotations

import random

from .fault import Fault
from .faults import FAULTS


def plan(seed: int, nodes: int) -> list[Fault]:
    """One to four faults, most of them while the one before still lasts or has just ended."""
    chance = random.Random(f"{seed} plan")
    kinds = list(FAULTS)
    weights = [FAULTS[kind][0] for kind in kinds]
    count = chance.choices((1, 2, 3, 4), (25, 40, 25, 10))[0]
    # One in eight begins while the service starts for the first time.
    early = chance.random() < 0.125
    at, faults = (500 if early else 4_500) + chance.randint(0, 4_000 if early else 5_000), []
    for _ in range(count):
        kind = chance.choices(kinds, weights)[0]
        lasts = chance.choice((300, 1_500, 4_000, 8_000, 13_000, 20_000)) + chance.randint(0, 2_000)
        faults.append(Fault(at, kind, -1 if chance.random() < 0.55 else chance.randrange(nodes), lasts, chance.randrange(1 << 20)))
        at += chance.choice((50, 800, 3_000, 7_000)) + chance.randint(0, 1_500)
    return faults
