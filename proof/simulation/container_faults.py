"""What may happen to Docker, to the container, and to those that belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.types import Answer

from .fault import Act, Fault

if TYPE_CHECKING:
    from .machine import Machine
    from .world import World


def docker(up: bool) -> Act:
    def act(_world: World, machine: Machine, _fault: Fault) -> None:
        machine.edges.containers.docker_up = up
        if not up:
            machine.edges.containers.starting = 0

    return act


def docker_slow(_world: World, machine: Machine, fault: Fault) -> None:
    machine.edges.containers.slow = 1_000 + fault.pick % 4_000


def docker_quick(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.edges.containers.slow = 0


def starts_fail(_world: World, machine: Machine, fault: Fault) -> None:
    machine.edges.containers.fails = 1 + fault.pick % 5


def container_dies(_world: World, machine: Machine, _fault: Fault) -> None:
    containers = machine.edges.containers
    if containers.running:
        containers.ended(containers.life)


def companion_dies(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.edges.containers.companion_ends()


def hook(is_there: bool) -> Act:
    def act(world: World, _machine: Machine, fault: Fault) -> None:
        for each in world.machines:
            each.edges.containers.hook = 100 + fault.pick % 4_000 if is_there else 0

    return act


def dies_again(_world: World, machine: Machine, fault: Fault) -> None:
    containers = machine.edges.containers
    containers.dies_after = 1_000 + fault.pick % 6_000
    container_dies(_world, machine, fault)


def dies_no_more(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.edges.containers.dies_after = 0


def answers(answer: Answer) -> Act:
    def act(_world: World, machine: Machine, _fault: Fault) -> None:
        machine.edges.containers.answers = answer

    return act


def stubborn(is_so: bool) -> Act:
    def act(_world: World, machine: Machine, _fault: Fault) -> None:
        machine.edges.containers.stubborn = is_so

    return act
