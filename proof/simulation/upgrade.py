"""An operator's upgrade to another container, one node after the other, and perhaps its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.record import decode
from agent.core.types import OWNERS, Claim, Killing, Record

if TYPE_CHECKING:
    from .fault import Fault
    from .machine import Machine
    from .server import Server
    from .world import World

FORMER, NEXT = "rancher-1", "rancher-2"
#: Between two looks of the operator's program, milliseconds.
LOOK = 400


def begin(world: World, machine: Machine, fault: Fault) -> None:
    """Standbys first; whoever has the lease hands over and is told then. Of those that are undone half are of a version that
    is never well."""
    if fault.pick % 4 == 1:
        world.never_well = NEXT
    for each in world.machines:
        if owns(each):
            each.order(leave="upgrade")
        point(world, each, NEXT, fault.at + fault.lasts)


def owns(machine: Machine) -> bool:
    return bool(machine.state and isinstance(machine.state.phase, (*OWNERS, Killing)))


def point(world: World, machine: Machine, container: str, until: int) -> None:
    """Names the container that this node runs from now on, once it runs none."""
    if owns(machine) or machine.edges.containers.running:
        if world.now < until:
            world.after(LOOK, point, world, machine, container, until)
        return
    if machine.container != container:
        machine.container = container
        machine.edges.containers.other_container()
        machine.end_agent(restart=300)


def end(world: World, machine: Machine, fault: Fault) -> None:
    world.count("upgrade")
    for each in world.machines:
        each.order(leave="")
    if fault.pick % 4 == 1:
        await_failure(world, world.now + 40_000)
    elif fault.pick % 4 == 3:
        stop(world)


def await_failure(world: World, until: int) -> None:
    """The operator's program waits until an agent has given the new version up."""
    if world.now < until and not any(each.memory.failure and not owns(each) for each in world.machines):
        world.after(LOOK, await_failure, world, until)
    else:
        stop(world)


def stop(world: World) -> None:
    for each in world.machines:
        each.order(stopped="the upgrade is undone")
    undo(world, world.now + 12_000)


def released(server: Server) -> bool:
    """Else nobody has watched the last container to its end."""
    record = decode(server.files.get("lease", b""))
    return isinstance(record, Record) and record.claim is Claim.RELEASED


def undo(world: World, until: int) -> None:
    """Only while nobody runs the service, and only if the new version never answered."""
    server = world.server
    idle = all(each.up and not owns(each) and not each.edges.containers.running for each in world.machines)
    if not idle or not server.up or server.locks:
        if world.now < until:
            world.after(LOOK, undo, world, until)
            return
    elif server.last_container == NEXT and server.served[0] != NEXT and released(server):
        world.tell("the upgrade is undone: the data is as it was before")
        server.stores["undone"] = server.copies["before"]
        server.store = "undone"
        server.last_container = FORMER
        world.invariants.undone(NEXT, server.copies["before"])
        for each in world.machines:
            point(world, each, FORMER, world.now + 1)
    else:
        world.count("undo-refused")
    world.never_well = ""
    for each in world.machines:
        each.order(stopped="")
