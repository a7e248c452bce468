"""One schedule from its seed: machines boot, faults happen and end, and then all must be well again."""

from __future__ import annotations

from typing import NamedTuple

from . import promises
from .fault import Act, Fault
from .faults import FAULTS, where
from .invariants import BrokenError
from .plan import plan
from .world import World

#: After the last fault has ended the service must be back within this, with the longer timers, milliseconds.
HEALING = 150_000


PAUSES = ("paused", "all paused")


class Outcome(NamedTuple):
    seed: int
    broken: str
    """Which invariant, in words; empty: all held."""
    faults: tuple[Fault, ...]
    counts: dict[str, int]
    rounds: int
    time: int
    """Simulated, milliseconds."""
    told: tuple[tuple[int, str], ...]


def run(seed: int, nodes: int, faults: list[Fault] | None = None, tells: bool = False) -> Outcome:
    chosen = plan(seed, nodes) if faults is None else faults
    world = World(seed, nodes, tells, pauses=any(fault.kind in PAUSES for fault in chosen))
    broken = ""
    try:
        play(world, chosen)
    except BrokenError as found:
        broken = str(found)
        world.tell(broken)
    return Outcome(seed, broken, tuple(chosen), world.counts, world.rounds, world.now, tuple(world.told))


def play(world: World, faults: list[Fault]) -> None:
    for machine in world.machines:
        world.after(machine.random.randint(0, 800), machine.power_on)
    end = 0
    for fault in faults:
        _, begin, finish = FAULTS[fault.kind]
        world.count(fault.kind)
        world.after(fault.at, start_fault, world, fault, begin, finish)
        end = max(end, fault.at + fault.lasts)
    world.run(end + 1)
    heal(world)
    settle(world, end)
    world.invariants.check()
    if len(faults) == 1:
        promises.one_fault(world, faults[0])


def start_fault(world: World, fault: Fault, begin: Act, finish: Act) -> None:
    machine = where(world, fault)
    if world.tells:
        world.tell(f"FAULT {machine.name}: {fault.kind} for {fault.lasts / 1000:.1f} s")
    begin(world, machine, fault)
    world.after(fault.lasts, finish, world, machine, fault)


def heal(world: World) -> None:
    """What no `end` of a fault has mended: agents that were stopped."""
    world.tell("all faults are over")
    world.healed = True
    for machine in world.machines:
        if machine.up and not machine.agent:
            machine.start_agent(10)
        machine.edges.containers.fails = 0


def settle(world: World, end: int) -> None:
    """I5 and I7: one holder, which serves, and that stays so."""
    limit = end + HEALING
    while world.now < limit:
        if not world.run(limit, world.invariants.well):
            raise BrokenError(f"I7: the service is not back {HEALING // 1000} s after the last fault")
        since = world.now
        if not world.run(since + 2_500, lambda: not world.invariants.well()):
            return
    raise BrokenError("I5: there is no rest after the last fault")
