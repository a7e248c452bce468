"""python3 -m proof.simulation [--nodes N] [--schedules N] [--seed S] [--weaken NAME] [--json] [--jobs N]"""

from __future__ import annotations

import argparse
import json
import sys

from .batch import Total, processors, simulate
from .shrink import Shrinker, story
from .weakenings import NAMES, weakened

#: What a run of some size must have reached, or it says nothing.
COVERAGE = (
    "takeover", "giveUp", "reset", "watchdog", "restart-takeover", "upgrade", "undone", "pause", "in-place", "overlap",
    "late-write", "cut-off", "let-in",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser("python3 -m proof.simulation", description="Random faults against the agent's real core.")
    parser.add_argument("--nodes", type=int, default=2, choices=range(2, 6), help="default 2")
    parser.add_argument("--schedules", type=int, default=5_000, help="how many, from --seed on; default 5000")
    parser.add_argument("--seed", type=int, default=1, help="of the first one; default 1")
    parser.add_argument("--weaken", default="", choices=["", *NAMES], metavar="NAME", help=f"take one rule out: {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument("--jobs", type=int, default=processors(), help="processes; default one for each processor")
    options = parser.parse_args()
    if options.schedules < 1 or options.jobs < 1:
        parser.error("`--schedules` and `--jobs` must be at least 1")
    total = simulate(options.seed, options.schedules, options.nodes, options.weaken, options.jobs, progress=True)
    text = ""
    if total.broken:
        with weakened(options.weaken):
            text = story(Shrinker(total.broken[0], options.nodes).shrink(), options.nodes)
    told = json.dumps(report(total, options.seed, options.nodes, text), indent=2) if options.json else ""
    print(told or words(total, options.nodes, text))
    return 1 if total.broken else 0


def report(total: Total, seed: int, nodes: int, text: str) -> dict[str, object]:
    """A large run may be made in parts, each from where the one before has ended."""
    return {
        "seed": seed,
        "nodes": nodes,
        "schedules": total.schedules,
        "seconds": round(total.seconds, 1),
        "simulatedHours": round(total.time / 3_600_000, 1),
        "decisions": total.rounds,
        "reached": {name: total.reached[name] for name in sorted(total.reached)},
        "broken": [{"seed": outcome.seed, "what": outcome.broken} for outcome in total.broken],
        "story": text,
    }


def words(total: Total, nodes: int, text: str) -> str:
    reached = ", ".join(f"{name} {total.reached[name]}" for name in COVERAGE)
    head = (
        f"{total.schedules} schedules of {nodes} nodes in {total.seconds:.0f} s "
        f"({total.schedules / total.seconds:.0f} a second, {total.time / 3_600_000:.0f} simulated hours)\n"
        f"schedules with: {reached}"
    )
    return f"{head}\n{text}" if text else f"{head}\nall invariants held"


if __name__ == "__main__":
    sys.exit(main())
