"""Many schedules on all processors."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import NamedTuple

from .schedule import Outcome, run
from .weakenings import weakened

CHUNK = 100


class Part(NamedTuple):
    schedules: int
    reached: dict[str, int]
    """In how many of them each thing happened."""
    broken: list[Outcome]
    rounds: int
    time: int


class Total:
    def __init__(self) -> None:
        self.schedules = self.rounds = self.time = 0
        self.reached: Counter[str] = Counter()
        self.broken: list[Outcome] = []
        self.began = time.monotonic()

    def add(self, part: Part) -> None:
        self.schedules += part.schedules
        self.rounds += part.rounds
        self.time += part.time
        self.reached.update(part.reached)
        self.broken.extend(part.broken)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def part(first: int, count: int, nodes: int, weaken: str) -> Part:
    """Seeds from `first`; ends at the first one that breaks something."""
    reached: Counter[str] = Counter()
    rounds = simulated = done = 0
    broken = []
    with weakened(weaken):
        for seed in range(first, first + count):
            outcome = run(seed, nodes)
            done += 1
            reached.update(outcome.counts.keys())
            rounds += outcome.rounds
            simulated += outcome.time
            if outcome.broken:
                broken.append(outcome)
                break
    return Part(done, dict(reached), broken, rounds, simulated)


def chunks(first: int, count: int) -> Iterator[tuple[int, int]]:
    for begin in range(first, first + count, CHUNK):
        yield begin, min(CHUNK, first + count - begin)


def simulate(first: int, count: int, nodes: int, weaken: str, jobs: int, progress: bool) -> Total:
    """Ends early where something is broken."""
    total = Total()
    told = total.began
    with ProcessPoolExecutor(jobs) as pool:
        waiting: set[Future[Part]] = set()
        work = chunks(first, count)
        for begin, size in work:
            waiting.add(pool.submit(part, begin, size, nodes, weaken))
            if len(waiting) < 2 * jobs:
                continue
            done, waiting = wait(waiting, return_when=FIRST)
            for future in done:
                total.add(future.result())
            if total.broken:
                break
            if progress and time.monotonic() - told > 10:
                told = time.monotonic()
                tell(total, count)
        for future in waiting:
            total.add(future.result())
    total.broken.sort(key=lambda outcome: outcome.seed)
    return total


def tell(total: Total, count: int) -> None:
    rate = total.schedules / total.seconds
    left = (count - total.schedules) / rate
    print(f"{total.schedules} of {count} schedules, {rate:.0f} a second, {left:.0f} s left", file=sys.stderr, flush=True)


def processors() -> int:
    return len(os.sched_getaffinity(0))
