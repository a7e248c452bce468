"""What is promised beside the invariants: a restart is no outage, and a pause is a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core import types as core

from .invariants import BrokenError

if TYPE_CHECKING:
    from .fault import Fault
    from .machine import Machine
    from .world import World

#: None of these, alone, may cost the service a start; with the longest time for which that holds, milliseconds.
QUIET = {
    "agent killed": 1 << 30,
    "agent hangs": 1 << 30,
    "agent updated": 1 << 30,
    "keepalived hangs": 1 << 30,
    "keepalived dies": 3_900,
    "deaf for VRRP": 1 << 30,
    "peers cut": 1 << 30,
    "Docker down": 1 << 30,
    "Docker slow": 1 << 30,
    "service slow": 4_500,
    "the NFS server is down": 1_500,
    "pause": 1 << 30,
    "prefer": 1 << 30,
    "failures forgotten": 1 << 30,
}

#: What an agent must not do while it is paused.
TOUCHES = (
    core.StartContainer, core.StopContainer, core.MountData, core.CloneData, core.CopyDatastore, core.RunFence, core.Announce,
)  # fmt: skip


def one_fault(world: World, fault: Fault) -> None:
    if fault.lasts > QUIET.get(fault.kind, 0) or (fault.kind == "the NFS server is down" and fault.pick % 6 == 0):
        return
    starts = world.counts.get("start", 0)
    if starts > 1:
        raise BrokenError(f"P1: the service was started {starts} times: {fault.kind} cost an outage")


def touched(machine: Machine, action: core.Action) -> None:
    see = machine.see
    if see.orders.paused and see.ending is core.Ending.NO and isinstance(action, TOUCHES):
        raise BrokenError(f"P2: {machine.name} is paused, and does {type(action).__name__}")
