"""What may happen: each fault and each order of an operator begins at a time, on a node, and ends after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.types import OWNERS, Answer, Ending, Work

from . import upgrade
from .container_faults import (
    answers,
    companion_dies,
    container_dies,
    dies_again,
    dies_no_more,
    docker,
    docker_quick,
    docker_slow,
    hook,
    starts_fail,
    stubborn,
)  # fmt: skip
from .fault import Act, Fault

if TYPE_CHECKING:
    from .machine import Machine
    from .world import World


def nothing(_world: World, _machine: Machine, _fault: Fault) -> None:
    pass


def set_cut(is_cut: bool) -> Act:
    def act(world: World, machine: Machine, _: Fault) -> None:
        machine.cut = is_cut
        world.touch(machine)

    return act


def server_down(world: World, _machine: Machine, _fault: Fault) -> None:
    world.server.stop()
    for machine in world.machines:
        world.touch(machine)


def server_back(world: World, _machine: Machine, fault: Fault) -> None:
    if world.server.up:
        return
    server = world.server
    server.up = True
    forget = fault.pick % 6 == 0
    server.start(world.now, forget, [machine.reaches_server() for machine in world.machines])
    if not forget:
        world.after(server.grace_time, server.grace_is_over)
    for machine in world.machines:
        world.touch(machine)


def resume(world: World, machine: Machine, fault: Fault) -> None:
    machine.resume(("stand", "sleep", "jump")[fault.pick % 3])


def pause_all(world: World, _: Machine, _fault: Fault) -> None:
    for machine in world.machines:
        machine.pause()


def resume_all(world: World, _: Machine, fault: Fault) -> None:
    for machine in world.machines:
        delay = (fault.pick >> machine.number) % 400
        world.after(delay, machine.resume, ("stand", "sleep", "jump")[fault.pick % 3])


def keepalived(state: str) -> Act:
    def act(world: World, machine: Machine, _: Fault) -> None:
        if machine.up:
            machine.keepalived = state
            world.vrrp.changed()

    return act


def keepalived_back(world: World, machine: Machine, _: Fault) -> None:
    """A new one begins as backup; one that hung goes on."""
    if machine.up:
        if machine.keepalived == "dead" and machine.vip:
            world.vrrp.set_vip(machine, False)
        machine.keepalived = "up"
        world.vrrp.changed()


def peers_cut(world: World, machine: Machine, fault: Fault) -> None:
    other = (machine.number + 1 + fault.pick % (len(world.machines) - 1)) % len(world.machines)
    world.vrrp.cut.add(frozenset((machine.number, other)))
    world.vrrp.changed()


def peers_healed(world: World, machine: Machine, _: Fault) -> None:
    world.vrrp.cut = {pair for pair in world.vrrp.cut if machine.number not in pair}
    world.vrrp.changed()


def deaf(world: World, machine: Machine, _: Fault) -> None:
    world.vrrp.deaf.add(machine.number)
    world.vrrp.changed()


def hears(world: World, machine: Machine, _: Fault) -> None:
    world.vrrp.deaf.discard(machine.number)
    world.vrrp.changed()


def starve(world: World, machine: Machine, fault: Fault) -> None:
    machine.starved_until = max(machine.starved_until, world.now + min(fault.lasts, 2_500))


def kill_agent(_world: World, machine: Machine, fault: Fault) -> None:
    machine.end_agent(restart=100 + fault.pick % 1_200)


def all_killed(world: World, machine: Machine, fault: Fault) -> None:
    """Agent and lease process at once, as when somebody kills all that is of ours."""
    machine.edges.leasing.kill()
    machine.end_agent(restart=100 + fault.pick % 5_000)


def stubborn_and_lost(world: World, machine: Machine, fault: Fault) -> None:
    machine.edges.leasing.kill()
    stubborn(True)(world, machine, fault)


def agent_stays_dead(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.end_agent(restart=0)


def agent_back(_world: World, machine: Machine, _fault: Fault) -> None:
    if machine.up and not machine.agent:
        machine.start_agent(10)


def update_agent(_world: World, machine: Machine, fault: Fault) -> None:
    machine.version = f"v{2 + fault.pick % 7}"
    machine.end(Ending.RESTART)


def stop_agent(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.end(Ending.STOP)


def order(name: str, begin: bool) -> Act:
    def act(_world: World, machine: Machine, _fault: Fault) -> None:
        machine.order(**{name: name if begin else ""})

    return act


def order_all(name: str, begin: bool) -> Act:
    def act(world: World, _machine: Machine, _fault: Fault) -> None:
        for machine in world.machines:
            machine.order(**{name: name if begin else ""})

    return act


def prefer(world: World, machine: Machine, _fault: Fault) -> None:
    for each in world.machines:
        each.order(prefer=machine.name)


def prefer_nobody(world: World, _machine: Machine, _fault: Fault) -> None:
    for each in world.machines:
        each.order(prefer="")


def forget_failures(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.order(forget_failures=machine.orders.forget_failures + 1)


def work(_world: World, machine: Machine, fault: Fault) -> None:
    machine.order(work=Work(f"work{fault.at}", "pack"))


def no_work(_world: World, machine: Machine, _fault: Fault) -> None:
    machine.order(work=None)


def mounts(well: bool) -> Act:
    def act(_world: World, machine: Machine, _fault: Fault) -> None:
        machine.edges.mountable = well

    return act


def busy(is_so: bool) -> Act:
    def act(_world: World, machine: Machine, _fault: Fault) -> None:
        machine.edges.somebody_stands_there = is_so

    return act


def fenceable(is_so: bool) -> Act:
    def act(world: World, _machine: Machine, _fault: Fault) -> None:
        for each in world.machines:
            each.fenceable = is_so

    return act


def where(world: World, fault: Fault) -> Machine:
    """Most faults tell something where the service is, or is about to be."""
    if fault.node >= 0:
        return world.machines[fault.node]
    for each in world.machines:
        if each.state and isinstance(each.state.phase, OWNERS):
            return each
    return world.machines[fault.pick % len(world.machines)]


FAULTS: dict[str, tuple[int, Act, Act]] = {
    "power off": (4, lambda _w, machine, fault: machine.power_off("power failure", max(fault.lasts, 3_000)), nothing),
    "cut off from the NFS server": (6, set_cut(True), set_cut(False)),
    "the NFS server is down": (4, server_down, server_back),
    "paused": (5, lambda _w, machine, _f: machine.pause(), resume),
    "all paused": (1, pause_all, resume_all),
    "agent killed": (5, kill_agent, nothing),
    "agent stays dead": (2, agent_stays_dead, agent_back),
    "agent hangs": (4, lambda _w, machine, _f: machine.hang_agent(), nothing),
    "agent updated": (3, update_agent, nothing),
    "agent stopped": (2, stop_agent, agent_back),
    "starved": (3, starve, nothing),
    "lease process killed": (3, lambda _w, machine, _f: machine.edges.leasing.kill(), nothing),
    "agent and lease process killed": (3, all_killed, nothing),
    "lease lost, nothing can be killed": (2, stubborn_and_lost, stubborn(False)),
    "keepalived hangs": (3, keepalived("hung"), keepalived_back),
    "keepalived dies": (4, keepalived("dead"), keepalived_back),
    "deaf for VRRP": (2, deaf, hears),
    "peers cut": (4, peers_cut, peers_healed),
    "Docker down": (2, docker(False), docker(True)),
    "Docker slow": (3, docker_slow, docker_quick),
    "starts fail": (2, starts_fail, nothing),
    "container dies": (4, container_dies, nothing),
    "container dies again and again": (2, dies_again, dies_no_more),
    "a companion dies": (3, companion_dies, nothing),
    "a hook after each stop": (2, hook(True), hook(False)),
    "service slow": (2, answers(Answer.SLOW), answers(Answer.OK)),
    "service refuses": (2, answers(Answer.REFUSED), answers(Answer.OK)),
    "nothing can be killed": (2, stubborn(True), stubborn(False)),
    "pause": (3, order_all("paused", True), order_all("paused", False)),
    "stop": (2, order_all("stopped", True), order_all("stopped", False)),
    "hand over": (4, order("leave", True), order("leave", False)),
    "ban": (2, order("banned", True), order("banned", False)),
    "prefer": (1, prefer, prefer_nobody),
    "failures forgotten": (1, forget_failures, nothing),
    "backup": (1, work, no_work),
    "data cannot be mounted": (2, mounts(False), mounts(True)),
    "data busy": (2, busy(True), busy(False)),
    "no fence agent": (1, fenceable(False), fenceable(True)),
    "upgrade": (3, upgrade.begin, upgrade.end),
}
