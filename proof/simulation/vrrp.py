"""keepalived in short: who has the VIP. A backup that hears no master takes it, of two that hear each other one leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Machine
    from .world import World

#: Three adverts and the skew, milliseconds.
DOWN_TIME = 640
SKEW = 40


class Vrrp:
    def __init__(self, world: World) -> None:
        self.world = world
        self.cut: set[frozenset[int]] = set()
        """Pairs of nodes that do not hear each other."""
        self.deaf: set[int] = set()
        self.asked: set[int] = set()

    def eligible(self, machine: Machine) -> bool:
        return machine.runs and machine.keepalived == "up" and machine.track

    def hears(self, listener: Machine, speaker: Machine) -> bool:
        pair = frozenset((listener.number, speaker.number))
        return pair not in self.cut and listener.number not in self.deaf

    def hears_master(self, machine: Machine) -> bool:
        return any(
            other is not machine and other.vip and self.eligible(other) and self.hears(machine, other)
            for other in self.world.machines
        )

    def set_vip(self, machine: Machine, here: bool) -> None:
        if machine.vip is not here:
            machine.vip = here
            if self.world.tells:
                self.world.tell(f"{machine.name} {'gets' if here else 'loses'} the VIP")
            if machine.agent:
                machine.see = machine.see._replace(vip=here)
                machine.wake(0)
            self.world.check()

    def changed(self) -> None:
        """Something about anybody's keepalived has: each looks when its time has come."""
        for machine in self.world.machines:
            if machine.vip and not machine.runs:
                continue
            if machine.vip and machine.keepalived != "hung" and not self.eligible(machine):
                self.set_vip(machine, False)
                self.changed()
                return
        for machine in self.world.machines:
            if machine.number not in self.asked and self.eligible(machine):
                self.asked.add(machine.number)
                delay = DOWN_TIME + SKEW * machine.number + machine.random.randint(0, 30)
                self.world.after(delay, self.look, machine)

    def look(self, machine: Machine) -> None:
        self.asked.discard(machine.number)
        if not self.eligible(machine):
            return
        heard = self.hears_master(machine)
        if not machine.vip and not heard:
            self.set_vip(machine, True)
            self.changed()
        elif machine.vip and heard and self.outranked(machine):
            self.set_vip(machine, False)
            self.changed()

    def outranked(self, machine: Machine) -> bool:
        return any(
            other.number < machine.number and other.vip and self.eligible(other) and self.hears(machine, other)
            for other in self.world.machines
        )
