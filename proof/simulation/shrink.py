"""A broken schedule is made short: what is not needed for it goes, what is needed is moved to plain times."""

from __future__ import annotations

from .fault import Fault
from .schedule import Outcome, run

#: Whole tries; each costs a schedule.
MOST_TRIES = 200


class Shrinker:
    def __init__(self, outcome: Outcome, nodes: int) -> None:
        self.best = outcome
        self.nodes = nodes
        self.tries = 0

    def breaks(self, faults: list[Fault]) -> bool:
        """The same invariant, in whatever words."""
        if self.tries >= MOST_TRIES:
            return False
        self.tries += 1
        outcome = run(self.best.seed, self.nodes, faults)
        if outcome.broken[:2] != self.best.broken[:2]:
            return False
        self.best = outcome
        return True

    def shrink(self) -> Outcome:
        changed = True
        while changed and self.tries < MOST_TRIES:
            changed = self.leave_out() or self.simplify()
        return run(self.best.seed, self.nodes, list(self.best.faults), tells=True)

    def leave_out(self) -> bool:
        faults = list(self.best.faults)
        return any(self.breaks(faults[:place] + faults[place + 1 :]) for place in range(len(faults)))

    def simplify(self) -> bool:
        for place, fault in enumerate(self.best.faults):
            for simpler in (
                fault._replace(lasts=max(fault.lasts // 2000 * 1000, 500)),
                fault._replace(at=fault.at // 1000 * 1000),
                fault._replace(pick=0),
            ):
                faults = list(self.best.faults)
                faults[place] = simpler
                if simpler != fault and self.breaks(faults):
                    return True
        return False


def story(outcome: Outcome, nodes: int) -> str:
    """What happened, a line for each event, with the nodes' names."""
    lines = [f"seed {outcome.seed}, {nodes} nodes: {outcome.broken}"]
    lines += [f"  {at / 1000:8.3f} s  {text}" for at, text in outcome.told]
    return "\n".join(lines)
